"""What is asked of an expert, and what came back."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from warriorcoder.ids import value_digest

Message = dict[str, str]


@dataclass(frozen=True)
class Constraint:
    """The form that a completion must have, in the two languages that servers bind a completion by."""

    gbnf: str
    regex: str


@dataclass(frozen=True)
class Call:
    """One request to one expert: a raw `prompt` to complete, or chat `messages`, never both.

    `sampling` holds the request's other parameters in the names of the OpenAI API. `draw` tells
    apart requests that are otherwise equal. `constraint` binds the completion's form.
    """

    expert: str
    sampling: dict[str, Any]
    prompt: str | None = None
    messages: list[Message] | None = None
    draw: int = 0
    constraint: Constraint | None = None

    def __post_init__(self) -> None:
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("a call has either a prompt or messages")


@dataclass(frozen=True)
class Reply:
    """What an endpoint answered. `error` is set, and `text` empty, where no answer could be had.

    Tokens are None where the endpoint did not report them and nothing else could count them.
    """

    text: str = ""
    finish_reason: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    error: str | None = None


@dataclass(frozen=True)
class Address:
    """Where an expert is reached. Only the name of the key's variable is kept, never the key.

    `weights` names what answers: the digest of a GGUF file, or the served model's id. Two experts
    with the same weights are the same model. `base_urls` are servers of the same model, among which
    calls are balanced; `concurrency` holds for each of them. `structured` is the server's way to
    bind a completion's form (`recipe.STRUCTURED`), None where it has none.
    """

    expert: str
    protocol: Literal["openai", "tgi", "hf-inference"]
    base_urls: tuple[str, ...]
    model: str
    weights: str
    concurrency: int
    api_key_env: str | None = None
    timeout: float = 600.0
    structured: str | None = None
    provider: str | None = None
    tokenizer: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def journal_key(self, call: Call) -> str:
        """The digest under which the journal keeps the answer: of protocol, weights, prompt, sampling and draw."""
        sampling = {**self.extra, **call.sampling}
        if call.constraint is not None:
            sampling["constraint"] = asdict(call.constraint)
        return value_digest(
            {
                "protocol": self.protocol,
                "model": self.weights,
                "prompt": call.prompt if call.prompt is not None else call.messages,
                "sampling": sampling,
                "draw": call.draw,
            }
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> Self:
        return cls(**{**entry, "base_urls": tuple(entry["base_urls"])})
