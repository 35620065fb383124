"""The sidebar's filter by price: currency, the highest CPM, and what it is applied to. Only for who may see money."""

from __future__ import annotations

import streamlit as st

from perfdash.domain.question import Question
from perfdash.errors import UsageError
from perfdash.filters import Grain, cpm_limit
from perfdash.store import queries
from perfdash.ui import link, wiring


def narrowed(question: Question) -> tuple[Question, tuple[str, ...]]:
    """The question with currency, limit and grain, and what was not applied: no limit until one currency is in view."""
    currencies = queries.currencies(wiring.store(), question)
    currency = None
    if len(currencies) > 1:
        currency = st.selectbox(
            "Currency", currencies, index=None, key="currency", bind="query-params", placeholder="All currencies"
        )
    one = currency or (currencies[0] if len(currencies) == 1 else "")
    several = len(currencies) > 1 and currency is None
    limit, unusable = _limit(one, several)
    if len(currencies) == 1 and (asked := st.query_params.get("currency", one)) != one:
        unusable += (f"currency “{asked}”: everything in view is in {one}",)
    grain: Grain | None = st.segmented_control(
        "Applied to each", link.GRAINS, key="cpm_grain", bind="query-params", required=True, disabled=several,
        help="row: a campaign on one platform on one day. campaign: a campaign over all days and platforms in view.",
    )  # fmt: skip
    return question.filtered(currency=currency, max_cpm=limit, cpm_grain=grain or "row"), unusable


def _limit(currency: str, several: bool) -> tuple[int | None, tuple[str, ...]]:
    value = st.number_input(
        f"CPM at most ({currency})" if currency else "CPM at most", min_value=0.0, max_value=1e6, value=None, step=1.0,
        format="%g", key="max_cpm", bind="query-params", disabled=several,
        placeholder="Choose a currency" if several else "No limit",
        help="Keeps what costs at most this much per thousand impressions. What has no CPM is left out, and said so.",
    )  # fmt: skip
    if value is None:
        return None, ()
    if several:
        return None, (f"CPM at most {value:g}, until one currency is chosen",)
    try:
        return cpm_limit(repr(float(value))), ()
    except UsageError:
        return None, (f"CPM at most {value:g}",)
