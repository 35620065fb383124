"""Whether a day's numbers may still change: from the settlement window and the fetches that covered the day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Literal

from perfdash.asof import day_start

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
