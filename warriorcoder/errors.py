"""Errors that a user can mend. The command line prints them as one message, without a traceback."""


class WarriorError(Exception):
    """What is wrong, the value found, and what to do about it; `exit_code` is the process's."""

    exit_code = 2


class RecipeError(WarriorError):
    """A recipe that cannot be read or does not validate."""


class ArenaError(WarriorError):
    """An arena folder that is missing, of another format, or without a table that is needed."""


class ModelError(WarriorError):
    """A local model that is unknown, missing on disk, or cannot be served."""


class RunFailed(WarriorError):
    """A run that ended before its last stage. Everything that was answered is in the journal."""

    exit_code = 3


class CheckFailed(WarriorError):
    """An arena whose counts do not add up."""

    exit_code = 1


class TrainingError(WarriorError):
    """A training that cannot start: the recipe, the table or the output folder does not allow it."""


class EvaluationError(WarriorError):
    """An evaluation that cannot start: the benchmark or the output folder does not allow it."""


class SandboxError(WarriorError):
    """A sandbox that cannot be had on this machine."""


class HubError(WarriorError):
    """What the Hub does not allow, or what must not be published there."""


class HubUnreachable(HubError):
    """The Hub does not answer, or not as it should. The same command goes on from there."""

    exit_code = 3
