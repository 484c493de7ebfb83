"""Text Generation Inference: what it is told, and how its stream is read."""

import re
from typing import Any

import pytest
from unit.client_calls import ask, call, fault
from unit.wire_servers import END, Model, Token, tgi, tokens_of

from warriorcoder.pipelines.endpoints.calls import Call, Constraint, Reply
from warriorcoder.pipelines.endpoints.faults import FaultKind

FORM = Constraint(gbnf='root ::= "A" | "B"', regex="(A|B)")


def wrote(*texts: str) -> list[Token]:
    return [*map(Token, texts), END]


def test_a_raw_prompt_is_streamed_with_tgis_names() -> None:
    model = Model()
    sampling = {"temperature": 1.2, "top_p": 0.99, "max_tokens": 20, "seed": 7, "stop": ["\n"]}
    reply = ask("tgi", model, call("raw", **sampling))
    assert reply == Reply("a fine answer", "stop", 5, 4)
    assert model.last.path == "/generate_stream"
    assert model.last.body["inputs"] == "a prompt of five words"
    parameters = model.last.body["parameters"]
    assert {name: parameters[name] for name in ("temperature", "top_p", "max_new_tokens", "seed", "stop")} == {
        "temperature": 1.2,
        "top_p": 0.99,
        "max_new_tokens": 20,
        "seed": 7,
        "stop": ["\n"],
    }
    assert parameters["do_sample"] is True
    assert "max_tokens" not in parameters


def test_messages_go_to_the_chat_route_as_the_base_model() -> None:
    model = Model()
    reply = ask("tgi", model, call("chat", temperature=0.5, max_tokens=20, seed=7))
    assert reply == Reply("a fine answer", "stop", 5, 4)
    assert model.last.path == "/v1/chat/completions"
    assert model.last.body == {
        "model": "tgi",
        "messages": [{"role": "user", "content": "a prompt of five words"}],
        "temperature": 0.5,
        "max_tokens": 20,
        "seed": 7,
    }


def test_greedy_is_the_absence_of_all_that_samples() -> None:
    """TGI refuses temperature 0 in a raw request and samples as soon as a top_p is there."""
    model = Model()
    sampling = {"temperature": 0.0, "top_p": 0.9, "max_tokens": 20}
    ask("tgi", model, call("raw", **sampling), extra={"top_k": 5})
    parameters = model.last.body["parameters"]
    assert parameters["do_sample"] is False
    assert not {"temperature", "top_p", "top_k"} & set(parameters)
    ask("tgi", model, call("chat", **sampling))
    assert model.last.body["temperature"] == 0.0
    assert "top_p" not in model.last.body


@pytest.mark.parametrize("form", ["raw", "chat"])
def test_a_top_p_of_one_is_left_out(form: str) -> None:
    assert ask("tgi", Model(), call(form, temperature=1.0, top_p=1.0, max_tokens=20)).text == "a fine answer"


@pytest.mark.parametrize("form", ["raw", "chat"])
@pytest.mark.parametrize(
    ("says", "stop", "text", "reason"),
    [
        (tokens_of("one two END three"), ["END"], "one two ", "stop"),
        (tokens_of("one two three"), ["END"], "one two three", "stop"),
        (tokens_of("one two three"), [], "one two three", "stop"),
        # Stop strings beyond the four that TGI takes.
        (tokens_of("a b c d e f"), ["1", "2", "3", "4", "e"], "a b c d ", "stop"),
        (tokens_of("a b c d e f"), ["1", "2", "c", "4", "e"], "a b ", "stop"),
        # TGI looks for them at the end of a token only.
        (wrote("x ```\n\n", "junk ", "more"), ["```"], "x ", "stop"),
        # Two tokens make one stop string.
        (wrote("x EN", "D y", "z"), ["END"], "x ", "stop"),
        (wrote("   ", "\n"), ["\n"], "   ", "stop"),
        (wrote("END"), ["END"], "", "stop"),
    ],
)
def test_an_answer_ends_at_its_first_stop_string(
    form: str, says: list[Token], stop: list[str], text: str, reason: str
) -> None:
    reply = ask("tgi", Model(says), call(form, max_tokens=50, **({"stop": stop} if stop else {})))
    assert (reply.text, reply.finish_reason) == (text, reason)


@pytest.mark.parametrize("form", ["raw", "chat"])
def test_an_answer_that_reaches_its_limit_says_so(form: str) -> None:
    assert ask("tgi", Model(), call(form, max_tokens=2)) == Reply("a fine", "length", 5, 2)


