"""The mining report in Markdown, for the arena folder and the card."""

import html
import re
from collections.abc import Iterable, Mapping, Sequence

from warriorcoder.pipelines.mining.mining_report import MiningReport, excerpt
from warriorcoder.pipelines.mining.mining_screen import begins_with, percent, said_of

LENGTH = 200


def mining_markdown(report: MiningReport, level: int = 2) -> str:
    """The report as a section; `level` is the depth of its heading. Mined text cannot break out of its cell."""
    heads = "#" * level, "#" * (level + 1)
    parts = [f"{heads[0]} Mining", f"{begins_with(report)}, {report.kept:,} kept."]
    if report.findings:
        parts.append("\n".join(f"- **{each['name']}** {_plain(_said(each))}." for each in report.findings))
    parts += [f"{heads[1]} Funnel", markdown_table(("stage", "dropped as", "rows:", "left:"), _funnel(report))]
    if report.experts or report.brought:
        parts += [f"{heads[1]} Yield", *_yields(report)]
    for name, counts in (("Bands", report.bands), ("Tasks", report.tasks), ("Languages", report.languages)):
        if report.kept:
            parts += [
                f"{heads[1]} {name}",
                markdown_table((name.lower()[:-1], "rows:", "share:"), _shares(counts, report.kept)),
            ]
    if report.novelty:
        parts += [f"{heads[1]} Novelty", *_novelty(report)]
    if report.diversity is not None:
        parts += [f"{heads[1]} Diversity", _first_large(said_of(report.diversity, report.embedding)) + "."]
    if report.samples:
        parts += [f"{heads[1]} Samples", f"{len(report.samples)} of the {report.kept:,} kept, at random."]
        rows = (
            (str(row["grade"]), row["task"], row["language"] or "–", row["miner"] or row["source"], row["instruction"])
            for row in report.samples
        )
        parts.append(markdown_table(("grade:", "task", "language", "from", "instruction"), rows))
    return "\n\n".join(parts) + "\n"


def _said(finding: Mapping[str, str]) -> str:
    return f"{finding['subject']}: {finding['message']}"


def _funnel(report: MiningReport) -> Iterable[Sequence[str]]:
    yield "", "", "", f"{report.draws + report.brought_rows:,}"
    for drop in report.funnel:
        yield drop.stage, drop.reason, f"{drop.dropped:,}", f"{drop.left:,}"


def _yields(report: MiningReport) -> Iterable[str]:
    yield (
        "Good: kept, or dropped only because enough were there; with the 95 % interval of its share (Wilson). "
        "Wasteful: surely below the share of the expert, however many settings are compared (Bonferroni)."
    )
    rows = [
        (
            each.expert,
            each.setting or "all draws",
            f"{each.draws:,}",
            f"{each.good:,}",
            f"{each.kept:,}",
            f"{percent(each.low)} to {percent(each.high)}" if each.draws else "–",
            f"{each.tokens:,.0f}" if each.tokens is not None else "",
            "wasteful" if each.wasteful else "",
        )
        for each in (*report.experts, *report.settings, *report.cells)
    ]
    if rows:
        yield markdown_table(("expert", "setting", "draws:", "good:", "kept:", "95 %", "tokens each:", ""), rows)
        yield markdown_table(
            ("system", "prompt"),
            ((str(number), text or "the model's own") for number, text in enumerate(report.systems, 1)),
        )
    if report.brought:
        brought = ((name, f"{rows:,}", f"{kept:,}") for name, (rows, kept) in report.brought.items())
        yield markdown_table(("brought", "rows:", "kept:"), brought)


def _shares(counts: Mapping[str, int], whole: int) -> Iterable[Sequence[str]]:
    return ((value, f"{count:,}", percent(count / whole)) for value, count in counts.items())


def _novelty(report: MiningReport) -> Iterable[str]:
    yield "The highest ROUGE-L F1 of each instruction against the reference sets."
    parts = ((f"{part['low']:.1f} to {part['high']:.1f}", f"{int(part['count']):,}") for part in report.novelty)
    yield markdown_table(("ROUGE-L", "rows:"), parts)
    yield f"The {len(report.nearest)} least novel."
    nearest = ((f"{each.rouge:.2f}", each.reference, each.instruction) for each in report.nearest)
    yield markdown_table(("ROUGE-L:", "nearest reference", "instruction"), nearest)


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a column whose name ends in a colon holds numbers."""
    lines = ["| " + " | ".join(name.rstrip(":") for name in head) + " |"]
    lines.append("|" + "|".join("--:" if name.endswith(":") else "---" for name in head) + "|")
    lines += ["| " + " | ".join(map(_plain, row)) + " |" for row in rows]
    return "\n".join(lines)


def _first_large(text: str) -> str:
    return text[:1].upper() + text[1:]


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return re.sub(r"([\\`*_\[\]|~$])", r"\\\1", html.escape(excerpt(text, LENGTH), quote=False))
