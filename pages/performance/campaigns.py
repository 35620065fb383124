"""Campaigns: every campaign in view with all its measures and ratios; a row opens the campaign."""

from __future__ import annotations

import streamlit as st

from perfdash.presentation import formatting
from perfdash.ui import downloads
from perfdash.ui.auth import session
from perfdash.ui.campaigns import header as campaign_header
from perfdash.ui.campaigns import headline
from perfdash.ui.campaigns import tables as campaign_tables
from perfdash.ui.campaigns.empty import nothing_here
from perfdash.ui.components.messages import errors_shown
from perfdash.ui.filters import shown_currency, sidebar
from perfdash.ui.runtime import browser, cache, navigation
from perfdash.ui.sync_health import missing_rows, progress

principal = session.require(navigation.CAMPAIGNS)
asked = sidebar.current(principal)
question = asked.question

st.title("Campaigns")
zone = browser.zone()
with errors_shown():
    progress.last_result(principal, zone)
    progress.fetch_missing(question, zone)
    missing_rows.warn(question)
    found = headline.headline(asked)

    if found.is_empty:
        nothing_here(question)
        st.stop()

    origins = campaign_header.draw_context(asked, found, shows_change=False)
    campaign_header.draw_left_out(question)

    currency = shown_currency.choose(found.now.by_currency) if principal.money else ""
    rows = found.campaigns_in(currency)
    downloads.heading(
        f"{formatting.plural(len(rows), 'campaign')}{f' in {currency}' if currency else ''}",
        [
            lambda: downloads.csv(question, "campaigns", key="campaigns_csv"),
            lambda: downloads.csv(question, "campaign_days", key="campaigns_daily_csv", label="CSV by day"),
        ],
    )
    campaign_tables.full_table(rows, cache.deliveries(question), origins, principal, currency, key="campaigns")
    st.caption("A campaign's name opens it; click a column's name to sort.")
