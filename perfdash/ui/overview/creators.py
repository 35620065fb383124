"""The five creators that cost least for 1,000 views; without money those with the most views."""

from __future__ import annotations

import streamlit as st

from perfdash.presentation.columns import Names
from perfdash.ui.components.tables import Shown, draw, measure
from perfdash.ui.creators import tables as creator_tables
from perfdash.ui.creators.rows import creator_rows, in_order, orders
from perfdash.ui.overview.snapshot import Snapshot
from perfdash.ui.runtime import navigation

TOP = 5
_NAME = Shown("creator_name", "Creator", "text", lambda row: row.name, pinned=True, link=creator_tables.address)
_PER_1000 = Shown("cost_per_1000_views", "Per 1,000", "price", lambda row: row.per_1000_views)


def creators(shot: Snapshot, names: Names) -> None:
    """Nothing where no row in view names a creator with views."""
    principal = shot.question.principal
    money = principal.money
    rows, _ = creator_rows(shot.question, names)
    seen = [row for row in rows if row.sums.views]
    if not seen:
        return
    order = orders(money=money)[0]
    with st.container(border=True, height="stretch"):
        st.markdown(f"**Creators · {order[:1].lower()}{order[1:]}**")
        columns = (_NAME, *((_PER_1000,) if money else ()), measure("views"))
        draw(in_order(seen, order)[:TOP], columns, alt="Creators", key="overview_creators", currency=shot.currency)
        if principal.may(navigation.CREATORS.needs):
            navigation.link(navigation.CREATORS, "All creators", icon="arrow_forward")
