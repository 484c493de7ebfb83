"""Amounts as people read them: calls and tokens, dollars, time, sizes."""

from collections.abc import Callable


def amount(number: float) -> str:
    """A count in three digits and a unit: 9,999, then 12.3k, 1.23M, 25.4B."""
    if round(number) < 10_000:
        return f"{round(number):,}"
    for unit, size in (("k", 1e3), ("M", 1e6), ("B", 1e9)):
        if (rounded := float(f"{number / size:.3g}")) < 1000:
            return f"{rounded:g}{unit}"
    return f"{number / 1e12:.3g}T"


def money(dollars: float) -> str:
    """Dollars: whole ones from a hundred on, cents from a cent on, hundredths of a cent below it."""
    if dollars >= 99.995:
        return f"${dollars:,.0f}"
    if dollars >= 0.00995 or dollars == 0:
        return f"${dollars:.2f}"
    return f"${dollars:.4f}" if dollars >= 0.00005 else "<$0.0001"


def lasting(seconds: float) -> str:
    """How long something takes: seconds, minutes from 100 s on, hours from 100 min on, days from 100 h on."""
    if seconds < 0.95:
        return "<1 s" if seconds else "0 s"
    for unit, size in (("s", 1), ("min", 60), ("h", 3600)):
        if seconds / size < 99.5:
            number = seconds / size
            return f"{number:.1f} {unit}" if number < 9.95 and unit == "h" else f"{number:.0f} {unit}"
    return f"{seconds / 86400:.0f} days"


def size(octets: float) -> str:
    """A size in bytes: kB from 1,000 on, MB, GB."""
    for unit, one in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if octets >= 0.9995 * one:
            return f"{octets / one:.3g} {unit}"
    return f"{octets:.0f} bytes"


def between(low: float, high: float, said: Callable[[float], str]) -> str:
    """Two amounts as a range; one where they read the same. A unit that both have is said once."""
    first, last = said(low), said(high)
    if first == last:
        return first
    number, space, unit = first.partition(" ")
    if space and last.endswith(space + unit):
        first = number
    return f"{first}–{last.removeprefix('$') if first.startswith('$') else last}"
