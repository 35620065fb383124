"""Writing a plan: close the old versions, then write the new ones, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import compress
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from perfdash.accounts import Account
from perfdash.changes import WritePlan
from perfdash.payload import CampaignAttributes, FactKey
from perfdash.sheet import Sheet, Stored
from perfdash.store.leases import of
from perfdash.store.raw import Once, add, day_kept, each
from perfdash.store.schema import ERASED_NAME, FACT_KEY, VALUES, campaigns, creators, fact_history, facts


def apply_plan(connection: Connection, account: Account, plan: WritePlan, revision: int) -> None:
    """Close the old versions, then write the new ones."""
    scribe = _Scribe(connection, account, revision)
    scribe.close(plan.restated, vanished=False)
    scribe.close(plan.vanished, vanished=True)
    scribe.delete(plan.vanished)
    scribe.restate(Sheet.of(plan.restated))
    scribe.add(Sheet.joined((plan.new, plan.reappeared)) if plan.reappeared else Sheet.of(plan.new))
    _apply_campaigns(connection, account, plan.campaigns, revision)


_AT_KEY = and_(*(facts.c[name] == bindparam(f"k_{name}") for name in FACT_KEY))
_VERSION = ("from_rev", *VALUES)
_PLACE = itemgetter(0, 1, 3, 2)
"""Of a FactKey: the fields by which the primary key orders the facts of one account."""
_CLOSE = insert(fact_history).from_select(
    [*FACT_KEY, *_VERSION, "to_rev", "vanished"],
    select(
        *(facts.c[name] for name in (*FACT_KEY, *_VERSION)),
        bindparam("to_rev", type_=fact_history.c.to_rev.type),
        bindparam("gone", type_=fact_history.c.vanished.type),
    ).where(_AT_KEY),
)


class _Scribe:
    """Writes facts of one account under one revision, as tuples that the driver takes as they are.

    In the order of the primary key: SQLite and PostgreSQL then append to their trees instead of searching them.
    """

    def __init__(self, connection: Connection, account: Account, revision: int) -> None:
        self._connection, self._revision = connection, revision
        self._client, self._number = account.client, account.number
        self._day_of = Once(day_kept(connection))

    def close(self, keys: Collection[FactKey], *, vanished: bool) -> None:
        """Into history what the ledger holds at `keys`, itself: not what was read of it before."""
        each(self._connection, _CLOSE, ((self._revision, vanished, *self._at(key)) for key in _in_order(keys)))

    def delete(self, keys: Collection[FactKey]) -> None:
        """What vanished is no longer current."""
        each(self._connection, delete(facts).where(_AT_KEY), (self._at(key) for key in _in_order(keys)))

    def restate(self, restated: Sheet) -> None:
        """New values, and the revision that brought them, in the place of the old ones."""
        changed = update(facts).where(_AT_KEY).values({name: bindparam(name) for name in _VERSION})
        rows = ((self._revision, *restated.rows[key], *self._at(key)) for key in _in_order(restated))
        each(self._connection, changed, rows)

    def add(self, added: Sheet) -> None:
        """Facts that are not current yet."""
        if not added:
            return
        ours = {"client_id": self._client, "account_id": self._number, "from_rev": self._revision}
        alike = _alike(list(added.rows.values()))
        add(self._connection, facts, ours | alike, self._rows(added, [name not in alike for name in VALUES]))

    def _rows(self, added: Sheet, differing: Sequence[bool]) -> Iterator[tuple[object, ...]]:
        """By key and the `differing` ones of VALUES."""
        day_of, places = self._day_of, map(_PLACE, added.rows)
        ordered = sorted(zip(places, added.rows.values(), strict=True), key=itemgetter(0))
        for (day, campaign, creator, platform), values in ordered:
            yield (day_of[day], campaign, creator, platform, *compress(values, differing))

    def _at(self, key: FactKey) -> tuple[object, ...]:
        """In the order of FACT_KEY."""
        day, campaign, platform, creator = key
        return self._client, self._day_of[day], self._number, campaign, creator, platform


def _alike(rows: Sequence[Stored]) -> dict[str, object]:
    """The values that all rows share, such as the currency, and None of a measure that the source does not report."""
    first, last = rows[0], rows[-1]
    shared = [at for at in range(len(VALUES)) if first[at] == last[at]]
    return {VALUES[at]: first[at] for at in shared if [row[at] for row in rows].count(first[at]) == len(rows)}


def _in_order(keys: Collection[FactKey]) -> list[FactKey]:
    """In the order of the primary key inside one account."""
    return sorted(keys, key=_PLACE)


def many(connection: Connection, statement: Any, rows: list[dict[str, Any]]) -> None:
    """Execute `statement` once per row, in one batch; nothing to write is nothing to do."""
    if rows:
        connection.execute(statement, rows)


def _apply_campaigns(
    connection: Connection, account: Account, changed: tuple[CampaignAttributes, ...], revision: int
) -> None:
    if not changed:
        return
    current = and_(*of(campaigns, account), campaigns.c.campaign_id == bindparam("named"), campaigns.c.to_rev.is_(None))
    many(connection, update(campaigns).where(current).values(to_rev=revision), [{"named": c.campaign} for c in changed])
    rows = [
        {
            "client_id": account.client, "account_id": account.number, "campaign_id": c.campaign, "from_rev": revision,
            "name": c.name, "budget": c.budget, "flight_start": c.flight_start, "flight_end": c.flight_end,
            "status": c.status,
        }
        for c in changed
    ]  # fmt: skip
    many(connection, insert(campaigns), rows)


def store_creators(connection: Connection, account: Account, names: Mapping[str, str]) -> None:
    """Names are personal data and not versioned: the last one wins. That of who was erased is not taken again."""
    if not names:
        return
    erased = select(creators.c.creator_id).where(*of(creators, account), creators.c.name == ERASED_NAME)
    names = {creator: names[creator] for creator in names.keys() - set(connection.execute(erased).scalars())}
    gone = and_(*of(creators, account), creators.c.creator_id == bindparam("named"))
    many(connection, delete(creators).where(gone), [{"named": creator} for creator in names])
    rows = [
        {"client_id": account.client, "account_id": account.number, "creator_id": k, "name": n}
        for k, n in names.items()
    ]
    many(connection, insert(creators), rows)
