"""The 1-10 grade of an instruction: who grades, the request, and reading the answer."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low

from warriorcoder.pipelines.endpoints.asking import Judgement, judgement_call
from warriorcoder.pipelines.endpoints.calls import Call, Constraint
from warriorcoder.pipelines.prompts import fill, read_prompt
from warriorcoder.pipelines.prompts.neutralising import neutralise
from warriorcoder.recipe import Expert, Recipe
from warriorcoder.tables import BANDS, TASKS

PROMPT = "grade_v2"
MAX_TOKENS = 256

FEWEST_JUDGEMENTS, ONE_WORD = 20, 0.9
"""From so many judgements on, a grader that names one class in more than this share of them is not heard on classes."""

FORM = Constraint(
    gbnf=r'root ::= [^\[\]]{1,200} [\n] "Task: " ('
    + " | ".join(f'"{task}"' for task in TASKS)
    + r') [\n] "[[" ([1-9] | "10") "]]"',
    regex=r"[^\[\]]{1,200}\nTask: (" + "|".join(TASKS) + r")\n\[\[([1-9]|10)\]\]",
)

# A grader that does not stop goes on with a turn of its own invention, and grades that too.
_TURN_ENDS = re.compile(
    r"<[|｜](?:im_end|im_start|eot_id|eot|end|endoftext|end_of_text|end▁of▁sentence)[|｜]>|<(?:end|start)_of_turn>|</s>"
    r"|^</?instruction>\s*$|^\W*(?:user|human|instruction)\s*:",
    re.M | re.I,
)
_NUMBER_IN_BRACKETS = re.compile(r"\[\[\s*([-+]?\d+(?:[.,]\d+)?(?:\s*/\s*\d+)?)\s*\]\]")
_GRADE = re.compile(r"[1-9]|10")
_GRADE_LABEL = re.compile(r"[*_\s]*(?:(?:final |overall )?grade[*_\s]*:)?[*_\s]*", re.I)
_TASK_LINE = re.compile(r"[*_\s]*task(?: class)?[*_\s]*:[*_\s]*([a-z]+)[*_.\s]*", re.I)


@dataclass(frozen=True)
class Judged:
    """What one grader said: the grade 1-10, and the task class; None where it did not say."""

    grade: int | None = None
    task: str | None = None


@dataclass(frozen=True)
class Grade:
    """What the graders of an instruction came to: the median grade, 1-10, and the task class of each that named one.

    Of two middle grades it is the lower.
    """

    grade: int
    tasks: tuple[str, ...] = ()


class Grading:
    """The grades of many instructions, by instruction id and grader, as they come in."""

    def __init__(self) -> None:
        self._judged: dict[str, dict[str, Judged]] = {}

    def take(self, identity: str, grader: str, text: str) -> bool:
        """Take what a grader wrote of an instruction. False where no grade can be read in it."""
        judged = parse_judgement(text)
        if judged.grade is None:
            return False
        self._judged.setdefault(identity, {})[grader] = judged
        return True

    def grades(self) -> dict[str, Grade]:
        """What they came to; without the instructions that nobody graded."""
        one_word = self._graders_of_one_word()
        return {
            identity: Grade(
                median_low(judged.grade for judged in its.values() if judged.grade is not None),
                tuple(judged.task for name, judged in its.items() if judged.task is not None and name not in one_word),
            )
            for identity, its in self._judged.items()
        }

    def _graders_of_one_word(self) -> set[str]:
        """Graders that name nearly always the same class: what they say tells nothing of an instruction."""
        named: dict[str, Counter[str]] = {}
        for its in self._judged.values():
            for name, judged in its.items():
                if judged.task is not None:
                    named.setdefault(name, Counter())[judged.task] += 1
        return {
            name
            for name, tasks in named.items()
            if tasks.total() >= FEWEST_JUDGEMENTS and max(tasks.values()) > ONE_WORD * tasks.total()
        }


def graders_of(recipe: Recipe, miner: str | None, weights: dict[str, str]) -> list[Expert]:
    """Who grades a miner's instructions: the named graders, else every expert of other weights; never its twin.

    Nobody mined an instruction that was brought: its miner is None, and everybody may grade it.
    """
    named = recipe.curation.graders
    return [
        expert
        for expert in recipe.experts
        if (miner is None or weights[expert.name] != weights[miner]) and (named == "uninvolved" or expert.name in named)
    ]


def grading_call(recipe: Recipe, grader: Expert, instruction: str, attempt: int) -> Call:
    """Ask one grader for a grade; later attempts are drawn, not greedy."""
    text = fill(read_prompt(PROMPT), instruction=neutralise(instruction))
    form = FORM if recipe.curation.constrained else None
    return judgement_call(recipe, grader, Judgement(text, "grade", MAX_TOKENS, form), attempt)


def parse_judgement(text: str) -> Judged:
    """The grade and the task class in a grader's own turn.

    The last number in double brackets is the grade, and there is none where that is no whole number from 1 to
    10: an earlier marker was only a thought on the way. The class stands right before the grade
    and is one of `tables.TASKS`; without a grade there is no class.
    """
    own = _TURN_ENDS.split(text, maxsplit=1)[0]
    *_, marker = [None, *_NUMBER_IN_BRACKETS.finditer(own)]
    if marker is None or not _GRADE.fullmatch(marker.group(1)):
        return Judged()
    *before, label = own[: marker.start()].rstrip(" \t").split("\n")
    if _GRADE_LABEL.fullmatch(label):
        label = next((line for line in reversed(before) if line.strip()), "")
    found = _TASK_LINE.fullmatch(label)
    task = found.group(1).lower().replace("optimization", "optimisation") if found else None
    return Judged(int(marker.group(1)), task if task in TASKS else None)


def agreed_task(by_rule: str, by_graders: Sequence[str]) -> str:
    """The class that most graders named; where several classes are named most often, or none, the rule's."""
    most = Counter(by_graders).most_common(2)
    if not most or (len(most) == 2 and most[0][1] == most[1][1]):
        return by_rule
    return most[0][0]


def band_of(grade: int) -> str:
    """The quality band of a grade (arXiv 2412.17395): poor 1-2, average 3-4, good 5-8, excellent 9-10."""
    return BANDS[(grade >= 3) + (grade >= 5) + (grade >= 9)]
