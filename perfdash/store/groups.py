"""The facts of a view, grouped and added up."""

from __future__ import annotations

from sqlalchemy import Connection, select

from perfdash.domain.groups import Dimension, Group
from perfdash.errors import UsageError
from perfdash.store.sums import measures, summed, sums_reader
from perfdash.store.view import KEYS, FactsView

COLUMNS: dict[Dimension, str] = {
    "client": "client_id",
    "account": "account_id",
    "campaign": "campaign_id",
    "creator": "creator_id",
    "platform": "platform",
    "day": "day",
}


def grouped(connection: Connection, bound: FactsView, by: tuple[Dimension, ...]) -> tuple[Group, ...]:
    """The groups of a bound view, ordered by the dimensions in the order asked for, then currency."""
    unknown = [name for name in by if name not in COLUMNS]
    if unknown or len(set(by)) < len(by):
        raise UsageError(f"Cannot group by {', '.join(by)}; expected each at most once of {', '.join(COLUMNS)}.")
    money = bound.principal.money
    keys = [*(COLUMNS[name] for name in by), "currency"]
    versions = bound.facts((*KEYS, *measures(money)))
    columns = [versions.c[name] for name in keys]
    statement = select(*columns, *summed(versions, money)).where(*bound.within(versions)).group_by(*columns)
    # Ordered here, by code point: the order of text on PostgreSQL depends on how its database was created.
    rows = sorted(connection.execute(statement), key=lambda row: row[: len(keys)])
    sums_of = sums_reader(money)
    return tuple(
        Group(currency=row[len(by)], sums=sums_of(row[len(keys) :]), **dict(zip(by, row, strict=False))) for row in rows
    )
