"""What changed: what the platforms report otherwise than before, by how much, when, and whether it was late."""

from __future__ import annotations

import streamlit as st

from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.question import Question
from perfdash.domain.restatements import LABELS
from perfdash.presentation import json_documents
from perfdash.presentation.tables import Table
from perfdash.ui import downloads
from perfdash.ui.auth import session
from perfdash.ui.components import tables as component_tables
from perfdash.ui.components.messages import errors_shown
from perfdash.ui.filters import sidebar
from perfdash.ui.restatements import choices, comparison, headline, reads, settling
from perfdash.ui.restatements import since as since_control
from perfdash.ui.restatements import tables as shown
from perfdash.ui.runtime import navigation
from perfdash.ui.sync_health import missing_rows

principal = session.require(navigation.RESTATEMENTS)
question = sidebar.current(principal).question

st.title("What changed")
with errors_shown():
    missing_rows.warn(question)
    since = since_control.control(question)
    if since is None:
        st.stop()
    limited = question.filters.max_cpm is not None
    whole, filling = comparison.compared(question, since)
    headline.context_line(question, since, whole, limited=limited)

    totals = [one for one in whole.totals() if one.now.rows or one.then.rows]
    field = choices.measure(totals)
    headline.sentences(field, totals, whole)
    headline.filling(field, filling)

    if any(one.moved.events or one.differs(field) for one in totals) and whole.days is not None:
        total = choices.currency(totals)
        of_currency = whole.in_currency(total.currency)
        moments = shown.Moments(since.short, headline.until(question).capitalize())
        by_day = of_currency.by_day()
        shown.day_bars(field, by_day, total.currency, whole.days, key="bars")

        downloads.heading("By measure")
        shown.by_measure(total, moments, key="measures")

        downloads.heading("By day")
        rows = [shown.day_line(field, one, day) for (day, _), one in by_day.items() if one.differs(field)]
        shown.table(field, rows, moments, total.currency, days=True, key="by_day")

        downloads.heading("By campaign")
        names = reads.names_in_view(principal, question.clients)
        each = of_currency.by_campaign().items()
        rows = [
            shown.campaign_line(field, one, CampaignRef(*ref), names.get(ref, ref[2]))
            for (ref, _), one in each
            if one.differs(field)
        ]
        shown.table(field, rows, moments, total.currency, days=False, key="by_campaign")

        def build(asking: Question, since: since_control.Since = since) -> Table:
            """The list whole, for who asks at the click."""
            asked = comparison.compared(asking, since)[0].asked
            found = reads.every_event(asked, since.at)
            return json_documents.restatements_table(found, reads.names_in_view(asking.principal, asking.clients))

        downloads.heading(
            "Every change",
            [choices.order, lambda: downloads.listing(question, "restatements", build, key="restatements_csv")],
        )
        row_names = shown.RowNames(names, reads.creators(question), reads.account_labels(principal, question.clients))
        events = of_currency.newest(field, component_tables.MOST_ROWS)
        lines = [shown.event_line(field, event, row_names) for event in events]
        if st.session_state.get("order") == "largest":
            lines.sort(key=lambda one: -abs(one.difference))
        shown.changes(field, lines, total.currency, key="changes")
        if len(events) == component_tables.MOST_ROWS:
            st.caption(
                f"The newest {component_tables.MOST_ROWS:,} changes of {LABELS[field].lower()}; the CSV holds all."
            )

    headline.corrections(question, since)
    settling.settling(reads.settlement_curves(question), money=principal.money)
