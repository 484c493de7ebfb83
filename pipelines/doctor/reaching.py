"""Is anybody there: the name, the connection, TLS and HTTP told apart, and which models are served."""

import asyncio
import json
import os
import socket
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from warriorcoder.pipelines.doctor.findings import Cell, Colour, green, left_out, red, yellow
from warriorcoder.pipelines.endpoints.calls import Address
from warriorcoder.pipelines.endpoints.clients.keys import Key

PROBE_SECONDS = 10.0
SHOWN_MODELS = 6

_LISTS = {"openai": "/models", "tgi": "/info", "hf-inference": "/info"}
"""Where each kind of server names what it serves."""


@dataclass(frozen=True)
class Probe:
    """What a request for the list of models brought. `reach` is red where there is no use in asking further.

    It is not filled where nothing is known yet. `served` are the models that the server names, None
    where it names none.
    """

    reach: Cell = field(default_factory=left_out)
    served: tuple[str, ...] | None = None


async def probe(address: Address, base_url: str, session: aiohttp.ClientSession) -> Probe:
    """Ask a server for its models; it costs nothing. A provider of the Hub, which has no address, is not asked."""
    if not base_url:
        return Probe()
    try:
        status, body = await _get(base_url + _LISTS[address.protocol], address, session)
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        # A server that is there and slow to name its models may answer calls all the same.
        return Probe() if type(error) is TimeoutError else Probe(_unreachable(base_url, error))
    if status in (502, 503, 504):
        return Probe(
            red(
                str(status),
                f"{base_url} answers with HTTP {status}: a gateway is there, the model's server behind it is not",
                "Start it, or wait until it is up: a service that was asleep takes minutes.",
            )
        )
    return Probe(green(), _models(body) if status == 200 else None)


def key_cell(address: Address) -> Cell:
    """Whether the key that the recipe names is there; green as long as nobody has refused it."""
    name = address.api_key_env
    if name is None:
        return left_out()
    if name not in os.environ:
        return red("not set", f"the environment variable {name} is not set", "Export it, or name another one.")
    key = Key(name).value
    if not key:
        return red("empty", f"the environment variable {name} is empty", "Put the key into it.")
    if not key.isprintable():
        what = f"the environment variable {name} holds a line end or another control character within the key"
        return red("malformed", what, "No request can carry such a key. Put the key alone into it.")
    return green()


def model_cell(address: Address, served: tuple[str, ...] | None) -> Cell:
    """Whether a model that answers is the one that was asked for: some servers answer to any name."""
    # A provider may be chosen behind the name, and Inference Endpoints name the folder that they serve from.
    name = address.model.partition(":")[0]
    if served is None or {name, address.model} & set(served) or all(each.startswith("/") for each in served):
        return green()
    return yellow(
        "not listed",
        f"{address.model} answers, but the server names other models: {_shown(served)}",
        f"Is it the model that you mean?{_meant(address.model, served)} Many servers answer to any name.",
    )


def unknown_model_cell(address: Address, served: tuple[str, ...] | None, said: str) -> Cell:
    """The cell for a model that the server refuses to know."""
    names = f" It serves {_shown(served)}." if served else ""
    return red("not served", said, f"Give the name of a model that is served.{names}{_meant(address.model, served)}")


async def what_was_meant(address: Address, base_url: str, session: aiohttp.ClientSession) -> str:
    """The endpoint that was probably meant, where nothing is under the given one; "" where none is found."""
    if not base_url:
        return ""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(base_url))
    places = [("openai", f"{base_url}/v1"), ("openai", f"{origin}/v1"), ("tgi", base_url), ("tgi", origin)]
    for kind, url in places:
        if (kind == "openai") == (address.protocol == "openai") and url == base_url:
            continue
        try:
            status, body = await _get(url + _LISTS[kind], address, session)
        except (TimeoutError, aiohttp.ClientError, OSError):
            continue
        if status == 200 and _models(body) is not None:
            return f"kind: {kind}, base_url: {url}"
    return ""


async def _get(url: str, address: Address, session: aiohttp.ClientSession) -> tuple[int, str]:
    timeout = aiohttp.ClientTimeout(total=PROBE_SECONDS, sock_connect=PROBE_SECONDS / 2)
    headers = Key(address.api_key_env).headers if key_cell(address).colour is not Colour.RED else {}
    async with session.get(url, headers=headers, timeout=timeout, allow_redirects=False) as response:
        return response.status, await response.text("utf-8", errors="replace")


def _unreachable(base_url: str, error: Exception) -> Cell:
    """Why nobody can be reached, as far as the connection tells."""
    place = urlsplit(base_url)
    host = place.hostname or base_url
    reason = getattr(error, "os_error", error)
    if isinstance(reason, socket.gaierror) or "DNS" in type(error).__name__:
        return red("no such host", f"the name {host} cannot be resolved", "Is base_url spelled right? Is the VPN on?")
    if isinstance(error, aiohttp.ClientSSLError):
        what = getattr(error, "certificate_error", reason)
        return red(
            "TLS",
            f"no safe connection to {host}: {_one_line(what)}",
            "Does the server speak https at this port (else http://)? Is its certificate valid for this name?",
        )
    if isinstance(reason, ConnectionRefusedError):
        return red("refused", f"nothing listens at {place.netloc}", "Is the server running, and is the port right?")
    if isinstance(error, asyncio.TimeoutError):
        return red(
            "no connection",
            f"{place.netloc} did not take the connection within {PROBE_SECONDS / 2:g} s",
            "Is the host up? Does a firewall stand between?",
        )
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientResponseError | ConnectionResetError):
        return red(
            "no HTTP",
            f"{place.netloc} takes the connection and does not speak HTTP: {_one_line(error)}",
            "Is the port right? Does the server want https:// (or http://)?",
        )
    return red("unreachable", f"{place.netloc}: {_one_line(error)}", "Is the server running, and is base_url right?")


def _models(body: str) -> tuple[str, ...] | None:
    """The models' names of /models (OpenAI) or /info (TGI); None where the body is neither."""
    try:
        document: Any = json.loads(body)
        if "model_id" in document:
            return (str(document["model_id"]),)
        return tuple(str(model["id"]) for model in document["data"])
    except (ValueError, KeyError, TypeError):
        return None


def _shown(served: tuple[str, ...]) -> str:
    more = f" and {len(served) - SHOWN_MODELS} more" if len(served) > SHOWN_MODELS else ""
    return ", ".join(served[:SHOWN_MODELS]) + more


def _meant(model: str, served: tuple[str, ...] | None) -> str:
    by_lower = {name.lower(): name for name in served or ()}
    close = get_close_matches(model.lower(), by_lower, n=1, cutoff=0.4)
    return f" Is it {by_lower[close[0]]}?" if close else ""


def _one_line(value: object) -> str:
    return " ".join(str(value).split()) or type(value).__name__
