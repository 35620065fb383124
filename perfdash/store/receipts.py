"""Receipts of exports: who took out what, when, from which revisions, with which totals."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Select, and_, case, insert, literal, select

from perfdash.domain.access import Principal
from perfdash.domain.as_of import AsOf, AtRevisions
from perfdash.domain.errors import AccessDenied, UsageError
from perfdash.domain.question import VIEWS, as_of_of, readable
from perfdash.store.audit import write_line
from perfdash.store.engine import Store
from perfdash.store.schema import clients, receipts
from perfdash.store.scope import in_scope, narrowed

Totals = tuple[tuple[str, str], ...]


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
    """One client's part of an export. `sha256` is of the canonical rows of the whole file. `at` is aware UTC.

    `filters` name no client outside the scope. Without money they name no CPM limit, `totals` are (), and `sha256` is
    '' where the file held money: who knows all but the cost of a row could find it by trying.
    """

    receipt: str
    client: str
    at: datetime
    author: str
    view: str
    filters: str
    revision: int
    rows: int
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
) -> str:
    """Store one row per client in view, also for those without rows; returns the receipt's id.

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
        rows = connection.execute(_told(principal).where(r.receipt_id == receipt).order_by(r.client_id)).all()
        if not rows:
            raise UsageError(f"There is no receipt {receipt!r} here.")
        apart = select(r.client_id).where(r.receipt_id == receipt, ~in_scope(principal, r.client_id)).limit(1)
        whole = connection.execute(apart).first() is None
    return ExportReceipt(tuple(_read(row, principal) for row in rows), whole)


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
    newest = _told(principal).order_by(r.at.desc(), r.receipt_id, r.client_id).limit(limit)
    with store.reading() as connection:
        return tuple(_read(row, principal) for row in connection.execute(newest))


def _told(principal: Principal) -> Select[Any]:
    r = receipts.c
    sha256: ColumnElement[str] = r.sha256
    totals: ColumnElement[str] = r.totals
    if not principal.money:
        without = and_(r.view.in_(VIEWS), r.totals.not_like('%"cost%'))
        sha256, totals = case((without, r.sha256), else_=""), literal("[]")
    columns = (r.receipt_id, r.client_id, r.at, r.author, r.view, r.filters, r.revision, r.rows, sha256, totals)
    return select(*columns).where(in_scope(principal, r.client_id))


def _read(row: Any, principal: Principal) -> Receipt:
    totals = tuple((name, total) for name, total in json.loads(row[9]))
    asked = readable(principal, row[5])
    return Receipt(row[0], row[1], row[2], row[3], row[4], asked, row[6], row[7], row[8], totals)
