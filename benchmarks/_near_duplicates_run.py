"""One side of the near-duplicates benchmark, in a process of its own, so that its memory is its own.

python benchmarks/_near_duplicates_run.py ours|lowered|default COUNT TEXTS RESULT.json

`ours` is `near_duplicates`. The others are datasketch's MinHash and MinHashLSH with 128 permutations and the exact
Jaccard similarity for what they find: `lowered` with its threshold at 0.7 of the wanted one, which recall near ours
asks for, and `default` with the wanted one. Texts lie in a file, one a line.
Prints JSON: seconds of the wall clock and of the processors, and the process's peak in bytes.
"""

import json
import sys
import time
from itertools import islice
from pathlib import Path

from _nearest_run import peak_bytes
from datasketch import MinHash, MinHashLSH

from warriorcoder.pipelines.mining.duplicates import jaccard, near_duplicates, words

THRESHOLD = 0.5
PERMUTATIONS = 128


def by_datasketch(texts: list[str], threshold: float) -> dict[int, tuple[int, float]]:
    index = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS)
    # A copy shares the permutations; to draw them anew takes as long as all the rest.
    empty = MinHash(num_perm=PERMUTATIONS, seed=7)
    sets = [words(text) for text in texts]
    found: dict[int, tuple[int, float]] = {}
    for place, tokens in enumerate(sets):
        sketch = empty.copy()
        sketch.update_batch([token.encode("utf-8") for token in tokens])
        similar = [(jaccard(tokens, sets[other]), -other) for other in index.query(sketch)]
        best = max(similar, default=(0.0, 0))
        if similar and best[0] >= THRESHOLD:
            found[place] = (-best[1], best[0])
        else:
            index.insert(place, sketch)
    return found


def main() -> None:
    side, count, source, result = sys.argv[1:]
    with Path(source).open(encoding="utf-8") as lines:
        texts = [line.rstrip("\n") for line in islice(lines, int(count))]
    began, busy = time.perf_counter(), time.process_time()
    if side == "ours":
        found = near_duplicates(texts, THRESHOLD, 7)
    else:
        found = by_datasketch(texts, THRESHOLD * (0.7 if side == "lowered" else 1.0))
    measured = {"seconds": time.perf_counter() - began, "busy": time.process_time() - busy, "peak": peak_bytes()}
    Path(result).write_text(json.dumps(found))
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
