"""What people corrected between two moments: told beside the restatements, never among them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

from perfdash import export
from perfdash.payload import FactKey


class _Correction(Protocol):
    @property
    def client(self) -> str: ...
    @property
    def key(self) -> FactKey: ...
    @property
    def field(self) -> str: ...
    @property
    def made_at(self) -> datetime: ...
    @property
    def ended_at(self) -> datetime | None: ...
    @property
    def ended_as(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def ended_reason(self) -> str: ...


class Decision(NamedTuple):
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
        return self._asdict() | {"at": export.instant(self.at), "day": str(self.day)}


def between(
    corrections: Iterable[_Correction], since: datetime, until: datetime, platforms: tuple[str, ...] = ()
) -> tuple[Decision, ...]:
    """The decisions after `since` and up to `until`, newest first; a superseded one is told by what replaced it."""
    found = [
        one
        for correction in corrections
        for one in _decisions(correction)
        if since < one.at <= until and (not platforms or one.platform in platforms)
    ]
    return tuple(sorted(found, reverse=True))


def _decisions(one: _Correction) -> Iterator[Decision]:
    where = (one.client, one.key.campaign, one.key.platform, one.key.day, one.field)
    yield Decision(one.made_at, "corrected", *where, one.reason)
    if one.ended_at is not None and one.ended_as == "reverted":
        yield Decision(one.ended_at, "reverted", *where, one.ended_reason)
