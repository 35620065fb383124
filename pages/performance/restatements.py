"""Restatements: what the platforms changed after they first told it, by how much, when, and whether it was late."""

from __future__ import annotations

import streamlit as st

from perfdash import restatements
from perfdash.restatements import ADDED, LABELS
from perfdash.ui import (
    cache,
    downloads,
    filters,
    menu,
    restated_reads,
    restated_words,
    session,
    settling_table,
    since_control,
    tables,
)
from perfdash.ui import restatement_tables as shown
from perfdash.ui.calm import calmly

principal = session.require(menu.RESTATEMENTS)
question = filters.current(principal).question

st.title("Restatements")
with calmly():
    since = since_control.control(question)
    if since is None:
        st.stop()
    while_open = st.toggle(
        "Also changes made while the day itself was running", key="while_open",
        help="A day that is not over grows with every sync; those changes are left out unless you ask for them.",
    )  # fmt: skip
    limited = question.filters.max_cpm is not None
    question = question.filtered(max_cpm=None, raw=True)
    if since.clients:
        named = tuple(client for client in since.clients if not question.clients or client in question.clients)
        question = question.filtered(clients=named or since.clients)
    moved = restated_reads.moved(question, since.at, while_open)
    restated_words.context(question, since, limited=limited, any_moved=bool(moved))

    if moved:
        changed = [name for name in ADDED if any(one.count(name) for one in restatements.total(moved))]
        field = restated_words.measure(changed or ["impressions"])
        now = {g.currency: g.sums for g in cache.groups(question)}
        in_view = restated_words.in_currencies(principal, moved, now)
        shown.sentences(field, in_view)

        total, sums = restated_words.one_currency(in_view)
        if principal.money:
            question = question.filtered(currency=total.currency)
        moved = [one for one in moved if one.currency == total.currency]
        shown.day_bars(field, moved, total.currency, question.filters.days, key="bars")

        downloads.heading("By measure")
        shown.by_measure(total, sums, restatements.FIELDS, key="measures")

        downloads.heading("By day")
        by_day = restatements.by(moved, lambda one: one.day)
        days = {(g.day, g.currency): g.sums for g in cache.groups(question, ("day",))}
        told = restated_words.same_currency(principal, days)
        shown.table(field, shown.lines(field, by_day, told, lambda day: (str(day), day)), days=True, key="by_day")

        downloads.heading("By campaign")
        by_campaign = restatements.by(moved, lambda one: (one.client, one.account, one.campaign))
        groups = cache.groups(question, ("client", "account", "campaign"))
        each = {((g.client, g.account, g.campaign), g.currency): g.sums for g in groups}
        names = restated_words.names(principal, question.clients)
        told = restated_words.same_currency(principal, each)
        rows = shown.lines(field, by_campaign, told, lambda key: (names.get(key, key[2]), None))
        shown.table(field, rows, days=False, key="by_campaign")

        build = restated_words.export_of(since.at, while_open)
        downloads.heading(
            "Every change",
            [lambda: downloads.listing(question, "restatements", build, key="restatements_csv")],
        )
        events = restated_reads.newest(question, since.at, while_open, field, tables.MOST_ROWS)
        shown.changes(field, events, names, key="changes")
        if len(events) == tables.MOST_ROWS:
            st.caption(f"The newest {tables.MOST_ROWS:,} changes of {LABELS[field].lower()}; the CSV holds all.")

    restated_words.corrections(question, since)
    settling_table.show(restated_reads.settling(question), money=principal.money)
