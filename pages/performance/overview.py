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
asked = filters.current(principal)
question = asked.question

left, right = st.columns([4, 1], vertical_alignment="bottom")
left.title("Overview")
zone = viewer.zone()
with calmly():
    syncing.last_result(principal, zone)
    syncing.fetch_missing(question, zone)
    found = questions.headline(asked)

    if found.is_empty:
        nothing_here(question)
        st.stop()

    campaign_tables.open_chosen("overview_campaigns")
    origins = widgets.context(asked, found)
    with right.container(horizontal_alignment="right"):
        link_form.offer(principal)
    widgets.headline(found, money=principal.money)
    widgets.left_out(cache.undefined(question), question.filters.cpm_grain)

    daily_charts(question, found.currencies, origins, key="overview")

    downloads.heading("Platforms", [lambda: downloads.csv(question, "overview", key="overview_platforms_csv")])
    by_platform = cache.groups(question, ("platform",))
    campaign_tables.platforms(by_platform, money=principal.money, key="overview_platforms")

    downloads.heading("Campaigns", [lambda: downloads.csv(question, "campaigns", key="overview_campaigns_csv")])
    campaign_tables.brief(found.campaigns, principal, key="overview_campaigns")
    st.caption("Choose a row to open its campaign.")
