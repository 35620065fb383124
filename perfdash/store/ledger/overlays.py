"""Keeping `overlays` in step with the active corrections and with what the source reports now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, tuple_, update

from perfdash.domain import corrections as rules
from perfdash.domain.accounts import Days
from perfdash.domain.corrections import CorrectedField, Overlay, Raw, Set, Target
from perfdash.domain.facts import FactKey
from perfdash.domain.measures import CORRECTABLE
from perfdash.store.schema import FACT_KEY, corrections, facts, overlays

AT_ONCE = 500
"""Keys in one statement: four parameters each stay far below every database's limit."""
PARTS = ("day", "campaign_id", "creator_id", "platform")
"""What names a fact inside an account, in the order of the tables' keys."""


class Reported(NamedTuple):
    """What the source reports now of a fact, and the revision that brought it."""

    raw: Raw
    currency: str
    version: int


class Active(NamedTuple):
    """An active correction, and the currency that its value was set in."""

    set: Set
    currency: str


def reported(connection: Connection, client: str, account: int, keys: Collection[FactKey]) -> dict[Target, Reported]:
    """What the source reports now of those facts that it reports at all."""
    columns = [facts.c[name] for name in (*PARTS, *CORRECTABLE, "currency", "from_rev")]
    found = _of_keys(connection, facts, columns, client, account, keys)
    return {
        Target(client, account, key_of(row)): Reported(Raw(*row[len(PARTS) : -2]), row.currency, row.from_rev)
        for row in found
    }


def active(connection: Connection, client: str, account: int, keys: Collection[FactKey]) -> dict[FactKey, list[Active]]:
    """The active corrections of those facts that have any."""
    columns = [corrections.c[name] for name in (*PARTS, "correction_id", "field", "value", "currency")]
    found: dict[FactKey, list[Active]] = {}
    for row in _of_keys(connection, corrections, columns, client, account, keys, corrections.c.to_rev.is_(None)):
        one = Active(Set(row.correction_id, rules.field_of(row.field), row.value), row.currency)
        found.setdefault(key_of(row), []).append(one)
    return found


def laid_over(fact: Reported, those: Iterable[Active]) -> dict[CorrectedField, int]:
    """The values that can be laid over `fact`, by field: an amount only where its currency is still the fact's."""
    return {
        one.set.field: one.set.value
        for one in those
        if one.set.field not in rules.MONEY_FIELDS or one.currency == fact.currency
    }


def refresh(connection: Connection, client: str, account: int, keys: Collection[FactKey], revision: int) -> None:
    """From `revision` on, let the overlays of `keys` say what the active corrections now make of the reported values.

    A fact that is not reported has none: a correction counts nothing on it, and counts again once it is back.
    """
    if not keys:
        return
    wanted, before = expected(connection, client, account, keys)
    changed = [key for key in dict.fromkeys(keys) if wanted.get(key) != before.get(key)]
    _close(connection, client, account, [key for key in changed if key in before], revision)
    _open(connection, client, account, {key: wanted[key] for key in changed if key in wanted}, revision)


def expected(
    connection: Connection, client: str, account: int, keys: Collection[FactKey]
) -> tuple[dict[FactKey, Overlay], dict[FactKey, Overlay]]:
    """The overlays that the active corrections of `keys` ask for now, and those that there are."""
    known = {target.key: fact for target, fact in reported(connection, client, account, keys).items()}
    by_field = {
        key: laid_over(known[key], those)
        for key, those in active(connection, client, account, keys).items()
        if key in known
    }
    wanted = {key: rules.overlay(known[key].raw, values) for key, values in by_field.items() if values}
    return wanted, _current(connection, client, account, keys)


def with_corrections(
    connection: Connection, client: str, account: int, days: Days, keys: Iterable[FactKey]
) -> list[FactKey]:
    """Those of `keys`, all on `days`, that have an active correction; one cheap look when none of those days has."""
    t = corrections.c
    found = connection.execute(
        select(*(t[name] for name in PARTS))
        .where(t.client_id == client, t.day.between(days.start, days.end), t.account_id == account, t.to_rev.is_(None))
        .distinct()
    )
    corrected = {key_of(row) for row in found}
    return [key for key in keys if key in corrected] if corrected else []


def _current(connection: Connection, client: str, account: int, keys: Collection[FactKey]) -> dict[FactKey, Overlay]:
    columns = [overlays.c[name] for name in (*PARTS, *CORRECTABLE)]
    found = _of_keys(connection, overlays, columns, client, account, keys, overlays.c.to_rev.is_(None))
    return {key_of(row): Overlay(*row[len(PARTS) :]) for row in found}


def _close(connection: Connection, client: str, account: int, keys: list[FactKey], revision: int) -> None:
    if keys:
        at_key = and_(*(overlays.c[name] == bindparam(f"k_{name}") for name in FACT_KEY), overlays.c.to_rev.is_(None))
        rows = [key_parameters(client, account, key, "k_") for key in keys]
        # One that began in this very revision never counted.
        connection.execute(delete(overlays).where(at_key, overlays.c.from_rev == revision), rows)
        connection.execute(update(overlays).where(at_key).values(to_rev=revision), rows)


def _open(connection: Connection, client: str, account: int, wanted: Mapping[FactKey, Overlay], revision: int) -> None:
    if wanted:
        rows = [
            key_parameters(client, account, key) | one._asdict() | {"from_rev": revision, "to_rev": None}
            for key, one in wanted.items()
        ]
        connection.execute(insert(overlays), rows)


def _of_keys(
    connection: Connection,
    table: Any,
    columns: list[Any],
    client: str,
    account: int,
    keys: Collection[FactKey],
    *also: Any,
) -> Iterable[Any]:
    ordered = sorted(set(keys))
    for start in range(0, len(ordered), AT_ONCE):
        some = [(key.day, key.campaign, key.creator, key.platform) for key in ordered[start : start + AT_ONCE]]
        chosen = tuple_(*(table.c[name] for name in PARTS)).in_(some)
        days = table.c.day.between(some[0][0], some[-1][0])  # the key begins with client and day
        yield from connection.execute(
            select(*columns).where(table.c.client_id == client, table.c.account_id == account, days, chosen, *also)
        )


def key_of(row: Any) -> FactKey:
    """The key in a row that has its columns."""
    return FactKey(row.day, row.campaign_id, row.platform, row.creator_id)


def key_parameters(client: str, account: int, key: FactKey, prefix: str = "") -> dict[str, Any]:
    """The columns of a fact's key, as parameters."""
    parts = (client, key.day, account, key.campaign, key.creator, key.platform)
    return {prefix + name: part for name, part in zip(FACT_KEY, parts, strict=True)}
