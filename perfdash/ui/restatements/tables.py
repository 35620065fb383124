"""What changed in tables of then, now and difference, and a bar per day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any

import pyarrow as pa
import streamlit as st

from perfdash.domain.accounts import Days
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.restatements import ADDED, LABELS, RESTATED_FIELDS, Event, RestatedField
from perfdash.domain.then_and_now import ThenNow
from perfdash.presentation import charts, formatting
from perfdash.presentation.columns import Names
from perfdash.presentation.escaping import escape_markdown
from perfdash.presentation.formatting import unit_of
from perfdash.ui.components import tables as component_tables
from perfdash.ui.components.tables import Kind, Shown, draw
from perfdash.ui.restatements.values import amount, exact, signed_share, signed_text
from perfdash.ui.runtime import navigation

TIMINGS = {
    "running": "while the day ran",
    "before": "before it was final",
    "after": "after it was final",
    "provisional": "no window known",
}
_MOST_CARDS = 10
_BARS = ("Before final", "After final", "First reported later")  # short enough for a telephone
_SCHEMA = pa.schema(
    [("day", pa.float64()), ("value", pa.float64()), *((name, pa.string()) for name in ("platform", "shown", "dashed"))]
)


@dataclass(frozen=True, slots=True)
class Moments:
    """What the columns of both sides are called: by their moments."""

    then: str
    now: str


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One line of a table: what it is about, then, now, and what lies between. Values as integers of their unit."""

    name: str
    then: int | None
    now: int | None
    difference: int | None
    changes: int
    late: int
    day: date | None = None
    campaign: CampaignRef | None = None

    @property
    def share(self) -> Fraction | None:
        """The difference as a part of what was known then."""
        return Fraction(self.difference, abs(self.then)) if self.then and self.difference is not None else None


def day_bars(
    field: RestatedField, found: Mapping[tuple[date, str], ThenNow], currency: str, days: Days, *, key: str
) -> None:
    """Now minus then per day: what was restated before and after the day was final, and what first came later."""
    points = [
        (charts.at(day), float(exact(field, value) or 0), bar, signed_text(field, value, currency), "no")
        for (day, _), one in sorted(found.items())
        for bar, value in zip(_BARS, _parts(field, one), strict=True)
        if value
    ]
    title = f"{LABELS[field]} now minus then{f' ({currency})' if unit_of(field) == 'money' and currency else ''}"
    with st.container(border=True, height="stretch"):
        st.markdown(f"**{escape_markdown(title)}**")
        if not points:
            st.caption(f"{LABELS[field]} is, in sum, on every day what it was then.")
            return
        columns = zip(*points, strict=True)
        data = pa.table([pa.array(c, f.type) for c, f in zip(columns, _SCHEMA, strict=True)], schema=_SCHEMA)
        shown = tuple(bar for bar in _BARS if any(point[2] == bar for point in points) or bar != _BARS[2])
        st.vega_lite_chart(
            data, charts.bars_by_day("Now minus then", shown, days), key=key, alt=f"{title}, a bar for each day"
        )


def _parts(field: RestatedField, one: ThenNow) -> tuple[int, int, int]:
    late = one.late.difference(field) or 0
    return (one.moved.difference(field) or 0) - late, late, one.first_reported(field)


def by_measure(one: ThenNow, moments: Moments, *, key: str) -> None:
    """A line per measure of which any row changed, each value told with its own unit."""
    fields = [field for field in RESTATED_FIELDS if field in ADDED and one.differs(field)]
    columns = [
        Shown("measure", "Measure", "text", LABELS.__getitem__, pinned=True),
        Shown("difference", "Difference", "figure", lambda f: signed_text(f, one.difference(f), one.currency)),
        Shown("share", "Change", "figure", lambda f: _share(one.share(f))),
        Shown("then", moments.then, "figure", lambda f: amount(f, one.sides(f)[0], one.currency)),
        Shown("now", moments.now, "figure", lambda f: amount(f, one.sides(f)[1], one.currency)),
        Shown("changes", "Changes", "count", lambda f: one.moved.count(f), _CHANGES.help),
    ]
    draw(fields, columns, alt="What changed, by measure", key=key)
    others = [
        f"{LABELS[f]} of {formatting.plural(one.moved.count(f), 'row')}"
        for f in RESTATED_FIELDS
        if f not in ADDED and one.moved.count(f)
    ]
    if others:  # what does not add up has no sum then and now
        st.caption(f"Also changed, without a sum: {escape_markdown(formatting.enumerate_names(others, 9))}.")


def _share(share: Fraction | None) -> str:
    return formatting.UNDEFINED if share is None else signed_share(share)


def day_line(field: RestatedField, one: ThenNow, day: date) -> ChangeLine:
    """A day of a comparison as a line of a table."""
    return replace(_line(field, one), day=day)


