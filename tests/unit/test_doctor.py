"""The doctor's round over servers with one illness each: every cell, the calls, the budget, nothing secret."""

import json
from pathlib import Path
from typing import Any

import pytest
from unit.patients import KEY, Patient, hospital, recipe_of

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.errors import ArenaError
from warriorcoder.ids import value_digest
from warriorcoder.pipelines.doctor import line
from warriorcoder.pipelines.doctor.examine import Stopped, examine
from warriorcoder.pipelines.doctor.findings import CHECKS, Cell, Check, Colour, Report
from warriorcoder.pipelines.doctor.measurements import read_measurements
from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.journal import Entry, Journal
from warriorcoder.recipe import Recipe

GREEN, YELLOW, RED, NONE = Colour.GREEN, Colour.YELLOW, Colour.RED, Colour.NONE


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "LONGEST_PAUSE_SECONDS", 0.0)


def doctor(recipe: Recipe, path: Path) -> Report:
    return examine(recipe, path, lambda expert, what: None)


def see(tmp_path: Path, patient: Patient, others: dict[str, Any] | None = None, **endpoint: Any) -> Report:
    """The report on a patient, with two healthy experts beside it."""
    well = Patient()
    with hospital(patient, well):
        endpoints = {name: {"base_url": well.url} for name in ("well", "too")}
        mine = {"kind": patient.kind, "base_url": patient.url, **endpoint}
        return doctor(recipe_of({"ill": mine, **endpoints}, **(others or {})), tmp_path / "arena")


def cells(report: Report, expert: str = "ill") -> dict[Check, Cell]:
    (row,) = (row for row in report.rows if row.expert == expert)
    return {check: row.cell(check) for check in CHECKS}


def colours(report: Report, expert: str = "ill") -> str:
    """One letter a check, in the table's order."""
    letters = {GREEN: "g", YELLOW: "y", RED: "R", NONE: "-"}
    return "".join(letters[cell.colour] for cell in cells(report, expert).values())


ALL_WELL = "g-ggggggg"


def test_a_sound_recipe_is_green_in_a_few_dozen_calls(tmp_path: Path) -> None:
    patients = [Patient() for _ in range(5)]
    with hospital(*patients):
        recipe = recipe_of({f"e{number}": {"base_url": each.url} for number, each in enumerate(patients)})
        report = doctor(recipe, tmp_path / "arena")
    assert [colours(report, row.expert) for row in report.rows] == [ALL_WELL] * 5
    assert not report.would_fail
    asked = [sum("messages" not in body for body in patient.asked) for patient in patients]
    assert asked == [6] * 5
    assert report.spending.calls == sum(len(patient.asked) for patient in patients) == 5 * 14
    assert report.spending.failed == 0


@pytest.mark.parametrize(
    ("patient", "seen", "check", "word", "advice"),
    [
        (Patient(wraps=True), "g-gR-gggg", "raw", "wrapped", "Use a server whose /completions is raw"),
        (Patient(wraps=True, counts=False), "g-gR-gygg", "raw", "wrapped", "Use a server whose"),
        (Patient(raw=False), "g-gR-gggg", "raw", "chat only", "A service that offers chat only cannot be mined"),
        (Patient(chat=False), "g-gggRg-g", "chat", "raw only", "template: base"),
        (Patient(key=KEY), "gR-------", "key", "refused", "api_key_env: HF_TOKEN"),
        (Patient(models=["tiny-8b"]), "g-R------", "model", "not served", "It serves tiny-8b. Is it tiny-8b?"),
        (Patient(models=["huge"], any_name=True), "g-ygggggg", "model", "not listed", "Is it the model that you mean?"),
        (Patient(models=None), ALL_WELL, "model", "", ""),
        (Patient(counts=False), "g-ggggygg", "usage", "none", "Name the model's tokenizer"),
        (Patient(judges="first"), "g-gggggyg", "judge", "always first", "battles.judges"),
        (Patient(judges="silent"), "g-gggggyg", "judge", "no verdict", "battles.constrained"),
        (Patient(stops=False), "g-ggRgggg", "prefix", "0/6", "mining.max_tokens (1024)"),
        (Patient(draw="Sure, here it is."), "g-ggRgggg", "prefix", "0/6", "tokenizer_config.json"),
        (Patient(fault=b"<html>"), "g--R-R---", "raw", "garbled", "Is `kind` right?"),
        (Patient(fault=500), "g--R-R---", "raw", "failed", "its own log"),
        (Patient(fault=503), "R--------", "reach", "down", "Is the server running"),
        (Patient(fault=403), "gR-------", "key", "forbidden", "wants a key"),
        (Patient(fault=400), "g--R-R---", "raw", "refused", "`extra`"),
        (Patient(fault=429), "g--R-R---", "raw", "429", "a quota may be spent"),
        (Patient(refuses_together=2, together=6), "g-ggggggy", "speed", None, "smaller `concurrency` than 16"),
        (Patient(kind="tgi"), ALL_WELL, "raw", "", ""),
    ],
)  # fmt: skip
def test_every_illness_has_its_cell(
    tmp_path: Path, patient: Patient, seen: str, check: Check, word: str | None, advice: str
) -> None:
    report = see(tmp_path, patient)
    assert colours(report) == seen
    cell = cells(report)[check]
    assert word is None or cell.word == word
    assert advice in cell.advice
    assert report.would_fail is ("R" in seen)
    assert colours(report, "well") == colours(report, "too") == ALL_WELL


