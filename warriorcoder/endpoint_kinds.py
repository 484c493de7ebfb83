"""The endpoints that a recipe can name: a local server, and the protocols of servers elsewhere."""

import re
from typing import Annotated, ClassVar, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from warriorcoder.overrides import shown

_ROUTE = re.compile(r"(/chat/completions|/completions|/generate|/generate_stream)/*$")


def _shown(url: str) -> str:
    """An address in a message, without the parts in which keys are written."""
    return shown(re.sub(r"//[^/\s]*@", "//…@", re.sub(r"[?#].+", "?…", url)))


def _address(url: str) -> str:
    """A server's address, to which routes can be added."""
    found = _shown(url)
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole or re.search(r"\s", url):
        raise ValueError(f"found {found}; an address is http:// or https://, a host, and perhaps a port and a path")
    if parts.query or parts.fragment:
        raise ValueError(f"found {found}; routes are added to an address, so it has no ? and no #")
    if route := _ROUTE.search(parts.path):
        raise ValueError(f"found {found}; leave {route[1]} out, routes are added to the address")
    return url


Positive = Annotated[int, Field(gt=0)]
Url = Annotated[str, AfterValidator(_address)]
Structured = Literal["llama.cpp", "vllm", "vllm-guided", "sglang", "tgi"]


class Section(BaseModel):
    """A part of the recipe: unknown keys are refused, values are not changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class EmbeddedEndpoint(Section):
    """A llama.cpp server of our own on this machine, ended with the run."""

    kind: Literal["embedded"]
    model: str
    context: Positive = 2048
    slots: Positive = 4
    threads: Positive = 1
    port: Annotated[int, Field(ge=1, le=65535)] | None = None

    @property
    def concurrency(self) -> int:
        return self.slots

    @property
    def structured(self) -> Structured:
        return "llama.cpp"


class RemoteEndpoint(Section):
    """What every server elsewhere has in common: `base_url`, or several `base_urls` that serve the same model."""

    base_url: Url | None = None
    base_urls: list[Url] | None = Field(default=None, min_length=1)
    model: str
    api_key_env: str | None = None
    concurrency: Positive = 16
    timeout: Annotated[float, Field(gt=0)] = 600

    at_the_root: ClassVar[bool] = False
    """Whether the server's routes begin at its root, and not under /v1."""

    @property
    def urls(self) -> tuple[str, ...]:
        """The servers' addresses, without a slash at the end."""
        given = self.base_urls or ([self.base_url] if self.base_url else [])
        return tuple(url.rstrip("/") for url in given)

    @model_validator(mode="after")
    def _one_way_to_be_reached(self) -> Self:
        provider = getattr(self, "provider", None)
        if sum(way is not None for way in (self.base_url, self.base_urls, provider)) != 1:
            either = (
                "base_url, base_urls or provider" if isinstance(self, HFInferenceEndpoint) else "base_url or base_urls"
            )
            raise ValueError(f"give either {either}, one of them and not more")
        if len(set(self.urls)) < len(self.urls):
            raise ValueError("base_urls names a server twice; give more `concurrency` instead")
        if self.at_the_root and (under := next((url for url in self.urls if url.endswith("/v1")), None)):
            raise ValueError(f"found {_shown(under)}; an address of this kind is the server's root: leave /v1 out")
        return self


class OpenAIEndpoint(RemoteEndpoint):
    """An OpenAI-compatible server: vLLM, llama.cpp, SGLang, LiteLLM and others.

    `structured` says how the server binds a completion's form; judges under `constrained: true` need it.
    """

    kind: Literal["openai"]
    structured: Structured | None = None


class TGIEndpoint(RemoteEndpoint):
    """A Text Generation Inference server: `base_url` is its root, without /v1."""

    at_the_root = True
    kind: Literal["tgi"]

    @property
    def structured(self) -> Structured:
        return "tgi"


class HFInferenceEndpoint(RemoteEndpoint):
    """A Hugging Face Inference Endpoint that runs TGI (`base_url`), or a model at one of the Hub's providers.

    `structured` says how its server binds a completion's form: tgi for an Inference Endpoint.
    """

    at_the_root = True
    kind: Literal["hf-inference"]
    provider: str | None = None
    api_key_env: str | None = "HF_TOKEN"
    structured: Structured | None = None


AnyEndpoint = EmbeddedEndpoint | OpenAIEndpoint | TGIEndpoint | HFInferenceEndpoint
Endpoint = Annotated[AnyEndpoint, Field(discriminator="kind")]
KINDS = tuple(get_args(member.model_fields["kind"].annotation)[0] for member in get_args(AnyEndpoint))
