"""Decontamination and the search for private data: a hundred thousand texts in well under a minute, linear in them?

Texts are coding instructions of 20-120 words; every third one has an answer behind it, a function of Python's
standard library. All are looked through for HumanEval's tasks by one thread. There is no peer that does the same:
beside it stands what the simplest search for HumanEval's prompts costs, that of equal text.
"""

import argparse
import ast
import math
import sysconfig
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from _instruction_texts import InstructionWriter
from _report import Claim, at_least, at_most, finish, say

from warriorcoder.pipelines.mining.benchmark_tasks import read_tasks
from warriorcoder.pipelines.mining.decontamination import Decontaminator
from warriorcoder.pipelines.mining.privacy import findings

FULL, QUICK = (25_000, 50_000, 100_000), (2_500, 5_000, 10_000)


def functions(wanted: int) -> list[str]:
    """Functions of the standard library, in order of their files, 5-40 lines long."""
    found: list[str] = []
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        source = path.read_text(encoding="utf-8", errors="replace")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef) and 5 <= (node.end_lineno or 0) - node.lineno <= 40:
                found.append("\n".join(source.splitlines()[node.lineno - 1 : node.end_lineno]))
        if len(found) >= wanted:
            break
    return found


def texts(count: int) -> list[str]:
    answers = functions(2_000)
    return [
        f"{instruction}\n\n```python\n{answers[number % len(answers)]}\n```" if number % 3 == 0 else instruction
        for number, instruction in enumerate(InstructionWriter().write(count, seed=5))
    ]


def seconds(search: Callable[[str], object], among: Iterable[str]) -> float:
    """Processor time of a search through texts."""
    began = time.process_time()
    for text in among:
        search(text)
    return time.process_time() - began


def measured(name: str, search: Callable[[str], object], all_texts: list[str], sizes: tuple[int, ...]) -> list[float]:
    times = []
    for size in sizes:
        times.append(seconds(search, all_texts[:size]))
        say(f"  {name}, {size:,} texts: {times[-1]:.1f} s of processor, {size / times[-1]:,.0f} a second")
    return times


def power(times: list[float], sizes: tuple[int, ...]) -> float:
    return math.log(times[-1] / times[0]) / math.log(sizes[-1] / sizes[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="10,000 texts: half a minute")
    sizes = QUICK if parser.parse_args().quick else FULL
    tasks = read_tasks("humaneval")
    began = time.process_time()
    decontaminator = Decontaminator(tasks)
    built = time.process_time() - began
    all_texts = texts(sizes[-1])
    letters = sum(map(len, all_texts)) / len(all_texts)
    say(f"{len(tasks)} tasks, index in {built:.1f} s; {len(all_texts):,} texts, {letters:.0f} characters each")
    found = sum(bool(decontaminator.hits(text)) for text in all_texts[: sizes[0]])
    say(f"  {found:,} of the first {sizes[0]:,} have a hit: the generator writes with words of HumanEval's prompts")
    # What was compiled and looked up for the first time does not count.
    findings("ghp_0123456789 (212) 736-5000")
    prompts = [task.prompt for task in tasks]
    equal = seconds(lambda text: [prompt in text for prompt in prompts], all_texts)
    searched = measured("tasks", decontaminator.hits, all_texts, sizes)
    private = measured("private data", findings, all_texts, sizes)
    claims: list[Claim] = [
        at_most(
            f"seconds of processor for HumanEval's tasks in {sizes[-1]:,} texts; peer: equal prompts by `in`",
            searched[-1],
            60 * sizes[-1] / FULL[-1],
            equal,
        ),
        at_most("power of the number of texts with which the time for tasks grows", power(searched, sizes), 1.15),
        at_least("texts a second searched for private data", sizes[-1] / private[-1], 3_000),
        at_most("power of the number of texts with which the time for private data grows", power(private, sizes), 1.15),
    ]
    finish(claims)


if __name__ == "__main__":
    main()
