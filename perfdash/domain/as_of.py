"""When: the past moment a question is asked about, and where a day begins. Pure; the store turns it into revisions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from perfdash.domain.errors import UsageError

TICK = timedelta(microseconds=1)
"""The resolution of every stored instant."""
START_OF_TIME = datetime(1, 1, 3, tzinfo=UTC)
"""Early enough to be before everything, late enough to be told in every time zone."""
END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AtRevisions:
    """Exactly these revisions, as (client, revision): what a receipt names. A client that is not named gives no rows.

    `at` is the moment for what has no revision, such as which days were fetched; without one that of now.
    """

    revisions: tuple[tuple[str, int], ...]
    at: datetime = END_OF_TIME


AsOf = datetime | date | AtRevisions
"""An aware datetime, a bare date that means the end of that day in each client's zone, or exact revisions."""


def parse(text: str) -> datetime | date:
    """2026-11-03 is the end of that day in each client's zone, 2026-11-03T09:00Z a moment; UsageError for all else."""
    try:
        if len(text) == len("2026-11-03"):
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is neither a day (2026-11-03) nor a moment (2026-11-03T09:00+01:00).") from None
    if moment.tzinfo is None:
        raise UsageError(f"{text!r} needs its offset from UTC, such as {text}+01:00 or {text}Z.")
    return moment


def last_moment(as_of: AsOf | None, time_zone: str, now: datetime) -> datetime:
    """The last moment that `as_of` includes, for a client in `time_zone`; never after `now`, which None stands for."""
    return now if as_of is None else min(now, first_moment_after(as_of, time_zone) - TICK)


def last_day(as_of: AsOf | None, time_zone: str, now: datetime) -> date:
    """The day of the last moment that `as_of` includes: what a client in `time_zone` calls today then."""
    return last_moment(as_of, time_zone, now).astimezone(ZoneInfo(time_zone)).date()


def day_before(day: date, days: int = 1) -> date:
    """So many days earlier, or the first day there is."""
    return day - min(timedelta(days=days), day - date.min)


def last_monday(today: date) -> date:
    """The last Monday that is over when it is `today`."""
    return day_before(today, today.weekday() or 7)


def day_start(day: date, time_zone: str) -> datetime:
    """The aware moment at which `day` begins in `time_zone`, also where summer time skips midnight."""
    return datetime.combine(day, time.min, ZoneInfo(time_zone))


def first_moment_after(as_of: AsOf, time_zone: str) -> datetime:
    """The first moment that `as_of` no longer includes, for a client in `time_zone`. Refuses a naive datetime."""
    if isinstance(as_of, AtRevisions):
        return _later(as_of.at, TICK)
    if isinstance(as_of, datetime):
        if as_of.tzinfo is None:
            raise UsageError("A moment to look back to needs a time zone, such as 2026-03-01T12:00:00+01:00.")
        return _later(as_of, TICK)
    if as_of == date.max:
        return END_OF_TIME
    return day_start(as_of + timedelta(days=1), time_zone)


def instant(at: datetime) -> str:
    """An aware moment as text: 2026-11-14T08:03:00Z."""
    return at.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _later(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment.astimezone(UTC) + by
    except OverflowError:
        return END_OF_TIME if moment.year > 1 else START_OF_TIME
