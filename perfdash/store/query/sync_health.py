"""Sync health: runs, what they refused, and how fresh each account is. Coverage stands in `coverage`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, FromClause, ScalarSelect, Select, and_, func, literal, select

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Account
from perfdash.domain.control_totals import ControlTotals
from perfdash.domain.measures import MONEY
from perfdash.domain.refusals import Refusal, without_amounts, without_shares
from perfdash.domain.schedule import LONGEST_SILENCE
from perfdash.store import schema
from perfdash.store.engine import Store
from perfdash.store.query.catalog import accounts_in_view
from perfdash.store.scope import in_scope, narrowed
from perfdash.store.types import platforms_of

State = Literal["running", "committed", "incomplete", "failed", "suspicious", "aborted", "reverted"]
Standing = Literal["never", "ok", "failing"]
_LONG = ("log", "control")
"""Columns of a run that its own functions read."""
FINISHED = (*schema.VISIBLE, "failed", "suspicious", "aborted")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run as it stands in the store. Instants are aware UTC; `platforms` empty means all."""

    client: str
    run: int
    account: int
    label: str
    state: State
    trigger: str
    author: str
    day_from: date
    day_to: date
    platforms: tuple[str, ...]
    started_at: datetime
    fetch_began: datetime | None
    fetch_ended: datetime | None
    finished_at: datetime | None
    revision: int | None
    fetched: int
    new: int
    restated: int
    reappeared: int
    unchanged: int
    quarantined: int
    duplicate: int
    vanished: int
    added: int
    left_out: int
    requests: int
    retries: int
    message: str
    resume_at: datetime | None


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """One refused row of a run. Without money `payload` is '', and `reason` has no numbers: they are the row's own."""

    ordinal: int
    reason: str
    key: str
    payload: str


@dataclass(frozen=True, slots=True)
class Freshness:
    """How an account stands. `failing`: its newest finished run is not the last committed one; `message` says why.

    `fetched_at` and `newest_day` are those of committed runs; None when there is none. `resume_at` is set while the
    source asked for a pause that is not over.
    """

    account: Account
    standing: Standing
    fetched_at: datetime | None
    newest_day: date | None
    running: bool
    failed_at: datetime | None = None
    message: str = ""
    resume_at: datetime | None = None


def runs(store: Store, principal: Principal, clients: Collection[str] = (), limit: int = 100) -> tuple[RunRecord, ...]:
    """The newest runs in scope, newest first, at most `limit`."""
    principal.require_account()
    r, c, a = schema.runs.c, schema.clients.c, schema.accounts.c
    # A client's newest `limit` runs are enough, and its last number says where they begin. An outer join, so that
    # SQLite goes from the clients into the key of runs instead of reading every run there ever was.
    newest = and_(r.client_id == c.client_id, r.run_id > c.last_run - limit)
    whose = and_(a.client_id == r.client_id, a.account_id == r.account_id)
    statement = (
        select(*(c for c in r if c.name not in _LONG), (a.source + "/" + a.external_id).label("label"))
        .select_from(schema.clients.outerjoin(schema.runs, newest).outerjoin(schema.accounts, whose))
        .where(narrowed(principal, c.client_id, clients))
        .order_by(r.started_at.desc().nulls_last(), r.client_id, r.run_id.desc())
        .limit(limit)
    )
    with store.reading() as connection:
        found = tuple(_run(row) for row in connection.execute(statement) if row.run_id is not None)
    return found if principal.money else tuple(replace(one, message=without_shares(one.message)) for one in found)


def _run(row: Any) -> RunRecord:
    renamed = {"client": row.client_id, "run": row.run_id, "account": row.account_id}
    same = {f.name: getattr(row, f.name) for f in fields(RunRecord) if f.name not in (*renamed, "platforms")}
    return RunRecord(**renamed, **same, platforms=platforms_of(row.platforms))


def run_log(store: Store, principal: Principal, client: str, run: int) -> str:
    """What one run asked, line by line, as its source's answers came; '' when nothing is kept.

    For those who can act on it: how the source is asked, its request ids and what failed inside is not told to clients.
    """
    principal.require_account()
    if not principal.of_agency:
        return ""
    r = schema.runs.c
    statement = select(r.log).where(in_scope(principal, r.client_id), r.client_id == client, r.run_id == run)
    with store.reading() as connection:
        return connection.scalar(statement) or ""


@dataclass(frozen=True, slots=True)
class RunTotals:
    """The control totals of one run, and the currency of its amounts. Without money none of money."""

    totals: ControlTotals
    currency: str


def control_totals(store: Store, principal: Principal, client: str, run: int) -> RunTotals:
    """What the answer of one run added up to; nothing where that is not known."""
    principal.require_account()
    r, a = schema.runs.c, schema.accounts.c
    whose = and_(a.client_id == r.client_id, a.account_id == r.account_id)
    statement = (
        select(r.control, a.currency)
        .select_from(schema.runs.join(schema.accounts, whose))
        .where(in_scope(principal, r.client_id), r.client_id == client, r.run_id == run)
    )
    with store.reading() as connection:
        row = connection.execute(statement).one_or_none()
    if row is None:
        return RunTotals(ControlTotals(), "")
    found = ControlTotals.from_json(row.control)
    shown = {name: of for name, of in found.measures.items() if principal.money or name not in MONEY}
    return RunTotals(replace(found, measures=shown), row.currency)


