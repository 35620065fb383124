"""The account's current ledger rows, as input for `reconcile.decide`."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Cast, Connection, Text, cast, func, select

from perfdash.domain.accounts import Account, Days
from perfdash.domain.facts import BareKey, CampaignAttributes, FactKey, Sheet, Stored
from perfdash.domain.reconcile import KnownFacts
from perfdash.store.engine import Store
from perfdash.store.ledger.leases import of_account
from perfdash.store.schema import OF_FILES, VALUES, campaigns, creators, fact_history, facts, runs

# The fields of a BareKey but the day, then those of what is Stored.
_COLUMNS = tuple(facts.c[name] for name in ("campaign_id", "platform", "creator_id", *VALUES))
_NAMED = 3
_DECODER = msgspec.json.Decoder(list[tuple[Any, ...]])


def known(store: Store, account: Account, days: Days) -> KnownFacts:
    """Everything current and everything vanished in the account's `days` and asked platforms."""
    with store.reading() as connection:
        return KnownFacts(
            current=_current(connection, account, days),
            gone=_gone(connection, account, days),
            attributes=_attributes(connection, account),
            creators=dict(
                connection.execute(
                    select(creators.c.creator_id, creators.c.name).where(*of_account(creators, account))
                ).all()
            ),
            later=_later(connection, account, days),
            from_files=_from_files(connection, account, days),
        )


def _later(connection: Connection, account: Account, days: Days) -> dict[str, date]:
    """The latest day of each campaign after `days`: none for a sync of today, many for a file of an old month."""
    t = facts.c
    latest = select(t.campaign_id, func.max(t.day)).where(*of_account(facts, account), t.day > days.end)
    return dict(connection.execute(latest.group_by(t.campaign_id)).all())


def _from_files(connection: Connection, account: Account, days: Days) -> frozenset[FactKey]:
    """The facts whose current version a file brought."""
    brought = select(runs.c.revision).where(
        *of_account(runs, account), runs.c.trigger.in_(OF_FILES), runs.c.revision.is_not(None)
    )
    revisions = connection.scalars(brought).all()
    if not revisions:  # as a rule, so that nobody pays for a look at every fact
        return frozenset()
    t = facts.c
    rows = connection.execute(
        select(t.day, t.campaign_id, t.platform, t.creator_id).where(
            *_asked(facts, account, days), t.from_rev.in_(brought)
        )
    )
    return frozenset(FactKey(*row) for row in rows)


def _asked(table: Any, account: Account, days: Days) -> list[Any]:
    conditions = [*of_account(table, account), table.c.day.between(days.start, days.end)]
    if account.platforms:
        conditions.append(table.c.platform.in_(account.platforms))
    return conditions


def _current(connection: Connection, account: Account, days: Days) -> Sheet:
    # A day at a time as one JSON text, which the database writes and msgspec reads in a third of the time that the
    # drivers take to hand over value by value: a weekly sweep compares every fact of half a year.
    texts = select(facts.c.day, _as_json(connection)).where(*_asked(facts, account, days)).group_by(facts.c.day)
    found: dict[BareKey, Stored] = {}
    for day, text in connection.execute(texts):
        for row in _DECODER.decode(text):
            found[day, *row[:_NAMED]] = row[_NAMED:]
    return Sheet(found)


def _as_json(connection: Connection) -> Cast[str]:
    """A group's facts as a list of lists. Numbers are whole and ratios text, so that JSON loses nothing."""
    if connection.dialect.name == "postgresql":
        return cast(func.json_agg(func.json_build_array(*_COLUMNS)), Text)
    return cast(func.json_group_array(func.json_array(*_COLUMNS)), Text)


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
        select(c.campaign_id, c.name, c.budget, c.flight_start, c.flight_end, c.status, c.budget_kind).where(
            *of_account(campaigns, account), c.to_rev.is_(None)
        )
    )
    return {row[0]: CampaignAttributes(*row) for row in rows}
