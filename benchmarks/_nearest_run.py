"""Our side of the novelty benchmark, in a process of its own, so that its memory is its own.

python benchmarks/_nearest_run.py CANDIDATES.json REFERENCES.json WORKERS RESULT.npz

Without references (a dash) the candidates are compared among themselves. Prints JSON: seconds of the wall clock
and of the processors, and the process's peak in bytes.
"""

import json
import re
import sys
import time
from pathlib import Path

import numpy as np

from warriorcoder.pipelines.mining.novelty import nearest, self_nearest


def peak_bytes() -> int:
    # Not getrusage: its peak begins with the parent's.
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if found is None:
        raise RuntimeError("This system does not say a process's peak memory.")
    return int(found[1]) * 1024


def main() -> None:
    candidates, references, workers, result = sys.argv[1:]
    texts = [json.loads(Path(path).read_text()) for path in (candidates, references) if path != "-"]
    began, busy = time.perf_counter(), time.process_time()
    values, places = (nearest if len(texts) == 2 else self_nearest)(*texts, workers=int(workers))
    measured = {"seconds": time.perf_counter() - began, "busy": time.process_time() - busy, "peak": peak_bytes()}
    np.savez(result, values=values, places=places)
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
