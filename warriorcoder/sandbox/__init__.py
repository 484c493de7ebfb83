"""Running code that nobody trusts: `Sandbox` in `sandbox.py`, its limits and results in `results.py`.

What is held to be hostile: the program under test, all of it, with whatever it starts. What is trusted:
the kernel, bubblewrap, this package, the tests of a benchmark.

    the caller ── socket ── zygote ─ forks ─ warden (one per run) ─┬─ init ── the code under test
                            [bubblewrap: no network, read-only]    └─ init ── the tests (`check` only)

Held:
- Each run has PID, mount and IPC namespaces of its own, inside bubblewrap's user, network, PID and mount
  namespaces. It sees the interpreter, the standard library, the packages named, and none of the
  machine's other files; it writes to a small tmpfs that goes when it ends. No capability, no new privileges, and a
  seccomp filter. As root, its user is one that nobody else has.
- Memory, CPU time, wall time, processes, files and output have limits, over all its processes together.
- The verdict is never the code's. `call` hands out inert data, to be compared outside; `check` runs the
  tests in another process that the code cannot see, and calls cross between them as inert data. So there
  is no token to find and no checker to patch; expected results never come near the code.
- Every run begins as a fork of the same untouched process, and ends with its namespace: nothing of one
  run is there in the next.

Not held: a hole in the kernel; what shared hardware leaks (time, caches); a program that recognises a
benchmark and returns the right values; an oracle that a test takes from the program itself (give such
helpers as the `prelude`). `run` says only that a program came to its end: a program that does nothing
also does. Between two looks, 20 ms, several processes together may go past the limit on memory by what
they can touch in that time; each one alone cannot.
"""
