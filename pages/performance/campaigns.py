"""Campaigns: every campaign in view with all its measures and ratios; a row opens the campaign."""

from __future__ import annotations

import streamlit as st

from perfdash import words
from perfdash.ui import cache, campaign_tables, downloads, filters, menu, questions, session, syncing, viewer, widgets
from perfdash.ui.calm import calmly
from perfdash.ui.nothing import nothing_here

principal = session.require(menu.CAMPAIGNS)
asked = filters.current()

st.title("Campaigns")
zone = viewer.zone()
with calmly():
    syncing.last_result(principal, zone)
    syncing.fetch_missing(principal, asked, zone)
    found = questions.headline(principal, asked)

    if found.is_empty:
        nothing_here(principal, asked)
        st.stop()

    campaign_tables.open_chosen("campaigns")
    origins = widgets.context(principal, asked, found, asked.filters.clients)
    widgets.left_out(cache.undefined(principal, asked.filters, None, asked.as_of), asked.filters.cpm_grain)

    downloads.heading(
        words.plural(int(found.now.together.campaigns), "campaign"),
        [
            lambda: downloads.csv(principal, "campaigns", asked, key="campaigns_csv"),
            lambda: downloads.csv(principal, "daily", asked, key="campaigns_daily_csv", label="CSV by day"),
        ],
    )
    campaign_tables.full(found.campaigns, origins, principal, key="campaigns")
    st.caption("Choose a row to open its campaign; click a column's name to sort.")
