"""A pool of daemon threads that syncs many accounts at once: an executor's threads are joined when Python exits, and
one that waits for a slow source would keep a stopped process alive.

The runs of one account go in order. Whatever the threads report is passed on by the thread that called: lines stay
whole, and a page may draw them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from queue import Empty, SimpleQueue

from perfdash.domain.accounts import Account, Days
from perfdash.domain.errors import PerfdashError, StoreError
from perfdash.store.ledger import attempts, leases
from perfdash.store.ledger import writer as ledger_writer
from perfdash.sync.run import INTERRUPTED, Order, RunResult, SyncContext, describe_unexpected, result_of, sync_one

JOBS = 4
"""How many accounts are asked at once unless somebody says otherwise."""
MOST_JOBS = 32
POLL_SECONDS = 0.2
GRACE_SECONDS = 5.0
"""How long a round that is stopped waits for runs that are just being opened, so that it can close them."""
WantedRanges = Sequence[tuple[Account, Days]]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Voice:
    """How a round and its caller talk; all but `prepare` (once in each thread) are called in the caller's thread."""

    told: Callable[[RunResult], object] = lambda _result: None
    """Gets each result as its run ends."""
    stopped: Callable[[], bool] = lambda: False
    """Once true no run begins, those in progress are closed as failed, and the round ends."""
    prepare: Callable[[], object] = lambda: None


def sync_all(
    context: SyncContext, order: Order, wanted: WantedRanges, *, jobs: int = JOBS, voice: Voice | None = None
) -> tuple[RunResult, ...]:
    """One result for each of `wanted`, in that order; after a stop without those that had not begun.

    At most `jobs` accounts at once. A failure, also one that nobody foresaw, is the result of its run alone. An
    exception of the caller's own (a page that was left) lets the runs in progress end and no other begin.
    """
    order.principal.require_account()
    order.principal.require(*{account.client for account, _ in wanted})
    return _Round(context, order, wanted, voice or Voice()).result(max(1, jobs))


class _Round:
    """The runs still to begin, those in progress, and what came of the others; positions are those in `wanted`."""

    def __init__(self, context: SyncContext, order: Order, wanted: WantedRanges, voice: Voice) -> None:
        self._context, self._order, self._wanted, self._voice = context, order, wanted, voice
        self._lines: dict[tuple[str, str, str], list[int]] = {}
        for n, (account, _) in enumerate(wanted):
            self._lines.setdefault((account.client, account.source, account.external_id), []).append(n)
        self._waiting: SimpleQueue[list[int]] = SimpleQueue()
        self._said: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        """What the caller's thread is to call; None when a thread is done."""
        self._busy: dict[int, leases.OpenRun | None] = {}
        self._halted = threading.Event()
        self._results: dict[int, RunResult] = {}

    def result(self, jobs: int) -> tuple[RunResult, ...]:
        """Start the threads and listen to them until all is done."""
        for line in self._lines.values():
            self._waiting.put(line)
        working = min(jobs, len(self._lines))
        for n in range(working):
            threading.Thread(target=self._work, name=f"perfdash-sync-{n}", daemon=True).start()
        try:
            self._listen(working)
        except KeyboardInterrupt:
            self._close_all()
            raise
        except BaseException:
            self._halted.set()
            while self._busy:
                time.sleep(POLL_SECONDS)
            raise
        return tuple(self._results[n] for n in sorted(self._results))

    def _listen(self, working: int) -> None:
        while working:
            if self._voice.stopped():
                self._close_all()
                return
            with suppress(Empty):
                said = self._said.get(timeout=POLL_SECONDS)
                working -= said is None
                if said is not None:
                    said()

    def _ended(self, position: int, result: RunResult) -> None:
        if self._results.setdefault(position, result) is result:
            self._voice.told(result)

    # --- in the threads

    def _work(self) -> None:
        try:
            self._voice.prepare()
            while not self._halted.is_set():
                for position in self._waiting.get_nowait():
                    self._one(position)
        except Empty:
            pass
        finally:
            self._said.put(None)

    def _one(self, position: int) -> None:
        if self._halted.is_set():
            return
        self._busy[position] = None
        account, days = self._wanted[position]
        context = replace(
            self._context,
            progress=lambda line: self._said.put(partial(self._context.progress, line)),
            began=partial(self._began, position),
            sleep=self._sleep,
        )
        try:
            result = sync_one(context, self._order, account, days)
        except PerfdashError as error:
            result = RunResult(account, days, "failed", str(error))
        except BaseException as error:  # noqa: BLE001  a thread has nobody to hand it to, and the others go on
            result = RunResult(account, days, "failed", describe_unexpected(error))
            if isinstance(error, Exception):
                _log.exception("A sync of %s %s, %s, ended unexpectedly.", account.client, account.label, days)
        self._said.put(partial(self._ended, position, result))
        del self._busy[position]

    def _began(self, position: int, run: leases.OpenRun) -> None:
        self._busy[position] = run
        self._go_on()
        self._context.began(run)

    def _sleep(self, seconds: float) -> None:
        """Between two looks at another process's lease: that wait ends with the round."""
        self._go_on()
        self._context.sleep(seconds)

    def _go_on(self) -> None:
        if self._halted.is_set():
            raise KeyboardInterrupt

    # --- stopping

    def _close_all(self) -> None:
        """Close the runs in progress. A thread waiting for its source cannot be stopped; its lease is gone then."""
        self._halted.set()
        end = time.monotonic() + GRACE_SECONDS
        closed: set[int] = set()
        while (left := set(self._busy) - closed) and time.monotonic() < end:
            self._hear_out()
            for position in sorted(left):
                run = self._busy.get(position)
                if run is not None or self._order.dry_run:
                    closed.add(position)
                    self._ended(position, self._closed(position, run))
            time.sleep(POLL_SECONDS / 4)
        self._hear_out()

    def _hear_out(self) -> None:
        with suppress(Empty):
            while True:
                said = self._said.get_nowait()
                if said is not None:
                    said()

    def _closed(self, position: int, run: leases.OpenRun | None) -> RunResult:
        """What the store says of the run afterwards: it may have been committed a moment before."""
        account, days = self._wanted[position]
        lost = RunResult(account, days, "failed", INTERRUPTED, run=run.number if run else None)
        if run is None:
            return lost
        store = self._context.store
        try:
            ledger_writer.fail(store, run, state="failed", message=INTERRUPTED, now=self._context.clock())
            last = attempts.last_attempt(store, self._order.principal, account, days)
        except StoreError as error:
            return replace(lost, message=f"{INTERRUPTED} {error}")
        return replace(result_of(account, days, last), state=last.state) if last and last.run == run.number else lost
