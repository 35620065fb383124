"""Writing the ledger: the one short transaction that makes a run visible whole or not at all.

Only `sync/run.py` calls this. Each function names one account; who may start a sync is decided before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import chain
from operator import itemgetter
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from perfdash.domain.accounts import Account
from perfdash.domain.control_totals import ControlTotals, stored_sums
from perfdash.domain.errors import Superseded, Trail
from perfdash.domain.facts import CampaignAttributes, FactKey, Fetched, Sheet, Stored
from perfdash.domain.measures import ALWAYS, FactValues
from perfdash.domain.reconcile import Counts, WritePlan
from perfdash.store.engine import Store
from perfdash.store.ledger.bulk import Once, add, day_kept, execute_each
from perfdash.store.ledger.leases import OpenRun, lock, of_account, require_lease
from perfdash.store.ledger.newer_answers import newer_in, platforms_in
from perfdash.store.ledger.overlays import refresh, with_corrections
from perfdash.store.ledger.refused import forget_refused, store_refused
from perfdash.store.ledger.revisions import open_revision
from perfdash.store.schema import (
    ERASED_NAME,
    FACT_KEY,
    VALUES,
    campaigns,
    creators,
    fact_history,
    facts,
    leases,
    runs,
)

LONGEST = 20_000
"""Characters kept of one run's log."""
_LONGEST_LINE = 1_000


def joined_log(lines: Sequence[str], longest: int = LONGEST) -> str:
    """`lines` as one text of at most `longest` characters.

    How a run began and how it ended say most about it, so what is too much is left out of the middle, and counted.
    """
    short = [line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 1]}…" for line in lines]
    if sum(map(len, short)) + len(short) <= longest:
        return "\n".join(short)
    half = (longest - len(_cut(len(short)))) // 2 - 1
    first = _fitting(short, half)
    last = _fitting(short[::-1], half)
    return "\n".join([*short[:first], _cut(len(short) - first - last), *short[len(short) - last :]])


def _fitting(lines: Sequence[str], room: int) -> int:
    """How many of `lines` fit into `room` characters, with their line breaks."""
    for count, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0:
            return count
    return len(lines)


def _cut(count: int) -> str:
    return f"[… {count:,} lines left out …]"


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
        execute_each(self._connection, _CLOSE, ((self._revision, vanished, *self._at(key)) for key in _in_order(keys)))

    def delete(self, keys: Collection[FactKey]) -> None:
        """What vanished is no longer current."""
        execute_each(self._connection, delete(facts).where(_AT_KEY), (self._at(key) for key in _in_order(keys)))

    def restate(self, restated: Sheet) -> None:
        """New values, and the revision that brought them, in the place of the old ones."""
        changed = update(facts).where(_AT_KEY).values({name: bindparam(name) for name in _VERSION})
        rows = ((self._revision, *restated.rows[key], *self._at(key)) for key in _in_order(restated))
        execute_each(self._connection, changed, rows)

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
        own = [at for at, differs in enumerate(differing) if differs]
        # Of one place itemgetter gives the value itself, not a tuple of it.
        values_of = itemgetter(*own) if len(own) > 1 else lambda values: tuple(values[at] for at in own)
        for (day, campaign, creator, platform), values in ordered:
            yield (day_of[day], campaign, creator, platform, *values_of(values))

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


def execute_many(connection: Connection, statement: Any, rows: list[dict[str, Any]]) -> None:
    """Execute `statement` once per row, in one batch; nothing to write is nothing to do."""
    if rows:
        connection.execute(statement, rows)


def _apply_campaigns(
    connection: Connection, account: Account, changed: tuple[CampaignAttributes, ...], revision: int
) -> None:
    if not changed:
        return
    current = and_(
        *of_account(campaigns, account), campaigns.c.campaign_id == bindparam("named"), campaigns.c.to_rev.is_(None)
    )
    execute_many(
        connection, update(campaigns).where(current).values(to_rev=revision), [{"named": c.campaign} for c in changed]
    )
    rows = [
        {
            "client_id": account.client,
            "account_id": account.number,
            "campaign_id": c.campaign,
            "from_rev": revision,
            "name": c.name,
            "budget": c.budget,
            "flight_start": c.flight_start,
            "flight_end": c.flight_end,
            "status": c.status,
            "budget_kind": c.budget_kind,
        }
        for c in changed
    ]
    execute_many(connection, insert(campaigns), rows)


def store_creators(connection: Connection, account: Account, names: Mapping[str, str]) -> None:
    """Names are personal data and not versioned: the last one wins. That of who was erased is not taken again."""
    if not names:
        return
    erased = select(creators.c.creator_id).where(*of_account(creators, account), creators.c.name == ERASED_NAME)
    names = {creator: names[creator] for creator in names.keys() - set(connection.execute(erased).scalars())}
    gone = and_(*of_account(creators, account), creators.c.creator_id == bindparam("named"))
    execute_many(connection, delete(creators).where(gone), [{"named": creator} for creator in names])
    rows = [
        {"client_id": account.client, "account_id": account.number, "creator_id": k, "name": n}
        for k, n in names.items()
    ]
    execute_many(connection, insert(creators), rows)


NO_TRAIL = Trail()


