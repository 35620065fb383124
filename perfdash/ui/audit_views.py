"""Who saw what: one line in the audit for each page and client a session looks at, however often it redraws."""

from __future__ import annotations

import threading
from collections import OrderedDict

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.errors import AccessDenied
from perfdash.store import audit
from perfdash.store.query import catalog
from perfdash.ui.auth import session
from perfdash.ui.campaigns import tables as campaign_tables
from perfdash.ui.runtime import context
from perfdash.ui.runtime.navigation import PageRecord

REMEMBERED = 20_000
"""Looks of this process that are known to be written down; of more, the oldest are written again."""

_written: OrderedDict[tuple[str, str, str], None] = OrderedDict()
_lock = threading.Lock()


def record_view(principal: Principal, page: PageRecord, chosen: tuple[str, ...]) -> None:
    """Write down that `principal` looks at `page` with `chosen` clients; () is all in scope."""
    found = session.session() if page.of_clients else None
    if found is None:
        return
    what, clients = page.path or "overview", in_view(principal, page, chosen)
    store = context.store()
    known = [client.slug for client in catalog.clients(store, principal)] if clients else []
    if clients and not set(clients) <= set(known):
        return  # an address that names what is not there shows nothing, and what it says is not remembered
    new = _first_looks(found.session_id, what, clients or (audit.EVERY_CLIENT,))
    if not new:
        return
    named, kept = [client for client in new if client != audit.EVERY_CLIENT], context.settings().security.audit_kept
    try:
        audit.record(store, principal, "view", named, what, context.now(), kept=kept)
    except AccessDenied:
        _forget(found.session_id, what, new)  # purged meanwhile
    except BaseException:
        _forget(found.session_id, what, new)  # what is not written down was not seen: the next run tries again
        raise


def in_view(principal: Principal, page: PageRecord, chosen: tuple[str, ...]) -> tuple[str, ...]:
    """The clients that a page shows; () for every one in scope, unless that is a single one."""
    campaign = campaign_tables.campaign_in_url(st.query_params) if page.of_campaign else None
    if campaign is not None:
        return (campaign.client,)
    if not chosen and not principal.sees_all and len(principal.clients) == 1:
        return tuple(principal.clients)
    return chosen


def _first_looks(session_id: str, what: str, clients: tuple[str, ...]) -> list[str]:
    with _lock:
        new = [client for client in clients if (session_id, what, client) not in _written]
        for client in new:
            _written[session_id, what, client] = None
        while len(_written) > REMEMBERED:
            _written.popitem(last=False)
        return new


def _forget(session_id: str, what: str, clients: list[str]) -> None:
    with _lock:
        for client in clients:
            _written.pop((session_id, what, client), None)