def test_special_tokens_end_an_answer_and_are_no_part_of_it() -> None:
    special = {name: Token(name, special=True) for name in ("<s>", "<|im_start|>")}
    says = [special["<s>"], Token("a"), Token(" b"), special["<|im_start|>"], Token("c"), END]
    stop = ["1", "2", "3", "4", "<|im_start|>"]
    assert ask("tgi", Model(says), call("raw", stop=stop, max_tokens=50)).text == "a b"
    assert ask("tgi", Model(says), call("raw", stop=stop[4:], max_tokens=50)).text == "a b"
    assert ask("tgi", Model(says), call("raw", max_tokens=50)).text == "a bc"


def test_an_answer_that_tgi_would_write_to_its_limit_is_ended_and_counted() -> None:
    """The server is not left writing what nobody wants, and the prompt is counted at its /tokenize, once."""
    model = Model([Token("x "), Token("```\n\n"), *[Token("junk ")] * 5000])
    wanted = call("raw", stop=["```"], max_tokens=6000)
    model.context = 10_000
    reply = ask("tgi", model, wanted, wanted)
    assert reply == Reply("x ", "stop", 5, 2)
    assert [each.path for each in model.asked] == ["/generate_stream", "/tokenize", "/generate_stream"]
    assert model.written < 5000


def test_a_stop_string_in_two_tokens_ends_the_call_as_well() -> None:
    model = Model([Token("x EN"), Token("D y"), *[Token("junk ")] * 5000], context=10_000)
    assert ask("tgi", model, call("raw", stop=["END"], max_tokens=6000)) == Reply("x ", "stop", 5, 2)
    assert model.written < 5000


def test_a_stop_string_around_a_special_token_is_one_in_the_text() -> None:
    says = [Token("x EN"), Token("<pad>", special=True), Token("D y"), END]
    assert ask("tgi", Model(says), call("raw", stop=["END"], max_tokens=3)) == Reply("x ", "stop", 5, 3)


def test_an_older_tgi_counts_the_prompt_at_another_route() -> None:
    model = Model()
    assert ask("tgi", model, call("raw"), app=tgi(model, older=True)) == Reply("a fine answer", "stop", 5, 4)
    assert model.last.path == "/tokenize"


def test_a_form_is_bound_by_a_regular_expression() -> None:
    model = Model()
    raw, chat = call("raw"), call("chat")
    ask("tgi", model, Call(raw.expert, {}, prompt=raw.prompt, constraint=FORM), structured="tgi")
    assert model.last.body["parameters"]["grammar"] == {"type": "regex", "value": "(A|B)"}
    ask("tgi", model, Call(chat.expert, {}, messages=chat.messages, constraint=FORM), structured="tgi")
    assert model.last.body["response_format"] == {"type": "regex", "value": "(A|B)"}


def test_extra_parameters_that_tgi_has_reach_it() -> None:
    model = Model()
    extra = {"top_k": 40, "repetition_penalty": 1.1, "typical_p": 0.9, "frequency_penalty": 0.2}
    ask("tgi", model, call("raw", temperature=1.0), extra=extra)
    assert extra.items() <= model.last.body["parameters"].items()


@pytest.mark.parametrize(
    ("form", "extra", "said"),
    [
        ("raw", {"min_p": 0.1}, "one: TGI takes no min_p, but max_tokens, temperature, top_p, seed, stop, "),
        ("chat", {"min_p": 0.1}, "one: TGI takes no min_p, but max_tokens, "),
        ("chat", {"top_k": 5}, "one: TGI takes top_k in raw completion alone; take it out of `extra`"),
        ("raw", {"top_k": -1}, "`top_k` must be strictly positive"),
        ("raw", {"repetition_penalty": "much"}, "should be a valid number"),
    ],
)
def test_extra_parameters_that_it_has_not_are_refused_and_not_dropped(
    form: str, extra: dict[str, Any], said: str
) -> None:
    model = Model()
    refused = fault("tgi", model, call(form, temperature=1.0), extra=extra)
    assert refused.kind is FaultKind.REQUEST
    assert said in str(refused)
    assert not model.asked


@pytest.mark.parametrize("form", ["raw", "chat"])
def test_a_prompt_that_is_too_long_is_refused_in_tgis_words(form: str) -> None:
    refused = fault("tgi", Model(context=10), call(form, max_tokens=20))
    assert refused.kind is FaultKind.REQUEST
    assert re.search(r"must be <= 10\. Given: 5 `inputs` tokens and 20", str(refused))
