"""Server-sent events, as far as completions need them: the data of each event (WHATWG HTML, 9.2)."""

from collections.abc import AsyncIterator

import aiohttp


async def lines_of(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The lines of a body, of any length: aiohttp's own reader gives up at 128 KiB."""
    rest = b""
    async for chunk in response.content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.rstrip(b"\r")
    if rest:
        yield rest


async def data_of(response: aiohttp.ClientResponse) -> AsyncIterator[str]:
    """What each event says. Lines that are no data, such as signs of life, are passed over."""
    async for line in lines_of(response):
        if line.startswith(b"data:"):
            yield line[5:].strip().decode("utf-8", "replace")
