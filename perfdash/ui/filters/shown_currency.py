"""Which currency a page shows where several are in view: amounts of two never share a tile row, a chart or a column."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import streamlit as st

from perfdash.domain.facts import MICRO
from perfdash.presentation import formatting
from perfdash.presentation.kpis import Total
from perfdash.ui.runtime import streamlit_internals

KEY = "shown"
_CHIPS, _LAST = "_shown_chips", "_shown_last"


def choose(totals: Sequence[Total]) -> str:
    """The currency to show, chosen by chips like "EUR 28.9k", which stand in the URL; '' when nothing is in view.

    Without a choice it is the one with the most impressions. Exports hold all of them whatever is shown.
    """
    costs = {total.currency: total.sums.cost for total in totals}
    if len(costs) < 2:
        return next(iter(costs), "")
    # Bound to the URL, Streamlit would write the whole text of a chip there.
    state, asked = st.session_state, st.query_params.get(KEY)
    last = None if streamlit_internals.by_history() else state.get(_LAST)
    usual = max(totals, key=lambda total: (total.sums.impressions or 0, total.currency)).currency
    shown = next(one for one in (asked, last, usual) if one in costs)
    if shown not in (asked, usual):
        st.query_params[KEY] = shown
    state[_CHIPS] = state[_LAST] = shown
    st.segmented_control(
        "Currency shown",
        sorted(costs),
        key=_CHIPS,
        required=True,
        on_change=_chosen,
        format_func=lambda currency: _chip(currency, costs[currency]),
        label_visibility="collapsed",
    )
    return str(shown)


def _chosen() -> None:
    st.query_params[KEY] = st.session_state[_CHIPS]


def _chip(currency: str, cost: int | None) -> str:
    if cost is None:
        return currency
    return f"{currency} {formatting.digits(Fraction(cost, MICRO), 'money', currency, 'short')}"
