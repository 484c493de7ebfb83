"""The benchmarks' tasks and what decides about an answer: HumanEval, HumanEval+, MBPP, MBPP+.

`load` reads a benchmark, `expected_outputs` computes what its reference solutions return, once,
and `disagreement` compares what a program returned with that. `to_call` and `fair_limits` say how the
program is called:

    calls_cpu_s, limits = fair_limits(expected)
    calls = sandbox.call(*to_call(task, program), task.inputs, calls_cpu_s=calls_cpu_s, limits=limits)
"""

from warriorcoder.eval.tasks.expected import Expected, expected_outputs, fair_limits, timed_now
from warriorcoder.eval.tasks.large_outputs import to_call
from warriorcoder.eval.tasks.loading import load
from warriorcoder.eval.tasks.oracles import agrees, disagreement
from warriorcoder.eval.tasks.task import Benchmark, Task

__all__ = [
    "Benchmark",
    "Expected",
    "Task",
    "agrees",
    "disagreement",
    "expected_outputs",
    "fair_limits",
    "load",
    "timed_now",
    "to_call",
]
