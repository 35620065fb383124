"""How a campaign's pace is said: a word for its band, one sentence, and what a stall leaves undone."""

from __future__ import annotations

from fractions import Fraction

from perfdash.domain.facts import MICRO
from perfdash.domain.pacing import Band, Delivery, Pace
from perfdash.presentation import formatting

WORDS: dict[Band, str] = {
    "stalled": "stalled",
    "slow": "slow",
    "on pace": "on pace",
    "fast": "fast",
    "over": "over budget",
    "not started": "not started",
    "ended": "ended",
}
OFF_PACE: tuple[Band, ...] = ("stalled", "slow", "fast", "over")
"""What somebody should look at."""


def amount(micros: Fraction | int | None, currency: str) -> str:
    """Micros, whole or not, as an amount: 1,234.50 EUR."""
    return formatting.figure(None if micros is None else Fraction(micros, MICRO), "money", currency)


def share(value: Fraction | None) -> str:
    """A share of a budget or a plan: 95.00%."""
    return formatting.figure(value, "percent")


def sentence(pace: Pace, currency: str) -> str:
    """Spent 57.00 EUR of 60.00 EUR planned to date (95.00%), on pace; at this pace 98.00 EUR at the end."""
    spent = f"Spent {amount(pace.spent, currency)}"
    if pace.band == "not started":
        return f"{spent}; the flight has no complete day yet"
    of_plan = f"{spent} of {amount(pace.planned, currency)} planned to date ({share(pace.index)})"
    if pace.elapsed == pace.length:
        return f"{of_plan}; the flight is over"
    word = WORDS[pace.band]
    return f"{of_plan}, {word}; at this pace {amount(pace.forecast, currency)} at the end{_to_land(pace, currency)}"


def _to_land(pace: Pace, currency: str) -> str:
    if pace.band in ("on pace", "over") or not pace.daily_to_land:
        return ""
    return f", and {amount(pace.daily_to_land, currency)} a day from now on would land it"


def stall(one: Delivery) -> str:
    """Nothing was delivered since 8 Nov 2026; flight to 12 Dec 2026, 43.00% of its budget unspent."""
    since = f"since {formatting.day(one.last_delivery)}" if one.last_delivery else "at all yet"
    pace = one.pace
    unspent = f", {share(1 - pace.share_spent)} of its budget unspent" if pace else ""
    return f"Nothing was delivered {since}; flight to {formatting.day(one.flight.end)}{unspent}"


_TINTS: dict[Band, str] = {"stalled": "#d1372e", "over": "#d1372e", "slow": "#c77700", "fast": "#c77700"}
_ON_PACE = "#0f766e"


def bar(pace: Pace) -> str:
    """A bar as HTML: what is spent, a mark where the flight stands, and beyond the budget in red.

    It is as long as the budget, or as what was spent where that is more: a second mark then shows the budget's end.
    """
    whole = max(Fraction(1), pace.share_spent)
    inside, elapsed, budget = (
        _width(part, whole) for part in (min(pace.share_spent, Fraction(1)), pace.share_elapsed, Fraction(1))
    )
    over = f"{_part(inside, _width(pace.share_spent, whole), _TINTS['over'])}{_mark(budget)}" if whole > 1 else ""
    tint = _ON_PACE if whole > 1 else _TINTS.get(pace.band, _ON_PACE)
    return (
        f'<div role="img" aria-label="{described(pace)}" style="position:relative;height:0.75rem;margin:0.4rem 0;'
        f'background:color-mix(in srgb,currentColor 14%,transparent);border-radius:0.25rem">'
        f"{_part(Fraction(0), inside, tint)}{over}{_mark(elapsed)}</div>"
    )


def described(pace: Pace) -> str:
    """57.00% of the budget spent, 60.00% of the flight over."""
    return f"{share(pace.share_spent)} of the budget spent, {share(pace.share_elapsed)} of the flight over"


def _width(part: Fraction | int, whole: Fraction) -> Fraction:
    return max(Fraction(0), Fraction(part) / whole) * 100


def _part(start: Fraction, end: Fraction, tint: str) -> str:
    place = f"left:{float(start):.2f}%;width:{float(end - start):.2f}%"
    return f'<div style="position:absolute;top:0;bottom:0;{place};background:{tint};border-radius:0.25rem"></div>'


def _mark(at: Fraction) -> str:
    place = f"left:calc({float(at):.2f}% - 1px)"
    return (
        f'<div style="position:absolute;top:-0.25rem;bottom:-0.25rem;{place};width:2px;background:currentColor"></div>'
    )
