"""Overview: what it cost, what came of it, how that changed, and which campaigns and platforms it was."""

from __future__ import annotations

import streamlit as st

from perfdash.ui import downloads
from perfdash.ui.auth import session
from perfdash.ui.campaigns import header as campaign_header
from perfdash.ui.campaigns import headline
from perfdash.ui.campaigns import tables as campaign_tables
from perfdash.ui.campaigns.charts import daily_charts
from perfdash.ui.campaigns.empty import nothing_here
from perfdash.ui.components.messages import errors_shown
from perfdash.ui.filters import shown_currency, sidebar
from perfdash.ui.runtime import browser, cache, navigation
from perfdash.ui.share_links import form as link_form
from perfdash.ui.sync_health import missing_rows, progress

principal = session.require(navigation.OVERVIEW)
asked = sidebar.current(principal)
question = asked.question

left, right = st.columns([4, 1], vertical_alignment="bottom")
left.title("Overview")
zone = browser.zone()
with errors_shown():
    progress.last_result(principal, zone)
    progress.fetch_missing(question, zone)
    missing_rows.warn(question)
    found = headline.headline(asked)

    if found.is_empty:
        nothing_here(question)
        st.stop()

    origins = campaign_header.draw_context(asked, found)
    with right.container(horizontal_alignment="right"):
        link_form.offer(principal)
    campaign_header.draw_tiles(found, money=principal.money)
    campaign_header.draw_left_out(question)

    currency = shown_currency.choose(found.now.by_currency) if principal.money else ""
    shown = question.filtered(currency=currency) if currency else question
    daily_charts(shown, currency, origins, key="overview")

    downloads.heading("Platforms", [lambda: downloads.csv(question, "overview", key="overview_platforms_csv")])
    by_platform = cache.groups(shown, ("platform",))
    campaign_tables.platforms(by_platform, currency, money=principal.money, key="overview_platforms")

    downloads.heading("Campaigns", [lambda: downloads.csv(question, "campaigns", key="overview_campaigns_csv")])
    deliveries = cache.deliveries(question)
    campaign_tables.brief_table(found.campaigns_in(currency), deliveries, principal, currency, key="overview_campaigns")
