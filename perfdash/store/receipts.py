"""Receipts of exports: who took out what, when, from which revisions, with which totals."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Select, insert, select

from perfdash.domain.access import Principal
from perfdash.domain.as_of import AsOf, AtRevisions
from perfdash.domain.errors import AccessDenied, UsageError
from perfdash.domain.question import VIEWS, as_of_of, hides_a_limit, readable
from perfdash.store.audit import write_line
from perfdash.store.engine import Store
from perfdash.store.schema import clients, receipts
from perfdash.store.scope import in_scope, narrowed

Totals = tuple[tuple[str, str], ...]
ONCE_WITHIN = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Exported:
    """What one export holds of one client: rows, exact totals as (column, decimal text), and the revision it shows.

    `revision` is that of the stamp under which the data was read; None takes the client's last one.
    """

    client: str
    rows: int
    totals: Totals = ()
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """One client's part of an export. `rows` are those that it has something in. `at` is aware UTC.

    `filters` name no client outside the scope. Without money they name no CPM limit, `totals` are (), and `rows` are
    None where there was one: how many rows a limit leaves tells of prices.

    `sha256` is of the canonical rows of the whole file. It is '' for who may not see all that the file held, be it
    another client or amounts of money: who knows all but one number could find that by trying.
    """

    receipt: str
    client: str
    at: datetime
    author: str
    view: str
    filters: str
    revision: int
    rows: int | None
    sha256: str
    totals: Totals


def new_receipt() -> str:
    """A random id of 32 characters."""
    return uuid4().hex


def write(
    store: Store,
    principal: Principal,
    *,
    view: str,
    filters: str,
    parts: Sequence[Exported],
    sha256: str,
    now: datetime,
    new_id: Callable[[], str] = new_receipt,
    once: bool = False,
) -> str:
    """Store one row per client in view, also for those without rows; returns the receipt's id.

    `once`: the same file that the same person has just taken out with the same question is the one of that receipt.

    Raises AccessDenied, writing nothing, when a part is about a client that the principal may not see.
    """
    principal.require(*(part.client for part in parts))
    if not parts:
        raise UsageError("There is nothing to export: no client is in view.")
    receipt = new_id()
    names = [part.client for part in parts]
    with store.writing() as connection:
        revisions = select(clients.c.client_id, clients.c.revision)
        known = revisions.where(narrowed(principal, clients.c.client_id, names))
        last = dict(connection.execute(known).all())
        for name in names:
            if name not in last:
                raise AccessDenied(f"There is no client {name!r} here.")
        if once and (just := _just_now(connection, principal, (view, filters, sha256), now)):
            return just
        common = {"receipt_id": receipt, "at": now, "author": principal.name, "view": view, "filters": filters}
        rows = [
            common
            | {
                "client_id": part.client,
                "revision": last[part.client] if part.revision is None else part.revision,
                "totals": json.dumps(part.totals, ensure_ascii=False),
                "rows": part.rows,
                "sha256": sha256,
            }
            for part in parts
        ]
        connection.execute(insert(receipts), rows)
        for name in names:
            write_line(connection, principal.name, "export", name, f"{view}, receipt {receipt}", now)
    return receipt


def _just_now(connection: Connection, principal: Principal, what: tuple[str, str, str], now: datetime) -> str | None:
    """The receipt of the same file, taken out a moment ago."""
    r, (view, filters, sha256) = receipts.c, what
    same = (r.author == principal.name) & (r.view == view) & (r.filters == filters) & (r.sha256 == sha256)
    recent = select(r.receipt_id).where(in_scope(principal, r.client_id), same, r.at > now - ONCE_WITHIN, r.at <= now)
    found: str | None = connection.scalar(recent.order_by(r.at.desc(), r.receipt_id).limit(1))
    return found


@dataclass(frozen=True, slots=True)
class ExportReceipt:
    """One export, as far as it is in scope. `whole`: it holds no client that the principal may not see."""

    parts: tuple[Receipt, ...]
    whole: bool

    @property
    def at_revisions(self) -> AtRevisions:
        """The state that was exported."""
        return AtRevisions(tuple((part.client, part.revision) for part in self.parts), self.parts[0].at)

    @property
    def shown_at(self) -> AsOf:
        """The moment whose state it shows: that of the export, or the past that was exported."""
        return as_of_of(self.parts[0].filters) or self.parts[0].at


def receipt_of(store: Store, principal: Principal, receipt: str) -> ExportReceipt:
    """The export with this id, its clients in order. UsageError when none of them is in scope, or there is none."""
    principal.require_account()
    r = receipts.c
    with store.reading() as connection:
        rows = connection.execute(_in_scope(principal).where(r.receipt_id == receipt).order_by(r.client_id)).all()
        if not rows:
            raise UsageError(f"There is no receipt {receipt!r} here.")
        apart = select(r.client_id).where(r.receipt_id == receipt, ~in_scope(principal, r.client_id)).limit(1)
        whole = connection.execute(apart).first() is None
        return ExportReceipt(_read(connection, principal, rows), whole)


def last_report(
    store: Store, principal: Principal, clients: Collection[str] = (), *, until: datetime | None = None
) -> ExportReceipt | None:
    """The newest export that the principal themselves made of a state of the numbers; None: there is none.

    Of one of `clients`, where any are named; made at `until` or before.
    """
    principal.require_account()
    r = receipts.c
    own = select(r.receipt_id).where(
        narrowed(principal, r.client_id, clients), r.author == principal.name, r.view.in_(VIEWS)
    )
    if until is not None:
        own = own.where(r.at <= until)
    with store.reading() as connection:
        newest = connection.scalar(own.order_by(r.at.desc(), r.receipt_id).limit(1))
    return None if newest is None else receipt_of(store, principal, newest)


def list_receipts(store: Store, principal: Principal, limit: int = 100) -> tuple[Receipt, ...]:
    """The newest receipts in scope, newest first, at most `limit` clients' parts."""
    principal.require_account()
    r = receipts.c
    newest = _in_scope(principal).order_by(r.at.desc(), r.receipt_id, r.client_id).limit(limit)
    with store.reading() as connection:
        return _read(connection, principal, connection.execute(newest).all())


