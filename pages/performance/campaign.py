"""One campaign, at an address of its own: its flight and budget, its trend, its platforms and creators."""

from __future__ import annotations

import streamlit as st

from perfdash.ui import (
    asof_control,
    cache,
    campaign_tables,
    correction_link,
    downloads,
    filters,
    menu,
    pacing,
    questions,
    session,
    syncing,
    viewer,
    widgets,
)
from perfdash.ui.calm import calmly
from perfdash.ui.daily import daily_charts
from perfdash.ui.nothing import nothing_here
from perfdash.ui.plain import plain

principal = session.require(menu.CAMPAIGN)
asked = filters.current()
ref = campaign_tables.asked(st.query_params)

campaign_tables.back_link()
with calmly():
    known = cache.campaigns(principal, asked.filters, ref, asked.as_of) if ref else ()
    if ref is None or not known:
        st.title("Campaign")
        if asof_control.nothing_known_yet(principal, (ref.client,) if ref else (), asked.as_of):
            st.stop()
        st.info("There is no such campaign here. Choose one on the campaigns page.", icon=":material/search_off:")
        st.stop()

    st.title(plain(known[0].name, 200))
    pacing.flight_line(known[0])
    correction_link.offer(principal, ref, asked.as_of)
    zone = viewer.zone()
    syncing.last_result(principal, zone)
    syncing.fetch_missing(principal, asked, zone, (ref.client,))
    found = questions.headline(principal, asked, ref)

    if principal.money and principal.lock is None:
        (current, *_) = cache.campaigns(principal, asked.filters, ref, asked.as_of)
        pacing.budget_bar(current, cache.first_day(principal, ref.client, asked.as_of), asked.as_of)
    if found.is_empty:
        nothing_here(principal, asked, ref)
        st.stop()

    origins = widgets.context(principal, asked, found, (ref.client,))
    widgets.headline(found, money=principal.money, without=("campaigns", "budget"))
    widgets.left_out(cache.undefined(principal, asked.filters, ref, asked.as_of), asked.filters.cpm_grain)

    daily_charts(principal, asked, found.currencies, origins, key="campaign", only=ref)

    downloads.heading(
        "Platforms",
        [lambda: downloads.csv(principal, "overview", asked, key="campaign_platforms_csv", only=ref)],
    )
    by_platform = cache.groups(principal, asked.filters, ("platform",), ref, asked.as_of)
    campaign_tables.platforms(by_platform, money=principal.money, key="campaign_platforms")

    downloads.heading(
        "Creators", [lambda: downloads.csv(principal, "creators", asked, key="campaign_creators_csv", only=ref)]
    )
    by_creator = cache.groups(principal, asked.filters, ("client", "account", "creator"), ref, asked.as_of)
    names = cache.creators(principal, (ref.client,))
    campaign_tables.creators(by_creator, names, money=principal.money, key="campaign_creators")
