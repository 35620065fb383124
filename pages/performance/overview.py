"""Overview: what became of the numbers that were reported, how they stand, what needs a look, and where to go on."""

from __future__ import annotations

import streamlit as st

from perfdash.presentation.escaping import escape_markdown
from perfdash.ui import attention
from perfdash.ui.auth import session
from perfdash.ui.campaigns import header as campaign_header
from perfdash.ui.campaigns import headline
from perfdash.ui.campaigns.empty import nothing_here
from perfdash.ui.components.messages import errors_shown
from perfdash.ui.filters import shown_currency, sidebar
from perfdash.ui.overview import memory, pacing
from perfdash.ui.overview.by_day import by_day
from perfdash.ui.overview.campaigns import campaigns
from perfdash.ui.overview.clients import clients
from perfdash.ui.overview.creators import creators
from perfdash.ui.overview.needs_a_look import needs_a_look
from perfdash.ui.overview.platforms import platforms
from perfdash.ui.overview.snapshot import snapshot
from perfdash.ui.overview.tiles import about, tiles
from perfdash.ui.restatements.base import base_of
from perfdash.ui.runtime import browser, cache, navigation
from perfdash.ui.share_links import form as link_form
from perfdash.ui.sync_health import missing_rows, progress

principal = session.require(navigation.OVERVIEW)
asked = sidebar.current(principal)
question = asked.question

head, chips, share = st.columns([4, 4, 2], vertical_alignment="bottom")
with head.container(gap=None):
    st.title("Overview")
    st.caption(escape_markdown(campaign_header.days_line(asked), 200))
zone = browser.zone()
with errors_shown():
    progress.last_result(principal, zone)
    progress.fetch_missing(question, zone)
    missing_rows.warn(question)
    found = headline.headline(asked)

    if found.is_empty:
        nothing_here(question)
        st.stop()

    with share.container(horizontal_alignment="right"):
        link_form.offer(principal)
    with chips:
        currency = shown_currency.choose(found.now.by_currency) if principal.money else ""
    base = base_of(question)
    if base is not None:
        memory.strip(question, base, currency)
    shot = snapshot(asked, currency, cache.origins(question), base, found.earlier)
    deliveries = cache.deliveries(question)
    paced = pacing.paced(deliveries, currency)
    with st.container(key="standing"):
        tiles(found, shot, paced, pacing.reported(question, base, currency))
        campaign_header.draw_context(asked, found, shows_days=False, also=about(shot))
        campaign_header.draw_left_out(question)
        if principal.lock is None:
            look, pace = st.columns([7, 5])
            with look:
                needs_a_look(attention.notices(question), cache.client_names(principal), question)
            with pace:
                pacing.pacing(paced, key="pacing")

    by_day(shot, found.campaigns)
    clients(question, found, shot, deliveries)
    campaigns(asked, found, shot, {delivery.ref: pace for delivery, pace in paced})

    side, top = st.columns(2)
    with side:
        platforms(question, shot)
    with top:
        creators(shot, cache.creators(principal, question.clients))
