"""The benchmarks' tasks and what decides about an answer: HumanEval, HumanEval+, MBPP, MBPP+.

`load` reads a benchmark, `expected_outputs` computes what its reference solutions return, once,
and `disagreement` compares what a program returned with that.
"""

from warriorcoder.eval.tasks.expected import Expected, expected_outputs
from warriorcoder.eval.tasks.large_outputs import to_call
from warriorcoder.eval.tasks.loading import load
from warriorcoder.eval.tasks.oracles import agrees, disagreement
from warriorcoder.eval.tasks.task import Benchmark, Task

__all__ = ["Benchmark", "Expected", "Task", "agrees", "disagreement", "expected_outputs", "load", "to_call"]
