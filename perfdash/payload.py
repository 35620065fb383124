"""What one answer of a source says, after validation: facts, attributes, and what was refused.

Money is in integer micros of the account's currency, conversions in integer millionths, days are labels in the
account's time zone and never shifted. `None` is "not reported" and never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from perfdash.domain.measures import FactValues

MICRO = 1_000_000


class FactKey(NamedTuple):
    """What names one fact inside one account: campaign x creator ('' when none) x platform x day.

    A tuple, as FactValues is: an answer has hundreds of thousands, and they are hashed and compared all the time.
    """

    day: date
    campaign: str
    platform: str
    creator: str = ""


@dataclass(frozen=True, slots=True)
class CampaignAttributes:
    """What the source says of a campaign besides its numbers. `budget` in micros; flight days inclusive."""

    campaign: str
    name: str | None = None
    budget: int | None = None
    flight_start: date | None = None
    flight_end: date | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One refused row. `key` is None when it could not be read, which forbids vanishing in the run."""

    reason: str
    key: FactKey | None
    payload: str
    """The row as JSON text, without personal data, at most 2,000 characters."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A whole validated answer for one account and one range of days (all slices and pages)."""

    facts: Mapping[FactKey, FactValues]
    campaigns: dict[str, CampaignAttributes]
    creators: dict[str, str]
    """Creator id -> display name; personal data, stored only in the creators table."""
    quarantined: tuple[Quarantined, ...] = ()
    duplicates: int = 0
    fetched: int = 0
    """Rows received: len(facts) + len(quarantined) + duplicates."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A batch and how it was obtained. Times are aware UTC."""

    batch: Batch
    began: datetime
    ended: datetime
    requests: int = 0
    retries: int = 0
    log: tuple[str, ...] = field(default=())
    """One line per request, without secrets."""
