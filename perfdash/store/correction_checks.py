"""Do the corrections keep their promises? Read by `db check`: spans that never overlap, and overlays that follow."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, Table, and_, func, literal, or_, select

from perfdash.payload import FactKey
from perfdash.store.corrected import corrections, overlays
from perfdash.store.overlaying import expected, key_of
from perfdash.store.schema import FACT_KEY, revisions


def problem(connection: Connection) -> str:
    """What is wrong, in a few words; '' when nothing is."""
    count = sum(_orphans(connection, table) + _overlaps(connection, table) for table in (overlays, corrections))
    count += _astray(connection)
    return f"{count} do not; restore a backup" if count else ""


def _orphans(connection: Connection, table: Table) -> int:
    """Rows of which the first or the last revision is not one of their client's, or that end before they begin."""
    count = 0
    for column in (table.c.from_rev, table.c.to_rev):
        known = select(literal(1)).where(revisions.c.client_id == table.c.client_id, revisions.c.revision == column)
        unknown = select(func.count()).select_from(table).where(column.is_not(None), ~known.exists())
        count += connection.scalar(unknown) or 0
    reversed_ = select(func.count()).select_from(table).where(table.c.to_rev <= table.c.from_rev)
    return count + (connection.scalar(reversed_) or 0)


def _overlaps(connection: Connection, table: Table) -> int:
    """Two rows of one fact (and slot) that hold at the same revision."""
    other = table.alias("other")
    names = (*FACT_KEY, "slot") if "slot" in table.c else FACT_KEY
    same = and_(*(table.c[name] == other.c[name] for name in names))
    both = and_(
        table.c.from_rev < other.c.from_rev,
        or_(table.c.to_rev.is_(None), table.c.to_rev > other.c.from_rev),
    )
    return connection.scalar(select(func.count()).select_from(table.join(other, and_(same, both)))) or 0


def _astray(connection: Connection) -> int:
    """Overlays of now that are not what the active corrections make of the reported values, and those missing."""
    of_accounts: dict[tuple[str, int], set[FactKey]] = defaultdict(set)
    for table in (corrections, overlays):
        key: list[Any] = [table.c[name] for name in FACT_KEY]
        for row in connection.execute(select(*key).where(table.c.to_rev.is_(None)).distinct()):
            of_accounts[row.client_id, row.account_id].add(key_of(row))
    return sum(_differs(connection, *account, keys) for account, keys in of_accounts.items())


def _differs(connection: Connection, client: str, account: int, keys: set[FactKey]) -> int:
    wanted, there = expected(connection, client, account, keys)
    return sum(wanted.get(key) != there.get(key) for key in wanted.keys() | there.keys())
