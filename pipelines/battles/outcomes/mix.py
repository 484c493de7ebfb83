"""The largest subset of instructions with a mix of bands and tasks."""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warriorcoder.errors import RunFailed

Places = NDArray[np.int64]
Counts = list[list[int]]


def in_mix(
    classes: Sequence[tuple[str, Sequence[str], Mapping[Any, float]]], draws: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Which instructions make up the largest subset with the mixes (instructions,).

    A class is (the recipe's key, the band or task of each instruction, share of each band or task); an empty mix asks
    for nothing, what a mix does not name has no share. The number of each is its share of the subset, rounded by
    largest remainder. Of the instructions of a kind those with the lowest draws (instructions,) are taken: at random,
    since the ones with the clearest winners would make a set of easy comparisons, and those of a larger arena would
    be others. Raises RunFailed where a kind is asked for of which there is none.
    """
    kept = np.ones(len(draws), dtype=bool)
    wanted = [(key, np.array(of, dtype=object), _normalised(mix)) for key, of, mix in classes if mix]
    if not wanted:
        return kept
    for key, of, mix in wanted:
        if absent := [name for name in mix if not np.any(of == name)]:
            raise RunFailed(
                f"outcomes.{key} asks for {mix[absent[0]]:.0%} {absent[0]}, but no instruction of that kind has a gold "
                f"answer. Leave {absent[0]} out of the mix, or mine more of it; what was judged is kept, and "
                f"`warrior build ARENA --set 'outcomes.{key}={{}}'` takes the instructions as they come."
            )
    (_, rows, row_mix), (_, columns, column_mix) = [*wanted, ("", np.full(len(draws), "", dtype=object), {"": 1.0})][:2]
    cells = [[np.flatnonzero((rows == row) & (columns == column)) for column in column_mix] for row in row_mix]
    caps = [[len(cell) for cell in line] for line in cells]
    numbers = largest_mix(caps, list(row_mix.values()), list(column_mix.values()))
    if not any(map(any, numbers)):
        raise RunFailed(
            "outcomes.mix and outcomes.task_mix cannot both be had: no instruction has one of the bands and one of the "
            "tasks asked for together. Give one of the two; what was judged is kept, and `warrior build ARENA --set "
            "'outcomes.task_mix={}'` leaves the other out."
        )
    kept[:] = False
    for line, taken in zip(cells, numbers, strict=True):
        for cell, number in zip(line, taken, strict=True):
            kept[cell[np.argsort(draws[cell], kind="stable")[:number]]] = True
    return kept


def quotas(total: int, shares: Sequence[float]) -> list[int]:
    """Whole numbers that sum to `total`, each its share of it by largest remainder; of equal remainders the first."""
    exact = [round(total * share, 9) for share in shares]
    whole = [int(number) for number in exact]
    behind = sorted(range(len(shares)), key=lambda place: (whole[place] - exact[place], place))
    for place in behind[: total - sum(whole)]:
        whole[place] += 1
    return whole


def largest_mix(caps: Counts, rows: Sequence[float], columns: Sequence[float]) -> Counts:
    """How many of each (row, column) make up the largest subset with both mixes.

    `caps` are how many there are, `rows` and `columns` shares that sum to 1. The sums of the result's rows and columns
    are `quotas` of its total. Within them the cells are as near to rows x columns as can be.
    """

    def feasible(total: int) -> bool:
        return _feasible(quotas(total, rows), quotas(total, columns), caps)

    low, high = 0, sum(map(sum, caps))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if feasible(middle) else (low, middle - 1)
    # Rounding lets a total fit now and then where a smaller one does not.
    reach = 2 * (len(rows) + len(columns)) + int(2 / min(*rows, *columns, 1.0))
    total = next(total for total in range(min(low + reach, sum(map(sum, caps))), -1, -1) if feasible(total))
    return _filled(quotas(total, rows), quotas(total, columns), caps)


def _feasible(rows: Sequence[int], columns: Sequence[int], caps: Counts) -> bool:
    """Whether cells up to `caps` can have these sums (Gale 1957): no set of rows asks for more than columns have."""
    if sum(rows) != sum(columns) or min(*rows, *columns, 0) < 0:
        return False
    return all(
        sum(rows[row] for row in some)
        <= sum(min(column, sum(caps[row][place] for row in some)) for place, column in enumerate(columns))
        for size in range(1, len(rows) + 1)
        for some in combinations(range(len(rows)), size)
    )


def _filled(rows: list[int], columns: list[int], caps: Counts) -> Counts:
    """Cells with these sums, one after another: each as near to its expected number as leaves the others possible."""
    total = max(sum(rows), 1)
    expected = [[row * column / total for column in columns] for row in rows]
    rows, columns, caps = list(rows), list(columns), [list(line) for line in caps]
    for row, column in product(range(len(rows)), range(len(columns))):
        least, most = _possible(rows, columns, caps, row, column)
        number = min(max(round(expected[row][column]), least), most)
        rows[row] -= number
        columns[column] -= number
        caps[row][column] = 0
        expected[row][column] = number
    return [[int(number) for number in line] for line in expected]


def _possible(rows: list[int], columns: list[int], caps: Counts, row: int, column: int) -> tuple[int, int]:
    """The least and the greatest number in a cell with which the other cells can have the sums."""
    limit = min(caps[row][column], rows[row], columns[column])

    def between(least: int, most: int) -> bool:
        asked, given, left = list(rows), list(columns), [list(line) for line in caps]
        asked[row] -= least
        given[column] -= least
        left[row][column] = most - least
        return _feasible(asked, given, left)

    least = _first(limit, lambda number: between(0, number))
    return least, limit - _first(limit - least, lambda fewer: between(limit - fewer, limit))


def _first(last: int, holds: Callable[[int], bool]) -> int:
    """The first number from 0 to `last` for which it holds, given that it holds for `last` and all after the first."""
    low = 0
    while low < last:
        middle = (low + last) // 2
        low, last = (low, middle) if holds(middle) else (middle + 1, last)
    return low


def _normalised(mix: Mapping[str, float]) -> dict[str, float]:
    total = sum(mix.values())
    return {name: share / total for name, share in mix.items() if share}
