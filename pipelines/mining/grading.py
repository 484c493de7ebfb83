"""The 1-10 grade of an instruction: who grades, the request, and reading the answer."""

import re
from statistics import median_low

from warriorcoder.pipelines.endpoints.asking import Judgement, judgement_call
from warriorcoder.pipelines.endpoints.calls import Call, Constraint
from warriorcoder.pipelines.prompts import fill, neutralise, read_prompt
from warriorcoder.recipe import Expert, Recipe
from warriorcoder.tables import BANDS

PROMPT = "grade_v1"
MAX_TOKENS = 256

_MARKER = re.compile(r"\[\[\s*(10|[1-9])\s*\]\]")
FORM = Constraint(
    gbnf=r'root ::= [^\[\]]{1,200} "[[" ([1-9] | "10") "]]"',
    regex=r"[^\[\]]{1,200}\[\[([1-9]|10)\]\]",
)


def graders_of(recipe: Recipe, miner: str, weights: dict[str, str]) -> list[Expert]:
    """Who grades a miner's instructions: the named graders, else every expert of other weights; never its twin."""
    named = recipe.curation.graders
    return [
        expert
        for expert in recipe.experts
        if weights[expert.name] != weights[miner] and (named == "uninvolved" or expert.name in named)
    ]


def grading_call(recipe: Recipe, grader: Expert, instruction: str, attempt: int) -> Call:
    """Ask one grader for a grade; later attempts are drawn, not greedy."""
    text = fill(read_prompt(PROMPT), instruction=neutralise(instruction))
    form = FORM if recipe.curation.constrained else None
    return judgement_call(recipe, grader, Judgement(text, "grade", MAX_TOKENS, form), attempt)


def parse_grade(text: str) -> int | None:
    """The last grade in double brackets, 1 to 10; None where there is none."""
    markers = _MARKER.findall(text)
    return int(markers[-1]) if markers else None


def middle_grade(grades: list[int]) -> int | None:
    """The median of several graders; of two middle grades the lower."""
    return median_low(grades) if grades else None


def band_of(grade: int) -> str:
    """The quality band of a grade (arXiv 2412.17395): poor 1-2, average 3-4, good 5-8, excellent 9-10."""
    return BANDS[(grade >= 3) + (grade >= 5) + (grade >= 9)]
