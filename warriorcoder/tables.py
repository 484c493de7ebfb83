"""The tables of an arena folder. This module is the only place that spells a column list.

`TABLES` maps a table's name to its columns (`datasets.Features`), the stage that writes it and a
line on every column, from which the card's tables are made.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from datasets import Features, List, Value

STAGES = ("mine", "curate", "answer", "judge", "rate", "build")
"""The stages of a run, in order. A stage reads tables of earlier stages and writes its own."""


class Reason(StrEnum):
    """Why a row was dropped."""

    EMPTY = "empty"
    CUT_OFF = "cut_off"
    CONTROL_TOKENS = "control_tokens"
    ROLE_MARKER = "role_marker"
    SELF_ANSWER = "self_answer"
    REPETITION = "repetition"
    GARBLED = "garbled"
    NOT_AN_INSTRUCTION = "not_an_instruction"
    OFF_TOPIC = "off_topic"
    WRONG_LANGUAGE = "wrong_language"
    EXACT_DUPLICATE = "exact_duplicate"
    NEAR_DUPLICATE = "near_duplicate"
    SEMANTIC_DUPLICATE = "semantic_duplicate"
    CONTAMINATED = "contaminated"
    NOT_NOVEL = "not_novel"
    PRIVATE = "private"
    UNGRADED = "ungraded"
    BAND = "band"
    SURPLUS = "surplus"
    ENDPOINT_ERROR = "endpoint_error"
    UNANSWERED = "unanswered"


class Missing(StrEnum):
    """Why a vote has no verdict."""

    NO_MARKER = "no_marker"
    SEVERAL = "several"
    CUT_OFF = "cut_off"
    UNFINISHED_REASONING = "unfinished_reasoning"
    EMPTY = "empty"
    ENDPOINT_ERROR = "endpoint_error"
    NO_EVIDENCE = "no_evidence"


class LeftOut(StrEnum):
    """Why an answer is in no training table."""

    NOT_FOUGHT = "not_fought"
    UNDECIDED = "undecided"
    UNBEATEN = "unbeaten"
    WITHIN_MARGIN = "within_margin"
    MIX = "mix"


MINED = "mined"
"""The source of an instruction that an expert brought; others name the set that they are from."""

BANDS = ("poor", "average", "good", "excellent")
"""Quality bands, worst first. The grades 1-2, 3-4, 5-8 and 9-10."""

TASKS = ("generation", "theory", "debugging", "optimisation", "testing", "refactoring", "other")
"""Task classes of instructions."""

SPLITS = ("train", "test")
"""The splits of the training tables, each a file of its own."""


@dataclass(frozen=True)
class Table:
    """A table: its columns as `name -> (feature, meaning)`, and the stage that writes it."""

    stage: str
    row: str
    columns: dict[str, tuple[Any, str]]

    @property
    def features(self) -> Features:
        return Features({name: feature for name, (feature, _) in self.columns.items()})

    @property
    def meanings(self) -> dict[str, str]:
        return {name: meaning for name, (_, meaning) in self.columns.items()}


TEXT = Value("string")
COUNT = Value("int32")
REAL = Value("float64")
MESSAGES = List({"role": TEXT, "content": TEXT})

_INSTRUCTION_ID = (TEXT, "digest of the NFC-normalised instruction; the same in every version")
_OUTCOME = {
    "instruction_id": _INSTRUCTION_ID,
    "instruction_grade": (COUNT, "grade of the instruction, 1-10"),
    "band": (TEXT, "quality band of the instruction"),
    "task": (TEXT, "task class of the instruction"),
    "language": (TEXT, "programming language that it asks for; null: none named"),
}
_RATED = {
    "expert": (TEXT, "expert that answered"),
    "final_score": (REAL, "final score of the answer, to 12 decimals"),
    "elo": (REAL, "Elo of the expert"),
    "elo_low": (REAL, "2.5 % point of its interval"),
    "elo_high": (REAL, "97.5 % point of its interval"),
}

TABLES: dict[str, Table] = {
    "instructions": Table(
        "curate",
        "instruction that is in the arena",
        {
            "instruction_id": _INSTRUCTION_ID,
            "instruction": (TEXT, "the instruction as mined, cleaned at its ends"),
            "miner": (TEXT, "expert that it was mined from; null: brought from a set"),
            "source": (TEXT, "mined, or the name of the set that it was brought from"),
            "draw": (COUNT, "number of the draw, from 0, among the miner's draws; number of the row in the set"),
            "temperature": (REAL, "sampling temperature of the draw; null: brought"),
            "top_p": (REAL, "nucleus of the draw; null: brought"),
            "language": (TEXT, "programming language that it asks for; null: none named"),
            "task": (TEXT, "task class, by rules or by most graders, as the recipe says"),
            "grade": (COUNT, "median grade of the graders, 1-10"),
            "band": (TEXT, "poor 1-2, average 3-4, good 5-8, excellent 9-10"),
            "repeats": (COUNT, "near-duplicates of it that were dropped"),
            "rouge_l_max": (REAL, "highest ROUGE-L F1 against the reference sets; null: none given"),
            "nearest_reference": (TEXT, "the reference that has it"),
            "rouge_l_self": (REAL, "highest ROUGE-L F1 against the others in the arena; null: there are none"),
        },
    ),
    "rejected": Table(
        "mine",
        "row that a stage dropped",
        {
            "instruction_id": (TEXT, "digest of the text, as if it were an instruction of the arena"),
            "stage": (TEXT, "stage that dropped it"),
            "reason": (TEXT, "why, one of: " + ", ".join(Reason)),
            "detail": (TEXT, "what was found"),
            "text": (
                TEXT,
                "what was drawn, private data masked; of an answer, the instruction",
            ),
            "origin": (TEXT, "expert that was asked, or the set that it was brought from"),
            "draw": (COUNT, "number of the draw, or of the row in the set; null for answers"),
        },
    ),
    "answers": Table(
        "answer",
        "answer of an expert to an instruction",
        {
            "instruction_id": _INSTRUCTION_ID,
            "expert": (TEXT, "expert that answered"),
            "answer": (TEXT, "its answer, in Markdown"),
            "finish_reason": (TEXT, "stop, or length where it was cut off"),
            "input_tokens": (COUNT, "tokens of the prompt, as the server counts"),
            "output_tokens": (COUNT, "tokens of the answer, as the server counts"),
        },
    ),
    "votes": Table(
        "judge",
        "vote: judge x battle x order",
        {
            "instruction_id": _INSTRUCTION_ID,
            "model_a": (TEXT, "attacker of the battle"),
            "model_b": (TEXT, "defender of the battle"),
            "judge": (TEXT, "expert that judged, or execution"),
            "shown_first": (TEXT, "whose answer stood first in the prompt"),
            "verdict": (TEXT, "a, b or tie, whatever the order shown; null: missing"),
            "missing": (TEXT, "why there is no verdict, one of: " + ", ".join(Missing)),
            "reason": (TEXT, "what the judge wrote"),
            "evidence": (TEXT, "JSON: what running both answers has shown; null: the judge is a model"),
            "prompt_digest": (TEXT, "digest of the prompt file that asked, or of the execution judge's rules"),
        },
    ),
    "battles": Table(
        "rate",
        "battle: instruction x pair",
        {
            "instruction_id": _INSTRUCTION_ID,
            "attacker": (TEXT, "model_a of the votes; the miner where it fights"),
            "defender": (TEXT, "model_b of the votes"),
            "votes_a": (COUNT, "votes for the attacker, of judges whose weight is above 0, like all in this row"),
            "votes_b": (COUNT, "votes for the defender"),
            "ties": (COUNT, "tie votes"),
            "missing": (COUNT, "votes without a verdict"),
            "local_a": (REAL, "weighted share of the votes for the attacker, a tie half; null: no verdict"),
            "local_b": (REAL, "weighted share of the votes for the defender"),
            "consistency": (REAL, "share of judges whose two orders agree; null: none gave both"),
            "elo_a": (REAL, "attacker's Elo just before this battle"),
            "elo_b": (REAL, "defender's Elo just before this battle"),
            "winner": (TEXT, "expert with the higher local score, or tie; null: no verdict"),
        },
    ),
    "ratings": Table(
        "rate",
        "rated expert",
        {
            "model": (TEXT, "the expert"),
            "elo": (REAL, "Elo after all battles, in one pass"),
            "elo_low": (REAL, "2.5 % point of the bootstrap over instructions"),
            "elo_high": (REAL, "97.5 % point of the bootstrap over instructions"),
            "elo_mean": (REAL, "mean Elo over shuffled orders of the battles"),
            "bradley_terry": (REAL, "Bradley-Terry strength on the Elo scale, mean = start"),
            "bradley_terry_low": (REAL, "2.5 % point of the bootstrap"),
            "bradley_terry_high": (REAL, "97.5 % point of the bootstrap"),
            "controlled": (REAL, "Bradley-Terry on single votes beside the recipe's bias terms; null: none asked"),
            "controlled_low": (REAL, "lower end of its 95 % interval, votes of an instruction correlated"),
            "controlled_high": (REAL, "upper end of its 95 % interval"),
            "rank_low": (COUNT, "best rank by Elo in the bootstrap's middle 95 %"),
            "rank_high": (COUNT, "worst rank by Elo in the bootstrap's middle 95 %"),
            "bradley_terry_rank_low": (COUNT, "best rank by Bradley-Terry in the bootstrap's middle 95 %"),
            "bradley_terry_rank_high": (COUNT, "worst rank by Bradley-Terry in the bootstrap's middle 95 %"),
            "battles": (COUNT, "decided battles fought"),
            "wins": (COUNT, "battles won"),
            "ties": (COUNT, "battles tied"),
            "losses": (COUNT, "battles lost"),
        },
    ),
    "kto": Table(
        "build",
        "answer kept for training",
        {
            "prompt": (MESSAGES, "the instruction as a message list"),
            "completion": (MESSAGES, "the answer as a message list"),
            "label": (Value("bool"), "true: desirable (gold answer); false: undesirable (lost)"),
            **_OUTCOME,
            **_RATED,
            "weight": (REAL, "weight that balances the two labels of the split"),
        },
    ),
    "sft": Table(
        "build",
        "gold answer",
        {
            "prompt": (MESSAGES, "the instruction as a message list"),
            "completion": (MESSAGES, "the gold answer as a message list"),
            **_OUTCOME,
            **_RATED,
        },
    ),
    "preference": Table(
        "build",
        "pair of a gold answer and a loser",
        {
            "prompt": (MESSAGES, "the instruction as a message list"),
            "chosen": (MESSAGES, "the gold answer"),
            "rejected": (MESSAGES, "the answer that lost"),
            "score_chosen": (REAL, "final score of the gold answer"),
            "score_rejected": (REAL, "final score of the loser"),
            **_OUTCOME,
            "chosen_expert": (TEXT, "expert of the gold answer"),
            "rejected_expert": (TEXT, "expert of the loser"),
            "elo_chosen": (REAL, "Elo of the gold answer's expert"),
            "elo_chosen_low": (REAL, "2.5 % point of its interval"),
            "elo_chosen_high": (REAL, "97.5 % point of its interval"),
            "elo_rejected": (REAL, "Elo of the loser's expert"),
            "elo_rejected_low": (REAL, "2.5 % point of its interval"),
            "elo_rejected_high": (REAL, "97.5 % point of its interval"),
        },
    ),
}
