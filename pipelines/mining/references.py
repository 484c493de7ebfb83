"""Reference sets: known texts that mined instructions are compared with, each with a name to be found by."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from warriorcoder.errors import RecipeError
from warriorcoder.pipelines.mining.text_sets import TextSet


@dataclass(frozen=True)
class References:
    """Texts to compare with, and the name of each: humaneval:HumanEval/12, file.jsonl:17. `revisions` by set."""

    names: list[str]
    texts: list[str]
    revisions: dict[str, str]


def read_references(sets: Sequence[TextSet]) -> References:
    """The texts of reference sets, one set after another, without the rows where the text is null or blank.

    Raises RecipeError where a set cannot be read or has no text, or two sets have the same name.
    """
    twice = [name for name, count in Counter(each.name for each in sets).items() if count > 1]
    if twice:
        raise RecipeError(f"two reference sets are called {twice[0]}: rename one, or its rows cannot be told apart.")
    names: list[str] = []
    texts: list[str] = []
    for each in sets:
        before = len(texts)
        for row in each:
            if row.text.strip():
                names.append(row.name)
                texts.append(row.text)
        if len(texts) == before:
            raise RecipeError(
                f"{each.name}: no row has text in the column {each.column!r}, so there is nothing to compare with. "
                f"{each.found}"
            )
    return References(names, texts, {each.name: each.revision for each in sets})