def refusals(store: Store, principal: Principal, client: str, run: int) -> tuple[Refusal, ...]:
    """What one run refused, by day, platform and reason. Without money there are no costs, nor numbers in reasons."""
    principal.require_account()
    t = schema.refusals.c
    amounts = (t.cost, t.without_cost) if principal.money else (literal(0), literal(0))
    statement = (
        select(t.day, t.platform, t.reason, t.rows, *amounts)
        .where(in_scope(principal, t.client_id), t.client_id == client, t.run_id == run)
        .order_by(t.ordinal)
    )
    with store.reading() as connection:
        found = tuple(Refusal(*row) for row in connection.execute(statement))
    return found if principal.money else tuple(replace(one, reason=without_amounts(one.reason)) for one in found)


def same_answers(store: Store, principal: Principal) -> tuple[tuple[Account, ...], ...]:
    """Accounts of one source whose newest runs brought the very same rows for the same days: whose are they?

    Only among the accounts in scope: nobody learns so of another client.
    """
    principal.require_account()
    a = schema.accounts.c
    good = schema.runs.alias("good")
    statement = (
        select(a.client_id, a.account_id, a.source, good.c.day_from, good.c.day_to, good.c.content_sha256)
        .select_from(schema.accounts.join(good, _is_last(good, *schema.VISIBLE)))
        .where(in_scope(principal, a.client_id), a.active, good.c.content_sha256 != "")
    )
    alike: dict[tuple[Any, ...], list[Account]] = {}
    with store.reading() as connection:
        by_key = {(one.client, one.number): one for one in accounts_in_view(connection, principal)}
        for client, number, *what in connection.execute(statement):
            alike.setdefault(tuple(what), []).append(by_key[client, number])
    return tuple(tuple(those) for those in alike.values() if len(those) > 1)


def quarantined(store: Store, principal: Principal, client: str, run: int) -> tuple[QuarantinedRow, ...]:
    """The refused rows of one run, in the order they came (the store keeps the first thousand)."""
    principal.require_account()
    q = schema.quarantine.c
    payload = q.payload if principal.money else literal("")
    statement = (
        select(q.ordinal, q.reason, q.row_key, payload)
        .where(in_scope(principal, q.client_id), q.client_id == client, q.run_id == run)
        .order_by(q.ordinal)
    )
    with store.reading() as connection:
        found = tuple(QuarantinedRow(*row) for row in connection.execute(statement))
    return found if principal.money else tuple(replace(one, reason=without_amounts(one.reason)) for one in found)


def freshness(store: Store, principal: Principal, clients: Collection[str], now: datetime) -> tuple[Freshness, ...]:
    """How every active account in scope stands, by client and number."""
    principal.require_account()
    with store.reading() as connection:
        in_view = accounts_in_view(connection, principal, clients)
        standing = {(row.client_id, row.account_id): row for row in connection.execute(_standing(principal, clients))}
    found = tuple(_freshness(account, standing[account.client, account.number], now) for account in in_view)
    return found if principal.money else tuple(replace(one, message=without_shares(one.message)) for one in found)


def _standing(principal: Principal, names: Collection[str]) -> Select[Any]:
    """Per account: its last committed and last finished run, the newest day covered, and whether one is in progress."""
    a = schema.accounts.c
    good, ended = schema.runs.alias("good"), schema.runs.alias("ended")
    newest_day = _of_account(func.max(schema.runs.c.day_to), schema.runs.c.state.in_(schema.VISIBLE))
    running = _of_account(func.count(), schema.runs.c.state == "running")
    return (
        select(
            a.client_id,
            a.account_id,
            newest_day.label("newest_day"),
            running.label("running"),
            good.c.fetch_ended,
            ended.c.state,
            ended.c.finished_at,
            ended.c.message,
            ended.c.resume_at,
        )
        .select_from(
            schema.accounts.outerjoin(good, _is_last(good, *schema.VISIBLE)).outerjoin(
                ended, _is_last(ended, *FINISHED)
            )
        )
        .where(narrowed(principal, a.client_id, names), a.active)
    )


def _of_account(what: ColumnElement[Any], *conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
    r, a = schema.runs.c, schema.accounts.c
    chosen = select(what).where(r.client_id == a.client_id, r.account_id == a.account_id, *conditions)
    return chosen.correlate(schema.accounts).scalar_subquery()


def _is_last(runs: FromClause, *states: str) -> ColumnElement[bool]:
    """`runs` is the account's last run in one of `states`, found by walking the key backwards: few steps as a rule."""
    r, a = schema.runs.alias("walked").c, schema.accounts.c
    last = (
        select(r.run_id)
        .where(r.client_id == a.client_id, r.account_id == a.account_id, r.state.in_(states))
        .order_by(r.run_id.desc())
        .limit(1)
        .correlate(schema.accounts)
        .scalar_subquery()
    )
    return and_(runs.c.client_id == a.client_id, runs.c.run_id == last)


def _freshness(account: Account, row: Any, now: datetime) -> Freshness:
    base = Freshness(
        account=account,
        standing="never" if row.fetch_ended is None else "ok",
        fetched_at=row.fetch_ended,
        newest_day=row.newest_day,
        running=bool(row.running),
    )
    if row.state in (None, *schema.VISIBLE):
        return base
    until = None if row.resume_at is None else min(row.resume_at, row.finished_at + LONGEST_SILENCE)
    waits = until if until is not None and until > now else None
    return replace(base, standing="failing", failed_at=row.finished_at, message=row.message, resume_at=waits)
