"""The shared session, as one address speaks through it: the key in, texts and faults out."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from warriorcoder.pipelines.endpoints.calls import Address
from warriorcoder.pipelines.endpoints.clients.keys import Key
from warriorcoder.pipelines.endpoints.clients.refusals import kind_of, seconds_of
from warriorcoder.pipelines.endpoints.faults import Fault, FaultKind

SHOWN_CHARACTERS = 200
CONNECT_SECONDS = 30.0
LIVENESS_SECONDS = 10.0


class Wire:
    """Posts to the servers of one address. Every message that it makes is without the key."""

    def __init__(self, address: Address, session: aiohttp.ClientSession) -> None:
        self.key = Key(address.api_key_env)
        self._session = session
        self._seconds = address.timeout
        self._timeout = aiohttp.ClientTimeout(total=address.timeout, sock_connect=CONNECT_SECONDS)

    async def post(self, url: str, body: Any, headers: Mapping[str, str] | None = None) -> str:
        """The body of the answer. Raises Fault for any status but 200 and for every trouble on the way."""
        async with self._open(url, body, headers) as response:
            return await _text(response)

    async def stream(
        self, url: str, body: Any, headers: Mapping[str, str] | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The lines of an answer in server-sent events, of any length: aiohttp's own reader gives up at 128 KiB.

        Raises Fault as `post` does. Closing it hangs up.
        """
        async with self._open(url, body, headers) as response:
            if response.content_type != "text/event-stream":
                raise self.garbled(url, "is no stream", await _text(response))
            rest = b""
            async for chunk in response.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield line
            if rest:
                yield rest

    @asynccontextmanager
    async def _open(
        self, url: str, body: Any, headers: Mapping[str, str] | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer, to be read inside the block."""
        try:
            async with self._session.post(
                url,
                json=body,
                headers={**(headers or {}), **self.key.headers},
                timeout=self._timeout,
                # Neither key nor prompt goes to a place that the recipe does not name.
                allow_redirects=False,
            ) as response:
                if response.status != 200:
                    raise await self._refusal(url, response)
                yield response
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise self._trouble(url, error) from None

    async def is_alive(self, url: str) -> bool:
        """Whether a server answers there at all, whatever it says; it costs nothing."""
        timeout = aiohttp.ClientTimeout(total=LIVENESS_SECONDS)
        try:
            async with self._session.get(
                url, headers=self.key.headers, timeout=timeout, allow_redirects=False
            ) as response:
                return response.status not in (502, 503, 504)
        except (TimeoutError, aiohttp.ClientError, OSError):
            return False

    def fault(self, kind: FaultKind, url: str, what: str) -> Fault:
        """A fault in words, without the key."""
        return Fault(kind, self.key.hidden(f"{url}: {what}"))

    def garbled(self, url: str, what: str, body: str) -> Fault:
        """The fault for an answer that is no completion."""
        return self.fault(FaultKind.GARBLED, url, f"an answer that {what}: {self.shown(body)!r}")

    def shown(self, body: str) -> str:
        """A body as a message shows it. The key is out before the end is cut off: half a key is a secret still."""
        return self.key.hidden(body)[:SHOWN_CHARACTERS]

    def read_json(self, url: str, body: str) -> Any:
        """The JSON of an answer. Raises Fault where it is none."""
        try:
            return json.loads(body)
        except ValueError:
            raise self.garbled(url, "is not JSON, or only the beginning of it", body) from None

    async def _refusal(self, url: str, response: aiohttp.ClientResponse) -> Fault:
        body, status = await _text(response), response.status
        if status in range(300, 400):
            target = self.shown(response.headers.get("Location", "nowhere"))
            return self.fault(FaultKind.ROUTE, url, f"HTTP {status}: it sends us on to {target}; give that address")
        wait = seconds_of(response.headers.get("Retry-After", ""))
        return Fault(kind_of(status, body), self.key.hidden(f"{url}: HTTP {status}: {self.shown(body)}"), wait)

    def _trouble(self, url: str, error: Exception) -> Fault:
        """The fault that an exception of the connection stands for."""
        match error:
            case aiohttp.ConnectionTimeoutError():
                return self.fault(FaultKind.DOWN, url, f"no connection within {CONNECT_SECONDS:g} s")
            case TimeoutError():
                return self.fault(FaultKind.TIMEOUT, url, f"no answer within {self._seconds:g} s")
            case aiohttp.ClientPayloadError():
                return self.fault(FaultKind.GARBLED, url, f"the answer was cut off: {error}")
            case aiohttp.ClientResponseError():
                return self.fault(FaultKind.GARBLED, url, f"the answer is not HTTP: {error.message}")
            case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
                return self.fault(FaultKind.ROUTE, url, "this is no address")
            case aiohttp.ClientSSLError():
                return self.fault(FaultKind.ROUTE, url, f"no safe connection: {error}")
        return self.fault(FaultKind.DOWN, url, f"{type(error).__name__}: {error}")


async def _text(response: aiohttp.ClientResponse) -> str:
    return await response.text("utf-8", errors="replace")


def text_of(value: Any) -> str:
    """A string of the answer, "" for null; half a surrogate pair, which no file can hold, as a question mark."""
    if not isinstance(value, str | None):
        raise TypeError(f"a string was expected, found {type(value).__name__}")
    return (value or "").encode("utf-8", "replace").decode("utf-8")


def count_of(value: Any) -> int | None:
    """A count of tokens; None where the endpoint reported none."""
    return None if value is None else int(value)