def test_a_price_without_usage_is_red(tmp_path: Path) -> None:
    report = see(tmp_path, Patient(counts=False), expert={"price": {"input": 1, "output": 2}})
    assert cells(report)["usage"].colour is RED
    assert "has a price" in cells(report)["usage"].found


def test_a_budget_of_tokens_without_usage_is_red(tmp_path: Path) -> None:
    assert cells(see(tmp_path, Patient(counts=False), {"budget": {"tokens": 10**6}}))["usage"].colour is RED


def test_a_tokenizer_counts_and_does_not_deceive_the_canary(tmp_path: Path) -> None:
    """By its own count the raw text is shorter than the message, whatever the server does with it."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    named = {"tokenizer": str(tmp_path / "tokenizer.json"), "price": {"input": 1, "output": 2}}
    report = see(tmp_path, Patient(counts=False), expert=named)
    assert (cells(report)["usage"].colour, cells(report)["usage"].word) == (GREEN, "tokenizer")
    assert report.spending.dollars
    assert colours(see(tmp_path, Patient(counts=False, wraps=True), expert=named))[3] == "R"
    missing = see(tmp_path, Patient(counts=False), expert={"tokenizer": str(tmp_path / "none.json")})
    assert (cells(missing)["usage"].colour, cells(missing)["usage"].word) == (RED, "tokenizer")


def test_keys_missing_empty_wrong_and_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMPTY", " ")
    monkeypatch.setenv("BROKEN", "two\nlines")
    monkeypatch.setenv("WRONG", "another-key-that-nobody-may-see")
    monkeypatch.setenv("RIGHT", KEY)
    found = {}
    for name in ("UNSET", "EMPTY", "BROKEN", "WRONG", "RIGHT"):
        patient = Patient(key=KEY)
        report = see(tmp_path, patient, api_key_env=name)
        found[name] = cells(report)["key"].word
        assert len(patient.asked) == {"WRONG": 1, "RIGHT": 14}.get(name, 0)
        text = json.dumps(report.to_json())
        assert KEY not in text
        assert "another-key" not in text
    assert found == {"UNSET": "not set", "EMPTY": "empty", "BROKEN": "malformed", "WRONG": "refused", "RIGHT": ""}
    assert colours(report) == "ggggggggg"


def test_each_of_several_servers_is_examined_and_one_may_be_down(tmp_path: Path) -> None:
    first, wrapping, well = Patient(), Patient(wraps=True), Patient()
    with hospital(first, wrapping, well):
        three = {"base_urls": ["http://127.0.0.1:9/v1", first.url, wrapping.url]}
        recipe = recipe_of({"ill": three, "well": {"base_url": well.url}}, battles={"execution_weight": 1})
        report = doctor(recipe, tmp_path / "arena")
    rows = [row for row in report.rows if row.expert == "ill"]
    assert [row.worst() for row in rows] == [YELLOW, GREEN, RED]
    assert rows[0].cell("reach").word == "refused"
    assert "goes on with the expert's other servers" in rows[0].cell("reach").advice
    assert [bool(row.sample) for row in rows] == [False, True, False]
    assert [len(first.asked), len(wrapping.asked)] == [14, 3]


def test_all_servers_down_is_red(tmp_path: Path) -> None:
    with hospital(well := Patient()):
        down = {"base_urls": ["http://127.0.0.1:9/v1", "http://127.0.0.1:7/v1"]}
        report = doctor(recipe_of({"ill": down, "well": {"base_url": well.url}}), tmp_path / "arena")
    assert [row.cell("reach").colour for row in report.rows[:2]] == [RED, RED]


def test_twins_are_examined_once(tmp_path: Path) -> None:
    with hospital(shared := Patient(), other := Patient()):
        twins = {name: {"base_url": shared.url} for name in ("one", "two")}
        report = doctor(recipe_of({**twins, "well": {"base_url": other.url}}), tmp_path / "arena")
    assert [colours(report, row.expert) for row in report.rows] == [ALL_WELL] * 3
    assert len(shared.asked) == 3 + 6 + 2 * 5
    judged = [each.expert for each in report.measured if each.stage == "judge"]
    assert sorted(judged) == ["one", "two", "well"]


def test_a_base_model_is_asked_nothing_by_chat(tmp_path: Path) -> None:
    patient = Patient(draw="", chat=False)
    report = see(tmp_path, patient, expert={"template": {"prefix": "x", "stop": ["."]}})
    assert cells(report)["chat"].colour is RED
    base = Patient(chat=False)
    report = see(tmp_path, base, expert={"template": "base"})
    assert (cells(report)["chat"].word, cells(report)["raw"].colour) == ("raw", GREEN)
    assert not any("messages" in body for body in base.asked)


def test_an_unknown_template_is_red_and_the_server_is_examined_all_the_same(tmp_path: Path) -> None:
    report = see(tmp_path, Patient(), expert={"template": "klingon"})
    assert colours(report) == "g-ggRgg--"
    assert "known families" in cells(report)["prefix"].found


def test_judges_that_nobody_can_read_fail_the_run_unless_somebody_else_votes(tmp_path: Path) -> None:
    mute = {"battles": {"judges": ["ill"]}}
    assert cells(see(tmp_path, Patient(judges="silent"), mute))["judge"].colour is RED
    helped = {"battles": {"judges": ["ill"], "execution_weight": 1}}
    assert cells(see(tmp_path, Patient(judges="silent"), helped))["judge"].colour is YELLOW


def test_a_form_that_the_server_does_not_keep_is_told(tmp_path: Path) -> None:
    bound = {"battles": {"constrained": True}}
    with hospital(patient := Patient(judges="form"), well := Patient()):
        ends: dict[str, dict[str, Any]] = {
            name: {"base_url": each.url, "structured": "vllm"}
            for name, each in {"ill": patient, "well": well, "too": well}.items()
        }
        report = doctor(recipe_of(ends, **bound), tmp_path / "arena")
    assert cells(report)["judge"].word == "no verdict"
    assert "endpoint.structured" in cells(report)["judge"].advice


def test_a_recipe_without_a_judge_is_told(tmp_path: Path) -> None:
    with hospital(well := Patient()):
        ends = {name: {"base_url": well.url} for name in ("one", "two")}
        report = doctor(recipe_of(ends), tmp_path / "arena")
        assert [cell.word for cell in report.whole] == ["no judge"]
        assert report.would_fail
        helped = recipe_of({name: {"base_url": well.url} for name in ("one", "two")}, battles={"execution_weight": 1})
        assert not doctor(helped, tmp_path / "arena").would_fail


def test_a_provider_that_offers_chat_only_is_refused_by_the_recipe_alone(tmp_path: Path) -> None:
    with hospital(well := Patient()):
        ends = {name: {"base_url": well.url} for name in ("well", "too")}
        groq = {"kind": "hf-inference", "provider": "groq", "model": "org/model", "api_key_env": None}
        report = doctor(recipe_of({"ill": groq, **ends}), tmp_path / "arena")
    assert cells(report)["raw"].word == "chat only"
    assert "groq offers chat only" in cells(report)["raw"].found


def test_the_budget_ends_the_examination_in_order_and_what_the_arena_spent_counts(tmp_path: Path) -> None:
    report = see(tmp_path, Patient(), {"budget": {"calls": 7}})
    assert report.spending.calls == 7
    assert [cell.word for cell in report.whole] == ["budget"]
    assert not report.would_fail
    with Journal(ArenaFolder(tmp_path / "arena").journal_path) as journal:
        spent = [Entry(value_digest(n), "well", "tiny", "mine", Reply("text", "stop", 1, 1), 0.1) for n in range(3)]
        journal.put_many(spent)
    assert see(tmp_path, Patient(), {"budget": {"calls": 7}}).spending.calls == 4


def test_a_budget_that_calls_in_flight_hold_is_waited_for(tmp_path: Path) -> None:
    """Several verdicts at once could cost more than is left, one after the other they do not."""
    price = {"expert": {"price": {"input": 0, "output": 1}}}
    answer = {"mining": {"max_tokens": 600}, "answers": {"max_tokens": 600}, "battles": {"max_tokens": 600}}
    report = see(tmp_path, Patient(), {"budget": {"dollars": 0.0012}, **answer}, **price)
    assert report.whole == []
    assert colours(report) == ALL_WELL


def test_what_was_measured_is_kept_and_no_obstacle_to_the_arena(tmp_path: Path) -> None:
    report = see(tmp_path, Patient())
    folder = ArenaFolder.prepare(tmp_path / "arena")
    assert [path.name for path in folder.path.iterdir()] == [".work"]
    assert read_measurements(folder) == report.measured
    mine = {each.stage: each for each in report.measured if each.expert == "ill"}
    assert {stage: (each.kind, each.calls, each.concurrency) for stage, each in mine.items()} == {
        "mine": ("raw", 3, 1),
        "answer": ("chat", 1, 1),
        "judge": ("chat", 6, 6),
    }
    assert mine["mine"].output_tokens == 12
    assert mine["mine"].weights == "weights of ill"
    assert all(each.seconds > 0 for each in report.measured)


def test_a_folder_that_can_be_no_arena_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "arena").mkdir()
    (tmp_path / "arena" / "thesis.tex").touch()
    patient = Patient()
    with pytest.raises(ArenaError, match="not an arena"):
        see(tmp_path, patient)
    assert not patient.asked


def test_a_local_model_that_is_missing_is_a_red_cell(tmp_path: Path) -> None:
    with hospital(well := Patient()):
        ends = {name: {"base_url": well.url} for name in ("well", "too")}
        gguf = {"kind": "embedded", "model": str(tmp_path / "none.gguf")}
        report = doctor(recipe_of({"ill": gguf, **ends}), tmp_path / "arena")
    assert colours(report) == "R--------"
    assert "there is no such GGUF file" in cells(report)["reach"].found
    assert colours(report, "well") == ALL_WELL


def test_who_is_told_of_an_expert_is_told_of_its_end(tmp_path: Path) -> None:
    told: dict[str, list[str]] = {}
    with hospital(well := Patient()):
        recipe = recipe_of({name: {"base_url": well.url} for name in "abc"})
        examine(recipe, tmp_path / "arena", lambda expert, what: told.setdefault(expert, []).append(what))
    assert set(told) == set("abc")
    assert all(whats[-1] == "" and len(whats) >= 3 for whats in told.values())


def test_ctrl_c_ends_it_with_the_code_of_the_signal(tmp_path: Path) -> None:
    def stop(expert: str, what: str) -> None:
        if "draws" in what:
            raise KeyboardInterrupt

    with hospital(well := Patient()), pytest.raises(Stopped) as stopped:
        examine(recipe_of({name: {"base_url": well.url} for name in "ab"}), tmp_path / "arena", stop)
    assert stopped.value.exit_code == 130
    assert read_measurements(ArenaFolder(tmp_path / "arena")) == []


def test_no_more_calls_are_together_than_the_recipe_allows(tmp_path: Path) -> None:
    patient = Patient(refuses_together=2, together=2)
    assert colours(see(tmp_path, patient, concurrency=2)) == ALL_WELL


def test_a_server_that_says_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "SHORT_CALL_SECONDS", 0.05)
    report = see(tmp_path, Patient(stalls=True))
    assert colours(report) == "g--R-R---"
    assert "no answer within 0.05 s" in cells(report)["raw"].found
    assert "A run waits 600 s a call" in cells(report)["raw"].advice
