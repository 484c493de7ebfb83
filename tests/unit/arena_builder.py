"""Builds a small complete arena through ArenaFolder: seeded, with counts that add up, for tests of what reads one."""

import itertools
import json
import random
from pathlib import Path
from typing import Any

from warriorcoder.arena_folder import ArenaFolder, Row
from warriorcoder.ids import instruction_id
from warriorcoder.recipe import Recipe
from warriorcoder.recipe_battles import EXECUTION_JUDGE
from warriorcoder.tables import MINED, STAGES, LeftOut

PAIR = ("attacker", "defender")
EXPERTS = (
    ("smollm2", "smollm2-135m-instruct", "chatml"),
    ("gemma3", "gemma-3-270m", "base"),
    ("smollm2-careful", "smollm2-135m-instruct", "chatml"),
    ("qwen2.5-coder-7b", "Qwen/Qwen2.5-Coder-7B-Instruct", "chatml"),
    ("deepseek-coder-6.7b", "deepseek-ai/deepseek-coder-6.7b-instruct", "chatml"),
    ("llama-3.3-70b", "meta-llama/Llama-3.3-70B-Instruct", "chatml"),
    ("starcoder2-15b", "bigcode/starcoder2-15b-instruct-v0.1", "chatml"),
    ("granite-8b-code", "ibm-granite/granite-8b-code-instruct-4k", "chatml"),
    ("codestral-22b", "mistralai/Codestral-22B-v0.1", "chatml"),
    ("yi-coder-9b", "01-ai/Yi-Coder-9B-Chat", "chatml"),
    ("phi-4", "microsoft/phi-4", "chatml"),
    ("athene-v2-chat-72b-long-name-of-an-expert", "Nexusflow/Athene-V2-Chat", "chatml"),
)
_VERBS = ("returns", "counts", "sorts", "merges", "validates", "parses", "reverses", "groups")
_OBJECTS = (
    "the words of a sentence",
    "nested lists of integers",
    "dates in ISO 8601",
    "the edges of a graph | as an adjacency list",
    "JSON lines from a file",
    "overlapping intervals",
)


def build_arena(
    path: Path,
    *,
    experts: int = 3,
    instructions: int = 12,
    seed: int = 0,
    through: str = "build",
    repo_id: str | None = None,
) -> ArenaFolder:
    """An arena of `experts` experts and `instructions` instructions whose stages ran up to `through`."""
    return _Builder(path, experts, instructions, seed, through, repo_id).run()


