"""A step of the outcomes benchmark, in a process of its own, so that its memory is its own.

python benchmarks/_outcomes_run.py make COUNT ARENA      write an arena of so many instructions, judged and rated
python benchmarks/_outcomes_run.py ours|pandas ARENA OUT  pair, and build the training tables in the arena OUT

`ours` is `pairs` and what the stage `build` does. `pandas` builds the same labels and tables with groupby and merge, as
one would write it: no mix, no splits, no order of rows. Prints JSON: seconds of pairing and of the tables, those of
processors for both, and the process's peak in bytes.
"""

import json
import random
import sys
import time
from itertools import combinations, product
from pathlib import Path
from typing import Any

from _instruction_texts import InstructionWriter
from _nearest_run import peak_bytes

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.ids import instruction_id
from warriorcoder.pipelines.battles.outcomes.building import READ, build_outcomes
from warriorcoder.pipelines.battles.pairing import pairs
from warriorcoder.recipe import Recipe
from warriorcoder.tables import TABLES

EXPERTS = [f"expert-{letter}" for letter in "abcde"]
ANSWER = 1200
"""Characters of an answer in the mean."""


def recipe() -> Recipe:
    endpoint = {"kind": "openai", "base_url": "http://127.0.0.1/v1", "model": "m"}
    experts = [{"name": name, "template": "chatml", "endpoint": endpoint} for name in EXPERTS]
    return Recipe.model_validate({"name": "outcomes", "experts": experts})


