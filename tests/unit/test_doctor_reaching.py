"""Servers that are not there, told apart, and what was probably meant."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from unit.patients import Patient, hospital

from warriorcoder.pipelines.doctor import reaching
from warriorcoder.pipelines.doctor.findings import Cell, Colour
from warriorcoder.pipelines.doctor.reaching import Probe, key_cell, model_cell, probe, what_was_meant
from warriorcoder.pipelines.endpoints.calls import Address


def address(url: str, protocol: Any = "openai", model: str = "tiny") -> Address:
    return Address("one", protocol, (url,), model, model, 4)


def with_session(work: Callable[[aiohttp.ClientSession], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with aiohttp.ClientSession() as session:
            return await work(session)

    return asyncio.run(run())


def probed(url: str, protocol: Any = "openai") -> Probe:
    found: Probe = with_session(lambda session: probe(address(url, protocol), url, session))
    return found


def test_a_server_that_is_there_names_its_models() -> None:
    with hospital(well := Patient(models=["tiny", "huge"]), tgi := Patient(kind="tgi"), mute := Patient(models=None)):
        assert probed(well.url) == Probe(Cell(Colour.GREEN), ("tiny", "huge"))
        assert probed(tgi.url, "tgi") == Probe(Cell(Colour.GREEN), ("tiny",))
        assert probed(mute.url) == Probe(Cell(Colour.GREEN), None)


def test_a_port_where_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    reach = probed(f"http://127.0.0.1:{port}/v1").reach
    assert (reach.colour, reach.word) == (Colour.RED, "refused")
    assert f"nothing listens at 127.0.0.1:{port}" in reach.found


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    reach = probed("http://models.example.org/v1").reach
    assert reach.word == "no such host"
    assert "the name models.example.org cannot be resolved" in reach.found


def test_https_at_a_port_that_speaks_http() -> None:
    with hospital(well := Patient()):
        reach = probed(well.url.replace("http:", "https:")).reach
    assert reach.word == "TLS"
    assert "http://" in reach.advice


def test_a_port_that_speaks_another_protocol() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        async def greet(session: aiohttp.ClientSession) -> Cell:
            async def answer() -> None:
                loop = asyncio.get_running_loop()
                connection, _ = await loop.sock_accept(server)
                with connection:
                    await loop.sock_sendall(connection, b"220 mail.example.org ESMTP\r\n")

            server.setblocking(False)
            url = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
            found, _ = await asyncio.gather(probe(address(url), url, session), answer())
            return found.reach

        reach = with_session(greet)
    assert reach.word == "no HTTP"


def test_a_server_that_is_slow_to_name_its_models_is_asked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaching, "PROBE_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = probed(f"http://127.0.0.1:{server.getsockname()[1]}/v1")
    assert (found.reach.colour, found.served) == (Colour.NONE, None)


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (aiohttp.ConnectionTimeoutError("Connection timeout to host"), "no connection"),
        (aiohttp.ServerDisconnectedError(), "no HTTP"),
        (ConnectionResetError(104, "Connection reset by peer"), "no HTTP"),
        (OSError(113, "No route to host"), "unreachable"),
    ],
)
def test_connections_that_fail_in_other_ways(monkeypatch: pytest.MonkeyPatch, error: Exception, word: str) -> None:
    async def fail(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(reaching, "_get", fail)
    assert probed("http://127.0.0.1:1/v1").reach.word == word


def test_a_certificate_that_is_not_valid() -> None:
    failed = ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")
    error = aiohttp.ClientConnectorCertificateError(aiohttp.client_reqrep.ConnectionKey("h", 443, True, None, None, None, None), failed)  # fmt: skip  # noqa: E501
    reach = reaching._unreachable("https://h/v1", error)
    assert reach.word == "TLS"
    assert "self-signed certificate" in reach.found


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_without_a_server_behind_it(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    async def gateway(*_: Any) -> Any:
        return status, "bad gateway"

    monkeypatch.setattr(reaching, "_get", gateway)
    assert probed("http://127.0.0.1:1/v1").reach.word == str(status)


def test_a_provider_of_the_hub_has_no_address_to_ask() -> None:
    assert probed("", "hf-inference") == Probe()


@pytest.mark.parametrize(
    ("given", "kind", "meant"),
    [
        ("", "openai", "kind: openai, base_url: {root}/v1"),
        ("/api", "openai", "kind: openai, base_url: {root}/v1"),
        ("", "tgi", "kind: openai, base_url: {root}/v1"),
        ("/v1", "openai", ""),
    ],
)
def test_the_address_that_was_meant(given: str, kind: str, meant: str) -> None:
    with hospital(well := Patient()):
        root = well.url.removesuffix("/v1")
        url = root + given
        found = with_session(lambda session: what_was_meant(address(url, kind), url, session))
    assert found == meant.format(root=root)


def test_tgi_under_the_name_of_another_protocol() -> None:
    with hospital(tgi := Patient(kind="tgi")):
        url = tgi.url + "/v1"
        found = with_session(lambda session: what_was_meant(address(url), url, session))
    assert found == f"kind: tgi, base_url: {tgi.url}"


@pytest.mark.parametrize(
    ("model", "served", "colour"),
    [
        ("tiny", ("tiny", "huge"), Colour.GREEN),
        ("tiny", None, Colour.GREEN),
        ("org/tiny:fastest", ("org/tiny",), Colour.GREEN),
        ("org/tiny", ("/repository",), Colour.GREEN),
        ("tiny", ("other",), Colour.YELLOW),
        ("tiny", (), Colour.GREEN),
    ],
)
def test_a_model_that_answers_and_is_not_named(model: str, served: tuple[str, ...] | None, colour: Colour) -> None:
    assert model_cell(address("http://h/v1", model=model), served).colour is colour


def test_a_key_that_nobody_wants() -> None:
    assert key_cell(address("http://h/v1")).colour is Colour.NONE
