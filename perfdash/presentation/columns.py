"""The columns of what leaves the product: their names, units and exact values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from perfdash.domain.as_of import instant
from perfdash.domain.finality import Spans, weakest_on
from perfdash.domain.measures import BY_NAME, IN_MILLIONTHS, MEASURES, Measure
from perfdash.domain.metrics import METRICS, Cell, Metric, Sums, exact, money, revenue_coverage, rounded
from perfdash.domain.question import View
from perfdash.domain.refusals import Missing

BY: dict[View, tuple[Literal["client", "account", "campaign", "creator", "platform", "day"], ...]] = {
    "overview": ("platform",),
    "campaigns": ("client", "account", "campaign"),
    "creators": ("client", "account", "campaign", "creator"),
    "daily": ("day", "client", "platform"),
    "campaign_days": ("day", "client", "account", "campaign", "platform"),
}
"""What each view is grouped by, besides currency: the `by` of the question whose groups `table` takes."""


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """One column. `header` names the unit; `canonical` columns make up the checksum, the others tell of the fetch."""

    name: str
    header: str
    needs_money: bool = False
    canonical: bool = True


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an account's numbers come from: its name at the source, the last good fetch, and the last final day.

    `finality` tells each of the days in view apart.
    """

    source: str
    fetched_at: datetime | None = None
    final_to: date | None = None
    finality: Spans = ()


Origins = Mapping[tuple[str, int], Origin]
"""(client, account number) -> its origin."""
Names = Mapping[tuple[str, int, str], str]
"""(client, account number, id) -> display name."""

_DIMENSIONS = {
    "client": "client",
    "account": "account",
    "campaign": "campaign id",
    "name": "campaign",
    "status": "status",
    "creator": "creator id",
    "creator_name": "creator",
    "platform": "platform",
    "platforms": "platforms",
    "day": "day (account's time zone)",
    "flight_start": "flight start",
    "flight_end": "flight end",
}
_OF_VIEW: dict[View, tuple[str, ...]] = {
    "overview": ("platform",),
    "campaigns": ("client", "account", "campaign", "name", "status", "platforms", "flight_start", "flight_end"),
    "creators": ("client", "account", "campaign", "name", "creator", "creator_name"),
    "daily": ("day", "client", "platform"),
    "campaign_days": ("day", "client", "account", "campaign", "name", "platform"),
}


def columns_of(view: View, with_money: bool) -> tuple[ExportColumn, ...]:
    """The columns of `view`, the same for every question; without money none that holds or is made of money."""
    found = [ExportColumn(name, _DIMENSIONS[name]) for name in _OF_VIEW[view]]
    found.append(ExportColumn("currency", "currency"))
    if view == "campaigns":
        found += [_money_column("budget", "whole budget"), _money_column("flight_cost", "cost of whole flight")]
    found += [_measure_column(measure) for measure in MEASURES if not measure.later]
    found += [_ratio_column(metric) for metric in METRICS.values() if not metric.later]
    found.append(ExportColumn("revenue_coverage", "share of cost that reports revenue (fraction)", needs_money=True))
    found += [
        ExportColumn("source", "source", canonical=False),
        ExportColumn("fetched_at", "fetched at (UTC)", canonical=False),
        ExportColumn("final_to", "final to (day)", canonical=False),
        # Below what earlier versions had, and outside the checksum, so that their receipts still hold.
        ExportColumn("corrected", "corrected rows", canonical=False),
    ]
    if "day" in _OF_VIEW[view]:
        found.append(ExportColumn("finality", "finality of the day", canonical=False))
    found += [_measure_column(measure) for measure in MEASURES if measure.later]
    found += [_ratio_column(metric) for metric in METRICS.values() if metric.later]
    found.append(ExportColumn("missing_rows", "refused rows that are missing", canonical=False))
    return tuple(column for column in found if with_money or not column.needs_money)


def _money_column(name: str, words: str) -> ExportColumn:
    return ExportColumn(name, f"{words} (currency units)", needs_money=True)


def _measure_column(measure: Measure) -> ExportColumn:
    header = f"{measure.spoken} (currency units)" if measure.needs_money else measure.spoken
    return ExportColumn(measure.name, header, measure.needs_money, canonical=not measure.later)


def _ratio_column(metric: Metric) -> ExportColumn:
    header = f"{metric.name.replace('_', ' ')} ({metric.exported})"
    return ExportColumn(metric.name, header, metric.needs_money, canonical=not metric.later)


