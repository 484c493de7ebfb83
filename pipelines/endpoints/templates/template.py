"""A chat template as far as mining needs it."""

from dataclasses import dataclass

SYSTEM_SLOT = "{system}"


@dataclass(frozen=True)
class Template:
    """The text up to the open user turn, and what ends that turn.

    `prefix` has a `{system}` slot; `bare` is the prefix where no system prompt is given, with the
    default one of a model that has one. `opening` is the part of the prompt that belongs to the
    instruction. A model without `chat` is asked everything by raw completion.

    `markers` are strings that begin a turn or end one: a draw that holds one is no user's message.
    `hidden` are the stop strings that are control tokens which do not end a completion by
    themselves. A server that leaves control tokens out of its text would not see them, and the
    model would go on with the answer, unless the request asks for them to be shown.
    """

    prefix: str
    stop: tuple[str, ...]
    chat: bool = True
    opening: str = ""
    bare: str | None = None
    markers: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()

    def open_user_turn(self, system: str) -> str:
        """The prompt whose completion is a user's message."""
        if not system and self.bare is not None:
            return self.bare + self.opening
        return self.prefix.replace(SYSTEM_SLOT, system) + self.opening
