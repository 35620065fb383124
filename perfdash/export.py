"""What leaves the product: canonical rows, and the CSV and JSON made of them. Pages and the command line share it.

Numbers are exact and raw: integers, amounts with six decimals, fractions with eight, nothing where undefined. Each
row carries its currency and when its data was fetched. Text that a spreadsheet would run as a formula is defused.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

from perfdash.metrics import METRICS, Sums, exact, money, revenue_coverage, rounded
from perfdash.summary import Campaign, Grouped

View = Literal["overview", "campaigns", "creators", "daily"]
VIEWS: tuple[View, ...] = ("overview", "campaigns", "creators", "daily")
BY: dict[View, tuple[Literal["client", "account", "campaign", "creator", "platform", "day"], ...]] = {
    "overview": ("platform",),
    "campaigns": ("client", "account", "campaign"),
    "creators": ("client", "account", "campaign", "creator"),
    "daily": ("day", "client", "platform"),
}
"""What each view is grouped by, besides currency: the `by` of the question whose groups `table` takes."""
Cell = str | int | Decimal | date | None
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `header` names the unit; `canonical` columns make up the checksum, the others tell of the fetch."""

    name: str
    header: str
    needs_money: bool = False
    canonical: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """A view, or another listing, as exact values in the order of its columns."""

    view: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an account's numbers come from: its name at the source, the last good fetch, and the last final day."""

    source: str
    fetched_at: datetime | None = None
    final_to: date | None = None


Origins = Mapping[tuple[str, int], Origin]
"""(client, account number) -> its origin."""
Names = Mapping[tuple[str, int, str], str]
"""(client, account number, id) -> display name."""

_DIMENSIONS = {
    "client": "client", "account": "account", "campaign": "campaign id", "name": "campaign", "status": "status",
    "creator": "creator id", "creator_name": "creator", "platform": "platform", "platforms": "platforms",
    "day": "day (account's time zone)", "flight_start": "flight start", "flight_end": "flight end",
}  # fmt: skip
_OF_VIEW: dict[View, tuple[str, ...]] = {
    "overview": ("platform",),
    "campaigns": ("client", "account", "campaign", "name", "status", "platforms", "flight_start", "flight_end"),
    "creators": ("client", "account", "campaign", "name", "creator", "creator_name"),
    "daily": ("day", "client", "platform"),
}
_MEASURES = ("impressions", "clicks", "cost", "reach", "views", "engagements", "conversions", "revenue")
_PER = {
    "cpm": "currency units per 1000 impressions", "cpc": "currency units per click",
    "cpv": "currency units per view", "cpe": "currency units per engagement", "cpa": "currency units per conversion",
}  # fmt: skip


def columns_of(view: View, with_money: bool) -> tuple[Column, ...]:
    """The columns of `view`, the same for every question; without money none that holds or is made of money."""
    found = [Column(name, _DIMENSIONS[name]) for name in _OF_VIEW[view]]
    found.append(Column("currency", "currency"))
    if view == "campaigns":
        found += [_money_column("budget", "whole budget"), _money_column("flight_cost", "cost of whole flight")]
    found += [_money_column(n, n) if n in ("cost", "revenue") else Column(n, n) for n in _MEASURES]
    found += [_ratio_column(name) for name in METRICS]
    found.append(Column("revenue_coverage", "share of cost that reports revenue (fraction)", needs_money=True))
    found += [
        Column("source", "source", canonical=False),
        Column("fetched_at", "fetched at (UTC)", canonical=False),
        Column("final_to", "final to (day)", canonical=False),
    ]
    return tuple(column for column in found if with_money or not column.needs_money)


def _money_column(name: str, words: str) -> Column:
    return Column(name, f"{words} (currency units)", needs_money=True)


def _ratio_column(name: str) -> Column:
    return Column(name, f"{name.replace('_', ' ')} ({_PER.get(name, 'fraction')})", METRICS[name].needs_money)


def table(
    view: View,
    rows: Iterable[Grouped] | Iterable[Campaign],
    *,
    with_money: bool,
    origins: Origins | None = None,
    creators: Names | None = None,
    campaigns: Names | None = None,
) -> Table:
    """`rows` (groups by BY[view]; for "campaigns" the campaign rows) as exact values."""
    columns = columns_of(view, with_money)
    named = _Naming(origins or {}, creators or {}, campaigns or {})
    return Table(view, columns, tuple(tuple(named.cell(column.name, row) for column in columns) for row in rows))


