"""What a page says when nothing is in view: why, and where the nearest data is."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from perfdash.domain.accounts import Days
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.presentation import formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.store.query import overview
from perfdash.ui.campaigns import header as campaign_header
from perfdash.ui.filters import as_of as as_of_control
from perfdash.ui.runtime import cache, context


def nothing_here(question: Question) -> None:
    """Why there is nothing, and where the nearest data is."""
    principal, filters = question.principal, question.filters
    if not principal.sees_all and not principal.clients:
        st.info(
            "Your account is there, but no client is part of it yet. Whoever invited you can add one.",
            title="No client yet",
            icon=":material/person_off:",
        )
        return
    if as_of_control.nothing_known_yet(question):
        return
    if filters.max_cpm is not None and (unlimited := cache.groups(question.filtered(max_cpm=None))):
        _over_the_limit(filters, unlimited[0].currency)
        campaign_header.draw_left_out(question)
        return
    what = "This campaign did not run" if question.only else "No campaign ran"
    where = f" on {formatting.enumerate_names(filters.platforms)}" if filters.platforms else ""
    st.info(
        f"{what} in these days ({formatting.days(filters.days)}){escape_markdown(where)}. {_nearest(question)}",
        title="No data",
        icon=":material/event_busy:",
    )


def _over_the_limit(filters: Filters, currency: str) -> None:
    limit = formatting.micros(filters.max_cpm, currency)
    st.info(
        f"Nothing from {formatting.days(filters.days)} has a CPM of at most {escape_markdown(limit)}. "
        f"Raise the limit, or remove it.",
        title="No data under this limit",
        icon=":material/filter_alt_off:",
    )


def _nearest(question: Question) -> str:
    if question.principal.lock is not None:
        return "This link shows no others."
    filters, store = question.filters, context.store()
    first, last = overview.first_day(store, question), overview.last_day(store, question)
    if first is None or last is None:
        return "No data is stored yet: sync it first."
    whole = Days(first, last)
    if question.only is not None or filters.platforms:
        ever = replace(question, filters=Filters(whole, filters.clients, filters.platforms))
        ran = [group.day for group in cache.groups(ever, ("day",)) if group.day]
        if not ran:
            return f"It is in no stored day from {formatting.days(whole)}."
        whole = Days(min(ran), max(ran))
    return f"The nearest data is from {formatting.days(whole)}."
