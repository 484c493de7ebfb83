"""The audit in the arena folder: audit.json for programs, audit.md for people, and a figure."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warriorcoder.arena_folder import REPORTS, ArenaFolder, write_atomically
from warriorcoder.drawing import BLUE, GREY, ORANGE, named_rows, panels_png, rows_height
from warriorcoder.pipelines.battles.audit import words
from warriorcoder.pipelines.battles.audit.report import AuditReport
from warriorcoder.pipelines.mining.mining_markdown import markdown_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = (
    ("consistent", "same verdict\nin both orders"),
    ("for first", "for the answer\nshown first"),
    ("majority", "with most other\nmodels"),
)


def write_audit(report: AuditReport, folder: ArenaFolder) -> list[Path]:
    """Write audit.json, audit.md and figures/audit.png, and return their paths. Raises ArenaError for a full disk."""
    text, data, figure = (folder.path / name for name in REPORTS["rate"])
    write_atomically(figure, audit_png(report))
    folder.write_text(text, audit_markdown(report))
    folder.write_text(data, json.dumps(to_json(report), indent=2, ensure_ascii=False) + "\n")
    return [text, data, figure]


def to_json(report: AuditReport) -> dict[str, Any]:
    """The audit for programs: every figure as value, low, high, of, chance, why; null where there is none."""
    judges = []
    for judge in report.audit.judges:
        record = asdict(judge)
        standing = record.pop("standing")
        judges.append({**standing, **record, "missing": dict(judge.missing)})
    return {
        "battles": report.audit.battles,
        "instructions": report.audit.instructions,
        "alpha": asdict(report.audit.alpha),
        "judges": judges,
        "below": {name: [asdict(breach) for breach in told] for name, told in report.below.items()},
        "below_floor": report.below_floor,
        "weights": {name: report.weights.get(name, 1.0) for name in report.below},
        "ratings": [asdict(row) for row in report.compared],
    }


def audit_markdown(report: AuditReport) -> str:
    """The audit as a page."""
    found = report.audit
    parts = [
        "# Judge audit",
        f"{len(found.judges)} judges, {found.battles:,} battles on {found.instructions:,} instructions.",
        "![Judges](figures/audit.png)",
        "\n".join(f"- {judge.judge}: {words.votes_of(judge)}." for judge in found.judges),
        markdown_table(("judge", "figure", "value:", "95 % interval", "chance:", "of:"), _rows(report)),
        "\n".join(f"- {name}: {meaning}." for name, meaning in words.FIGURES.items())
        + "\n- chance: what verdicts as frequent as these would reach on battles at random.",
    ]
    if kappas := [
        (judge.judge, other, words.value(both.kappa), words.interval(both.kappa), f"{both.kappa.of:,}")
        for judge in found.judges
        for other, both in judge.others.items()
        if judge.judge < other
    ]:
        parts.append(markdown_table(("judge", "and", "Cohen's kappa:", "95 % interval", "battles:"), kappas))
    parts.append(words.panel(report))
    parts += words.below(report)
    if report.compared:
        head = ("expert", "Elo, all judges:", "rank:", "Elo without:", "rank without:")
        parts += [markdown_table(head, map(words.rating_cells, report.compared)), words.changes(report)]
    return "\n\n".join(parts) + "\n"


def _rows(report: AuditReport) -> Iterable[Sequence[str]]:
    for judge in report.audit.judges:
        for name, measure in words.figures_of(judge):
            yield (
                judge.judge,
                name,
                words.value(measure),
                words.interval(measure),
                words.chance(measure),
                f"{measure.of:,}",
            )


def audit_png(report: AuditReport) -> bytes:
    """Consistency, share for the first place and agreement of every judge, with intervals, beside chance."""
    judges = sorted(report.audit.judges, key=lambda judge: judge.judge, reverse=True)

    def panel(name: str, label: str) -> Any:
        def draw(axes: "Axes") -> None:
            named_rows(axes, [judge.judge for judge in judges], "judge" if name == PANELS[0][0] else "")
            if name != PANELS[0][0]:
                axes.tick_params(labelleft=False)
            for place, judge in enumerate(judges):
                measure = dict(words.figures_of(judge))[name]
                if measure.value is None:
                    axes.annotate("none", (0.5, place), ha="center", va="center", color=GREY, fontsize=9)
                    continue
                colour = ORANGE if judge.judge in report.below else BLUE
                told = "judge below the floor" if judge.judge in report.below else "judge"
                if measure.low is not None and measure.high is not None:
                    axes.hlines(place, measure.low, measure.high, color=colour, linewidth=3, alpha=0.45)
                axes.plot(measure.value, place, "o", color=colour, markersize=6, clip_on=False, label=told)
                if measure.chance is not None:
                    axes.plot(measure.chance, place, "|", color=GREY, markersize=13, clip_on=False, label="chance")
            axes.set_xlim(0, 1)
            axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
            axes.set_xlabel(label)

        return draw

    panels = [panel(name, label) for name, label in PANELS]
    return panels_png(
        "The judges: shares with their 95 % intervals", rows_height(len(judges)) + 0.4, panels, share_y=True
    )
