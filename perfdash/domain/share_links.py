"""What a client link shows, as a value, and as the one line that the store keeps of it. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from perfdash.domain.access import Lock
from perfdash.domain.accounts import Days
from perfdash.domain.comparison import NAMES, Kind
from perfdash.domain.errors import UsageError
from perfdash.domain.filters import Filters
from perfdash.domain.periods import Period
from perfdash.domain.question import filters_of, filters_record

NO_CHANGE = "this link was made without a comparison"
SHAREABLE: tuple[Kind, ...] = ("fair", "before", "weekday", "last_year")
"""The comparisons that a link can hold: `same_age` looks at many past moments, and a link at one. A fair one takes the
days before as they are, and says so."""


@dataclass(frozen=True, slots=True)
class Against:
    """The change that a link shows: the complete days in view, and the days that they are compared with."""

    kind: Kind
    current: Days
    previous: Days


@dataclass(frozen=True, slots=True)
class Shared:
    """One client's numbers over absolute days, now or as they were at `as_of`; `against` None: without a change."""

    filters: Filters
    as_of: datetime | None = None
    against: Against | None = None

    @property
    def lock(self) -> Lock:
        """What nobody who came by the link can leave."""
        asked = self.filters
        before = None if self.against is None else self.against.previous
        return Lock(asked.days, asked.platforms, asked.currency, self.as_of, before, asked.max_cpm, asked.cpm_grain)

    @property
    def period(self) -> Period:
        """The days as pages ask for them."""
        if self.against is None:
            return Period("custom", self.filters.days, reason=NO_CHANGE)
        found = self.against
        return Period("custom", self.filters.days, found.current, found.previous, kind=found.kind)


def against(period: Period) -> Against | None:
    """The change that a page shows, where a link can hold it."""
    if period.current is None or period.previous is None or period.kind not in SHAREABLE:
        return None
    return Against(period.kind, period.current, period.previous)


def to_text(shared: Shared) -> str:
    """The question as the store keeps it, beside the moment."""
    said: dict[str, Any] = filters_record(shared.filters)
    if shared.against is not None:
        found = shared.against
        said["against"] = {"kind": found.kind, "current": _days(found.current), "previous": _days(found.previous)}
    return json.dumps(said, ensure_ascii=False, sort_keys=True)


def from_text(text: str, client: str, as_of: datetime | None) -> Shared:
    """What `to_text` wrote, about the link's own client whatever it says. UsageError when it cannot be read."""
    filters = filters_of(text, (client,))
    try:
        said = json.loads(text).get("against")
        if said is None:
            return Shared(filters, as_of)
        if said["kind"] not in NAMES:
            raise ValueError(said["kind"])
        found = Against(cast(Kind, said["kind"]), _read_days(said["current"]), _read_days(said["previous"]))
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError("What this link shows cannot be read any more.") from error
    return Shared(filters, as_of, found)


def _days(days: Days) -> list[str]:
    return [str(days.start), str(days.end)]


def _read_days(said: list[str]) -> Days:
    first, last = said
    return Days(date.fromisoformat(first), date.fromisoformat(last))
