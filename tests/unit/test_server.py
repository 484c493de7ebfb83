"""A server's breaker: opened by faults in a row, tried by one call, closed by an answer."""

import pytest

from warriorcoder.pipelines.endpoints.faults import Fault, FaultKind
from warriorcoder.pipelines.endpoints.server import LONGEST_PAUSE_SECONDS, OPENS_AFTER, Breaker, Server, backoff

DOWN = Fault(FaultKind.DOWN, "nobody there")


def broken(now: float = 0.0) -> Server:
    server = Server("http://127.0.0.1:1/v1", 16)
    for _ in range(OPENS_AFTER):
        server.failed(DOWN, now, now)
    return server


def test_faults_in_a_row_open_it_and_a_single_answer_between_them_does_not() -> None:
    server = Server("http://127.0.0.1:1/v1", 16)
    for _ in range(10):
        for _ in range(OPENS_AFTER - 1):
            server.failed(DOWN, 0.0, 0.0)
        assert server.breaker(0.0) is Breaker.CLOSED
        assert server.free(0.0) == 16
        server.answered(0.0)
    server = broken()
    assert server.breaker(0.0) is Breaker.OPEN
    assert server.free(0.0) == 0


def test_after_its_pause_one_call_goes_through() -> None:
    server = broken()
    later = server.closed_until
    assert 0.5 <= later <= 1.0
    assert server.breaker(later) is Breaker.HALF_OPEN
    assert server.free(later) == 1
    server.in_flight = 1
    assert server.free(later) == 0


def test_a_failed_call_opens_it_for_longer_and_an_answer_closes_it() -> None:
    server, now, pauses = broken(), 0.0, []
    for _ in range(12):
        now = server.closed_until
        server.failed(DOWN, now, now)
        pauses.append(server.closed_until - now)
    assert pauses[0] <= 2.0
    assert LONGEST_PAUSE_SECONDS / 2 <= pauses[-1] <= LONGEST_PAUSE_SECONDS + 1e-6
    assert server.trouble_since == 0.0
    server.answered(now)
    assert server.breaker(now) is Breaker.CLOSED
    assert server.trouble_since is None
    assert server.answered_at == now


def test_calls_in_flight_when_it_opens_do_not_lengthen_the_pause() -> None:
    server = broken()
    until = server.closed_until
    for _ in range(50):
        server.failed(DOWN, 0.0, until / 2)
    assert server.closed_until == until


def test_throttling_is_no_outage_but_lowers_the_limit() -> None:
    server = Server("http://127.0.0.1:1/v1", 16)
    for number in range(OPENS_AFTER * 3):
        server.failed(Fault(FaultKind.THROTTLED, "slowly"), float(number), number + 0.5)
    assert server.breaker(100.0) is Breaker.CLOSED
    assert server.free(100.0) == 1


@pytest.mark.parametrize("kind", [FaultKind.THROTTLED, FaultKind.DOWN])
def test_retry_after_closes_the_whole_server_for_so_long(kind: FaultKind) -> None:
    server = Server("http://127.0.0.1:1/v1", 4)
    server.failed(Fault(kind, "later", wait=7.0), 0.0, 1.0)
    assert server.free(7.9) == 0
    assert server.free(8.0) > 0
    server.failed(Fault(kind, "later", wait=1.0), 0.0, 1.0)
    assert server.free(7.9) == 0


def test_backoff_doubles_with_jitter_up_to_a_bound() -> None:
    for tries in range(1, 40):
        assert min(LONGEST_PAUSE_SECONDS, 0.5 * 2.0 ** (tries - 1)) <= backoff(tries) <= LONGEST_PAUSE_SECONDS
    assert len({backoff(2) for _ in range(10)}) > 1
