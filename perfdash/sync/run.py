"""Syncing: take the account's lease, fetch, decide, commit. The one place where sources and store meet."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from perfdash.domain import reconcile
from perfdash.domain.access import Principal
from perfdash.domain.accounts import Account, Days
from perfdash.domain.errors import LeaseLost, PerfdashError, RateLimited, RunFailed, StoreError, SuspiciousRun, Trail
from perfdash.domain.facts import Fetched
from perfdash.domain.reconcile import Counts
from perfdash.store.engine import Store
from perfdash.store.ledger import current as ledger_current
from perfdash.store.ledger import leases
from perfdash.store.ledger import writer as ledger_writer
from perfdash.store.ledger.attempts import LastAttempt, last_attempt

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

    state: committed, failed, suspicious, reused (a fresh enough run already answers this), or planned (dry run).
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

    @property
    def ok(self) -> bool:
        """True when the stored numbers answer the request."""
        return self.state in ("committed", "reused", "planned")


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

    `trigger` is cli, file, watch, page or demo. A file is no question to the source, so no answer will do for it.
    """

    principal: Principal
    trigger: str
    accept_vanished: bool = False
    dry_run: bool = False
    fresh: timedelta | None = None


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
    if order.trigger == "file" or (order.accept_vanished and last.state == "suspicious"):
        return False
    young = order.fresh is not None and context.clock() - last.finished_at < order.fresh
    return young or last.run == waited_for


def _pausing(context: SyncContext, order: Order, account: Account) -> LastAttempt | None:
    """The account's newest attempt, whichever days it was about, while the source wants to be left alone."""
    last = None if order.trigger in ("cli", "file") else last_attempt(context.store, order.principal, account)
    return last if last and last.resume_at is not None and last.resume_at > context.clock() else None


def result_of(account: Account, days: Days, last: LastAttempt) -> RunResult:
    """A run that is over, as the result of a request that it answers."""
    good = last.state == "committed"
    counts = last.counts if good else NOTHING
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
    return RunResult(run.account, run.days, state, message, counts, now, None, resume_at, run.number, trail)


def describe_unexpected(error: BaseException) -> str:
    """What a client may read of an exception that is none of ours: its kind. Its text could hold anything."""
    if not isinstance(error, Exception):
        return INTERRUPTED
    return f"An unexpected error ({type(error).__name__}) ended this run; nothing of it was stored."


def _trail_of(fetched: Fetched) -> Trail:
    return Trail(fetched.requests, fetched.retries, fetched.log)


def _store(context: SyncContext, order: Order, run: leases.OpenRun, fetched: Fetched) -> RunResult:
    held = ledger_current.known(context.store, run.account, run.days)
    plan = reconcile.decide(
        fetched.batch, held.current, held.gone, held.attributes, held.creators, accept_vanished=order.accept_vanished
    )
    context.progress(f"{run.account.client} {run.account.label} {run.days}: applying")
    revision = ledger_writer.commit(context.store, run, fetched, plan, context.clock)
    return RunResult(
        run.account,
        run.days,
        "committed",
        "",
        plan.counts,
        fetched.ended,
        revision,
        None,
        run.number,
        _trail_of(fetched),
    )


def _planned(context: SyncContext, order: Order, account: Account, days: Days) -> RunResult:
    """A dry run: fetch and decide, write nothing at all."""
    try:
        fetched = context.fetch(account, days)
        held = ledger_current.known(context.store, account, days)
        plan = reconcile.decide(
            fetched.batch,
            held.current,
            held.gone,
            held.attributes,
            held.creators,
            accept_vanished=order.accept_vanished,
        )
    except PerfdashError as error:
        state = "suspicious" if isinstance(error, SuspiciousRun) else "failed"
        trail = error.trail if isinstance(error, RunFailed) else NO_TRAIL
        return RunResult(account, days, state, str(error), trail=trail)
    return RunResult(account, days, "planned", "", plan.counts, fetched.ended, trail=_trail_of(fetched))


def totals(results: Sequence[RunResult]) -> Counts:
    """The counts of all committed runs together."""
    total = Counts()
    for result in results:
        if result.state == "committed":
            total += result.counts
    return total
