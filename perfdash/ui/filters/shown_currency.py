"""Which currency a page shows where several are in view: amounts of two never share a tile row, a chart or a column."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import streamlit as st

from perfdash.domain.facts import MICRO
from perfdash.presentation import formatting
from perfdash.presentation.kpis import Total

KEY, _LAST = "shown", "_last_shown"


def choose(totals: Sequence[Total]) -> str:
    """The currency to show, chosen by chips like "EUR 28.9k", which stand in the URL; '' when nothing is in view.

    Without a choice it is the one with the most impressions. Exports hold all of them whatever is shown.
    """
    costs = {total.currency: total.sums.cost for total in totals}
    if len(costs) < 2:
        return next(iter(costs), "")
    state = st.session_state
    asked = state.get(KEY, st.query_params.get(KEY, state.get(_LAST)))
    usual = max(totals, key=lambda total: (total.sums.impressions or 0, total.currency)).currency
    state[KEY] = asked if asked in costs else usual
    chosen = st.segmented_control(
        "Currency shown",
        sorted(costs),
        key=KEY,
        bind="query-params",
        required=True,
        format_func=lambda currency: _chip(currency, costs[currency]),
        help="Amounts of different currencies are never added or sorted together. Every CSV holds all of them.",
    )
    state[_LAST] = chosen or usual
    return chosen or usual


def _chip(currency: str, cost: int | None) -> str:
    if cost is None:
        return currency
    return f"{currency} {formatting.digits(Fraction(cost, MICRO), 'money', currency, 'short')}"
