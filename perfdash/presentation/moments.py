"""Moments in words: the same ones for what is seen as of a moment and for what changed since it."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from perfdash.domain.as_of import AsOf, AtRevisions


def told(as_of: AsOf | None, time_zone: str) -> str:
    """end of Mon 23 Nov 2026; Mon 23 Nov 2026, 13:00 (Europe/Berlin) on a clock in `time_zone`; now for None."""
    if as_of is None:
        return "now"
    if isinstance(as_of, AtRevisions):
        return "the revisions of an export"
    if isinstance(as_of, datetime):
        local = as_of.astimezone(ZoneInfo(time_zone))
        return f"{weekday(local)}, {local:%H:%M} ({time_zone})"
    return f"end of {weekday(as_of)}"


def weekday(day: date) -> str:
    """Mon 23 Nov 2026"""
    return f"{day:%a} {day.day} {day:%b} {day.year}"
