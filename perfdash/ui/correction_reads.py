"""What the page of corrections reads: the campaigns to choose from, the rows of one, and the decisions made so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from perfdash import correction_document
from perfdash.access import Principal
from perfdash.asof import AsOf
from perfdash.correction_story import Decision, decisions
from perfdash.export import Names, Table
from perfdash.filters import Filters
from perfdash.store import correctable, correction_log, queries
from perfdash.store.names import campaign_names
from perfdash.store.queries import CampaignRef
from perfdash.ui import cache, wiring
from perfdash.ui.filters import Selection


def decided(principal: Principal, asked: Selection) -> tuple[Decision, ...]:
    """The decisions about the days, clients and platforms in view, newest first, as they stood at the moment in view.

    Rows that arrived in a range are told of now only.
    """
    at = (wiring.store().label, queries.revisions_at(wiring.store(), principal, asked.filters.clients, asked.as_of))
    return _decided(cache.scope(principal), asked.filters, asked.as_of, at)


@st.cache_data(ttl="1h", max_entries=50, show_spinner=False)
def _decided(
    principal: Principal,
    filters: Filters,
    as_of: AsOf | None,
    version: Any,  # noqa: ARG001
) -> tuple[Decision, ...]:
    return _read(principal, filters, as_of)


def _read(principal: Principal, filters: Filters, as_of: AsOf | None) -> tuple[Decision, ...]:
    store = wiring.store()
    told = correction_log.told(store, principal, filters.clients, filters.days, as_of=as_of)
    late = correctable.arrived(store, principal, filters.clients) if as_of is None else {}
    found = decisions(told, late)
    if not filters.platforms:
        return found
    return tuple(one for one in found if set(one.platforms) & set(filters.platforms))


def names(principal: Principal, clients: tuple[str, ...]) -> Names:
    """The campaigns' current names."""
    return campaign_names(wiring.store(), principal, clients)


def log_of(asked: Selection) -> Callable[[Principal], Table]:
    """The decisions as a table, for who asks at the click."""
    filters, as_of = asked.filters, asked.as_of

    def build(asking: Principal) -> Table:
        return correction_document.table(_read(asking, filters, as_of), names(asking, filters.clients))

    return build


def campaigns(principal: Principal, filters: Filters) -> dict[str, CampaignRef]:
    """What is shown of each campaign in view -> what it is; every label is another."""
    whatever_cpm = Filters(filters.days, filters.clients, filters.platforms, raw=True)
    rows = cache.campaigns(principal, whatever_cpm)
    found: dict[str, CampaignRef] = {}
    for row in sorted(rows, key=lambda row: (row.name.casefold(), row.client, row.account, row.campaign)):
        ref = CampaignRef(row.client, row.account, row.campaign)
        label = f"{row.name} · {row.client}"
        if ref in found.values():
            continue
        found[label if label not in found else f"{label} · {row.campaign} ({row.account})"] = ref
    return found
