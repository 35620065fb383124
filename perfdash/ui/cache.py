"""Reads that reruns share: same scope, same question, same revisions, same rows. It saves work and protects nothing.

Keys are frozen values, given by position; the scope is part of every key, and who may ask is decided before. So are the
revisions: a sync is seen at once, and nothing has to be cleared. What is only part of a key is marked as unused.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import streamlit as st

from perfdash import answers
from perfdash.access import Principal
from perfdash.accounts import Account, Days
from perfdash.export import Names, Origins
from perfdash.fetching import fetcher
from perfdash.filters import Filters
from perfdash.payload import Fetched
from perfdash.store import queries
from perfdash.store.queries import CampaignRef, CampaignRow, Dimension, Group, Stamp, Undefined
from perfdash.ui import wiring

ENTRIES = 300
ANSWER_SECONDS = 60
"""How long a validated answer of a source is worth reusing: as long as the stored cooldown."""
Version = tuple[str, Stamp]
"""The store and the last revisions of the clients in view."""


def scope(principal: Principal) -> Principal:
    """What of a principal decides what is seen: users with the same grants share what was read."""
    return replace(principal, name="", user_id=None)


def _version(principal: Principal, clients: tuple[str, ...]) -> Version:
    """Other clients' syncs change nothing here."""
    store = wiring.store()
    return store.label, tuple(pair for pair in queries.stamp(store, principal) if not clients or pair[0] in clients)


def _of(principal: Principal, filters: Filters, only: CampaignRef | None) -> Version:
    return _version(principal, filters.clients if only is None else (only.client,))


def groups(
    principal: Principal, filters: Filters, by: tuple[Dimension, ...] = (), only: CampaignRef | None = None
) -> tuple[Group, ...]:
    """`queries.breakdown`."""
    return _groups(scope(principal), filters, by, only, _of(principal, filters, only))


@st.cache_data(ttl="1h", max_entries=ENTRIES, show_spinner=False)
def _groups(
    principal: Principal,
    filters: Filters,
    by: tuple[Dimension, ...],
    only: CampaignRef | None,
    version: Version,  # noqa: ARG001
) -> tuple[Group, ...]:
    return queries.breakdown(wiring.store(), principal, filters, by, only=only)


def campaigns(principal: Principal, filters: Filters, only: CampaignRef | None = None) -> tuple[CampaignRow, ...]:
    """`queries.campaign_rows`, or the one campaign, which has a row without facts when none is in view."""
    return _campaigns(scope(principal), filters, only, _of(principal, filters, only))


@st.cache_data(ttl="1h", max_entries=ENTRIES, show_spinner=False)
def _campaigns(
    principal: Principal,
    filters: Filters,
    only: CampaignRef | None,
    version: Version,  # noqa: ARG001
) -> tuple[CampaignRow, ...]:
    if only is None:
        return queries.campaign_rows(wiring.store(), principal, filters)
    return queries.campaign_row(wiring.store(), principal, only.client, only.account, only.campaign, filters)


def undefined(principal: Principal, filters: Filters, only: CampaignRef | None = None) -> tuple[Undefined, ...]:
    """`queries.undefined_cpm`."""
    if filters.max_cpm is None:
        return ()
    return _undefined(scope(principal), filters, only, _of(principal, filters, only))


@st.cache_data(ttl="1h", max_entries=ENTRIES, show_spinner=False)
def _undefined(
    principal: Principal,
    filters: Filters,
    only: CampaignRef | None,
    version: Version,  # noqa: ARG001
) -> tuple[Undefined, ...]:
    return queries.undefined_cpm(wiring.store(), principal, filters, only=only)


def platforms(principal: Principal) -> tuple[str, ...]:
    """Every platform in scope: what keeps each platform's colour whatever is filtered."""
    return _platforms(scope(principal), _version(principal, ()))


@st.cache_data(ttl="1h", max_entries=ENTRIES, show_spinner=False)
def _platforms(principal: Principal, version: Version) -> tuple[str, ...]:  # noqa: ARG001
    return queries.platforms(wiring.store(), principal)


def first_day(principal: Principal, client: str) -> date | None:
    """The client's first stored day: one seek in an index."""
    return queries.first_day(wiring.store(), principal, (client,))


def creators(principal: Principal, clients: tuple[str, ...]) -> Names:
    """(client, account number, creator id) -> name. Not kept: an erased name must be gone at once."""
    return queries.creator_names(wiring.store(), principal, clients)


def origins(principal: Principal, clients: tuple[str, ...], days: Days) -> Origins:
    """Where the numbers in view come from. Asked anew every minute, since days become final as time passes."""
    store, minute = wiring.store(), wiring.now().replace(second=0, microsecond=0)
    at = (store.label, queries.runs_stamp(store, principal))
    return _origins(scope(principal), Filters(days, clients), minute, at)


@st.cache_data(ttl="5m", max_entries=ENTRIES, show_spinner=False)
def _origins(principal: Principal, filters: Filters, minute: datetime, version: Any) -> Origins:  # noqa: ARG001
    return answers.origins(wiring.store(), principal, filters, minute)


def fetched(account: Account, days: Days) -> Fetched:
    """A validated answer of the account's source, at most ANSWER_SECONDS old. Who may ask was decided before."""
    return _fetched(*_key(account, days), account)


def forget_fetched(account: Account, days: Days) -> None:
    """Drop a kept answer, so that the next call asks the source."""
    _fetched.clear(*_key(account, days), account)


def _key(account: Account, days: Days) -> tuple[str, str, str, date, date, tuple[str, ...]]:
    return account.source, account.client, account.external_id, days.start, days.end, account.platforms


@st.cache_data(ttl=ANSWER_SECONDS, max_entries=16, show_spinner=False)
def _fetched(
    source: str,  # noqa: ARG001
    client: str,  # noqa: ARG001
    external_id: str,  # noqa: ARG001
    start: date,
    end: date,
    platforms: tuple[str, ...],  # noqa: ARG001
    _account: Account,
) -> Fetched:
    return fetcher(wiring.settings())(_account, Days(start, end))
