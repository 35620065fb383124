"""A question answered whole: the table, its totals and where they come from. Pages' downloads and `query` share it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from perfdash.domain import metrics
from perfdash.domain.accounts import Account, Days
from perfdash.domain.as_of import last_moment
from perfdash.domain.campaigns import CampaignRow
from perfdash.domain.finality import finality, spans
from perfdash.domain.groups import Group
from perfdash.domain.metrics import money
from perfdash.domain.question import Question, View
from perfdash.domain.refusals import Missing
from perfdash.presentation import columns, tables
from perfdash.presentation.columns import Origin
from perfdash.presentation.json_documents import answer_document
from perfdash.presentation.kpis import Total, totals
from perfdash.presentation.tables import Table
from perfdash.store import receipts
from perfdash.store.engine import Store
from perfdash.store.query import campaigns as campaign_query
from perfdash.store.query import catalog, coverage, overview, refused
from perfdash.store.scope import under_lock

TRIES = 5
"""How often a question is put again because a sync was committed while it was answered."""


@dataclass(frozen=True, slots=True)
class Export:
    """One view of one question at one moment, exact. `table` is what is exported."""

    view: View
    question: Question
    table: Table
    totals: tuple[Total, ...]
    revisions: overview.Stamp
    left_out: tuple[overview.Undefined, ...]
    campaigns: tuple[CampaignRow, ...]
    groups: tuple[Group, ...]
    missing: Missing = ()
    """Refused rows that are missing from these numbers."""


def answer(store: Store, question: Question, view: View, now: datetime) -> Export:
    """Ask the store, again while a sync commits in between: rows, totals and revisions then speak of the same moment.

    After TRIES the last answer counts: newer than its revisions, never older.
    """
    question = under_lock(question)
    question.principal.require(*question.clients)
    for _ in range(TRIES):
        revisions = overview.revisions_at(store, question)
        found = _read(store, question, view, now, revisions)
        if overview.revisions_at(store, question) == revisions:
            break
    return found


def _read(store: Store, question: Question, view: View, now: datetime, revisions: overview.Stamp) -> Export:
    campaigns = tuple(row for row in campaign_query.campaign_rows(store, question) if row.sums.rows)
    groups = overview.breakdown(store, question, columns.BY[view])
    wide = groups if view != "campaigns" else overview.breakdown(store, question)
    principal = question.principal
    names = {(row.client, row.account, row.campaign): row.name for row in campaigns}
    missing = refused.missing(store, question)
    table = tables.table(
        view,
        campaigns if view == "campaigns" else groups,
        with_money=principal.money,
        origins=origins(store, question, now),
        creators=overview.creator_names(store, principal, question.clients) if view == "creators" else None,
        campaigns=names,
        missing=missing,
    )
    left_out = overview.undefined_cpm(store, question)
    return Export(view, question, table, totals(wide, campaigns), revisions, left_out, campaigns, groups, missing)


def as_document(found: Export) -> dict[str, object]:
    """The published JSON of an answer."""
    return answer_document(
        found.table,
        found.question,
        revisions=found.revisions,
        totals=found.totals,
        left_out=found.left_out,
        missing=found.missing,
    )


def origins(store: Store, question: Question, now: datetime) -> dict[tuple[str, int], Origin]:
    """Per account in view: its source, when the days in view were last fetched, and which of them were final."""
    question = under_lock(question)
    principal, named = question.principal, question.clients
    by_account: dict[tuple[str, int], dict[date, datetime]] = {}
    for known in coverage.coverage(store, question, inactive=True):
        by_account.setdefault((known.account.client, known.account.number), {})[known.day] = known.fetched_at
    found: dict[tuple[str, int], Origin] = {}
    active = {(a.client, a.number) for a in catalog.accounts(store, principal, named)}
    for account in catalog.accounts(store, principal, named, inactive=True):
        key = (account.client, account.number)
        mine, in_view = by_account.get(key, {}), question.filters.days_of(account.client)
        if mine or key in active:  # what is no longer configured is named where its numbers still are
            days = in_view.each() if key in active else list(mine)
            found[key] = _origin(account, days, mine, last_moment(question.as_of, account.time_zone, now), in_view)
    return found


def _origin(
    account: Account, days: Sequence[date], fetched: Mapping[date, datetime], now: datetime, view: Days
) -> Origin:
    zone, window = account.time_zone, account.settlement_days
    states = [(d, finality(d, zone, window, (fetched[d],) if d in fetched else (), now)) for d in days]
    final = [day for day, state in states if state == "final"]
    return Origin(account.label, max(fetched.values(), default=None), _unbroken(final, view), spans(states))


def _unbroken(final: Sequence[date], days: Days) -> date | None:
    """The last day up to which every day in view is final; None when the first one is not."""
    known, last = set(final), None
    for day in days.each():
        if day not in known:
            break
        last = day
    return last


def write_receipt(store: Store, found: Export, now: Callable[[], datetime], *, once: bool = False) -> str:
    """Who exported what: one row per client in view. Returns the receipt's id; `once` as in `receipts.write`."""
    rows = _rows(store, found)
    parts = [
        receipts.Exported(client, rows[client], _totals(found, client), revision)
        for client, revision in found.revisions
    ]
    return receipts.write(
        store,
        found.question.principal,
        view=found.view,
        filters=found.question.line(),
        parts=parts,
        sha256=tables.sha256(found.table),
        now=now(),
        once=once,
    )


def _rows(store: Store, found: Export) -> Counter[str]:
    """Per client, the rows of the file that it has something in; of rows without a client's name those with its facts.

    Each client may read the number in its own part, so it must not speak of others.
    """
    exported: Sequence[CampaignRow | Group] = found.campaigns if found.view == "campaigns" else found.groups
    if "client" not in columns.BY[found.view]:
        exported = overview.breakdown(store, found.question, ("client", *columns.BY[found.view]))
    return Counter(row.client for row in exported)


def _totals(found: Export, client: str) -> receipts.Totals:
    """A client's exact totals, from the campaigns in view."""
    rows = [row for row in found.campaigns if row.client == client]
    sums: dict[str, int] = {}
    for row in rows:
        for name in ("impressions", "clicks", "cost"):
            value = getattr(row.sums, name)
            if value is not None:
                label = f"{name} ({row.currency})" if name == "cost" else name
                sums[label] = sums.get(label, 0) + value
    shown = {k: str(v) if not k.startswith("cost") else metrics.text(money(v)) for k, v in sums.items()}
    return tuple(sorted(shown.items()))
