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
asked = filters.current(principal)
ref = campaign_tables.asked(st.query_params)

campaign_tables.back_link()
with calmly():
    known = cache.campaigns(asked.question.about(ref)) if ref else ()
    if ref is None or not known:
        st.title("Campaign")
        if asof_control.nothing_known_yet(asked.question.filtered(clients=()).about(ref)):
            st.stop()
        st.info("There is no such campaign here. Choose one on the campaigns page.", icon=":material/search_off:")
        st.stop()

    asked = asked.about(ref)
    question = asked.question
    st.title(plain(known[0].name, 200))
    pacing.flight_line(known[0])
    correction_link.offer(question)
    zone = viewer.zone()
    syncing.last_result(principal, zone)
    syncing.fetch_missing(question, zone)
    found = questions.headline(asked)

    if principal.money and principal.lock is None:
        (current, *_) = cache.campaigns(question)
        pacing.budget_bar(current, cache.first_day(question), question.as_of)
    if found.is_empty:
        nothing_here(question)
        st.stop()

    origins = widgets.context(asked, found)
    widgets.headline(found, money=principal.money, without=("campaigns", "budget"))
    widgets.left_out(cache.undefined(question), question.filters.cpm_grain)

    daily_charts(question, found.currencies, origins, key="campaign")

    downloads.heading(
        "Platforms",
        [lambda: downloads.csv(question, "overview", key="campaign_platforms_csv")],
    )
    by_platform = cache.groups(question, ("platform",))
    campaign_tables.platforms(by_platform, money=principal.money, key="campaign_platforms")

    downloads.heading("Creators", [lambda: downloads.csv(question, "creators", key="campaign_creators_csv")])
    by_creator = cache.groups(question, ("client", "account", "creator"))
    names = cache.creators(principal, (ref.client,))
    campaign_tables.creators(by_creator, names, money=principal.money, key="campaign_creators")
