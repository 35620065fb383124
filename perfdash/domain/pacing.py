"""Pacing: what a campaign has spent against what its budget planned for the days that are over. Exact and pure.

A budget is planned evenly over the days of the flight. Only complete days count, so that a day that is still filling
never reads as slow; money is in micros.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal, get_args

from perfdash.domain.accounts import Days
from perfdash.domain.campaigns import CampaignRef

Band = Literal["stalled", "slow", "on pace", "fast", "over", "not started", "ended"]
BANDS: tuple[Band, ...] = get_args(Band)
SLOWEST, FASTEST = Fraction(9, 10), Fraction(11, 10)
"""Of what was planned to date: from here to there is on pace, both included."""
SILENT_DAYS = 3
"""So many complete days of the flight without delivery are a stall."""
RECENT_DAYS = 7
"""The forecast goes on at the rate of so many complete days."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Where a campaign stands in its flight. `elapsed` and `length` are days on which it is to run.

    `index` is spent / planned, None while no day is over. `forecast`: what it will have spent at the end, at the rate
    of the last complete days. `daily_to_land`: what it may spend a day to end on its budget; None when no day is left.
    `stalled_since`: the last day with delivery of a stalled campaign; None when it never delivered.
    """

    planned: Fraction
    spent: int
    index: Fraction | None
    share_spent: Fraction
    share_elapsed: Fraction
    elapsed: int
    length: int
    forecast: Fraction
    daily_to_land: Fraction | None
    band: Band
    stalled_since: date | None
    budget: int

    @property
    def at_stake(self) -> Fraction:
        """The share of the budget by which it misses its plan, by now or at the end: whichever is more."""
        by_now, at_end = abs(self.spent - self.planned), abs(self.forecast - self.budget)
        return max(by_now, at_end) / self.budget

    @property
    def is_running(self) -> bool:
        """The flight has begun and goes on: something can still be steered."""
        return 0 < self.elapsed < self.length


@dataclass(frozen=True, slots=True)
class Together:
    """The running campaigns of one currency. `index` is what all of them spent / what was planned for all of them."""

    running: tuple[Pace, ...]

    @property
    def index(self) -> Fraction | None:
        planned = sum((pace.planned for pace in self.running), Fraction(0))
        return sum(pace.spent for pace in self.running) / planned if planned else None

    @property
    def off_pace(self) -> int:
        return sum(pace.band != "on pace" for pace in self.running)


def together(paces: Iterable[Pace | None]) -> Together:
    """Of what has ended, or not begun, or has no budget, nothing is part of it."""
    return Together(tuple(pace for pace in paces if pace is not None and pace.is_running))


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is known of a campaign's way through its flight, as of some moment. Without money no amount is known.

    `spent` is the cost on the days of the flight up to `complete_to`, the last complete day of its client; `last7` that
    of the last `RECENT_DAYS` of these. `last_delivery` is the last day with impressions (or cost), however young.
    """

    ref: CampaignRef
    name: str
    status: str | None
    currency: str
    budget: int | None
    flight: Days
    spent: int | None
    last7: int | None
    last_delivery: date | None
    complete_to: date | None

    @property
    def pace(self) -> Pace | None:
        """None without a budget, and for those who may not see money."""
        if self.spent is None or self.last7 is None:
            return None
        return pace(self.budget, self.flight, self.spent, self.last7, self.last_delivery, self.complete_to)

    @property
    def is_silent(self) -> bool:
        """Stalled, as far as it can be told without money."""
        return is_silent(self.flight, self.last_delivery, self.complete_to)


def pace(
    budget: int | None,
    flight: Days | None,
    spent: int,
    last7: int,
    last_delivery: date | None,
    complete_to: date | None,
    active_days: Collection[date] | None = None,
) -> Pace | None:
    """The pace of a campaign; None without a budget, or without a flight to spend it in.

    `spent` and `last7` are of the days of the flight up to `complete_to`. `active_days`: the days of the flight on
    which it is to run, when these are not all.
    """
    days = _active(flight, active_days)
    if not days or flight is None or not budget or budget < 0:
        return None
    over = [day for day in days if complete_to and day <= complete_to]
    elapsed, length = len(over), len(days)
    planned = Fraction(budget * elapsed, length)
    index = spent / planned if planned else None
    left = length - elapsed
    silent = is_silent(flight, last_delivery, complete_to, active_days)
    band = _band(budget, spent, index, left=left, silent=silent)
    return Pace(
        planned=planned,
        spent=spent,
        index=index,
        share_spent=Fraction(spent, budget),
        share_elapsed=Fraction(elapsed, length),
        elapsed=elapsed,
        length=length,
        forecast=spent + _daily(last7, over, complete_to) * left,
        daily_to_land=max(Fraction(budget - spent, left), Fraction(0)) if left else None,
        band=band,
        stalled_since=last_delivery if band == "stalled" else None,
        budget=budget,
    )


def is_silent(
    flight: Days,
    last_delivery: date | None,
    complete_to: date | None,
    active_days: Collection[date] | None = None,
) -> bool:
    """Nothing was delivered on the last `SILENT_DAYS` complete days of a flight that goes on, nor since."""
    if complete_to is None or complete_to >= flight.end:
        return False
    over = [day for day in _active(flight, active_days) if day <= complete_to]
    if len(over) < SILENT_DAYS:
        return False
    return last_delivery is None or last_delivery < over[-SILENT_DAYS]


def _active(flight: Days | None, active_days: Collection[date] | None) -> list[date]:
    if flight is None:
        return []
    return flight.each() if active_days is None else sorted(day for day in set(active_days) if day in flight)


def _daily(last7: int, over: list[date], complete_to: date | None) -> Fraction:
    """What a day cost lately: over the days of the flight among the last complete ones."""
    recent = [day for day in over[-RECENT_DAYS:] if complete_to and day > complete_to - timedelta(days=RECENT_DAYS)]
    return Fraction(last7, len(recent)) if recent else Fraction(0)


def _band(budget: int, spent: int, index: Fraction | None, *, left: int, silent: bool) -> Band:
    if spent > budget:
        return "over"
    if index is None:
        return "not started"
    if not left:
        return "ended"
    if silent and spent < budget:
        return "stalled"
    return "slow" if index < SLOWEST else "fast" if index > FASTEST else "on pace"
