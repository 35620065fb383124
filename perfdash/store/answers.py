"""One question, answered whole: the rows of a view, their totals, what was left out, and the revisions they show.

The page's download and `query` both come through here, which is why they agree to the last digit.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from perfdash.access import Principal
from perfdash.accounts import Account, Days
from perfdash.asof import AsOf, before
from perfdash.document import question
from perfdash.errors import StoreError
from perfdash.export import BY, Names, Origin, Origins, Table, View, sha256, table, text
from perfdash.filters import Filters
from perfdash.finality import finality
from perfdash.metrics import money
from perfdash.store import coverage, health, queries, receipts
from perfdash.store.campaigns import CampaignRow
from perfdash.store.engine import Store
from perfdash.store.groups import Group
from perfdash.store.queries import Stamp, Undefined
from perfdash.store.view import CampaignRef
from perfdash.summary import Total, totals

ATTEMPTS = 5
"""How often an answer is read again because a sync committed while it was read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A view as exact rows with everything a receipt or a reader needs to know about it."""

    table: Table
    totals: tuple[Total, ...]
    left_out: tuple[Undefined, ...]
    revisions: Stamp
    by_client: tuple[Group, ...]


def answer(
    store: Store,
    principal: Principal,
    view: View,
    filters: Filters,
    *,
    now: datetime,
    as_of: AsOf | None = None,
    only: CampaignRef | None = None,
) -> Answer:
    """The answer as of one revision of each client in view. Raises what `queries.breakdown` raises."""
    for _ in range(ATTEMPTS):
        at = revisions(store, principal, filters, only)
        found = _read(store, principal, view, filters, now, as_of, only, at)
        if revisions(store, principal, filters, only) == at:
            return found
    raise StoreError("The data kept changing while it was read; ask again in a moment.")


def revisions(store: Store, principal: Principal, filters: Filters, only: CampaignRef | None = None) -> Stamp:
    """The last revision of each client in view."""
    names = filters.clients if only is None else (only.client,)
    return tuple(pair for pair in queries.stamp(store, principal) if not names or pair[0] in names)


def _read(
    store: Store, principal: Principal, view: View, filters: Filters, now: datetime, as_of: AsOf | None,
    only: CampaignRef | None, at: Stamp,
) -> Answer:  # fmt: skip
    names = filters.clients if only is None else (only.client,)
    by_client = queries.breakdown(store, principal, filters, ("client",), as_of, only)
    campaigns = campaigns_of(store, principal, filters, as_of, only)
    rows: Any = (
        campaigns if view == "campaigns" else queries.breakdown(store, principal, filters, BY[view], as_of, only)
    )
    found = table(
        view,
        rows,
        with_money=principal.money,
        origins=origins(store, principal, names, filters.days, now, as_of),
        creators=queries.creator_names(store, principal, names) if view == "creators" else {},
        campaigns=names_of(campaigns),
    )
    left_out = queries.undefined_cpm(store, principal, filters, as_of, only)
    return Answer(found, totals(by_client, campaigns), left_out, at, by_client)


def campaigns_of(
    store: Store, principal: Principal, filters: Filters, as_of: AsOf | None = None, only: CampaignRef | None = None
) -> tuple[CampaignRow, ...]:
    """The campaigns with facts in view, or the one asked about if it has any."""
    if only is None:
        return queries.campaign_rows(store, principal, filters, as_of)
    found = queries.campaign_row(store, principal, only.client, only.account, only.campaign, filters, as_of)
    return tuple(row for row in found if row.sums.rows)


def names_of(rows: Collection[CampaignRow]) -> Names:
    """(client, account number, campaign id) -> name."""
    return {(row.client, row.account, row.campaign): row.name for row in rows}


def origins(
    store: Store, principal: Principal, names: Collection[str], days: Days, now: datetime, as_of: AsOf | None = None
) -> Origins:
    """Where the numbers of each account in view come from: last fetch of these days, and up to which of them is final."""
    fetched: dict[tuple[str, int], dict[date, datetime]] = {}
    for covered in coverage.coverage(store, principal, names, days, as_of):
        fetched.setdefault((covered.account.client, covered.account.number), {})[covered.day] = covered.fetched_at
    found = {}
    for fresh in health.freshness(store, principal, names, now):
        account = fresh.account
        known = fetched.get((account.client, account.number), {})
        moment = now if as_of is None else min(now, before(as_of, account.time_zone))
        final = _final_to(account, days, known, moment)
        found[account.client, account.number] = Origin(account.label, max(known.values(), default=None), final)
    return found


def _final_to(account: Account, days: Days, known: dict[date, datetime], moment: datetime) -> date | None:
    """The last day up to which all of `days` are final."""
    last = None
    for day in days.each():
        fetches = (known[day],) if day in known else ()
        if finality(day, account.time_zone, account.settlement_days, fetches, moment) != "final":
            return last
        last = day
    return last


def receipt(
    store: Store, principal: Principal, found: Answer, filters: Filters, *, now: datetime, as_of: AsOf | None = None
) -> str:
    """Write down that `found` was taken out; returns the receipt's id."""
    column = found.table.names.index("client") if "client" in found.table.names else None
    parts = [
        receipts.Exported(
            client,
            sum(column is None or row[column] == client for row in found.table.rows),
            tuple(pair for group in found.by_client if group.client == client for pair in _totals_of(group)),
            revision,
        )
        for client, revision in found.revisions
    ]
    return receipts.write(
        store, principal, view=found.table.view, filters=question(filters, as_of), parts=parts,
        sha256=sha256(found.table), now=now,
    )  # fmt: skip


def _totals_of(group: Group) -> receipts.Totals:
    counted = ((name, getattr(group.sums, name)) for name in ("impressions", "clicks"))
    paid = ((name, money(getattr(group.sums, name))) for name in ("cost", "revenue"))
    return tuple((f"{name} ({group.currency})", text(value)) for name, value in (*counted, *paid) if value is not None)