@dataclass(frozen=True, slots=True)
class _Naming:
    origins: Origins
    creators: Names
    campaigns: Names

    def cell(self, name: str, row: Any) -> Cell:
        """The value of column `name` for one group or campaign row."""
        if name in _COMPUTED:
            return _COMPUTED[name](self, row)
        if name in METRICS:
            return exact(name, row.sums)
        if name in _MEASURES:
            return _measure(name, row.sums)
        value: Cell = getattr(row, name)
        return value

    def account(self, row: Any) -> Cell:
        found = self.origins.get((row.client, row.account))
        return found.source if found else str(row.account)

    def campaign_name(self, row: Any) -> Cell:
        own: str | None = getattr(row, "name", None)
        return own or self.campaigns.get((row.client, row.account, row.campaign), row.campaign)

    def creator_name(self, row: Any) -> Cell:
        return self.creators.get((row.client, row.account, row.creator), "") if row.creator else ""

    def _of(self, row: Any) -> list[Origin]:
        """The origins behind a row: one account's, a client's, or all in view."""
        return [
            origin
            for (client, number), origin in sorted(self.origins.items())
            if row.client in ("", client) and row.account in (0, number)
        ]

    def sources(self, row: Any) -> Cell:
        return ", ".join(sorted({origin.source for origin in self._of(row)}))

    def fetched_at(self, row: Any) -> Cell:
        """The oldest last fetch: what the whole row is at least as fresh as."""
        times = [origin.fetched_at for origin in self._of(row)]
        return instant(min(t for t in times if t)) if times and all(times) else None

    def final_to(self, row: Any) -> Cell:
        last = [origin.final_to for origin in self._of(row)]
        return min(day for day in last if day) if last and all(last) else None


_COMPUTED: dict[str, Callable[[_Naming, Any], Cell]] = {
    "account": _Naming.account,
    "name": _Naming.campaign_name,
    "creator_name": _Naming.creator_name,
    "platforms": lambda _names, row: ", ".join(row.platforms),
    "budget": lambda _names, row: money(row.budget),
    "flight_cost": lambda _names, row: money(row.flight_cost),
    "revenue_coverage": lambda _names, row: _coverage(row.sums),
    "source": _Naming.sources,
    "fetched_at": _Naming.fetched_at,
    "final_to": _Naming.final_to,
}


def listing(view: str, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[Cell]]) -> Table:
    """Any other table that people take out, such as runs: columns as (name, header)."""
    return Table(view, tuple(Column(*column) for column in columns), tuple(tuple(row) for row in rows))


def _measure(name: str, sums: Sums) -> Cell:
    value: int | None = getattr(sums, name)
    # Money in micros and conversions in millionths have six decimals alike.
    return money(value) if name in ("cost", "revenue", "conversions") else value


def _coverage(sums: Sums) -> Decimal | None:
    share = revenue_coverage(sums)
    return None if share is None else rounded(share, 8)


def instant(at: datetime) -> str:
    """An aware moment as text: 2026-11-14T08:03:00Z."""
    return at.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def text(cell: Cell) -> str:
    """One cell as exact text; '' where there is no value. Decimals keep their places and never an exponent."""
    if cell is None:
        return ""
    return format(cell, "f") if isinstance(cell, Decimal) else str(cell)


def to_csv(found: Table) -> str:
    """RFC 4180, UTF-8 text without a byte order mark, one header line."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(column.header for column in found.columns)
    writer.writerows([_defused(cell) for cell in row] for row in found.rows)
    return out.getvalue()


def _defused(cell: Cell) -> str:
    """Text that a spreadsheet would run is prefixed with '; numbers are ours and stay raw, negative ones too."""
    shown = text(cell)
    return f"'{shown}" if isinstance(cell, str) and shown.startswith(_FORMULA) else shown


def sha256(found: Table) -> str:
    """The checksum of the canonical rows: one JSON array of texts a line, names first, without the fetch columns."""
    kept = [n for n, column in enumerate(found.columns) if column.canonical]
    digest = hashlib.sha256()
    for row in ([found.columns[n].name for n in kept], *([text(row[n]) for n in kept] for row in found.rows)):
        digest.update(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    return digest.hexdigest()


def records(found: Table) -> list[dict[str, Any]]:
    """Rows as JSON objects: counts as numbers, exact decimals and days as strings, null where undefined."""
    return [{name: _json(cell) for name, cell in zip(found.names, row, strict=True)} for row in found.rows]


def _json(cell: Cell) -> str | int | None:
    return cell if cell is None or isinstance(cell, int) else text(cell)


def definitions(columns: Sequence[Column]) -> dict[str, str]:
    """What each ratio among `columns` means."""
    return {column.name: METRICS[column.name].definition for column in columns if column.name in METRICS}
