"""What changed: what the platforms changed after they first told it, by how much, when, and whether it was late."""

from __future__ import annotations

import streamlit as st

from perfdash.domain import restatements
from perfdash.domain.restatements import ADDED, LABELS
from perfdash.ui import downloads
from perfdash.ui.auth import session
from perfdash.ui.components import tables as component_tables
from perfdash.ui.components.messages import errors_shown
from perfdash.ui.filters import sidebar
from perfdash.ui.restatements import reads as restatement_reads
from perfdash.ui.restatements import since as since_control
from perfdash.ui.restatements import tables as shown
from perfdash.ui.runtime import cache, navigation
from perfdash.ui.sync_health import missing_rows

principal = session.require(navigation.RESTATEMENTS)
question = sidebar.current(principal).question

st.title("What changed")
with errors_shown():
    missing_rows.warn(question)
    since = since_control.control(question)
    if since is None:
        st.stop()
    while_open = st.toggle(
        "Also changes made while the day itself was running",
        key="while_open",
        help="A day that is not over grows with every sync; those changes are left out unless you ask for them.",
    )
    limited = question.filters.max_cpm is not None
    question = question.filtered(max_cpm=None, raw=True)
    if since.clients:
        named = tuple(client for client in since.clients if not question.clients or client in question.clients)
        question = question.filtered(clients=named or since.clients)
    moved = restatement_reads.moved(question, since.at, while_open)
    restatement_reads.draw_context(question, since, limited=limited, any_moved=bool(moved))

    if moved:
        changed = [name for name in ADDED if any(one.count(name) for one in restatements.by_currency(moved))]
        field = restatement_reads.measure(changed or ["impressions"])
        now = {g.currency: g.sums for g in cache.groups(question)}
        in_view = restatement_reads.in_currencies(principal, moved, now)
        shown.sentences(field, in_view)

        total, sums = restatement_reads.one_currency(in_view)
        if principal.money:
            question = question.filtered(currency=total.currency)
        moved = [one for one in moved if one.currency == total.currency]
        shown.day_bars(field, moved, total.currency, question.filters.days, key="bars")

        downloads.heading("By measure")
        shown.by_measure(total, sums, restatements.RESTATED_FIELDS, key="measures")

        downloads.heading("By day")
        by_day = restatements.by_key(moved, lambda one: one.day)
        days = {(g.day, g.currency): g.sums for g in cache.groups(question, ("day",))}
        told = restatement_reads.same_currency(principal, days)
        shown.table(field, shown.lines(field, by_day, told, lambda day: (str(day), day)), days=True, key="by_day")

        downloads.heading("By campaign")
        by_campaign = restatements.by_key(moved, lambda one: (one.client, one.account, one.campaign))
        groups = cache.groups(question, ("client", "account", "campaign"))
        each = {((g.client, g.account, g.campaign), g.currency): g.sums for g in groups}
        names = restatement_reads.names_in_view(principal, question.clients)
        told = restatement_reads.same_currency(principal, each)
        rows = shown.lines(field, by_campaign, told, lambda key: (names.get(key, key[2]), None))
        shown.table(field, rows, days=False, key="by_campaign")

        build = restatement_reads.export_of(since.at, while_open)
        downloads.heading(
            "Every change",
            [lambda: downloads.listing(question, "restatements", build, key="restatements_csv")],
        )
        events = restatement_reads.newest(question, since.at, while_open, field, component_tables.MOST_ROWS)
        shown.changes(field, events, names, key="changes")
        if len(events) == component_tables.MOST_ROWS:
            st.caption(
                f"The newest {component_tables.MOST_ROWS:,} changes of {LABELS[field].lower()}; the CSV holds all."
            )

    restatement_reads.corrections(question, since)
    shown.draw_settlement(restatement_reads.settlement_curves(question), money=principal.money)
