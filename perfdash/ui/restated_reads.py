"""What the page of restatements reads, kept by the revisions of the clients in view."""

from __future__ import annotations

from datetime import date

import streamlit as st

from perfdash.access import Principal
from perfdash.asof import AsOf
from perfdash.filters import Filters
from perfdash.restatements import Event, Field, Moved
from perfdash.settling import Curve
from perfdash.store import queries, restated, settled
from perfdash.store.queries import RunsStamp
from perfdash.ui import cache, wiring

ENTRIES = 100
Asked = tuple[Filters, AsOf, AsOf | None, bool]
"""The question: filters, since, until (None: now), and whether changes on running days count."""


def _version(principal: Principal) -> tuple[str, RunsStamp]:
    """Runs, not revisions: one that changed nothing can make a day final."""
    return wiring.store().label, queries.runs_stamp(wiring.store(), principal)


def moved(principal: Principal, asked: Asked) -> tuple[Moved, ...]:
    return _moved(cache.scope(principal), asked, _version(principal))


@st.cache_data(ttl="1h", max_entries=ENTRIES, show_spinner=False)
def _moved(principal: Principal, asked: Asked, version: object) -> tuple[Moved, ...]:  # noqa: ARG001
    filters, since, until, while_open = asked
    return restated.movement(wiring.store(), principal, filters, since, until, while_open=while_open)


def newest(principal: Principal, asked: Asked, field: Field, limit: int) -> tuple[Event, ...]:
    """The newest changes of `field`, at most `limit`."""
    return _newest(cache.scope(principal), asked, field, limit, _version(principal))


@st.cache_data(ttl="1h", max_entries=ENTRIES, show_spinner=False)
def _newest(
    principal: Principal,
    asked: Asked,
    field: Field,
    limit: int,
    version: object,  # noqa: ARG001
) -> tuple[Event, ...]:
    filters, since, until, while_open = asked
    question = (wiring.store(), principal, filters, since, until)
    return restated.events(*question, while_open=while_open, of=field, limit=limit)


def settling(principal: Principal, filters: Filters) -> tuple[Curve, ...] | None:
    """`settled.settling`; its days are its own, so the filters' do not matter. Asked anew every day."""
    today = wiring.now().date()
    return _settling(cache.scope(principal), filters.clients, filters.platforms, today, _version(principal))


@st.cache_data(ttl="1h", max_entries=ENTRIES, show_spinner=False)
def _settling(
    principal: Principal,
    clients: tuple[str, ...],
    platforms: tuple[str, ...],
    today: date,  # noqa: ARG001
    version: object,  # noqa: ARG001
) -> tuple[Curve, ...] | None:
    filters = Filters(settled.ANY_DAYS, clients, platforms)
    return settled.settling(wiring.store(), principal, filters, wiring.now())
