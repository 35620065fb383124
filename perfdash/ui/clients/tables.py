"""The tables of clients: one for each currency, since amounts of several have no order and no sum."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import streamlit as st

from perfdash.domain.metrics import ratio
from perfdash.presentation import formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.clients.rows import ClientRow
from perfdash.ui.components.tables import Shown, draw, in_units, measure, metric
from perfdash.ui.runtime import navigation

_ABOUT_CHANGE = "against the days that the sidebar names; – where that cannot be told"
_ABOUT_PACE = "spent / planned to date of the running campaigns together"
_ABOUT_RESTATED = "by how much the cost of days that were complete at your last report (or last Monday) changed since"


def _name(row: ClientRow) -> str:
    return row.client.name


def _state(row: ClientRow) -> str:
    """Of the running campaigns, how many are not on pace: 2 of 5 off pace."""
    if not row.running:
        return ""
    return f"{row.off_pace} of {row.running} off pace" if row.off_pace else f"all {row.running} on pace"


def _silent(row: ClientRow) -> int | None:
    return row.off_pace or None


_NAME = Shown("client_name", "Client", "text", _name, pinned=True, link=lambda row: opened(row))
_COMPLETE = Shown(
    "complete_to", "Complete to", "day", lambda row: row.complete_to, "the last day that was fetched after it ended"
)
_FETCHED = Shown("fetched_at", "Last fetch", "moment", lambda row: row.fetched_at)
_PAID = (
    _NAME,
    measure("cost"),
    Shown("change", "Change", "change", lambda row: row.change, _ABOUT_CHANGE),
    Shown("trend", "Per day", "trend", lambda row: in_units(row.trend), "the cost of each day in view"),
    metric("roas"),
    Shown("pace", "Pace", "percent", lambda row: row.pace, _ABOUT_PACE),
    Shown("state", "Campaigns", "text", _state, "campaigns that run, and how many of them are not on pace"),
    Shown("restated", "Restated", "money", lambda row: row.restated, _ABOUT_RESTATED, signed=True),
    _COMPLETE,
    _FETCHED,
)
_COUNTED = (
    _NAME,
    measure("impressions"),
    Shown("change", "Change", "change", lambda row: row.change, _ABOUT_CHANGE),
    Shown("trend", "Per day", "trend", lambda row: row.trend, "the impressions of each day in view"),
    measure("clicks"),
    metric("ctr"),
    Shown("silent", "Stalled campaigns", "count", _silent, "running campaigns without delivery on 3 complete days"),
    _COMPLETE,
    _FETCHED,
)


def opened(row: ClientRow) -> str:
    """The address of a client's own Overview."""
    return navigation.address(navigation.OVERVIEW, {"client": row.client.slug}, row.client.name)


def tables(rows: Sequence[ClientRow], *, money: bool) -> None:
    """A table for each currency, with what its clients cost together above it; without money one for all."""
    for currency, found in groupby(rows, key=lambda row: row.currency):
        some = tuple(found)
        if money:
            _heading(currency, some)
        draw(
            some,
            _PAID if money else _COUNTED,
            alt=f"Clients in {currency}" if currency else "Clients",
            key=f"clients_{currency}",
            currency=currency,
        )


def _heading(currency: str, rows: Sequence[ClientRow]) -> None:
    """The currency, and what several clients come to together."""
    st.header(currency)
    if len(rows) == 1:
        return
    whole = rows[0].sums
    for row in rows[1:]:
        whole += row.sums
    said = [f"{formatting.plural(len(rows), 'client')}, together {formatting.micros(whole.cost, currency)}"]
    if (roas := ratio("roas", whole)) is not None:
        said.append(f"ROAS {formatting.figure(roas, 'times')}")
    st.caption(escape_markdown(" · ".join(said), 200))


def without_rows(names: Sequence[str]) -> str:
    """Clients of which no row is in view, as a line."""
    return f"Nothing in these days: {escape_markdown(formatting.enumerate_names(names), 300)}."
