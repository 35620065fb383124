"""One campaign, at an address of its own: its flight and budget, its trend, its platforms and creators."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from perfdash.ui import cache, campaign_tables, downloads, filters, pacing, questions, session, syncing, viewer, widgets
from perfdash.ui.calm import calmly
from perfdash.ui.daily import daily_charts
from perfdash.ui.nothing import nothing_here
from perfdash.ui.plain import plain

principal = session.require()
asked = filters.current()
ref = campaign_tables.asked(st.query_params)

campaign_tables.back_link()
with calmly():
    known = cache.campaigns(principal, asked.filters, ref) if ref else ()
    if ref is None or not known:
        st.title("Campaign")
        st.info("There is no such campaign here. Choose one on the campaigns page.", icon=":material/search_off:")
        st.stop()

    st.title(plain(known[0].name, 200))
    pacing.flight_line(known[0])
    zone = viewer.zone()
    syncing.last_result(principal, zone)
    syncing.fetch_missing(principal, replace(asked.filters, clients=(ref.client,)), zone)
    found = questions.headline(principal, asked, ref)

    if principal.money:
        pacing.budget_bar(cache.campaigns(principal, asked.filters, ref)[0], cache.first_day(principal, ref.client))
    if found.is_empty:
        nothing_here(principal, asked, ref)
        st.stop()

    widgets.context(principal, asked, found, (ref.client,))
    widgets.headline(found, money=principal.money, without=("campaigns", "budget"))
    widgets.left_out(cache.undefined(principal, asked.filters, ref), asked.filters.cpm_grain)

    daily_charts(principal, asked.filters, found.currencies, key="campaign", only=ref)

    downloads.heading(
        "Platforms",
        [lambda: downloads.csv(principal, "overview", asked.filters, key="campaign_platforms_csv", only=ref)],
    )
    by_platform = cache.groups(principal, asked.filters, ("platform",), ref)
    campaign_tables.platforms(by_platform, money=principal.money, key="campaign_platforms")

    downloads.heading(
        "Creators", [lambda: downloads.csv(principal, "creators", asked.filters, key="campaign_creators_csv", only=ref)]
    )
    by_creator = cache.groups(principal, asked.filters, ("client", "account", "creator"), ref)
    names = cache.creators(principal, (ref.client,))
    campaign_tables.creators(by_creator, names, money=principal.money, key="campaign_creators")
