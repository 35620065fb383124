"""Syncing: take the account's lease, fetch, decide, commit. The one place where sources and store meet."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from perfdash.domain import reconcile
from perfdash.domain.access import Principal
from perfdash.domain.accounts import Account, Days
from perfdash.domain.control_totals import ControlTotals
from perfdash.domain.errors import LeaseLost, PerfdashError, RateLimited, RunFailed, StoreError, SuspiciousRun, Trail
from perfdash.domain.facts import Fetched
from perfdash.domain.reconcile import Counts, WritePlan
from perfdash.domain.refusals import Refusal, summed
from perfdash.domain.schedule import answered_from
from perfdash.domain.vanishing import Closes, Closing
from perfdash.store.engine import Store
from perfdash.store.ledger import current as ledger_current
from perfdash.store.ledger import leases
from perfdash.store.ledger import writer as ledger_writer
from perfdash.store.ledger.attempts import LastAttempt, last_attempt
from perfdash.store.schema import OF_FILES, VISIBLE

POLL_SECONDS = 0.2
Clock = Callable[[], datetime]
Sleep = Callable[[float], object]


def lease_holder() -> str:
    """This process as a lease names it: host and process id."""
    return f"{socket.gethostname()[:30]}:{os.getpid()}"


def _is_dead(token: str) -> bool:
    """True only when the holder ran on this host and its process no longer exists."""
    host, _, rest = token.partition(":")
    pid = rest.partition("/")[0]
    if host != socket.gethostname()[:30] or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def wait_for_lease(store: Store, account: Account, held: leases.Held, clock: Clock, sleep: Sleep) -> None:
    """Until the lease is released, expires, or its process turns out to be gone."""
    while True:
        if _is_dead(held.token):
            leases.release_dead(store, account, held, clock())
            return
        found = leases.holder_of(store, account, clock())
        if found is None or found.token != held.token:
            return
        sleep(POLL_SECONDS)


@contextmanager
def renewing(store: Store, run: leases.OpenRun, clock: Clock) -> Iterator[None]:
    """Renew the lease from a thread while a slow source keeps us waiting."""
    done = threading.Event()

    def renewing() -> None:
        while not done.wait(leases.LEASE.total_seconds() / 3):
            with suppress(StoreError):  # a busy database is asked again; who lost the lease is told at the commit
                leases.renew(store, run, clock())

    thread = threading.Thread(target=renewing, name="perfdash-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


COOLDOWN = timedelta(seconds=60)
"""How long a page reuses the last answer, good or bad, for the same days before it asks the API again."""

NOTHING = Counts()
NO_TRAIL = Trail()
INTERRUPTED = "The sync was interrupted; nothing of it was stored."
Fetch = Callable[[Account, Days], Fetched]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RunResult:
    """How one account x range ended, in words that a client may read.

    state: committed, incomplete (committed, but for rows that were refused), failed, suspicious, reused (a fresh enough
    run already answers this), or planned (dry run). `message` of a committed one says what was kept, if anything.
    `fetched_at` is when the answer was fetched; for a failure, when the failed attempt ended.
    """

    account: Account
    days: Days
    state: str
    message: str = ""
    counts: Counts = NOTHING
    fetched_at: datetime | None = None
    revision: int | None = None
    resume_at: datetime | None = None
    run: int | None = None
    trail: Trail = NO_TRAIL
    """What this run asked; nothing for an answer that was reused."""
    totals: ControlTotals | None = None
    """What the answer adds up to, and where that went; of a run that was not applied, without what was stored."""
    refused: tuple[Refusal, ...] = ()
    """Its refused rows, added up."""
    kept: tuple[date, ...] = ()
    """Days of which the answer no longer says what is known; that stays as it is."""

    @property
    def ok(self) -> bool:
        """True when the stored numbers answer the request, all of it."""
        return self.state in ("committed", "reused", "planned")

    @property
    def stored(self) -> bool:
        """True when this run's answer became visible, complete or not."""
        return self.state in VISIBLE


