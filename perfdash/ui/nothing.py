"""What a page says when nothing is in view: why, and where the nearest data is."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from perfdash import words
from perfdash.access import Principal
from perfdash.accounts import Days
from perfdash.filters import Filters
from perfdash.store import queries
from perfdash.store.queries import CampaignRef
from perfdash.ui import asof_control, cache, widgets, wiring
from perfdash.ui.filters import Selection
from perfdash.ui.plain import plain


def nothing_here(principal: Principal, asked: Selection, only: CampaignRef | None = None) -> None:
    """Why there is nothing, and where the nearest data is."""
    filters, as_of = asked.filters, asked.as_of
    if not principal.sees_all and not principal.clients:
        st.info(
            "Your account is there, but no client is part of it yet. Whoever invited you can add one.",
            title="No client yet", icon=":material/person_off:",
        )  # fmt: skip
        return
    if asof_control.nothing_known_yet(principal, filters.clients if only is None else (only.client,), as_of):
        return
    unlimited = replace(filters, max_cpm=None)
    if filters.max_cpm is not None and (found := cache.groups(principal, unlimited, (), only, as_of)):
        _over_the_limit(filters, found[0].currency)
        widgets.left_out(cache.undefined(principal, filters, only, as_of), filters.cpm_grain)
        return
    what = "This campaign did not run" if only else "No campaign ran"
    where = f" on {words.listed(filters.platforms)}" if filters.platforms else ""
    st.info(
        f"{what} in these days ({words.days(filters.days)}){plain(where)}. {_nearest(principal, asked, only)}",
        title="No data", icon=":material/event_busy:",
    )  # fmt: skip


def _over_the_limit(filters: Filters, currency: str) -> None:
    limit = words.micros(filters.max_cpm, currency)
    st.info(
        f"Nothing from {words.days(filters.days)} has a CPM of at most {plain(limit)}. Raise the limit, or remove it.",
        title="No data under this limit", icon=":material/filter_alt_off:",
    )  # fmt: skip


def _nearest(principal: Principal, asked: Selection, only: CampaignRef | None) -> str:
    if principal.lock is not None:
        return "This link shows no others."
    filters, as_of = asked.filters, asked.as_of
    names = filters.clients if only is None else (only.client,)
    store = wiring.store()
    first = queries.first_day(store, principal, names, as_of)
    last = queries.last_day(store, principal, names, as_of)
    if first is None or last is None:
        return "No data is stored yet: sync it first."
    whole = Days(first, last)
    if only is not None or filters.platforms:
        found = cache.groups(principal, Filters(whole, filters.clients, filters.platforms), ("day",), only, as_of)
        ran = [group.day for group in found if group.day]
        if not ran:
            return f"It is in no stored day from {words.days(whole)}."
        whole = Days(min(ran), max(ran))
    return f"The nearest data is from {words.days(whole)}."