class _Builder:
    def __init__(self, path: Path, experts: int, size: int, seed: int, through: str, repo_id: str | None) -> None:
        self.random = random.Random(seed)
        self.chosen = EXPERTS[:experts]
        self.names = [name for name, _, _ in self.chosen]
        self.size, self.through = size, through
        self.strength = {name: 1.0 - 0.7 * i / len(self.chosen) for i, name in enumerate(self.names)}
        self.folder = ArenaFolder.prepare(path)
        self.recipe = Recipe.model_validate(
            {
                "name": "demo",
                "experts": [
                    {"name": name, "endpoint": _endpoint(model), "template": template}
                    for name, model, template in self.chosen
                ],
                "battles": {"execution_weight": 1},
                "publish": {"repo_id": repo_id},
            }
        )
        self.weights = {name: f"sha256:{instruction_id(model) * 4}" for name, model, _ in self.chosen}

    def run(self) -> ArenaFolder:
        self.folder.write_text(self.folder.recipe_path, self.recipe.to_yaml())
        self.folder.update_manifest(
            {
                "name": "demo",
                "version": None,
                "parent": None,
                "recipe_digest": self.recipe.digest,
                "experts": {
                    name: {
                        "kind": _endpoint(model)["kind"],
                        "model": model,
                        "weights": self.weights[name],
                        "template": template,
                        "system": "You are careful | and say *why*." if name.endswith("careful") else None,
                    }
                    for name, model, template in self.chosen
                },
                "judges": {},
                "findings": {},
                "packages": {"distilabel": "1.5.3", "datasets": "5.0.1"},
            }
        )
        for stage in STAGES[: STAGES.index(self.through) + 1]:
            counts = getattr(self, stage)()
            self.folder.update_manifest({"counts": {stage: counts}})
        return self.folder

    def cost(self, stage: str, calls: dict[str, int], tokens: dict[str, tuple[int, int]] | None = None) -> None:
        """Put a stage's cost into the manifest: calls by expert, and tokens in and out where 40 and 120 a call are not
        right."""
        self.folder.update_manifest(
            {
                "cost": {
                    stage: {
                        name: {
                            "calls": count,
                            "input_tokens": tokens[name][0] if tokens else 40 * count,
                            "output_tokens": tokens[name][1] if tokens else 120 * count,
                            "unmetered": 0,
                            "dollars": None if name == "gemma3" else 0.0,
                        }
                        for name, count in calls.items()
                    }
                }
            }
        )

    # the stages

    def mine(self) -> dict[str, int]:
        self.texts = [
            f"Write a Python function that {verb} {thing}{suffix}."
            for suffix in ("", " without imports", " in linear time", " and raises ValueError on bad input")
            for thing in _OBJECTS
            for verb in _VERBS
        ]
        self.random.shuffle(self.texts)
        self.kept = self.texts[: self.size + self.size // 4]
        dropped = self.texts[len(self.kept) : len(self.kept) + self.size // 3]
        reasons = itertools.cycle(["empty", "self_answer", "repetition"])
        self.folder.write_stage(
            "mine",
            {
                "rejected": [
                    _rejected("mine", next(reasons), text, self.names[i % len(self.names)], i)
                    for i, text in enumerate(dropped)
                ]
            },
        )
        draws = len(self.kept) + len(dropped)
        share = {name: len(range(i, draws, len(self.names))) for i, name in enumerate(self.names)}
        self.cost("mine", share)
        return {"draws": draws, "brought": 0, "kept": len(self.kept), "rejected": len(dropped)}

    def curate(self) -> dict[str, int]:
        taken, dropped = self.kept[: self.size], self.kept[self.size :]
        self.instructions = []
        for draw, text in enumerate(taken):
            grade = self.random.choice([5, 6, 7, 8, 8, 9])
            self.instructions.append(
                {
                    "instruction_id": instruction_id(text),
                    "instruction": text,
                    "miner": self.names[draw % len(self.names)],
                    "source": MINED,
                    "draw": draw,
                    "temperature": self.random.choice([1.0, 1.1, 1.2]),
                    "top_p": self.random.choice([0.99, 0.995, 1.0]),
                    "language": "python",
                    "task": "generation",
                    "grade": grade,
                    "band": "excellent" if grade >= 9 else "good",
                    "repeats": 0,
                    "rouge_l_max": None,
                    "nearest_reference": None,
                    "rouge_l_self": (draw % 10) / 10,
                }
            )
        rejected = [
            _rejected("curate", ("band", "near_duplicate")[i % 2], text, self.names[0], i)
            for i, text in enumerate(dropped)
        ]
        self.folder.write_stage("curate", {"instructions": self.instructions, "rejected": rejected})
        return {"entered": len(self.kept), "kept": len(taken), "rejected": len(dropped)}

    def answer(self) -> dict[str, int]:
        self.answers, rejected = [], []
        for number, (item, name) in enumerate(itertools.product(self.instructions, self.names)):
            if number % 17 == 16:
                rejected.append(_rejected("answer", "unanswered", "", name, None, item["instruction_id"]))
                continue
            body = item["instruction"].split("that ", 1)[1].rstrip(".")
            self.answers.append(
                {
                    "instruction_id": item["instruction_id"],
                    "expert": name,
                    "answer": f"```python\ndef solve(value):\n    # {name}: {body}\n    return value\n```",
                    "finish_reason": "stop",
                    "input_tokens": 24,
                    "output_tokens": self.random.randint(30, 200),
                }
            )
        self.folder.write_stage("answer", {"answers": self.answers, "rejected": rejected})
        spoken = {
            name: tuple(
                sum(row[key] for row in self.answers if row["expert"] == name)
                for key in ("input_tokens", "output_tokens")
            )
            for name in self.names
        }
        self.cost("answer", {name: len(self.instructions) for name in self.names}, spoken)
        asked = len(self.instructions) * len(self.names)
        return {"asked": asked, "answers": len(self.answers), "rejected": len(rejected)}

    def judge(self) -> dict[str, int]:
        answered = {(row["instruction_id"], row["expert"]) for row in self.answers}
        self.pairs = [
            (item["instruction_id"], a, b)
            for item in self.instructions
            for a, b in itertools.combinations(self.names, 2)
            if {(item["instruction_id"], a), (item["instruction_id"], b)} <= answered
        ]
        self.votes, judges = [], 0
        for key, a, b in self.pairs:
            involved = {self.weights[a], self.weights[b]}
            uninvolved = [name for name in self.names if self.weights[name] not in involved]
            for judge in [*uninvolved, EXECUTION_JUDGE]:
                judges += 1
                better = self.random.choices(["a", "b", "tie"], [2 * self.strength[a], 2 * self.strength[b], 0.4])[0]
                cast = [self._vote(key, a, b, judge, first, better) for first in (a, b)]
                # What running the answers shows does not hang on the order.
                self.votes += [cast[0], {**cast[0], "shown_first": b}] if judge == EXECUTION_JUDGE else cast
        self.folder.write_stage("judge", {"votes": self.votes})
        self.cost("judge", {name: sum(vote["judge"] == name for vote in self.votes) for name in self.names})
        missing = sum(vote["verdict"] is None for vote in self.votes)
        return {
            "battles": len(self.pairs),
            "judges": judges,
            "votes": len(self.votes) - missing,
            "missing": missing,
        }

    def _vote(self, key: str, a: str, b: str, judge: str, first: str, better: str) -> Row:
        if judge == "gemma3":
            better = "a" if first == a else "b"
        elif judge != EXECUTION_JUDGE and self.random.random() < 0.3:
            better = self.random.choice(["a", "b", "tie"])
        lost = self.random.random() < 0.15
        executed = judge == EXECUTION_JUDGE
        return {
            "instruction_id": key,
            "model_a": a,
            "model_b": b,
            "judge": judge,
            "shown_first": first,
            "verdict": None if lost else better,
            "missing": ("no_evidence" if executed else "no_marker") if lost else None,
            "reason": f"The better one: [[{better}]]",
            "evidence": '{"rule":"examples"}' if executed else None,
            "prompt_digest": "0123456789abcdef",
        }

    def _audit(self, judge: str) -> dict[str, int]:
        mine = [vote for vote in self.votes if vote["judge"] == judge]
        given = [vote for vote in mine if vote["verdict"] is not None]
        battles: dict[tuple[str, str, str], list[str]] = {}
        for vote in given:
            battles.setdefault((vote["instruction_id"], vote["model_a"], vote["model_b"]), []).append(vote["verdict"])
        both = [verdicts for verdicts in battles.values() if len(verdicts) == 2]
        return {
            "votes": len(given),
            "missing": len(mine) - len(given),
            "ties": sum(vote["verdict"] == "tie" for vote in given),
            "first": sum(
                vote["verdict"] != "tie" and (vote["verdict"] == "a") == (vote["shown_first"] == vote["model_a"])
                for vote in given
            ),
            "battles_judged": len(both),
            "consistent": sum(one == other for one, other in both),
        }

    def rate(self) -> dict[str, int]:
        by_pair: dict[tuple[str, str, str], list[Row]] = {pair: [] for pair in self.pairs}
        for vote in self.votes:
            by_pair[vote["instruction_id"], vote["model_a"], vote["model_b"]].append(vote)
        elo = dict.fromkeys(self.names, self.recipe.rating.start)
        self.battles = []
        for (key, a, b), votes in by_pair.items():
            verdicts = [vote["verdict"] for vote in votes]
            for_a, for_b, ties = (verdicts.count(kind) for kind in ("a", "b", "tie"))
            given = for_a + for_b + ties
            judges: dict[str, list[str]] = {}
            for vote in votes:
                if vote["verdict"]:
                    judges.setdefault(vote["judge"], []).append(vote["verdict"])
            both = [pair for pair in judges.values() if len(pair) == 2]
            winner = None if not given else a if for_a > for_b else b if for_b > for_a else "tie"
            self.battles.append(
                {
                    "instruction_id": key,
                    "attacker": a,
                    "defender": b,
                    "votes_a": for_a,
                    "votes_b": for_b,
                    "ties": ties,
                    "missing": len(votes) - given,
                    "local_a": (for_a + ties / 2) / given if given else None,
                    "local_b": (for_b + ties / 2) / given if given else None,
                    "consistency": sum(one == other for one, other in both) / len(both) if both else None,
                    "elo_a": elo[a],
                    "elo_b": elo[b],
                    "winner": winner,
                }
            )
            self._update(elo, self.battles[-1])
        self.elo = elo
        samples = [self._bootstrap() for _ in range(40)]
        ratings = [self._rating(name, samples) for name in self.names]
        self.spread = {row["model"]: {end: row[end] for end in ("elo_low", "elo_high")} for row in ratings}
        self.folder.write_stage("rate", {"battles": self.battles, "ratings": ratings})
        audit = {judge: self._audit(judge) for judge in sorted({vote["judge"] for vote in self.votes})}
        findings = [
            {
                "name": "judge_always_first",
                "subject": judge,
                "message": f"named the first answer in {row['first']} of {row['votes']} verdicts.",
            }
            for judge, row in audit.items()
            if row["first"] > 0.9 * row["votes"]
        ]
        self.folder.update_manifest({"judges": audit, "findings": {"rate": findings}})
        decided = sum(battle["winner"] is not None for battle in self.battles)
        return {"battles": len(self.battles), "decided": decided, "undecided": len(self.battles) - decided}

    def _update(self, elo: dict[str, float], battle: Row) -> None:
        if battle["winner"] is None:
            return
        a, b = battle["attacker"], battle["defender"]
        score = {a: 1.0, b: 0.0, "tie": 0.5}[battle["winner"]]
        step = self.recipe.rating.k * (score - _expected(elo[a], elo[b]))
        elo[a], elo[b] = elo[a] + step, elo[b] - step

    def _bootstrap(self) -> dict[str, float]:
        ids = [item["instruction_id"] for item in self.instructions]
        by_id = {key: [battle for battle in self.battles if battle["instruction_id"] == key] for key in ids}
        elo = dict.fromkeys(self.names, self.recipe.rating.start)
        for key in self.random.choices(ids, k=len(ids)):
            for battle in by_id[key]:
                self._update(elo, battle)
        return elo

    def _rating(self, name: str, samples: list[dict[str, float]]) -> Row:
        fought = [battle for battle in self.battles if name in (battle["attacker"], battle["defender"])]
        decided = [battle for battle in fought if battle["winner"] is not None]
        spread = sorted(sample[name] for sample in samples)
        ranks = sorted(1 + sum(other > sample[name] for other in sample.values()) for sample in samples)
        wins, ties = (sum(battle["winner"] == kind for battle in decided) for kind in (name, "tie"))
        return {
            "model": name,
            "elo": self.elo[name],
            "elo_low": spread[1],
            "elo_high": spread[-2],
            "elo_mean": sum(spread) / len(spread),
            "bradley_terry": sum(spread) / len(spread),
            "bradley_terry_low": spread[1],
            "bradley_terry_high": spread[-2],
            "controlled": None,
            "controlled_low": None,
            "controlled_high": None,
            "rank_low": ranks[1],
            "rank_high": ranks[-2],
            "bradley_terry_rank_low": ranks[1],
            "bradley_terry_rank_high": ranks[-2],
            "battles": len(decided),
            "wins": wins,
            "ties": ties,
            "losses": len(decided) - wins - ties,
        }

    def build(self) -> dict[str, int]:
        tables = self.training_tables()
        self.folder.write_stage("build", tables)
        desirable = sum(row["label"] for row in tables["kto"])
        return {
            "desirable": desirable,
            "undesirable": len(tables["kto"]) - desirable,
            "left_out": len(self.answers) - len(tables["kto"]),
            **{str(reason): list(self.left_out.values()).count(reason) for reason in LeftOut},
            "sft": len(tables["sft"]),
            "preference": len(tables["preference"]),
            "train": len(tables["kto"]),
            "test": 0,
            "mixed_out": 0,
        }

    def training_tables(self) -> dict[str, list[Row]]:
        alpha, margin = self.recipe.rating.alpha, self.recipe.outcomes.margin
        answers = {(row["instruction_id"], row["expert"]): row["answer"] for row in self.answers}
        tables: dict[str, list[Row]] = {"kto": [], "sft": [], "preference": []}
        fought = {(battle["instruction_id"], battle[side]) for battle in self.battles for side in PAIR}
        self.left_out = {key: LeftOut.UNDECIDED if key in fought else LeftOut.NOT_FOUGHT for key in answers}
        for item in self.instructions:
            key = item["instruction_id"]
            parts: dict[str, list[float]] = {}
            beaten = set()
            for battle in self.battles:
                if battle["instruction_id"] == key and battle["winner"] is not None:
                    for me, other, local in ((*PAIR, "local_a"), (*reversed(PAIR), "local_b")):
                        expected = _expected(self.elo[battle[me]], self.elo[battle[other]])
                        parts.setdefault(battle[me], []).append(alpha * expected + (1 - alpha) * battle[local])
                        beaten |= {battle[me]} if battle[local] < 0.5 else set()
            scores = {name: round(sum(values) / len(values), 12) for name, values in parts.items()}
            if not scores:
                continue
            gold = max(scores, key=lambda name: (scores[name], self.elo[name]))
            outcome = {
                "instruction_id": key,
                "instruction_grade": item["grade"],
                "band": item["band"],
                "task": item["task"],
                "language": item["language"],
            }
            prompt = [{"role": "user", "content": item["instruction"]}]
            said = {name: [{"role": "assistant", "content": answers[key, name]}] for name in scores}
            losers = [
                name
                for name in scores
                if name in beaten and max(margin, 1e-12) <= round(scores[gold] - scores[name], 12)
            ]
            for name in scores:
                self.left_out[key, name] = LeftOut.WITHIN_MARGIN if name in beaten else LeftOut.UNBEATEN
            for name in [gold, *losers]:
                del self.left_out[key, name]
            scored = {
                name: {
                    "expert": name,
                    "final_score": scores[name],
                    "elo": self.elo[name],
                    **self.spread[name],
                    **outcome,
                }
                for name in [gold, *losers]
            }
            tables["sft"].append({"prompt": prompt, "completion": said[gold], **scored[gold]})
            for name, row in scored.items():
                tables["kto"].append(
                    {"prompt": prompt, "completion": said[name], "label": name == gold, "weight": 1.0, **row}
                )
            for name in losers:
                tables["preference"].append(
                    {
                        "prompt": prompt,
                        "chosen": said[gold],
                        "rejected": said[name],
                        "score_chosen": scores[gold],
                        "score_rejected": scores[name],
                        "chosen_expert": gold,
                        "rejected_expert": name,
                        "elo_chosen": self.elo[gold],
                        "elo_rejected": self.elo[name],
                        **{f"elo_chosen_{end}": self.spread[gold][f"elo_{end}"] for end in ("low", "high")},
                        **{f"elo_rejected_{end}": self.spread[name][f"elo_{end}"] for end in ("low", "high")},
                        **outcome,
                    }
                )
        return tables


def _endpoint(model: str) -> dict[str, Any]:
    if "/" in model:
        return {"kind": "openai", "base_url": "http://127.0.0.1:8000/v1", "model": model}
    return {"kind": "embedded", "model": model}


def _expected(own: float, other: float) -> float:
    return 1 / (1 + 10 ** ((other - own) / 400))


def _rejected(stage: str, reason: str, text: str, origin: str, draw: int | None, key: str | None = None) -> Row:
    return {
        "instruction_id": key or instruction_id(text),
        "stage": stage,
        "reason": reason,
        "detail": f"found by {stage}",
        "text": text,
        "origin": origin,
        "draw": draw,
    }


def amend_manifest(folder: ArenaFolder, values: dict[str, Any]) -> None:
    """Change single values deep inside arena.json, as somebody with an editor would."""

    def merge(into: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
        return {
            **into,
            **{
                key: merge(into[key], value) if isinstance(value, dict) and isinstance(into.get(key), dict) else value
                for key, value in changes.items()
            },
        }

    folder.write_text(folder.manifest_path, json.dumps(merge(folder.manifest(), values)))
