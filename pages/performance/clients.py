"""Clients: one row for each, so that the one off pace, the one that fell and the stale one are seen at once."""

from __future__ import annotations

import streamlit as st

from perfdash.presentation import periods
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.auth import session
from perfdash.ui.campaigns.empty import nothing_here
from perfdash.ui.clients import rows as client_rows
from perfdash.ui.clients import tables as client_tables
from perfdash.ui.components.messages import errors_shown
from perfdash.ui.filters import sidebar
from perfdash.ui.runtime import browser, cache, navigation
from perfdash.ui.sync_health import missing_rows, progress

principal = session.require(navigation.CLIENTS)
asked = sidebar.current(principal)
question = asked.question

st.title("Clients")
zone = browser.zone()
with errors_shown():
    progress.last_result(principal, zone)
    progress.fetch_missing(question, zone)
    missing_rows.warn(question)
    in_view = client_rows.clients_in_view(question)
    if not cache.groups(question, ("client",)):
        nothing_here(question)
        st.stop()
    rows = client_rows.client_rows(asked, in_view)
    days = periods.told(asked.period.days, asked.period.ranges, cache.client_names(principal))
    st.caption(f"{escape_markdown(days, 400)} · a name opens that client's Overview, which says what changed.")
    client_tables.tables(rows, money=principal.money)
    silent = [one.name for one in in_view if one.slug not in {row.client.slug for row in rows}]
    if silent:
        st.caption(client_tables.without_rows(silent))
