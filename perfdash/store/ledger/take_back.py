"""Taking a file back: what its run changed returns to what it was before, as a revision of its own. Nothing is deleted,
and the moments between the two still show what was known then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, select, update

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Account, Days
from perfdash.domain.errors import UsageError
from perfdash.domain.facts import BareKey, CampaignAttributes, FactKey, Sheet, Stored
from perfdash.domain.reconcile import Counts, WritePlan
from perfdash.store import schema
from perfdash.store.audit import write_line
from perfdash.store.engine import Store
from perfdash.store.ledger.leases import abort_leftovers, live_lease, of_account
from perfdash.store.ledger.overlays import key_of, refresh, with_corrections
from perfdash.store.ledger.revisions import locked, open_revision
from perfdash.store.ledger.writer import apply_plan
from perfdash.store.schema import OF_FILES, VALUES, VISIBLE
from perfdash.store.scope import in_scope

TAKEN_BACK = "This file was taken back; its numbers do not count any more."


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What became of the facts of a file that was taken back, and the revision that did it."""

    revision: int
    returned: int
    """Facts that have their earlier values again."""
    removed: int
    """Facts that the file alone had brought."""
    came_back: int
    """Facts that the file had closed."""


class _Version(NamedTuple):
    """A closed version of a fact: valid from `begun` up to `ended`, both revisions."""

    begun: int
    ended: int
    vanished: bool
    values: Stored


@dataclass(frozen=True, slots=True)
class _Imported:
    """A run that may be taken back, and the account that it wrote."""

    account: Account
    run: int
    revision: int | None
    days: Days


def take_back(store: Store, principal: Principal, client: str, run: int, clock: Callable[[], datetime]) -> TakenBack:
    """Let run `run` of a file count no more, for who may import. It writes the line of the audit.

    What a later run said stays. UsageError for any other run, one that was taken back already, and while the account is
    being synced.
    """
    principal.require(client)
    principal.require_may_import()
    with store.writing() as connection:
        revision = locked(connection, client) + 1
        file = _imported(connection, principal, client, run)
        if live_lease(connection, file.account, clock()):
            raise UsageError(f"{file.account.label} is being synced right now; try again when that is over.")
        abort_leftovers(connection, file.account, clock())
        plan = _plan(connection, file)
        apply_plan(connection, file.account, plan, revision)
        _close_campaigns(connection, file, revision)
        changed = (*plan.restated, *plan.vanished, *plan.reappeared)
        corrected = with_corrections(connection, client, file.account.number, file.days, changed)
        refresh(connection, client, file.account.number, corrected, revision)
        reverted = {"state": "reverted", "message": TAKEN_BACK}
        _set_run(connection, file, reverted)
        at = open_revision(connection, client, revision, kind="revert", author=principal.name, now=clock(), run=run)
        done = TakenBack(revision, len(plan.restated), len(plan.vanished), len(plan.reappeared))
        detail = f"run {run}: {done.returned} returned, {done.removed} removed, {done.came_back} came back"
        write_line(connection, principal.name, "import back", client, detail, at)
    return done


def _imported(connection: Connection, principal: Principal, client: str, run: int) -> _Imported:
    r, a = schema.runs.c, schema.accounts.c
    joined = schema.runs.join(schema.accounts, and_(a.client_id == r.client_id, a.account_id == r.account_id))
    row = connection.execute(
        select(r.state, r.trigger, r.revision, r.day_from, r.day_to, *schema.accounts.c)
        .select_from(joined)
        .where(in_scope(principal, r.client_id), r.client_id == client, r.run_id == run)
    ).one_or_none()
    if row is None or row.trigger not in OF_FILES:
        raise UsageError(f"Run {run} of {client} is not that of a file; only files can be taken back.")
    if row.state == "reverted":
        raise UsageError(f"Run {run} of {client} was taken back already.")
    if row.state not in VISIBLE:
        raise UsageError(f"Run {run} of {client} stored nothing, so there is nothing to take back.")
    account = Account(client, row.source, row.external_id, row.currency, row.time_zone, number=row.account_id)
    return _Imported(account, run, row.revision, Days(row.day_from, row.day_to))


def _set_run(connection: Connection, file: _Imported, values: Mapping[str, object]) -> None:
    r = schema.runs.c
    this = (*of_account(schema.runs, file.account), r.run_id == file.run)
    connection.execute(update(schema.runs).where(*this).values(**values))


# --- what the facts return to


def _plan(connection: Connection, file: _Imported) -> WritePlan:
    restated: dict[BareKey, Stored] = {}
    vanished: list[FactKey] = []
    back: Mapping[Any, Stored] = {}
    if file.revision is not None:
        past = _Past(connection, file)
        for key, begun in past.current.items():
            if past.origin(key, begun) == file.revision:
                before = past.before(key, file.revision)
                if before is None:
                    vanished.append(key)
                else:
                    restated[key] = before
        back = past.closed_by(file.revision)
    return WritePlan(
        new=Sheet({}),
        reappeared=Sheet(back),
        restated=Sheet(restated),
        vanished=tuple(vanished),
        campaigns=tuple(_campaigns(connection, file)),
        creators={},
        counts=Counts(),
    )


