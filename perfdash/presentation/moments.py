"""Moments in words: the same ones for what is seen as of a moment and for what changed since it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from perfdash.domain.as_of import AsOf, AtRevisions
from perfdash.presentation import formatting


def told(as_of: AsOf | None, time_zone: str) -> str:
    """the end of Mon 23 Nov 2026; Mon 23 Nov 2026, 13:00 (Europe/Berlin) on a clock in `time_zone`; now for None."""
    if as_of is None:
        return "now"
    if isinstance(as_of, AtRevisions):
        return "the revisions of an export"
    if isinstance(as_of, datetime):
        local = as_of.astimezone(ZoneInfo(time_zone))
        return f"{formatting.weekday(local.date())}, {local:%H:%M} ({time_zone})"
    return f"the end of {formatting.weekday(as_of)}"
