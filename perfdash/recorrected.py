"""What people corrected between two moments: told beside the restatements, never among them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

from perfdash.asof import instant
from perfdash.correction_story import Correction


class CorrectionEvent(NamedTuple):
    """A correction that was made, or ended (`what` is then how: reverted or superseded)."""

    at: datetime
    what: str
    client: str
    campaign: str
    platform: str
    day: date
    field: str
    reason: str

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return self._asdict() | {"at": instant(self.at), "day": str(self.day)}


def between(
    corrections: Iterable[Correction], since: datetime, until: datetime, platforms: tuple[str, ...] = ()
) -> tuple[CorrectionEvent, ...]:
    """The decisions after `since` and up to `until`, newest first; a superseded one is told by what replaced it."""
    found = [
        one
        for correction in corrections
        for one in _decisions(correction)
        if since < one.at <= until and (not platforms or one.platform in platforms)
    ]
    return tuple(sorted(found, reverse=True))


def _decisions(one: Correction) -> Iterator[CorrectionEvent]:
    where = (one.client, one.key.campaign, one.key.platform, one.key.day, one.field)
    yield CorrectionEvent(one.made_at, "corrected", *where, one.reason)
    if one.ended_at is not None and one.ended_as == "reverted":
        yield CorrectionEvent(one.ended_at, "reverted", *where, one.ended_reason)
