"""`sync`: fetch what is due, or what is named, and commit it run by run; `--watch` keeps doing so."""

from __future__ import annotations

import argparse
import json
import signal
import threading
from collections.abc import Callable
from dataclasses import asdict
from datetime import date

from perfdash.access import OPERATOR
from perfdash.accounts import Account, Days, today_in
from perfdash.commands.opening import Desk as Opened
from perfdash.commands.opening import Subparsers, now, opened, require_known, say
from perfdash.errors import PerfdashError, UsageError
from perfdash.fetching import fetcher
from perfdash.filters import range_of
from perfdash.schedule import default_days
from perfdash.store import attempts, catalog
from perfdash.sync import Desk, Order, RunResult, sync_one

_ABOUT = "Fetch from the sources and commit what changed; exit code 1 when a run failed."
EVERY_MINUTES = 15


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Add `sync`."""
    parser = subparsers.add_parser("sync", help=_ABOUT, description=_ABOUT)
    parser.add_argument("--source", action="append", default=[], metavar="S", help="only this source (repeatable)")
    parser.add_argument("--client", action="append", default=[], metavar="C", help="only this client (repeatable)")
    parser.add_argument(
        "--from", dest="start", type=day_argument, metavar="D", help="first day, YYYY-MM-DD; default: what is due"
    )
    parser.add_argument("--to", dest="end", type=day_argument, metavar="D", help="last day, inclusive; default: today")
    parser.add_argument("--watch", action="store_true", help="go on, a sync every --every minutes, until stopped")
    parser.add_argument(
        "--every", type=minutes_argument, default=EVERY_MINUTES, metavar="MINUTES", help="default %(default)s"
    )
    parser.add_argument("--dry-run", action="store_true", help="fetch and count, write nothing")
    parser.add_argument(
        "--accept-vanished", action="store_true", help="commit an answer in which most rows are missing"
    )
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.set_defaults(run=run)


def day_argument(text: str) -> date:
    """A day label from the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day as YYYY-MM-DD") from None


def minutes_argument(text: str) -> float:
    """A pause from the command line: positive, at most a year."""
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not 0 < minutes <= 525_600:  # also refuses nan
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of minutes above 0")
    return minutes


def run(args: argparse.Namespace) -> int:
    """0 when every run ended well, 1 when one failed."""
    with opened() as desk:
        accounts = _accounts(desk, args)
        _asked(args, accounts)
        if args.watch:
            return _watch(desk, accounts, args)
        for account in accounts:
            desk.settings.source(account)  # a missing key is a mistake to mend first; --watch records it as failed runs
        results = _sync(desk, accounts, args, "cli")
    print(as_json(results) if args.format == "json" else as_table(results))
    return 0 if all(result.ok for result in results) else 1


def _accounts(desk: Opened, args: argparse.Namespace) -> list[Account]:
    require_known(args.client, tuple(c.slug for c in desk.settings.clients), "client")
    require_known(args.source, tuple(desk.settings.sources), "source")
    configured = {(a.client, a.source, a.external_id) for a in desk.settings.accounts}
    chosen = [
        account
        for account in catalog.accounts(desk.store, OPERATOR)
        if (account.client, account.source, account.external_id) in configured
        and (not args.client or account.client in args.client)
        and (not args.source or account.source in args.source)
    ]
    if not chosen:
        raise UsageError("There is no account to sync; configure one in perfdash.toml ([[sources.NAME.accounts]]).")
    return chosen


def _asked(args: argparse.Namespace, accounts: list[Account]) -> Days | None:
    """The named range, from its first day to today when no last one is named; refuses days that have not begun."""
    if args.start is None and args.end is None:
        return None
    today = max(today_in(account.time_zone, now()) for account in accounts)
    asked = range_of(args.start, args.end or (max(today, args.start) if args.start else None))
    if asked.end > today:
        raise UsageError(f"{asked.end} has not begun yet; the last day to ask for is today, {today}.")
    return asked


def _sync(
    desk: Opened,
    accounts: list[Account],
    args: argparse.Namespace,
    trigger: str,
    stopped: Callable[[], bool] = lambda: False,
) -> list[RunResult]:
    """Runs one after another; a failure of one leaves the others their turn. Ends between two runs once `stopped`."""
    asked = _asked(args, accounts)
    working = Desk(desk.store, fetcher(desk.settings), progress=say)
    order = Order(OPERATOR, trigger, accept_vanished=args.accept_vanished, dry_run=args.dry_run)
    results: list[RunResult] = []
    for account in accounts:
        if stopped():
            break
        covered = attempts.committed(desk.store, OPERATOR, account)
        for days in [asked] if asked else default_days(account, covered, now()):
            results.append(sync_one(working, order, account, days))
            say(told(results[-1]))
    desk.store.checkpoint()
    return results


def _watch(desk: Opened, accounts: list[Account], args: argparse.Namespace) -> int:
    """Until SIGTERM or Ctrl+C; a failing round is told and the next one comes all the same."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set():
        try:
            _sync(desk, accounts, args, "watch", stop.is_set)
        except PerfdashError as error:
            say(f"This round failed: {error}")
        stop.wait(args.every * 60)
    return 0


def told(result: RunResult) -> str:
    """One run in one line."""
    c = result.counts
    head = f"{result.account.client} {result.account.label} {result.days}: {result.state}"
    if result.message:
        return f"{head}: {result.message}"
    parts = [
        f"{getattr(c, name)} {name}"
        for name in ("new", "restated", "reappeared", "unchanged", "quarantined", "duplicate", "vanished")
        if getattr(c, name)
    ]
    return f"{head}: {c.fetched} rows" + (f" ({', '.join(parts)})" if parts else "")


def as_table(results: list[RunResult]) -> str:
    """A summary for people; the runs themselves were told as they ended."""
    failed = [result for result in results if not result.ok]
    changed = sum(result.revision is not None for result in results)
    lines = [f"{len(results)} runs: {len(results) - len(failed)} ok, {len(failed)} failed, {changed} with changes."]
    lines += [told(result) for result in failed]
    return "\n".join(lines)


def as_json(results: list[RunResult]) -> str:
    """A list of runs; instants as ISO 8601, `null` where unknown."""
    rows = [
        {
            "client": r.account.client, "account": r.account.label, "from": r.days.start.isoformat(),
            "to": r.days.end.isoformat(), "state": r.state, "message": r.message, **asdict(r.counts),
            "fetched_at": r.fetched_at and r.fetched_at.isoformat(), "revision": r.revision,
            "resume_at": r.resume_at and r.resume_at.isoformat(), "run": r.run,
        }
        for r in results
    ]  # fmt: skip
    return json.dumps(rows, indent=1)
