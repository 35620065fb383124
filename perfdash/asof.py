"""When: the past moment a question is asked about, and where a day begins. Pure; the store turns it into revisions."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from perfdash.errors import UsageError

AsOf = datetime | date
"""An aware datetime, or a bare date that means the end of that day in each client's zone."""

TICK = timedelta(microseconds=1)
"""The resolution of every stored instant."""
START_OF_TIME = datetime(1, 1, 3, tzinfo=UTC)
"""Early enough to be before everything, late enough to be told in every time zone."""
END_OF_TIME = datetime.max.replace(tzinfo=UTC)


def day_start(day: date, time_zone: str) -> datetime:
    """The aware moment at which `day` begins in `time_zone`, also where summer time skips midnight."""
    return datetime.combine(day, time.min, ZoneInfo(time_zone))


def before(as_of: AsOf, time_zone: str) -> datetime:
    """The first moment that `as_of` no longer includes, for a client in `time_zone`. Refuses a naive datetime."""
    if isinstance(as_of, datetime):
        if as_of.tzinfo is None:
            raise UsageError("A moment to look back to needs a time zone, such as 2026-03-01T12:00:00+01:00.")
        return _later(as_of, TICK)
    if as_of == date.max:
        return END_OF_TIME
    return day_start(as_of + timedelta(days=1), time_zone)


def _later(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment.astimezone(UTC) + by
    except OverflowError:
        return END_OF_TIME if moment.year > 1 else START_OF_TIME
