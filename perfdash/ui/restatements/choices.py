"""What is chosen on the page "What changed": measure, currency and order of the list; each stands in the address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import streamlit as st

from perfdash.domain.restatements import ADDED, LABELS, RestatedField
from perfdash.domain.then_and_now import ThenNow
from perfdash.presentation.kpis import Total
from perfdash.ui.filters import shown_currency

ListOrder = Literal["newest", "largest"]
ORDERS: tuple[ListOrder, ...] = get_args(ListOrder)
_ORDER_LABELS: dict[ListOrder, str] = {"newest": "Newest first", "largest": "Largest first"}


def measure(totals: Sequence[ThenNow]) -> RestatedField:
    """The measure that sentence, chart and tables speak of, of those that changed: cost where it is one of them."""
    fields = [field for field in ADDED if any(one.differs(field) for one in totals)] or ["impressions"]
    first: RestatedField = "cost" if "cost" in fields else fields[0]
    if st.session_state.get("measure") not in fields:
        st.session_state["measure"] = first
    chosen: RestatedField | None = st.segmented_control(
        "Measure",
        fields,
        format_func=LABELS.__getitem__,
        required=True,
        key="measure",
        bind="query-params",
        label_visibility="collapsed",
    )
    return chosen if chosen in fields else first


def currency(totals: Sequence[ThenNow]) -> ThenNow:
    """The currency that chart and tables are about: amounts in different currencies share no axis and no column."""
    by_name = {one.currency: one for one in totals}
    return by_name[shown_currency.choose([Total(one.currency, one.now) for one in totals])]


def order() -> ListOrder:
    """How the list of changes is sorted."""
    if st.session_state.get("order") not in ORDERS:
        st.session_state["order"] = ORDERS[0]
    chosen: ListOrder | None = st.segmented_control(
        "Order",
        ORDERS,
        format_func=_ORDER_LABELS.__getitem__,
        required=True,
        key="order",
        bind="query-params",
        label_visibility="collapsed",
    )
    return chosen if chosen in ORDERS else ORDERS[0]