class _Past:
    """The versions of the facts on the days of a file, and which of them a run that was taken back had brought."""

    def __init__(self, connection: Connection, file: _Imported) -> None:
        account, days = file.account, file.days
        t, r = schema.facts.c, schema.runs.c
        mine = (*of_account(schema.facts, account), t.day.between(days.start, days.end))
        rows = connection.execute(select(t.day, t.campaign_id, t.platform, t.creator_id, t.from_rev).where(*mine))
        self.current = {key_of(row): row.from_rev for row in rows}
        """Of each fact that is reported now, the revision that brought it."""
        self._closed = _closed_versions(connection, account, days)
        taken = connection.execute(
            select(schema.revisions.c.revision, r.revision)
            .select_from(schema.revisions.join(schema.runs, _same_run()))
            .where(*of_account(schema.runs, account), schema.revisions.c.kind == "revert", r.revision.is_not(None))
        ).all()
        self._undid: Mapping[int, int] = dict(taken)
        """The revision that took a run back -> that run's own."""
        self._taken = frozenset(self._undid.values())

    def origin(self, key: FactKey, begun: int) -> int:
        """The revision that first brought a version: one that a run returned to is older than it looks."""
        while (undone := self._undid.get(begun)) is not None and (version := self._ended(key, undone)) is not None:
            begun = version.begun
        return begun

    def before(self, key: FactKey, revision: int) -> Stored | None:
        """What counted before `revision` changed it, past what was itself taken back; None when nothing did."""
        version = self._ended(key, revision)
        while version is not None and (origin := self.origin(key, version.begun)) in self._taken:
            version = self._ended(key, origin)
        return None if version is None else version.values

    def closed_by(self, revision: int) -> dict[FactKey, Stored]:
        """The facts that `revision` closed and nobody has reported since."""
        found = {}
        for key, versions in self._closed.items():
            last = versions[max(versions)]
            if key not in self.current and last.vanished and last.ended == revision:
                before = self.before(key, revision)
                if before is not None:
                    found[key] = before
        return found

    def _ended(self, key: FactKey, revision: int) -> _Version | None:
        return self._closed.get(key, {}).get(revision)


def _same_run() -> Any:
    return and_(
        schema.runs.c.client_id == schema.revisions.c.client_id, schema.runs.c.run_id == schema.revisions.c.run_id
    )


def _closed_versions(connection: Connection, account: Account, days: Days) -> dict[FactKey, dict[int, _Version]]:
    """Per fact, its closed versions by the revision that closed them."""
    t = schema.fact_history.c
    names = ("day", "campaign_id", "platform", "creator_id", "from_rev", "to_rev", "vanished", *VALUES)
    rows = connection.execute(
        select(*(t[name] for name in names)).where(
            *of_account(schema.fact_history, account), t.day.between(days.start, days.end)
        )
    )
    found: dict[FactKey, dict[int, _Version]] = {}
    for day, campaign, platform, creator, begun, ended, vanished, *values in rows:
        key = FactKey(day, campaign, platform, creator)
        found.setdefault(key, {})[ended] = _Version(begun, ended, vanished, tuple(values))
    return found


# --- campaigns


def _brought(connection: Connection, file: _Imported) -> Collection[str]:
    """The campaigns whose attributes are as the run left them."""
    t = schema.campaigns.c
    mine = select(t.campaign_id).where(
        *of_account(schema.campaigns, file.account), t.from_rev == file.revision, t.to_rev.is_(None)
    )
    return connection.scalars(mine).all() if file.revision is not None else ()


def _campaigns(connection: Connection, file: _Imported) -> Iterable[CampaignAttributes]:
    """What is known again of the campaigns whose attributes the run changed."""
    t, brought = schema.campaigns.c, set(_brought(connection, file))
    if not brought:
        return
    names = (t.name, t.budget, t.flight_start, t.flight_end, t.status, t.budget_kind)
    before = select(t.campaign_id, *names).where(*of_account(schema.campaigns, file.account), t.to_rev == file.revision)
    for row in connection.execute(before):
        if row.campaign_id in brought:
            yield CampaignAttributes(*row)


def _close_campaigns(connection: Connection, file: _Imported, revision: int) -> None:
    """What the file alone knew of campaigns is not known any more; those with an earlier version have it by now."""
    if _brought(connection, file):
        t = schema.campaigns.c
        mine = (*of_account(schema.campaigns, file.account), t.from_rev == file.revision, t.to_rev.is_(None))
        connection.execute(update(schema.campaigns).where(*mine).values(to_rev=revision))