_COLUMNS = ("receipt_id", "client_id", "at", "author", "view", "filters", "revision", "rows", "sha256", "totals")


def _in_scope(principal: Principal) -> Select[Any]:
    return select(*(receipts.c[name] for name in _COLUMNS)).where(in_scope(principal, receipts.c.client_id))


def _read(connection: Connection, principal: Principal, rows: Sequence[Any]) -> tuple[Receipt, ...]:
    secret = _with_secrets(connection, principal, {row.receipt_id for row in rows})
    return tuple(_told(row, principal, whole=row.receipt_id not in secret) for row in rows)


def _with_secrets(connection: Connection, principal: Principal, names: Collection[str]) -> set[str]:
    """Those of the exports whose files held what the principal may not see, whosever part of them it stood in."""
    r = receipts.c
    kept_back = ~in_scope(principal, r.client_id)
    if not principal.money:
        kept_back |= r.totals.like('%"cost%') | r.view.not_in(VIEWS)
    return set(connection.scalars(select(r.receipt_id).where(r.receipt_id.in_(sorted(names)), kept_back)))


def _told(row: Any, principal: Principal, *, whole: bool) -> Receipt:
    asked = readable(principal, row.filters)
    totals = tuple((name, total) for name, total in json.loads(row.totals)) if principal.money else ()
    limited = not principal.money and hides_a_limit(asked)
    rows = None if limited else row.rows
    sha256 = row.sha256 if whole and not limited else ""
    return Receipt(
        row.receipt_id, row.client_id, row.at, row.author, row.view, asked, row.revision, rows, sha256, totals
    )
