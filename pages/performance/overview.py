"""Overview: what it cost, what came of it, how that changed, and which campaigns and platforms it was."""

from __future__ import annotations

import streamlit as st

from perfdash.ui import (
    cache,
    campaign_tables,
    downloads,
    filters,
    link_form,
    menu,
    questions,
    session,
    syncing,
    viewer,
    widgets,
)
from perfdash.ui.calm import calmly
from perfdash.ui.daily import daily_charts
from perfdash.ui.nothing import nothing_here

principal = session.require(menu.OVERVIEW)
asked = filters.current()

left, right = st.columns([4, 1], vertical_alignment="bottom")
left.title("Overview")
zone = viewer.zone()
with calmly():
    syncing.last_result(principal, zone)
    syncing.fetch_missing(principal, asked, zone)
    found = questions.headline(principal, asked)

    if found.is_empty:
        nothing_here(principal, asked)
        st.stop()

    campaign_tables.open_chosen("overview_campaigns")
    origins = widgets.context(principal, asked, found, asked.filters.clients)
    with right.container(horizontal_alignment="right"):
        link_form.offer(principal)
    widgets.headline(found, money=principal.money)
    widgets.left_out(cache.undefined(principal, asked.filters, None, asked.as_of), asked.filters.cpm_grain)

    daily_charts(principal, asked, found.currencies, origins, key="overview")

    downloads.heading("Platforms", [lambda: downloads.csv(principal, "overview", asked, key="overview_platforms_csv")])
    by_platform = cache.groups(principal, asked.filters, ("platform",), None, asked.as_of)
    campaign_tables.platforms(by_platform, money=principal.money, key="overview_platforms")

    downloads.heading("Campaigns", [lambda: downloads.csv(principal, "campaigns", asked, key="overview_campaigns_csv")])
    campaign_tables.brief(found.campaigns, principal, key="overview_campaigns")
    st.caption("Choose a row to open its campaign.")