@dataclass(frozen=True, slots=True)
class SyncContext:
    """What a sync works with: the store, how to fetch, and the outside world as arguments."""

    store: Store
    fetch: Fetch
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], object] = time.sleep
    progress: Progress = lambda _line: None
    began: Callable[[leases.OpenRun], object] = lambda _run: None
    """Told of a run once it is open; what it raises closes the run."""


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants it and how: `fresh` reuses an answer younger than that.

    `trigger` is cli, file, import, watch, page or demo. A file is no question to the source, so no answer will do for
    it. `closes`: what the answer takes back by not naming it; "named" or "whole" for a file.
    """

    principal: Principal
    trigger: str
    accept_vanished: bool = False
    dry_run: bool = False
    fresh: timedelta | None = None
    closes: Closes = "range"

    @property
    def of_file(self) -> bool:
        """True when a file is read instead of asking the source."""
        return self.trigger in OF_FILES


def sync_one(context: SyncContext, order: Order, account: Account, days: Days) -> RunResult:
    """One run. Expected failures come back as a result; a second request waits and gets the first one's result."""
    order.principal.require_account()
    order.principal.require(account.client)
    waited_for: int | None = None
    while True:
        ended = leases.last_ended(context.store, account)  # first: what ends while we look is noticed when we begin
        last = last_attempt(context.store, order.principal, account, days)
        answered = last if last and _answers(context, order, last, waited_for) else _pausing(context, order, account)
        if answered:
            return result_of(account, days, answered)
        if order.dry_run:
            return _planned(context, order, account, days)
        try:
            run = leases.begin(
                context.store,
                account,
                days,
                holder=lease_holder(),
                trigger=order.trigger,
                author=order.principal.name,
                now=context.clock(),
                since=ended,
            )
        except LeaseLost as error:  # the client was deleted meanwhile; the other accounts have their turn
            return RunResult(account, days, "failed", str(error))
        if isinstance(run, leases.OpenRun):
            return _carry_out(context, order, run)
        if run is not None:
            waited_for = run.run
            wait_for_lease(context.store, account, run, context.clock, context.sleep)


def _answers(context: SyncContext, order: Order, last: LastAttempt, waited_for: int | None) -> bool:
    """True when the last attempt about at least our days is the one we waited for, or is fresh enough."""
    if order.of_file or (order.accept_vanished and last.state == "suspicious"):
        return False
    young = order.fresh is not None and context.clock() - last.finished_at < order.fresh
    return young or last.run == waited_for


def _pausing(context: SyncContext, order: Order, account: Account) -> LastAttempt | None:
    """The account's newest attempt, whichever days it was about, while the source wants to be left alone."""
    last = None if order.of_file or order.trigger == "cli" else last_attempt(context.store, order.principal, account)
    return last if last and last.resume_at is not None and last.resume_at > context.clock() else None


def result_of(account: Account, days: Days, last: LastAttempt) -> RunResult:
    """A run that is over, as the result of a request that it answers."""
    good = last.state == "committed"
    counts = last.counts if last.state in VISIBLE else NOTHING
    at = last.fetch_ended or last.finished_at
    state = "reused" if good else last.state
    return RunResult(account, days, state, last.message, counts, at, last.revision, last.resume_at, last.run)


