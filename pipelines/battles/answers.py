"""Reading what an expert answered: the answer, or the reason why it does not fight."""

from dataclasses import dataclass

from warriorcoder.pipelines.endpoints.asking import answer_text
from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.mining.candidates import admit
from warriorcoder.pipelines.mining.privacy import Finding
from warriorcoder.pipelines.mining.screening import decontaminator_of
from warriorcoder.recipe import Expert, Recipe
from warriorcoder.tables import Reason


@dataclass(frozen=True)
class ReadAnswer:
    """The answer's text, private data masked; where it is rejected, the reason and the detail; and what was private."""

    text: str
    reason: Reason | None
    detail: str
    found: list[Finding]


class AnswerReader:
    """Reads answers as the recipe's curation wants. Raises RecipeError where a benchmark cannot be read."""

    def __init__(self, recipe: Recipe) -> None:
        self._privacy = recipe.curation.privacy
        self._decontaminator = decontaminator_of(recipe.curation)

    def read(self, expert: Expert, reply: Reply) -> ReadAnswer:
        """What became of one answer."""
        if reply.error is not None:
            return ReadAnswer("", Reason.ENDPOINT_ERROR, reply.error, [])
        text = answer_text(expert, reply.text)
        if not text:
            return ReadAnswer("", Reason.UNANSWERED, "empty", [])
        admitted = admit(text, self._privacy)
        reason, detail = admitted.reason, admitted.detail
        if reason is None and self._decontaminator and (hits := self._decontaminator.hits(admitted.text)):
            reason, detail = Reason.CONTAMINATED, str(hits[0])
        return ReadAnswer(admitted.text, reason, detail, admitted.found)
