"""The limit finds what a server takes, whatever that is, and never leaves its bounds."""

from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.pipelines.endpoints.limits import AdaptiveLimit


@given(st.integers(1, 256), st.lists(st.tuples(st.booleans(), st.floats(0, 10), st.floats(0, 10)), max_size=200))
def test_it_stays_between_one_and_the_cap(cap: int, events: list[tuple[bool, float, float]]) -> None:
    limit, now = AdaptiveLimit(cap), 0.0
    for answered, ago, passed in events:
        now += passed
        if answered:
            limit.answered()
        else:
            limit.refused(now - ago, now)
        assert 1 <= limit.allowed <= cap


@given(st.integers(1, 128), st.integers(1, 128))
def test_it_settles_about_what_the_server_takes_and_comes_back_when_that_grows(takes: int, cap: int) -> None:
    """Rounds of calls against a server that refuses whatever is above `takes`."""
    limit, now = AdaptiveLimit(cap), 0.0

    def a_round(takes: int) -> int:
        nonlocal now
        begun, now = now, now + 1.0
        sent = limit.allowed
        for _ in range(min(sent, takes)):
            limit.answered()
        for _ in range(max(0, sent - takes)):
            limit.refused(begun, now)
        return sent

    for _ in range(40):
        a_round(takes)
    settled = [a_round(takes) for _ in range(60)]
    assert max(settled) <= max(takes + 2, 1)
    assert sum(settled) / len(settled) >= min(cap, takes) * 0.75
    for _ in range(cap + 2):
        a_round(cap)
    assert limit.allowed == cap


@given(st.integers(2, 256), st.integers(1, 50))
def test_one_wave_of_refusals_lowers_it_once(cap: int, wave: int) -> None:
    once, often = AdaptiveLimit(cap), AdaptiveLimit(cap)
    once.refused(0.0, 1.0)
    for number in range(wave):
        often.refused(0.0, 1.0 + number / 100)
    assert often.allowed == once.allowed < cap
