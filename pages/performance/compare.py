"""Compare: two to four campaigns, creators, platforms, clients or periods side by side, the difference last."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from perfdash.domain.side_by_side import FEWEST
from perfdash.presentation.escaping import escape_markdown
from perfdash.presentation.kpis import totals
from perfdash.ui.auth import session
from perfdash.ui.campaigns import header as campaign_header
from perfdash.ui.campaigns.empty import nothing_here
from perfdash.ui.compare import choices
from perfdash.ui.compare import periods as compare_periods
from perfdash.ui.compare import table as compare_table
from perfdash.ui.components.messages import errors_shown
from perfdash.ui.filters import shown_currency, sidebar
from perfdash.ui.runtime import browser, cache, navigation
from perfdash.ui.sync_health import missing_rows, progress

principal = session.require(navigation.COMPARE)
asked = sidebar.current(principal)
question = asked.question

st.title("Compare")
zone = browser.zone()
with errors_shown():
    progress.last_result(principal, zone)
    progress.fetch_missing(question, zone)
    missing_rows.warn(question)
    groups = cache.groups(question)
    if not groups:
        nothing_here(question)
        st.stop()
    clients = cache.client_names(principal)
    kind = choices.kind(several_clients=len(clients) > 1)
    if principal.money and kind in choices.ONE_CURRENCY:
        asked = replace(asked, question=question.filtered(currency=shown_currency.choose(totals(groups, ()))))
    campaign_header.draw_left_out(asked.question)
    found = choices.in_view(asked, kind, clients)
    if len(found) < FEWEST:
        st.info(
            f"There are fewer than two {kind.lower()} in view to put side by side.", icon=":material/compare_arrows:"
        )
        st.stop()
    sides = choices.chosen(found, kind)
    if len(sides) < FEWEST:
        st.info(f"Choose another one: two to four {kind.lower()} stand side by side.", icon=":material/compare_arrows:")
        st.stop()
    labels = [side.label for side in sides]
    told = compare_periods.days_line(asked, labels, clients) if kind == "Periods" else choices.days_line(asked, clients)
    st.caption(escape_markdown(told, 600))
    compare_table.side_by_side(sides)
