"""The facts of a view, grouped and added up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import Connection, select

from perfdash.errors import UsageError
from perfdash.metrics import Sums
from perfdash.store.sums import measures, summed, sums_reader
from perfdash.store.view import KEYS, View

Dimension = Literal["client", "account", "campaign", "creator", "platform", "day"]
COLUMNS: dict[Dimension, str] = {
    "client": "client_id",
    "account": "account_id",
    "campaign": "campaign_id",
    "creator": "creator_id",
    "platform": "platform",
    "day": "day",
}


@dataclass(frozen=True, slots=True)
class Group:
    """The sums of the facts that share the asked dimensions and a currency.

    A dimension that was not asked for is '' (account 0, day None). Account numbers and campaign and creator ids mean
    something only together with their client (and account): ask for those too, or different ones fall together.
    """

    currency: str
    sums: Sums
    client: str = ""
    account: int = 0
    campaign: str = ""
    creator: str = ""
    platform: str = ""
    day: date | None = None


def grouped(connection: Connection, bound: View, by: tuple[Dimension, ...]) -> tuple[Group, ...]:
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