def campaign_line(field: RestatedField, one: ThenNow, campaign: CampaignRef, name: str) -> ChangeLine:
    """A campaign of a comparison as a line of a table."""
    return replace(_line(field, one), name=name, campaign=campaign)


def _line(field: RestatedField, one: ThenNow) -> ChangeLine:
    then, now = one.sides(field)
    return ChangeLine("", then, now, one.difference(field), one.moved.count(field), len(one.moved.late_days))


def _address(row: ChangeLine) -> str:
    ref = row.campaign
    if ref is None:
        return ""
    query = {"campaign": ref.campaign, "account": str(ref.account), "owner": ref.client}
    return navigation.address(navigation.CAMPAIGN, query, row.name)


_NAME = Shown("name", "Campaign", "text", lambda row: row.name, pinned=True, link=_address)
_DAY = Shown("day", "Day", "day", lambda row: row.day, pinned=True)
_LATE = Shown("late", "Final days", "count", lambda row: row.late or None, "days restated after they were final")
_CHANGES = Shown("changes", "Changes", "count", lambda row: row.changes, "rows in which it changed, each time counted")


def table(
    field: RestatedField, rows: Sequence[ChangeLine], moments: Moments, currency: str, *, days: bool, key: str
) -> None:
    """Lines by day, newest first, or by campaign, the largest difference first."""

    def newest(row: ChangeLine) -> int:
        return -(row.day or date.min).toordinal()

    def largest(row: ChangeLine) -> int:
        return -abs(row.difference or 0)

    columns = (_DAY if days else _NAME, *_sides(unit_of(field), moments), _CHANGES, _LATE)
    shown = sorted(rows, key=newest if days else largest)
    about = "by day" if days else "by campaign"
    draw(
        shown[: component_tables.MOST_ROWS],
        columns,
        alt=f"{LABELS[field]} then and now, {about}",
        key=key,
        currency=currency,
        most_cards=_MOST_CARDS,
    )


def _sides(kind: Kind, moments: Moments) -> tuple[Shown, ...]:
    """The difference comes first: on a telephone it is what is in sight beside the name."""
    return (
        Shown("difference", "Difference", kind, lambda row: row.difference, "now minus then", signed=True),
        Shown("share", "Change", "change", lambda row: row.share, "difference over then"),
        Shown("then", moments.then, kind, lambda row: row.then),
        Shown("now", moments.now, kind, lambda row: row.now),
    )


@dataclass(frozen=True, slots=True)
class EventLine:
    """A change of one row, with the names that people know it by."""

    event: Event
    campaign: str
    creator: str
    account: str
    then: int | None
    now: int | None

    @property
    def at(self) -> datetime:
        """When the change was recorded."""
        return self.event.at

    @property
    def where(self) -> str:
        """TikTok · @zoe: what tells rows of one campaign and day apart."""
        return f"{self.event.platform} · {self.creator}" if self.creator else self.event.platform

    @property
    def difference(self) -> int:
        """now - then; what is not reported counts as nothing."""
        return (self.now or 0) - (self.then or 0)

    @property
    def share(self) -> Fraction | None:
        """The difference as a part of what was known then."""
        return Fraction(self.difference, abs(self.then)) if self.then else None


@dataclass(frozen=True, slots=True)
class RowNames:
    """(client, account, id) -> name, of campaigns and creators; (client, account) -> label where there are several."""

    campaigns: Names
    creators: Names
    accounts: Mapping[tuple[str, int], str]


def event_line(field: RestatedField, event: Event, names: RowNames) -> EventLine:
    """One event as a line of the list."""
    n = RESTATED_FIELDS.index(field)
    then, now = (value if isinstance(value, int) else None for value in (event.then[n], event.now[n]))
    return EventLine(
        event,
        names.campaigns.get((event.client, event.account, event.campaign), event.campaign),
        names.creators.get((event.client, event.account, event.creator), event.creator),
        names.accounts.get((event.client, event.account), ""),
        then,
        now,
    )


def changes(field: RestatedField, rows: Sequence[EventLine], currency: str, *, key: str) -> None:
    """The list: one line per change. `rows` in the order that was asked for."""

    def of(name: str) -> Any:
        return lambda row: getattr(row.event, name)

    columns = (
        Shown("at", "Changed", "moment", lambda row: row.at, pinned=True),
        Shown("day", "Day", "day", of("day")),
        Shown("name", "Campaign", "text", lambda row: row.campaign),
        Shown("where", "Platform, creator", "text", lambda row: row.where),
        *_sides(unit_of(field), Moments("Before", "After")),
        Shown("timing", "When", "text", lambda row: TIMINGS[row.event.timing], "before or after the day was final"),
        Shown("change", "What", "text", of("kind")),
        Shown("account", "Account", "text", lambda row: row.account),
    )
    draw(rows, columns, alt=f"Every change of {LABELS[field].lower()}", key=key, currency=currency)