@dataclass(frozen=True, slots=True)
class Naming:
    """What the cells of an export are made with, besides the rows themselves."""

    origins: Origins
    creators: Names
    campaigns: Names
    by_client: Mapping[str, list[Origin]]
    """The origins of each client's accounts; '' stands for all clients."""
    missing: Missing = ()

    @classmethod
    def of(cls, origins: Origins, creators: Names, campaigns: Names, missing: Missing = ()) -> Naming:
        """Everything by its key, so that a cell costs one look-up however many accounts are in view."""
        by_client: dict[str, list[Origin]] = {"": list(origins.values())}
        for (client, _), origin in origins.items():
            by_client.setdefault(client, []).append(origin)
        return cls(origins, creators, campaigns, by_client, missing)

    def cell(self, name: str, row: Any) -> Cell:
        """The value of column `name` for one group or campaign row."""
        if name in _COMPUTED:
            return _COMPUTED[name](self, row)
        if name in METRICS:
            return exact(name, row.sums)
        if name in BY_NAME:
            return _measure(name, row.sums)
        value: Cell = getattr(row, name)
        return value

    def account(self, row: Any) -> Cell:
        """The account as its source names it; its number where that is unknown."""
        found = self.origins.get((row.client, row.account))
        return found.source if found else str(row.account)

    def campaign_name(self, row: Any) -> Cell:
        """Its own name, or the known one, or its id."""
        own: str | None = getattr(row, "name", None)
        return own or self.campaigns.get((row.client, row.account, row.campaign), row.campaign)

    def creator_name(self, row: Any) -> Cell:
        """The creator's name; '' where there is no creator or no name."""
        return self.creators.get((row.client, row.account, row.creator), "") if row.creator else ""

    def _of(self, row: Any) -> list[Origin]:
        """The origins behind a row: one account's, a client's, or all in view."""
        if row.account:
            found = self.origins.get((row.client, row.account))
            return [found] if found else []
        return self.by_client.get(row.client, [])

    def sources(self, row: Any) -> Cell:
        """The sources behind a row."""
        return ", ".join(sorted({origin.source for origin in self._of(row)}))

    def fetched_at(self, row: Any) -> Cell:
        """The oldest last fetch: what the whole row is at least as fresh as."""
        times = [origin.fetched_at for origin in self._of(row)]
        return instant(min(t for t in times if t)) if times and all(times) else None

    def final_to(self, row: Any) -> Cell:
        """The first of the last final days behind a row: up to it, all of it is final."""
        last = [origin.final_to for origin in self._of(row)]
        return min(day for day in last if day) if last and all(last) else None

    def missing_rows(self, row: Any) -> Cell:
        """Refused rows of the accounts behind a row, on its day where it has one: some of them may belong to it."""
        about = [one for one in self.missing if row.client in ("", one.client) and row.account in (0, one.account)]
        own: date | None = getattr(row, "day", None)
        if own is None:
            return sum(one.rows for one in about)
        return sum(rows for one in about if own in one.days for day, rows in one.by_day if day in (None, own))

    def finality(self, row: Any) -> Cell:
        """The weakest finality that an account behind the row has on the row's day."""
        return weakest_on(row.day, (origin.finality for origin in self._of(row))) if row.day else None


_COMPUTED: dict[str, Callable[[Naming, Any], Cell]] = {
    "account": Naming.account,
    "name": Naming.campaign_name,
    "creator_name": Naming.creator_name,
    "platforms": lambda _names, row: ", ".join(row.platforms),
    "budget": lambda _names, row: money(row.budget),
    "flight_cost": lambda _names, row: money(row.flight_cost),
    "revenue_coverage": lambda _names, row: _coverage(row.sums),
    "source": Naming.sources,
    "fetched_at": Naming.fetched_at,
    "final_to": Naming.final_to,
    "corrected": lambda _names, row: row.sums.corrected,
    "finality": Naming.finality,
    "missing_rows": Naming.missing_rows,
}


def _measure(name: str, sums: Sums) -> Cell:
    value: int | None = getattr(sums, name)
    # Money in micros and conversions in millionths have six decimals alike.
    return money(value) if name in IN_MILLIONTHS else value


def _coverage(sums: Sums) -> Decimal | None:
    share = revenue_coverage(sums)
    return None if share is None else rounded(share, 8)
