"""Creators: who brought what over all campaigns, cheapest per 1,000 views first; ?creator= opens one of them."""

from __future__ import annotations

import streamlit as st

from perfdash.presentation import formatting, periods
from perfdash.presentation.escaping import escape_markdown
from perfdash.presentation.kpis import totals
from perfdash.ui import downloads
from perfdash.ui.auth import session
from perfdash.ui.campaigns import header as campaign_header
from perfdash.ui.campaigns.empty import nothing_here
from perfdash.ui.components.messages import errors_shown
from perfdash.ui.creators import detail as creator_detail
from perfdash.ui.creators import rows as creator_rows
from perfdash.ui.creators import tables as creator_tables
from perfdash.ui.creators import trends as creator_trends
from perfdash.ui.filters import shown_currency, sidebar
from perfdash.ui.runtime import browser, cache, navigation
from perfdash.ui.sync_health import missing_rows, progress

principal = session.require(navigation.CREATORS)
asked = sidebar.current(principal)
question = asked.question

st.title("Creators")
zone = browser.zone()
with errors_shown():
    progress.last_result(principal, zone)
    progress.fetch_missing(question, zone)
    missing_rows.warn(question)
    groups = cache.groups(question)
    if not groups:
        nothing_here(question)
        st.stop()
    if principal.money:
        question = question.filtered(currency=shown_currency.choose(totals(groups, ())))
    campaign_header.draw_left_out(question)
    rows, without = creator_rows.creator_rows(question, cache.creators(principal, question.clients))
    clients = cache.client_names(principal)
    st.caption(escape_markdown(periods.told(asked.period.days, asked.period.ranges, clients), 400))
    chosen = creator_rows.creator_in_url(st.query_params)
    if chosen is not None:
        navigation.link(navigation.CREATORS, "All creators", icon="arrow_back")
        found = next((row for row in rows if row.ref == chosen), None)
        if found is None:
            st.info("There is no such creator in view.", icon=":material/search_off:")
            st.stop()
        creator_detail.draw_creator(question, found, clients.get(chosen.client, chosen.client))
        st.stop()
    if not rows:
        st.info("No row in view names a creator.", title="No creators", icon=":material/person_off:")
        st.stop()
    downloads.heading(
        formatting.plural(len(rows), "creator"),
        [lambda: downloads.csv(question, "creators", key="creators_csv")],
    )
    rows = creator_rows.in_order(rows, creator_tables.order(money=principal.money))
    in_view = {row.ref.client for row in rows}
    creator_tables.table(rows, {slug: name for slug, name in clients.items() if slug in in_view}, money=principal.money)
    if without is not None:
        creator_tables.without_creator(without, money=principal.money)
    creator_trends.multiples(question, rows)
