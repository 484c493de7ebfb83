"""Each family against the published chat templates it stands for."""

import pytest
from unit.published_templates import PUBLISHED, Published

from warriorcoder.pipelines.endpoints.templates import FAMILIES
from warriorcoder.pipelines.endpoints.templates.derivation import derive
from warriorcoder.pipelines.endpoints.templates.rendering import ChatRenderer, Unrenderable

SYSTEM, USER = "You help with {SQL} in 'quotes'.", "Zq0sentinel"

of_each = pytest.mark.parametrize("published", PUBLISHED, ids=lambda each: f"{each.family}-{each.name}")


def rendered(published: Published, system: str | None) -> tuple[str, str]:
    """What the template puts before the user's message, as a raw prompt has it, and after it."""
    renderer = ChatRenderer(published.source, published.tokenizer.names)
    user = {"role": "user", "content": USER}
    try:
        before = [] if system is None else [{"role": "system", "content": system + published.ends_system}]
        text = renderer.render([*before, user], answering=True)
    except Unrenderable:
        # The family of a template that refuses a system prompt begins the user's message with it.
        text = renderer.render([{"role": "user", "content": f"{system}\n\n{USER}"}], answering=True)
    opened, mark, after = text.partition(USER)
    assert mark
    if published.added:
        assert opened.startswith(published.added)
        opened = opened.removeprefix(published.added).lstrip(" ")
    return opened.rstrip(" "), after


def test_every_family_stands_for_a_published_template() -> None:
    assert {published.family for published in PUBLISHED} | {"base"} == set(FAMILIES)


@of_each
def test_a_prefix_is_what_the_published_template_puts_before_a_user(published: Published) -> None:
    opened, _ = rendered(published, SYSTEM)
    assert FAMILIES[published.family].open_user_turn(SYSTEM) == opened


@of_each
def test_without_a_system_prompt_it_is_the_models_own_default(published: Published) -> None:
    opened, _ = rendered(published, None)
    assert (FAMILIES[published.family].open_user_turn("") != opened) == published.own_default


@of_each
def test_what_follows_a_users_message_is_a_stop_string(published: Published) -> None:
    stop = FAMILIES[published.family].stop
    for system in (SYSTEM, None):
        _, after = rendered(published, system)
        assert any(text in after and after.lstrip().startswith(text.lstrip()) for text in stop)
    assert published.eos in stop


@of_each
def test_the_template_itself_gives_the_same_prefix_and_the_same_end_of_the_turn(published: Published) -> None:
    family, derived = FAMILIES[published.family], derive(published.tokenizer)
    assert derived.prefix.replace("{system}", SYSTEM + published.ends_system) == family.open_user_turn(SYSTEM)
    assert (derived.bare != family.bare) == published.own_default
    assert derived.stop[0] in family.stop
    assert set(derived.markers) & set(family.markers)


@of_each
def test_a_marker_is_in_what_the_template_puts_around_messages(published: Published) -> None:
    renderer = ChatRenderer(published.source, published.tokenizer.names)
    chat = [{"role": role, "content": "x"} for role in ("user", "assistant", "user")]
    try:
        text = renderer.render([{"role": "system", "content": "x"}, *chat], answering=True)
    except Unrenderable:
        text = renderer.render(chat, answering=True)
    assert [marker for marker in FAMILIES[published.family].markers if marker not in text] == []


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_can_be_asked_of_every_server(name: str) -> None:
    family = FAMILIES[name]
    assert 1 <= len(family.stop) <= 4, "TGI and the OpenAI API take four"
    assert set(family.hidden) <= set(family.stop)
    if family.chat:
        assert family.prefix.count("{system}") == 1
        assert family.bare
        assert "{system}" not in family.bare
        assert not family.prefix.endswith(" "), "a space is part of the word after it"
        assert not family.bare.endswith(" ")
        assert family.markers
        assert set(family.hidden) <= set(family.markers)


def test_our_rendering_is_that_of_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers.utils import chat_template_utils

    from warriorcoder.pipelines.endpoints.templates.rendering import TODAY

    class Today:
        @staticmethod
        def now() -> object:
            return TODAY

    monkeypatch.setattr(chat_template_utils, "datetime", Today)
    for published in PUBLISHED:
        renderer = ChatRenderer(published.source, published.tokenizer.names)
        for chat in ([("user", "a b")], [("user", "Ä\n"), ("assistant", "y"), ("user", "<b>")]):
            messages = [{"role": role, "content": content} for role, content in chat]
            for answering in (True, False):
                (theirs,), _ = chat_template_utils.render_jinja_template(
                    [messages],
                    chat_template=published.source,
                    add_generation_prompt=answering,
                    **published.tokenizer.names,
                )
                assert renderer.render(messages, answering=answering) == theirs, published.name
