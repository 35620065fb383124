"""Whether a day's numbers may still change: from the settlement window and the fetches that covered the day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Literal

from perfdash.domain.accounts import Days
from perfdash.domain.as_of import day_start

Finality = Literal["open", "final", "unverified", "provisional"]


def settles_at(day: date, time_zone: str, settlement_days: int) -> datetime:
    """The moment at which `settlement_days` whole days have passed after `day`, in the account's zone."""
    return day_start(day + timedelta(days=1 + settlement_days), time_zone)


def finality(
    day: date, time_zone: str, settlement_days: int | None, fetches: Iterable[datetime], now: datetime
) -> Finality:
    """What `now` (or the as-of moment) may say about an account's `day`.

    `fetches` are the ends of the committed fetches that covered the day, as known at `now`; only the latest matters.
    `provisional`: nobody said how long this source restates. `open`: it still may. `final`: a fetch confirmed the day
    after its window. `unverified`: the window passed and nothing was fetched since.
    """
    if settlement_days is None:
        return "provisional"
    settled = settles_at(day, time_zone, settlement_days)
    if now < settled:
        return "open"
    return "final" if any(fetch >= settled for fetch in fetches) else "unverified"


Spans = tuple[tuple[Days, Finality], ...]
"""What may be said of consecutive days, in order; a day in none of them is one that nothing is known of."""
WEAKEST: tuple[Finality, ...] = ("provisional", "unverified", "open", "final")
"""From the least that can be said of a day to the most."""


def spans(states: Iterable[tuple[date, Finality]]) -> Spans:
    """Days in order, as the fewest ranges of equal finality."""
    found: list[tuple[Days, Finality]] = []
    for day, state in states:
        if found and found[-1][1] == state and found[-1][0].end + timedelta(days=1) == day:
            found[-1] = (Days(found[-1][0].start, day), state)
        else:
            found.append((Days(day, day), state))
    return tuple(found)


def weakest_on(day: date, accounts: Iterable[Spans]) -> Finality | None:
    """The weakest finality that any of `accounts` has on `day`; None when nothing is known of it."""
    known = {state for known in accounts for days, state in known if day in days}
    return next((state for state in WEAKEST if state in known), None)


def moving(accounts: Iterable[Spans]) -> dict[date, Finality]:
    """The days that are not final for all of `accounts`, each with the weakest finality, in order."""
    found: dict[date, Finality] = {}
    for days, state in (span for known in accounts for span in known if span[1] != "final"):
        for day in days.each():
            if day not in found or WEAKEST.index(state) < WEAKEST.index(found[day]):
                found[day] = state
    return dict(sorted(found.items()))