def make(count: int, folder: ArenaFolder) -> None:
    """An arena of `count` instructions; every expert answered, 3 in 100 battles have no verdict."""
    rng = random.Random(3)
    texts = list(dict.fromkeys(InstructionWriter().write(count + count // 20, seed=1)))[:count]
    ids = [instruction_id(text) for text in texts]
    words = " ".join(texts[:5000])
    instructions = []
    for identity, text in zip(ids, texts, strict=True):
        grade = rng.randint(5, 10)
        known = {"instruction_id": identity, "instruction": text, "grade": grade, "task": "generation"}
        band = "excellent" if grade > 8 else "good"
        instructions.append(blank("instructions") | known | {"band": band, "miner": rng.choice(EXPERTS)})
    folder.write_stage("curate", {"instructions": instructions, "rejected": []})
    del instructions
    answers = []
    for identity, expert in product(ids, EXPERTS):
        start = rng.randrange(len(words) - 2 * ANSWER)
        answer = words[start : start + rng.randrange(ANSWER // 2, ANSWER * 3 // 2)]
        answers.append(blank("answers") | {"instruction_id": identity, "expert": expert, "answer": answer})
    folder.write_stage("answer", {"answers": answers, "rejected": []})
    del answers
    battles = []
    for identity, (a, b) in product(ids, combinations(EXPERTS, 2)):
        local = None if rng.random() < 0.03 else rng.randrange(7) / 6
        scores = {"local_a": local, "local_b": None if local is None else 1 - local}
        battles.append({"instruction_id": identity, "attacker": a, "defender": b, **scores})
    rng.shuffle(battles)
    whole = blank("battles")
    ratings = [blank("ratings") | rating(place) for place in range(len(EXPERTS))]
    folder.write_stage("rate", {"battles": [whole | row for row in battles], "ratings": ratings})


def blank(table: str) -> dict[str, Any]:
    return dict.fromkeys(TABLES[table].columns)


def rating(place: int) -> dict[str, Any]:
    elo = 1000.0 + 30 * place
    return {"model": EXPERTS[place], "elo": elo, "elo_low": elo - 9, "elo_high": elo + 9}


def pair_all(folder: ArenaFolder) -> int:
    rows = folder.read_columns("instructions", ["instruction_id", "miner"]).to_pylist()
    fought = [pair for row in rows for pair in pairs(row["instruction_id"], row["miner"], EXPERTS, "round_robin")]
    return len(fought)


def ours(folder: ArenaFolder, out: ArenaFolder) -> None:
    tables = {name: folder.read_columns(name, columns) for name, columns in READ.items()}
    built = build_outcomes(tables, folder.read_table("ratings"), recipe())
    out.write_stage("build", built.tables)


def by_pandas(folder: ArenaFolder, out: ArenaFolder) -> None:
    import pandas as pd

    read = {name: folder.read_columns(name, columns).to_pandas() for name, columns in READ.items()}
    ratings = pd.DataFrame(folder.read_table("ratings")).set_index("model")
    settings = recipe()
    battles = read["battles"].dropna(subset=["local_a"])
    sides = pd.concat(
        battles.rename(columns={own: "expert", other: "opponent", local: "local"})[
            ["instruction_id", "expert", "opponent", "local"]
        ]
        for own, other, local in (("attacker", "defender", "local_a"), ("defender", "attacker", "local_b"))
    )
    gap = sides["opponent"].map(ratings["elo"]) - sides["expert"].map(ratings["elo"])
    alpha = settings.rating.alpha
    sides["final_score"] = alpha / (1 + 10 ** (gap / 400)) + (1 - alpha) * sides["local"]
    sides["beaten"] = sides["local"] < 0.5
    grouped = sides.groupby(["instruction_id", "expert"])
    scored = grouped.agg(final_score=("final_score", "mean"), beaten=("beaten", "any")).reset_index()
    scored["final_score"] = scored["final_score"].round(12)
    scored = scored.join(ratings[["elo", "elo_low", "elo_high"]], on="expert")
    scored = scored.merge(read["answers"], on=["instruction_id", "expert"]).merge(
        read["instructions"].rename(columns={"grade": "instruction_grade"}), on="instruction_id"
    )
    scored = scored.sort_values(["elo", "expert"], ascending=[False, True]).reset_index(drop=True)
    golds = scored.loc[scored.groupby("instruction_id")["final_score"].idxmax()]
    best = scored["instruction_id"].map(golds.set_index("instruction_id")["final_score"])
    behind = (best - scored["final_score"]).round(12)
    losers = scored[scored["beaten"] & (behind > 0) & (behind >= settings.outcomes.margin)]
    golds, losers = golds.assign(label=True), losers.assign(label=False)
    weights = max(1.0, len(losers) / len(golds)), max(1.0, len(golds) / len(losers))
    kto = pd.concat([golds.assign(weight=weights[0]), losers.assign(weight=weights[1])]).sample(frac=1, random_state=0)
    preference = losers.merge(golds, on="instruction_id", suffixes=("_rejected", "_chosen"))
    for name, frame in (("kto", kto), ("sft", kto[kto["label"]]), ("preference", preference)):
        write_frame(name, frame, out)


def write_frame(name: str, frame: Any, out: ArenaFolder) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    def said(role: str, column: str) -> list[list[dict[str, str]]]:
        return [[{"role": role, "content": text}] for text in frame[column]]

    if name == "preference":
        names = {f"{key}_chosen": key for key in ("instruction", "instruction_grade", "band", "task", "language")}
        for side in ("chosen", "rejected"):
            names |= {f"final_score_{side}": f"score_{side}", f"expert_{side}": f"{side}_expert"}
            names |= {f"elo_{end}_{side}": f"elo_{side}_{end}" for end in ("low", "high")}
        frame = frame.rename(columns=names)
        made = {"chosen": said("assistant", "answer_chosen"), "rejected": said("assistant", "answer_rejected")}
    else:
        made = {"completion": said("assistant", "answer")}
    frame = frame.assign(prompt=said("user", "instruction"), **made)
    schema = TABLES[name].features.arrow_schema
    table = pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)
    path = out.path / name / "train.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(table, path)


def main() -> None:
    task, first, second = sys.argv[1:]
    if task == "make":
        make(int(first), ArenaFolder.prepare(Path(second)))
        return
    folder, out = ArenaFolder(first), ArenaFolder.prepare(Path(second))
    began, busy = time.perf_counter(), time.process_time()
    battles = pair_all(folder)
    paired = time.perf_counter()
    {"ours": ours, "pandas": by_pandas}[task](folder, out)
    measured = {"battles": battles, "pairing": paired - began, "tables": time.perf_counter() - paired}
    print(json.dumps(measured | {"busy": time.process_time() - busy, "peak": peak_bytes()}))


if __name__ == "__main__":
    main()
