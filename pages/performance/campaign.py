"""One campaign, at an address of its own: its flight and budget, its trend, its platforms and creators."""

from __future__ import annotations

import streamlit as st

from perfdash.presentation.escaping import escape_markdown
from perfdash.ui import downloads
from perfdash.ui.auth import session
from perfdash.ui.campaigns import header as campaign_header
from perfdash.ui.campaigns import headline
from perfdash.ui.campaigns import pace as campaign_pace
from perfdash.ui.campaigns import tables as campaign_tables
from perfdash.ui.campaigns.charts import daily_charts
from perfdash.ui.campaigns.empty import nothing_here
from perfdash.ui.components.messages import errors_shown
from perfdash.ui.corrections import select as correction_select
from perfdash.ui.filters import as_of as as_of_control
from perfdash.ui.filters import shown_currency, sidebar
from perfdash.ui.runtime import browser, cache, navigation
from perfdash.ui.sync_health import missing_rows, progress

principal = session.require(navigation.CAMPAIGN)
asked = sidebar.current(principal)
ref = campaign_tables.campaign_in_url(st.query_params)

campaign_tables.back_link()
with errors_shown():
    known = cache.campaigns(asked.question.about(ref)) if ref else ()
    if ref is None or not known:
        st.title("Campaign")
        if as_of_control.nothing_known_yet(asked.question.filtered(clients=()).about(ref)):
            st.stop()
        st.info("There is no such campaign here. Choose one on the campaigns page.", icon=":material/search_off:")
        st.stop()

    asked = asked.about(ref)
    question = asked.question
    st.title(escape_markdown(known[0].name, 200))
    campaign_tables.flight_line(known[0], cache.client_names(principal).get(ref.client, ""))
    correction_select.offer(question)
    zone = browser.zone()
    progress.last_result(principal, zone)
    progress.fetch_missing(question, zone)
    missing_rows.warn(question)
    found = headline.headline(asked)

    if principal.lock is None:
        campaign_pace.draw_pace(cache.campaigns(question)[0], cache.deliveries(question), cache.first_day(question))
    if found.is_empty:
        nothing_here(question)
        st.stop()

    origins = campaign_header.draw_context(asked, found)
    campaign_header.draw_tiles(found, money=principal.money, without=("campaigns", "budget"))
    campaign_header.draw_left_out(question)

    currency = shown_currency.choose(found.now.by_currency) if principal.money else ""
    shown = question.filtered(currency=currency) if currency else question
    daily_charts(shown, currency, origins, key="campaign")

    downloads.heading(
        "Platforms",
        [lambda: downloads.csv(question, "overview", key="campaign_platforms_csv")],
    )
    by_platform = cache.groups(shown, ("platform",))
    campaign_tables.platforms(by_platform, currency, money=principal.money, key="campaign_platforms")

    downloads.heading("Creators", [lambda: downloads.csv(question, "creators", key="campaign_creators_csv")])
    by_creator = cache.groups(shown, ("client", "account", "creator"))
    names = cache.creators(principal, (ref.client,))
    campaign_tables.creators(by_creator, names, currency, money=principal.money, key="campaign_creators")
