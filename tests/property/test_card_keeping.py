"""Regenerating a card: what people wrote stays, and doing it twice changes nothing."""

from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.dataset_card.keeping import merge_body, split_parts
from warriorcoder.markdown import inline

NAMES = ("about", "numbers", "ratings", "judges", "load")
words = st.text(
    st.characters(codec="utf-8", exclude_characters="\r", exclude_categories=["Cc", "Cs"]) | st.just("\n"), max_size=40
)
own = words.filter(lambda text: "<!--" not in text)
parts = st.dictionaries(st.sampled_from(NAMES), st.text("ab \n|#", max_size=20), min_size=1).map(
    lambda found: {name: found[name] for name in NAMES if name in found}
)


@given(parts, parts, st.lists(own, min_size=len(NAMES) + 1, max_size=len(NAMES) + 1))
def test_own_text_survives_in_order_and_all_parts_are_new(
    before: dict[str, str], after: dict[str, str], notes: list[str]
) -> None:
    old = merge_body("", before)
    pieces = [f"NOTE{i} {note.strip()}" for i, note in enumerate(notes)]
    for piece, name in zip(pieces, before, strict=False):
        old = old.replace(f"<!-- /warriorcoder: {name} -->\n", f"<!-- /warriorcoder: {name} -->\n\n{piece}\n")
    new = merge_body(old, after)
    assert {name: text.strip("\n") for name, text in split_parts(new).items()} == {
        name: text.strip("\n") for name, text in after.items()
    }
    places = [new.find(piece) for piece in pieces[: len(before)]]
    assert -1 not in places
    assert places == sorted(places)
    assert merge_body(new, after) == new


@given(parts, st.sampled_from(NAMES))
def test_a_part_that_goes_and_comes_back_leaves_no_trace(made: dict[str, str], gone: str) -> None:
    whole = merge_body("", made | ({} if gone in made else {gone: "x"}))
    made = {name: text.strip("\n") for name, text in split_parts(whole).items()}
    made = {name: made[name] for name in NAMES if name in made}
    whole = merge_body("", made)
    without = {name: text for name, text in made.items() if name != gone}
    if without:
        assert merge_body(merge_body(whole, without), made) == whole


@given(st.text())
def test_foreign_text_is_one_line_without_open_markup(text: str) -> None:
    line = inline(text)
    assert len(line.splitlines()) <= 1
    bare = line.replace("\\\\", "")
    assert all(bare[i - 1] == "\\" for i, sign in enumerate(bare) if sign in "|`<>[]*~$&")
