"""Tasks whose outputs are too large to be carried out of a sandbox: a fingerprint goes in their place.

One call of Mbpp/255 returns 1.6 million tuples, a gigabyte as text. A fingerprint is made by the
program's own process, which may lie, and cannot lie itself right: the right one is not in there.
Numbers that are equal have the same fingerprint (1, 1.0, True); there is no tolerance, and these tasks need none.
"""

from warriorcoder.eval.tasks.task import Task

FINGERPRINTED = frozenset({"HumanEval/15", "HumanEval/130", "Mbpp/255"})
"""string_sequence, tri, combinations_colors: 147 MB, 114 MB and more than 900 MB of outputs."""

_ENTRY_POINT = "_fingerprint_of_the_output"

_WRAPPER = f"""

def {_ENTRY_POINT}(*arguments):
    import builtins
    import hashlib
    import itertools
    import marshal

    type, real = builtins.type, builtins.float
    plain = builtins.frozenset((builtins.str, builtins.int, builtins.type(None)))
    numbers = builtins.frozenset((builtins.int, builtins.float))
    rows = builtins.frozenset((builtins.list, builtins.tuple))

    def canonical(value):
        kind = builtins.type(value)
        if kind in plain:
            return value
        if kind is builtins.bool:
            return builtins.int(value)
        if kind is builtins.float:
            return builtins.int(value) if value.is_integer() else value
        if kind is builtins.list or kind is builtins.tuple:
            kinds = builtins.set(builtins.map(builtins.type, value))
            if kinds <= plain:
                return value
            # What follows is the same as the last line, a whole part at a time.
            if kinds <= numbers:
                whole = builtins.float.is_integer
                return kind([builtins.int(item) if type(item) is real and whole(item) else item for item in value])
            inner = itertools.chain.from_iterable(value) if kinds <= rows else value
            if inner is not value and builtins.set(builtins.map(builtins.type, inner)) <= plain:
                return value
            return kind([canonical(item) for item in value])
        if builtins.hasattr(value, "tolist"):
            return canonical(value.tolist())
        return value

    value = %s(*arguments)
    if builtins.hasattr(value, "tolist"):
        value = value.tolist()
    kind = builtins.type(value)
    parts = value if kind in (builtins.list, builtins.tuple, builtins.str) else [value]
    digest = hashlib.sha256()
    for start in builtins.range(0, builtins.len(parts), 1000):
        part = canonical(parts[start : start + 1000])
        try:
            # Several times as fast as a text. Version 2 says nothing of which objects are the same.
            digest.update(marshal.dumps(part, 2))
        except builtins.ValueError:
            digest.update(builtins.repr(part).encode("utf-8", "backslashreplace"))
    return f"{{kind.__name__}} of {{builtins.len(parts)}}, SHA-256 {{digest.hexdigest()}}"
"""


def to_call(task: Task, program: str) -> tuple[str, str]:
    """The program and the function to call for a task, whose answers `disagreement` takes.

    They are the given program and the task's entry point, but for the tasks `FINGERPRINTED`.
    """
    if task.task_id not in FINGERPRINTED:
        return program, task.entry_point
    return program + _WRAPPER % task.entry_point, _ENTRY_POINT
