"""The two charts over time, for one currency at a time: amounts in different currencies share no axis."""

from __future__ import annotations

import streamlit as st

from perfdash.access import Principal
from perfdash.filters import Filters
from perfdash.store.queries import CampaignRef
from perfdash.ui import cache, drawings


def daily_charts(
    principal: Principal, filters: Filters, currencies: tuple[str, ...], *, key: str, only: CampaignRef | None = None
) -> None:
    """Cost and CPM per day and platform; impressions and CTR for who may not see money."""
    currency = _one(currencies, key) if principal.money else ""
    found = cache.groups(principal, filters, ("day", "platform"), only)
    groups = [group for group in found if not currency or group.currency == currency]
    platforms, days = cache.platforms(principal), filters.days
    left, right = st.columns(2)
    with left:
        if principal.money:
            drawings.bars("Cost", currency, groups, "cost", days, platforms, key=f"{key}_cost")
        else:
            drawings.bars("Impressions", "", groups, "impressions", days, platforms, key=f"{key}_impressions")
    with right:
        if principal.money:
            drawings.lines("CPM", currency, groups, "cpm", days, platforms, key=f"{key}_cpm")
        else:
            drawings.lines("CTR", "", groups, "ctr", days, platforms, key=f"{key}_ctr")


def _one(currencies: tuple[str, ...], key: str) -> str:
    if len(currencies) == 1:
        return currencies[0]
    chosen = st.segmented_control(
        "Currency of the charts", currencies, default=currencies[0], required=True, key=f"{key}_currency"
    )
    return chosen or currencies[0]
