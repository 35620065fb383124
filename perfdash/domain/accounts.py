"""Accounts, clients and the days a sync asks for: plain values shared by store, sources, sync and pages."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Client:
    """One client of the agency. `slug` is its name in UI, CLI and URL, and its key in the store."""

    slug: str
    name: str
    currency: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Account:
    """One binding of (client, source, id at the source). `number` is its key in the store, by client; 0: none yet."""

    client: str
    source: str
    external_id: str
    currency: str
    time_zone: str
    settlement_days: int | None = None
    history_days: int = 180
    platforms: tuple[str, ...] = ()
    number: int = 0
    retention_days: int | None = None
    """How far back the API answers at all; None: unknown."""
    refuse_at_most: int = 10_000
    """The share of an answer's rows and cost that may be refused, in millionths."""
    files_only: bool = False
    """True for a source without an API: only files bring its rows, and nobody asks it."""

    @property
    def label(self) -> str:
        """How people name it: source/id."""
        return f"{self.source}/{self.external_id}"

    def covered_by(self, platforms: Collection[str]) -> bool:
        """True when a run that asked for `platforms` (none: every one) asked for all that this account has."""
        return not platforms or (bool(self.platforms) and set(self.platforms) <= set(platforms))


@dataclass(frozen=True, slots=True)
class DemoDeclaration:
    """What stands in place of a configuration file in the demo; `key` is the whole secret of the demo's own API."""

    clients: tuple[Client, ...]
    accounts: tuple[Account, ...]
    key: str


@dataclass(frozen=True, slots=True, order=True)
class Days:
    """A contiguous, inclusive range of day labels; `start` <= `end`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.start > self.end:
            raise ValueError(f"{self.start} is after {self.end}")

    def __len__(self) -> int:
        return (self.end - self.start).days + 1

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.start <= day <= self.end

    def __str__(self) -> str:
        return str(self.start) if self.start == self.end else f"{self.start} to {self.end}"

    def each(self) -> list[date]:
        return [self.start + timedelta(days=n) for n in range(len(self))]

    def overlaps(self, other: Days) -> bool:
        return self.start <= other.end and other.start <= self.end


def today_in(time_zone: str, now: datetime) -> date:
    """The day label that an aware `now` has in `time_zone`."""
    return now.astimezone(ZoneInfo(time_zone)).date()


def contiguous(days: set[date]) -> list[Days]:
    """The fewest ranges that hold exactly `days`, in order."""
    ranges: list[Days] = []
    for day in sorted(days):
        if ranges and ranges[-1].end + timedelta(days=1) == day:
            ranges[-1] = Days(ranges[-1].start, day)
        else:
            ranges.append(Days(day, day))
    return ranges


KNOWN = (
    "TikTok",
    "Instagram",
    "Facebook",
    "YouTube",
    "X",
    "Snapchat",
    "Pinterest",
    "LinkedIn",
    "Reddit",
    "Threads",
    "Twitch",
    "Meta",
    "Messenger",
    "Audience Network",
    "WhatsApp",
    "Google Ads",
    "Microsoft Advertising",
    "Amazon Ads",
)
MAX_LENGTH = 60
"""Longer names are cut: it is also the width of the stored column."""
_BY_FOLDED = {"".join(name.split()).casefold(): name for name in KNOWN}


def platform_spelling(text: str) -> tuple[str, bool]:
    """The platform that `text` names, and whether it is a known one: "tik tok" is TikTok.

    Only case and white space are overlooked; every other difference makes another platform. '' when nothing is left.
    """
    known = _BY_FOLDED.get("".join(text.split()).casefold())
    if known is not None:
        return known, True
    return text.strip()[:MAX_LENGTH].strip(), False