def _carry_out(context: SyncContext, order: Order, run: leases.OpenRun) -> RunResult:
    fetched: Fetched | None = None
    state, message, resume_at, trail = "failed", INTERRUPTED, None, NO_TRAIL
    try:
        context.began(run)
        with renewing(context.store, run, context.clock):
            context.progress(f"{run.account.client} {run.account.label} {run.days}: fetching")
            fetched = context.fetch(run.account, run.days)
            return _store(context, order, run, fetched)
    except SuspiciousRun as error:
        state, message = "suspicious", str(error)
    except PerfdashError as error:
        message = str(error)
        resume_at = error.resume_at if isinstance(error, RateLimited) else None
        trail = error.trail if isinstance(error, RunFailed) else trail
        if isinstance(error, LeaseLost):
            fetched = None  # its run may be closed and told by whoever took over; nothing is added to that
    except BaseException as error:
        # Not ours to judge (a stopped page, a bug): close the run so that it neither blocks nor looks alive.
        ledger_writer.fail(context.store, run, state=state, message=describe_unexpected(error), now=context.clock())
        raise
    now = context.clock()
    try:
        ledger_writer.fail(
            context.store, run, state=state, message=message, now=now, fetched=fetched, resume_at=resume_at, trail=trail
        )
    except StoreError as error:
        message = f"{message} {error}"  # the lease expires by itself, and the next run marks this one aborted
    counts = NOTHING if fetched is None else ledger_writer.counts_of(fetched)
    trail = trail if fetched is None else _trail_of(fetched)
    found = RunResult(run.account, run.days, state, message, counts, now, None, resume_at, run.number, trail)
    return found if fetched is None else _with_answer(found, fetched)


def describe_unexpected(error: BaseException) -> str:
    """What a client may read of an exception that is none of ours: its kind. Its text could hold anything."""
    if not isinstance(error, Exception):
        return INTERRUPTED
    return f"An unexpected error ({type(error).__name__}) ended this run; nothing of it was stored."


def _trail_of(fetched: Fetched) -> Trail:
    return Trail(fetched.requests, fetched.retries, fetched.log)


def _plan(context: SyncContext, order: Order, account: Account, days: Days, fetched: Fetched) -> WritePlan:
    kept_from = None if order.of_file else answered_from(account, context.clock())
    closing = Closing(order.closes, kept_from, order.accept_vanished)
    held = ledger_current.known(context.store, account, days)
    return reconcile.decide(fetched.batch, held, closing, account.refuse_at_most)


def _result(account: Account, days: Days, state: str, plan: WritePlan, fetched: Fetched) -> RunResult:
    refused, trail = summed(fetched.batch.quarantined), _trail_of(fetched)
    found = RunResult(account, days, state, plan.message, plan.counts, fetched.ended, trail=trail, refused=refused)
    return replace(found, totals=plan.totals, kept=plan.kept)


def _store(context: SyncContext, order: Order, run: leases.OpenRun, fetched: Fetched) -> RunResult:
    plan = _plan(context, order, run.account, run.days, fetched)
    context.progress(f"{run.account.client} {run.account.label} {run.days}: applying")
    revision = ledger_writer.commit(context.store, run, fetched, plan, context.clock)
    result = _result(run.account, run.days, ledger_writer.state_of(plan), plan, fetched)
    return replace(result, revision=revision, run=run.number)


def _planned(context: SyncContext, order: Order, account: Account, days: Days) -> RunResult:
    """A dry run: fetch and decide, write nothing at all."""
    fetched: Fetched | None = None
    try:
        fetched = context.fetch(account, days)
        return _result(account, days, "planned", _plan(context, order, account, days, fetched), fetched)
    except PerfdashError as error:
        state = "suspicious" if isinstance(error, SuspiciousRun) else "failed"
        trail = error.trail if isinstance(error, RunFailed) else NO_TRAIL
        found = RunResult(account, days, state, str(error), trail=trail)
        return found if fetched is None else _with_answer(found, fetched)


def _with_answer(result: RunResult, fetched: Fetched) -> RunResult:
    """What an answer says that was not applied: what it adds up to, and what of it was refused."""
    return replace(result, totals=fetched.batch.totals, refused=summed(fetched.batch.quarantined))


def totals(results: Sequence[RunResult]) -> Counts:
    """The counts of all runs together whose answers became visible."""
    total = Counts()
    for result in results:
        if result.stored:
            total += result.counts
    return total
