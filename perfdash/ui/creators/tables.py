"""The table of creators, and the control that puts them in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from perfdash.presentation import formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.campaigns.tables import CORRECTED, COST
from perfdash.ui.components import tables as component_tables
from perfdash.ui.components.tables import Shown, draw, measure, metric
from perfdash.ui.creators.rows import CreatorRow, orders, refs_of
from perfdash.ui.runtime import navigation

ORDER = "creator_order"
"""The key of the control, and its name in the URL."""
_PER_1000 = Shown("cost_per_1000_views", "Cost per 1,000 views", "price", lambda row: row.per_1000_views)


def order(*, money: bool) -> str:
    """What the reader wants creators put in order by; a link keeps it."""
    choices = orders(money=money)
    if st.session_state.get(ORDER) not in choices:
        st.session_state[ORDER] = choices[0]
    chosen = st.segmented_control("Order", choices, required=True, key=ORDER, bind="query-params")
    return chosen or choices[0]


def table(rows: Sequence[CreatorRow], clients: Mapping[str, str], *, money: bool) -> None:
    """One row per creator as they are ordered; `clients` are the names of those in view."""
    side = "cost" if money else "impressions"
    columns: tuple[Shown, ...] = (
        Shown("creator_name", "Creator", "text", lambda row: row.name, pinned=True, link=address),
        *((_client(clients),) if len(clients) > 1 else ()),
        CORRECTED,
        *((_PER_1000, COST) if money else ()),
        Shown("share", f"Share of {side}", "share", lambda row: row.share),
        measure("views"),
        measure("engagements"),
        *((metric("cpe"),) if money else ()),
        metric("engagement_rate"),
        measure("impressions"),
        Shown("creator_campaigns", "Campaigns", "count", lambda row: row.campaigns, "in which the creator is in view"),
    )
    most = component_tables.MOST_ROWS
    draw(rows[:most], columns, alt="Creators in view", key="creators", currency=rows[0].currency)
    if len(rows) > most:
        st.caption(f"The first {most:,} of {len(rows):,} creators in this order; the CSV holds all of them.")


def _client(clients: Mapping[str, str]) -> Shown:
    return Shown("client", "Client", "text", lambda row: clients.get(row.ref.client, row.ref.client))


def address(row: CreatorRow) -> str:
    """Where a creator's own page lies."""
    return navigation.address(navigation.CREATORS, refs_of(row.ref), row.name)


def without_creator(row: CreatorRow, *, money: bool) -> None:
    """What names no creator, apart from those that can be compared."""
    said = (
        formatting.micros(row.sums.cost, row.currency)
        if money
        else f"{formatting.figure(row.sums.impressions, 'count')} impressions"
    )
    share = f" ({formatting.figure(row.share, 'percent')} of all)" if row.share is not None else ""
    campaigns = formatting.plural(row.campaigns, "campaign")
    st.caption(escape_markdown(f"Without a creator: {said}{share}, in {campaigns}. Not part of the table.", 300))
