"""Reads that reruns share: same scope, same question, same revisions, same rows. It saves work and protects nothing.

Keys are frozen values, given by position; the scope is part of every key, and who may ask is decided before. So are the
revisions that are shown, those of now or of `as_of`: a sync is seen at once, a past is read once, and nothing has to be
cleared. What is only part of a key is marked as unused.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import streamlit as st

from perfdash import answers
from perfdash.access import Principal
from perfdash.accounts import Account, Days
from perfdash.asof import AsOf
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


def _version(principal: Principal, clients: tuple[str, ...], as_of: AsOf | None = None) -> Version:
    """The revisions that `as_of` shows; other clients' syncs change nothing here, and no later ones change a past."""
    store = wiring.store()
    return store.label, queries.revisions_at(store, principal, clients, as_of)


def _of(principal: Principal, filters: Filters, only: CampaignRef | None, as_of: AsOf | None) -> Version:
    return _version(principal, filters.clients if only is None else (only.client,), as_of)


def groups(
    principal: Principal,
    filters: Filters,
    by: tuple[Dimension, ...] = (),
    only: CampaignRef | None = None,
    as_of: AsOf | None = None,
) -> tuple[Group, ...]:
    return _groups(scope(principal), filters, by, only, as_of, _of(principal, filters, only, as_of))


@st.cache_data(ttl="1h", max_entries=ENTRIES, show_spinner=False)
def _groups(
    principal: Principal,
    filters: Filters,
    by: tuple[Dimension, ...],
    only: CampaignRef | None,
    as_of: AsOf | None,
    version: Version,  # noqa: ARG001
) -> tuple[Group, ...]:
    return queries.breakdown(wiring.store(), principal, filters, by, as_of, only)


def campaigns(
    principal: Principal, filters: Filters, only: CampaignRef | None = None, as_of: AsOf | None = None
) -> tuple[CampaignRow, ...]:
    """`queries.campaign_rows`, or the one campaign, which has a row without facts when none is in view."""
    return _campaigns(scope(principal), filters, only, as_of, _of(principal, filters, only, as_of))


@st.cache_data(ttl="1h", max_entries=ENTRIES, show_spinner=False)
def _campaigns(
    principal: Principal,
    filters: Filters,
    only: CampaignRef | None,
    as_of: AsOf | None,
    version: Version,  # noqa: ARG001
) -> tuple[CampaignRow, ...]:
    if only is None:
        return queries.campaign_rows(wiring.store(), principal, filters, as_of)
    return queries.campaign_row(wiring.store(), principal, only.client, only.account, only.campaign, filters, as_of)


def undefined(
    principal: Principal, filters: Filters, only: CampaignRef | None = None, as_of: AsOf | None = None
) -> tuple[Undefined, ...]:
    if filters.max_cpm is None:
        return ()
    return _undefined(scope(principal), filters, only, as_of, _of(principal, filters, only, as_of))


@st.cache_data(ttl="1h", max_entries=ENTRIES, show_spinner=False)
def _undefined(
    principal: Principal,
    filters: Filters,
    only: CampaignRef | None,
    as_of: AsOf | None,
    version: Version,  # noqa: ARG001
) -> tuple[Undefined, ...]:
    return queries.undefined_cpm(wiring.store(), principal, filters, as_of, only)


def offered(principal: Principal, as_of: AsOf | None = None) -> tuple[tuple[str, ...], bool]:
    """Every platform in scope, and whether anything was ever corrected: what the sidebar can offer."""
    return _offered(scope(principal), as_of, _version(principal, (), as_of))


@st.cache_data(ttl="1h", max_entries=ENTRIES, show_spinner=False)
def _offered(
    principal: Principal,
    as_of: AsOf | None,
    version: Version,  # noqa: ARG001
) -> tuple[tuple[str, ...], bool]:
    store = wiring.store()
    return queries.platforms(store, principal, (), as_of), queries.any_corrected(store, principal)


def platforms(principal: Principal, as_of: AsOf | None = None) -> tuple[str, ...]:
    """Every platform in scope: what keeps each platform's colour whatever is filtered."""
    return offered(principal, as_of)[0]


def first_day(principal: Principal, client: str, as_of: AsOf | None = None) -> date | None:
    """The client's first stored day: one seek in an index, unless it is about the past."""
    return queries.first_day(wiring.store(), principal, (client,), as_of)


def creators(principal: Principal, clients: tuple[str, ...]) -> Names:
    """(client, account number, creator id) -> name. Not kept: an erased name must be gone at once."""
    return queries.creator_names(wiring.store(), principal, clients)


def origins(principal: Principal, clients: tuple[str, ...], days: Days, as_of: AsOf | None = None) -> Origins:
    """Where the numbers in view come from. Asked anew every minute, since days become final as time passes."""
    store, minute = wiring.store(), wiring.now().replace(second=0, microsecond=0)
    at = (store.label, queries.runs_stamp(store, principal))
    return _origins(scope(principal), Filters(days, clients), minute, as_of, at)


@st.cache_data(ttl="5m", max_entries=ENTRIES, show_spinner=False)
def _origins(
    principal: Principal,
    filters: Filters,
    minute: datetime,
    as_of: AsOf | None,
    version: Any,  # noqa: ARG001
) -> Origins:
    return answers.origins(wiring.store(), principal, filters, minute, as_of)


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
