"""One client a protocol. A client asks once and says what went wrong; it neither waits nor tries again."""

from typing import Protocol

import aiohttp

from warriorcoder.pipelines.endpoints.calls import Address, Call, Reply


class Client(Protocol):
    """One server, as its protocol speaks to it."""

    async def ask(self, call: Call) -> Reply:
        """The server's answer. Raises Fault for anything else."""

    async def is_alive(self) -> bool:
        """Whether a server answers at all; it costs nothing."""


def connect(address: Address, base_url: str, session: aiohttp.ClientSession) -> Client:
    """The client for one of an address's servers; `base_url` is "" for a provider of the Hub."""
    match address.protocol:
        case "openai":
            from warriorcoder.pipelines.endpoints.clients.openai import OpenAIClient

            return OpenAIClient(address, base_url, session)
        case "tgi":
            from warriorcoder.pipelines.endpoints.clients.tgi import TGIClient

            return TGIClient(address, base_url, session)
        case "hf-inference":
            from warriorcoder.pipelines.endpoints.clients.hf_inference import HFInferenceClient

            return HFInferenceClient(address, base_url, session)
