"""One side of the ratings benchmark, in a process of its own, so that its memory is its own.

python benchmarks/_ratings_run.py ours|rate|evalica|logistic BATTLES INSTRUCTIONS DRAWS

All make the same battles of 20 models. `ours` rates them from a table of names: Elo, Bradley-Terry, and DRAWS resamples
of the instructions for both. `rate` makes the arena's tables `battles` and `ratings` from two votes a battle, the mean
over shuffles included. `evalica` is ten plain Bradley-Terry fits from lists of names. `logistic` is one resample in
pandas and one logistic regression of scikit-learn, as FastChat had it first. Prints JSON: seconds of the wall clock and
of the processors, the process's peak in bytes, and the Bradley-Terry ratings.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from _nearest_run import peak_bytes
from numpy.typing import NDArray

K, START, MODELS = 40.0, 1000.0, 20
NAMES = [f"model-{place:02}" for place in range(MODELS)]


def battles(count: int, instructions: int) -> dict[str, NDArray[Any]]:
    """Random battles of models whose strengths are evenly spaced over 600 points; one in seven is a tie."""
    random = np.random.default_rng(0)
    points = np.linspace(300, -300, MODELS)
    a = random.integers(MODELS, size=count)
    b = (a + random.integers(1, MODELS, size=count)) % MODELS
    chance = 1 / (1 + 10 ** ((points[b] - points[a]) / 400))
    verdict = np.where(random.random(count) < chance, 0, 1)
    verdict[random.random(count) < 1 / 7] = 2
    instruction = np.arange(count) * instructions // count
    return {"instruction": instruction, "a": a, "b": b, "verdict": verdict}


def table(made: dict[str, NDArray[Any]]) -> pa.Table:
    """The battles as votes of one judge that was shown a first."""

    def named(names: list[str], places: NDArray[Any]) -> pa.Array:
        return pa.array(names).take(pa.array(places))

    ids = [f"{number:016x}" for number in range(int(made["instruction"].max()) + 1)]
    count = len(made["a"])
    columns = {
        "instruction_id": named(ids, made["instruction"]),
        "model_a": named(NAMES, made["a"]),
        "model_b": named(NAMES, made["b"]),
        "judge": pa.array(["judge"]).take(pa.array(np.zeros(count, dtype=np.int8))),
        "shown_first": named(NAMES, made["a"]),
        "verdict": named(["a", "b", "tie"], made["verdict"]),
    }
    return pa.table(columns)


def ours(made: dict[str, NDArray[Any]], draws: int) -> Callable[[], Any]:
    # What is imported when it is needed is imported here, as the others' packages are before the clock runs.
    import scipy.sparse.csgraph  # noqa: F401

    from warriorcoder.pipelines.battles.ratings.bootstrap import bootstrap, interval, rank_interval
    from warriorcoder.pipelines.battles.ratings.bradley_terry import bradley_terry
    from warriorcoder.pipelines.battles.ratings.elo import elo
    from warriorcoder.pipelines.battles.ratings.games import Games, Verdicts

    votes = table(made)
    made.clear()

    def work() -> list[float]:
        cast = Verdicts.of(votes, NAMES)
        games = Games(cast.models, cast.instruction, cast.a, cast.b, cast.score_a, np.ones(len(cast)))
        _, before = elo(games, K, START)
        strengths = bradley_terry(games, START)
        drawn = bootstrap(games, before, K, START, draws, 0)
        for each in (drawn.elo, drawn.bradley_terry):
            interval(each)
            rank_interval(each)
        return [float(rating) for rating in strengths]

    return work


def rated(made: dict[str, NDArray[Any]], draws: int) -> Callable[[], Any]:
    from warriorcoder.pipelines.battles.rating import rate
    from warriorcoder.recipe_battles import Rating

    first = table(made)
    made.clear()
    second = first.set_column(4, "shown_first", first["model_b"])
    votes = pa.concat_tables([first, second])
    settings = Rating(k=K, start=START, bootstrap=draws)

    def work() -> list[float]:
        found = rate(votes, NAMES, settings, 0)
        by_name = {row["model"]: row["bradley_terry"] for row in found.ratings}
        return [by_name[name] for name in NAMES]

    return work


def evalica(made: dict[str, NDArray[Any]], draws: int) -> Callable[[], Any]:
    import evalica

    winners = [(evalica.Winner.X, evalica.Winner.Y, evalica.Winner.Draw)[place] for place in made["verdict"]]
    xs, ys = ([NAMES[place] for place in made[side]] for side in ("a", "b"))

    def work() -> list[float]:
        for _ in range(10):
            scores = evalica.bradley_terry(xs, ys, winners).scores
        points = 400 * np.log10(scores[NAMES].to_numpy())
        return [float(rating) for rating in points - points.mean() + START]

    return work


def logistic(made: dict[str, NDArray[Any]], draws: int) -> Callable[[], Any]:
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    frame = pd.DataFrame(made)
    random = np.random.default_rng(0)
    count = int(frame["instruction"].max()) + 1

    def work() -> list[float]:
        taken = np.bincount(random.integers(count, size=count), minlength=count)
        sample = frame.loc[frame.index.repeat(taken[frame["instruction"]])]
        # A tie is a win for each, and every decided battle counts twice.
        doubled = pd.concat([sample, sample])
        rows = np.zeros((len(doubled), MODELS))
        rows[np.arange(len(doubled)), doubled["a"]] = np.log(10)
        rows[np.arange(len(doubled)), doubled["b"]] = -np.log(10)
        won = doubled["verdict"].to_numpy() == 0
        ties = doubled["verdict"].to_numpy() == 2
        won[: len(sample)] |= ties[: len(sample)]
        fitted = LogisticRegression(fit_intercept=False, C=np.inf, tol=1e-6).fit(rows, won)
        points = 400 * fitted.coef_[0]
        return [float(rating) for rating in points - points.mean() + START]

    return work


SIDES = {"ours": ours, "rate": rated, "evalica": evalica, "logistic": logistic}


def main() -> None:
    side, count, instructions, draws = sys.argv[1:]
    work = SIDES[side](battles(int(count), int(instructions)), int(draws))
    began, busy = time.perf_counter(), time.process_time()
    ratings = work()
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    print(json.dumps({"seconds": seconds, "busy": busy, "peak": peak_bytes(), "ratings": ratings}))


if __name__ == "__main__":
    main()
