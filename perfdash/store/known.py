"""What the ledger holds of one account before a run: the left side of `changes.decide`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, String, select, type_coerce

from perfdash.accounts import Account, Days
from perfdash.payload import CampaignAttributes, FactKey, FactValues
from perfdash.sheet import Place, Sheet, Stored
from perfdash.store.engine import Store
from perfdash.store.hoard import hoarding
from perfdash.store.leases import of
from perfdash.store.raw import AT_ONCE, Once, day_read
from perfdash.store.schema import VALUES, campaigns, creators, fact_history, facts

# The fields of a Place, then those of what is Stored. SQLite keeps a day as text; it is read as it is kept.
_COLUMNS = (
    type_coerce(facts.c.day, String),
    *(facts.c[name] for name in ("campaign_id", "platform", "creator_id")),
    *(facts.c[name] for name in VALUES),
)


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger holds for one account's days and platforms: the left side of `changes.decide`."""

    current: Mapping[FactKey, FactValues]
    gone: frozenset[FactKey]
    attributes: Mapping[str, CampaignAttributes]
    creators: Mapping[str, str]


def known(store: Store, account: Account, days: Days) -> Known:
    """Everything current and everything vanished in the account's `days` and asked platforms."""
    with store.reading() as connection:
        return Known(
            current=_current(connection, account, days),
            gone=_gone(connection, account, days),
            attributes=_attributes(connection, account),
            creators=dict(
                connection.execute(
                    select(creators.c.creator_id, creators.c.name).where(*of(creators, account))
                ).all()
            ),
        )  # fmt: skip


def _asked(table: Any, account: Account, days: Days) -> list[Any]:
    conditions = [*of(table, account), table.c.day.between(days.start, days.end)]
    if account.platforms:
        conditions.append(table.c.platform.in_(account.platforms))
    return conditions


def _current(connection: Connection, account: Account, days: Days) -> Sheet:
    # By columns, and a day is converted once: a weekly sweep compares every fact of half a year.
    day_of = Once(day_read).__getitem__
    found: dict[Place, Stored] = {}
    rows = connection.execute(select(*_COLUMNS).where(*_asked(facts, account, days)))
    with hoarding():
        for some in rows.partitions(AT_ONCE):
            day, campaign, platform, creator, *values = zip(*some, strict=True)
            keys = zip(map(day_of, day), campaign, platform, creator, strict=True)
            found.update(zip(keys, zip(*values, strict=True), strict=True))
    return Sheet(found)


def _gone(connection: Connection, account: Account, days: Days) -> frozenset[FactKey]:
    t = fact_history.c
    rows = connection.execute(
        select(t.day, t.campaign_id, t.platform, t.creator_id)
        .where(*_asked(fact_history, account, days), t.vanished)
        .distinct()
    )
    return frozenset(FactKey(*row) for row in rows)


def _attributes(connection: Connection, account: Account) -> dict[str, CampaignAttributes]:
    c = campaigns.c
    rows = connection.execute(
        select(c.campaign_id, c.name, c.budget, c.flight_start, c.flight_end, c.status).where(
            *of(campaigns, account), c.to_rev.is_(None)
        )
    )
    return {row[0]: CampaignAttributes(*row) for row in rows}