def commit(store: Store, run: OpenRun, fetched: Fetched, plan: WritePlan, clock: Callable[[], datetime]) -> int | None:
    """Apply `plan` and make the run visible, in one transaction. Returns the revision it took, or None.

    The clock is read last: neither waiting for a turn nor writing may date a revision into a past already answered.
    Raises LeaseLost when another process took the account over, Superseded when a later answer is already committed.
    """
    with store.writing() as connection:
        last = lock(connection, run.account)
        require_lease(connection, run)
        _refuse_superseded(connection, run, fetched)
        revision = last + 1 if plan.changes_something else None
        if revision:
            apply_plan(connection, run.account, plan, revision)
            _lay_corrections(connection, run, plan, revision)
        store_creators(connection, run.account, plan.creators)
        store_refused(connection, run, fetched.batch.quarantined)
        now = clock()
        if revision:
            author = _author(connection, run)
            at = open_revision(
                connection, run.account.client, revision, kind="run", author=author, now=now, run=run.number
            )
            now = max(now, at)
        forget_refused(connection, run.account.client, now)
        _finish(
            connection,
            run,
            now,
            state=state_of(plan),
            counts=plan.counts,
            fetched=fetched,
            revision=revision,
            message=plan.message,
            control=plan.totals,
        )
    return revision


def state_of(plan: WritePlan) -> Literal["committed", "incomplete"]:
    """What a run is called whose plan was applied: one that refused rows does not have all of what the source says."""
    return "incomplete" if plan.counts.quarantined else "committed"


def fail(
    store: Store,
    run: OpenRun,
    *,
    state: str,
    message: str,
    now: datetime,
    fetched: Fetched | None = None,
    resume_at: datetime | None = None,
    trail: Trail = NO_TRAIL,
) -> None:
    """End a run that did not become visible: `failed` or `suspicious`, with a sentence that a client may read."""
    counts = Counts()
    with store.writing() as connection:
        if fetched is not None:
            counts = counts_of(fetched)
            store_refused(connection, run, fetched.batch.quarantined)
        _finish(
            connection,
            run,
            now,
            state=state,
            counts=counts,
            fetched=fetched,
            message=message,
            resume_at=resume_at,
            trail=trail,
        )


def _lay_corrections(connection: Connection, run: OpenRun, plan: WritePlan, revision: int) -> None:
    """Corrections survive every refetch; what follows from a corrected CPM follows the restated impressions."""
    client, account = run.account.client, run.account.number
    changed = chain(plan.restated, plan.vanished, plan.reappeared, plan.new)
    refresh(connection, client, account, with_corrections(connection, client, account, run.days, changed), revision)


def counts_of(fetched: Fetched) -> Counts:
    """What can be counted of an answer that was not applied."""
    batch = fetched.batch
    return Counts(
        fetched=batch.fetched,
        quarantined=len(batch.quarantined),
        duplicate=batch.duplicates,
        added=batch.added,
        left_out=batch.left_out,
    )


def content_sha256(facts: Mapping[FactKey, FactValues], totals: ControlTotals | None) -> str:
    """Of what an answer says, whoever it was asked for and in whatever order it came; '' of one that says nothing.

    By its days, campaigns and control totals: hashing every row would take a tenth of the time of a large answer.
    """
    rows = Sheet.of(facts).rows
    if not rows:
        return ""
    days, campaigns = (sorted(set(map(itemgetter(at), rows))) for at in (0, 1))
    sums = {name: of.read for name, of in totals.measures.items()} if totals else stored_sums(rows.values(), ALWAYS)
    said = (len(rows), days, campaigns, sums)
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


def _refuse_superseded(connection: Connection, run: OpenRun, fetched: Fetched) -> None:
    platforms = run.account.platforms if fetched.file is None else platforms_in(fetched.batch)
    if newer_in(connection, run.account, run.days, platforms, fetched.began):
        raise Superseded(
            f"A newer answer for {run.account.label} was stored while this one was on its way; this one was dropped."
        )


def _author(connection: Connection, run: OpenRun) -> str:
    author: str = connection.execute(
        select(runs.c.author).where(runs.c.client_id == run.account.client, runs.c.run_id == run.number)
    ).scalar_one()
    return author


def _finish(
    connection: Connection,
    run: OpenRun,
    now: datetime,
    *,
    state: str,
    counts: Counts,
    fetched: Fetched | None,
    revision: int | None = None,
    message: str = "",
    resume_at: datetime | None = None,
    trail: Trail = NO_TRAIL,
    control: ControlTotals | None = None,
) -> None:
    done: dict[str, Any] = asdict(counts) | {
        "state": state,
        "finished_at": now,
        "revision": revision,
        "message": message,
        "resume_at": resume_at,
    }
    if fetched is not None:
        done |= {"fetch_began": fetched.began, "fetch_ended": fetched.ended}
        trail = Trail(fetched.requests, fetched.retries, fetched.log)
        control = control or fetched.batch.totals
        done["content_sha256"] = content_sha256(fetched.batch.facts, fetched.batch.totals)
    if fetched is not None and fetched.file is not None:
        done |= {"file_name": fetched.file.name[:200], "file_sha256": fetched.file.sha256}
    done["control"] = control.as_json() if control else ""
    done |= {"requests": trail.requests, "retries": trail.retries, "log": joined_log(trail.log)}
    connection.execute(
        update(runs)
        .where(runs.c.client_id == run.account.client, runs.c.run_id == run.number, runs.c.state == "running")
        .values(**done)
    )
    connection.execute(delete(leases).where(*of_account(leases, run.account), leases.c.token == run.token))
