"""A task of a benchmark, in one form whatever file it came from."""

from dataclasses import dataclass, field
from typing import Any

Arguments = list[Any]
"""The positional arguments of one call."""


@dataclass(frozen=True)
class Task:
    """A function to write, a program that is right, and what shows whether another one is.

    `base_inputs` are the arguments of the benchmark's own calls, `plus_inputs` those that evalplus added: a program
    is right where it returns what `reference` does, by the task's oracle (`oracles.py`), with `atol` as the absolute
    tolerance between floats. `test` is test code, which asserts at its top or defines `check(candidate)`; it decides
    where there are no inputs, and `setup` is code that uses what the program defines, to be run after it and before
    the tests. `contract` are asserts on the arguments, as the body of a function of the same
    parameters. What a benchmark does not have is empty. `digest` is the SHA-256 of all that was read for the task.
    """

    benchmark: str
    task_id: str
    prompt: str
    entry_point: str
    reference: str
    base_inputs: list[Arguments] = field(default_factory=list)
    plus_inputs: list[Arguments] = field(default_factory=list)
    contract: str = ""
    atol: float = 0.0
    test: str = ""
    setup: str = ""
    digest: str = ""

    @property
    def inputs(self) -> list[Arguments]:
        """All inputs, the base ones first."""
        return self.base_inputs + self.plus_inputs

    def program(self, answer: str) -> str:
        """A whole program as it is to be tested: with the `setup` after it."""
        return f"{answer}\n{self.setup}\n" if self.setup else answer

    @property
    def preamble(self) -> str:
        """What stands in the prompt before the function asked for: imports and helpers. MBPP's prompts have none."""
        head, found, _ = self.prompt.partition(f"def {self.entry_point}(")
        return head if found else ""


@dataclass(frozen=True)
class Benchmark:
    """A named list of tasks; `digest` is the SHA-256 of what they were read from (unpacked), `origin` says where."""

    name: str
    digest: str
    tasks: list[Task]
    origin: str
