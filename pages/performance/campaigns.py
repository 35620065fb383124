"""Campaigns: every campaign in view with all its measures and ratios; a row opens the campaign."""

from __future__ import annotations

import streamlit as st

from perfdash import words
from perfdash.ui import cache, campaign_tables, downloads, filters, menu, questions, session, syncing, viewer, widgets
from perfdash.ui.calm import calmly
from perfdash.ui.nothing import nothing_here

principal = session.require(menu.CAMPAIGNS)
asked = filters.current(principal)
question = asked.question

st.title("Campaigns")
zone = viewer.zone()
with calmly():
    syncing.last_result(principal, zone)
    syncing.fetch_missing(question, zone)
    found = questions.headline(asked)

    if found.is_empty:
        nothing_here(question)
        st.stop()

    campaign_tables.open_chosen("campaigns")
    origins = widgets.context(asked, found)
    widgets.left_out(cache.undefined(question), question.filters.cpm_grain)

    downloads.heading(
        words.plural(int(found.now.together.campaigns), "campaign"),
        [
            lambda: downloads.csv(question, "campaigns", key="campaigns_csv"),
            lambda: downloads.csv(question, "daily", key="campaigns_daily_csv", label="CSV by day"),
        ],
    )
    campaign_tables.full(found.campaigns, origins, principal, key="campaigns")
    st.caption("Choose a row to open its campaign; click a column's name to sort.")
