"""`sync`: fetch what is due, or what is named, and commit it run by run; `--watch` keeps doing so."""

from __future__ import annotations

import argparse
import gc
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

from perfdash.commands.context import Installation, Subparsers, now, opened_context, print_progress, require_known
from perfdash.commands.sync_report import as_json, as_table, told_of
from perfdash.domain.access import OPERATOR
from perfdash.domain.accounts import Account, Days, today_in
from perfdash.domain.errors import ConfigError, PerfdashError, UsageError
from perfdash.domain.filters import range_of
from perfdash.domain.schedule import Covered, answered, default_days
from perfdash.presentation.formatting import enumerate_names
from perfdash.store.ledger import attempts, take_back
from perfdash.store.query import catalog, sync_health
from perfdash.sync import import_file
from perfdash.sync.fetch import fetcher
from perfdash.sync.pool import JOBS, MOST_JOBS, Voice, sync_all
from perfdash.sync.run import Order, RunResult, SyncContext


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `sync` knows of files."""
    parser.add_argument(
        "--file",
        action="append",
        metavar="REPORT",
        help="read this saved export of one account instead of asking: CSV, TSV, XLSX, JSON or JSON lines, also "
        "as .gz or .zip (repeatable: all together are one answer)",
    )
    parser.add_argument(
        "--mapping",
        metavar="M",
        help="how its columns are read: a preset such as meta_export, or a TOML file with [records] and [fields]; "
        "default: as the source says, or as its header is recognised",
    )
    parser.add_argument("--sheet", metavar="NAME", help="the sheet of a workbook; default: the one that fits")
    parser.add_argument(
        "--exported-at",
        type=moment_argument,
        metavar="T",
        help="when it was exported, such as 2026-11-03T09:00+01:00; default: when the file was last written",
    )
    parser.add_argument(
        "--take-back",
        type=run_argument,
        metavar="RUN",
        help="let this run of a file count no more: what it changed returns to what it was (with --client)",
    )
    parser.add_argument(
        "--complete",
        action="store_true",
        help="the file is the whole of its days: what it does not name was taken back by the source",
    )


def moment_argument(text: str) -> datetime:
    """A moment from the command line, with its offset from UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a moment with its offset, such as 2026-11-03T09:00+01:00")
    return moment


def run_argument(text: str) -> int:
    """The number of a run from the command line."""
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text!r} is not the number of a run")
    return int(text)


def check_arguments(args: argparse.Namespace) -> None:
    """UsageError for what does not go together."""
    if args.file is not None and args.watch:
        raise UsageError("--file is read once; leave out --watch.")
    if args.file is None and args.complete:
        raise UsageError("--complete speaks of a file; name it with --file.")
    for name in ("exported_at", "mapping", "sheet"):
        if args.file is None and getattr(args, name) is not None:
            raise UsageError(f"--{name.replace('_', '-')} speaks of a file; name it with --file.")
    if args.take_back is not None and (args.file is not None or args.watch or args.dry_run or len(args.client) != 1):
        raise UsageError("--take-back takes one run back: name its client with --client, and nothing else.")


def take_run_back(installation: Installation, args: argparse.Namespace) -> int:
    """Undo a file's run; 0."""
    (client,) = args.client
    done = take_back.take_back(installation.store, OPERATOR, client, args.take_back, now)
    facts = f"{done.returned} returned to earlier values, {done.removed} removed, {done.came_back} came back"
    print_progress(f"{client} run {args.take_back}: taken back as revision {done.revision}: {facts}.")
    return 0


def sync_file(
    installation: Installation, accounts: list[Account], args: argparse.Namespace, stop: threading.Event
) -> tuple[RunResult, ...]:
    account = _only(accounts)
    mapping = None if args.mapping is None else import_file.read_mapping(args.mapping)
    saved = import_file.read_paths(
        [Path(path) for path in args.file],
        installation.settings.sources[account.source],
        account,
        import_file.FileRequest(mapping, args.sheet, _days(args), args.exported_at),
        now(),
    )
    for line in saved.said:
        print_progress(line)
    working = SyncContext(
        installation.store, lambda _account, _days: saved.fetched(installation.store), progress=print_progress
    )
    order = Order(
        OPERATOR,
        "file",
        accept_vanished=args.accept_vanished,
        dry_run=args.dry_run,
        closes="whole" if args.complete else "named",
    )
    voice = Voice(told=lambda result: print_progress(told_of(result)), stopped=stop.is_set)
    return sync_all(working, order, [(account, saved.days)], voice=voice)


def _only(accounts: list[Account]) -> Account:
    if len(accounts) > 1:
        named = "; ".join(f"--client {a.client} --source {a.source} --account {a.external_id}" for a in accounts[:10])
        more = f"; and {len(accounts) - 10} more" if len(accounts) > 10 else ""
        raise UsageError(f"A file holds the rows of one account; say which: {named}{more}.")
    return accounts[0]


def _days(args: argparse.Namespace) -> Days | None:
    """The named range; None for all days of the file."""
    return None if args.start is None and args.end is None else range_of(args.start, args.end)


_ABOUT = "Fetch from the sources and commit what changed; exit code 1 when a run failed or refused rows."
EVERY_MINUTES = 15


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("sync", help=_ABOUT, description=_ABOUT)
    parser.add_argument("--source", action="append", default=[], metavar="S", help="only this source (repeatable)")
    parser.add_argument("--client", action="append", default=[], metavar="C", help="only this client (repeatable)")
    parser.add_argument(
        "--account",
        action="append",
        default=[],
        metavar="A",
        help="only this account: its id at the source (repeatable)",
    )
    parser.add_argument(
        "--from", dest="start", type=day_argument, metavar="D", help="first day, YYYY-MM-DD; default: what is due"
    )
    parser.add_argument("--to", dest="end", type=day_argument, metavar="D", help="last day, inclusive; default: today")
    parser.add_argument(
        "--jobs",
        type=jobs_argument,
        default=JOBS,
        metavar="N",
        help=f"ask at most N accounts at once, 1 to {MOST_JOBS}; default %(default)s",
    )
    parser.add_argument("--watch", action="store_true", help="go on, a sync every --every minutes, until stopped")
    parser.add_argument(
        "--every", type=minutes_argument, default=EVERY_MINUTES, metavar="MINUTES", help="default %(default)s"
    )
    parser.add_argument("--dry-run", action="store_true", help="fetch and count, write nothing")
    parser.add_argument(
        "--accept-vanished", action="store_true", help="commit an answer in which most rows are missing"
    )
    add_arguments(parser)
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


def jobs_argument(text: str) -> int:
    """How many accounts at once, from the command line."""
    jobs = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
    if not 1 <= jobs <= MOST_JOBS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {MOST_JOBS}")
    return jobs


def collect_seldom() -> None:
    """A process that only syncs makes many values that stay: look for garbage after 50,000 of them, not 700."""
    gc.set_threshold(50_000, 20, 50)


def run(args: argparse.Namespace) -> int:
    """0 when every run ended well, 1 when one failed or refused rows, or the sync was stopped before its end."""
    check_arguments(args)
    collect_seldom()
    with opened_context() as installation, stopping_on_signals() as stop:
        if args.take_back is not None:
            return take_run_back(installation, args)
        accounts = _accounts(installation, args)
        if args.file is not None:
            results = sync_file(installation, accounts, args, stop)
        else:
            accounts = _with_an_api(accounts)
            _asked(args, accounts)
            if args.watch:
                return _watch(installation, accounts, args, stop)
            _require_a_key(installation, accounts)
            results = _sync(installation, accounts, args, "cli", stop)
    print(as_json(results) if args.format == "json" else as_table(results))
    return 0 if all(result.ok for result in results) and not stop.is_set() else 1


def _with_an_api(accounts: list[Account]) -> list[Account]:
    """Those whose source can be asked; UsageError when only files bring their rows."""
    asked = [account for account in accounts if not account.files_only]
    if accounts and not asked:
        raise UsageError(f"{accounts[0].label} has no API to ask: its rows come with --file.")
    return asked


def _require_a_key(installation: Installation, accounts: list[Account]) -> None:
    """No key for any of them is a mistake to mend first; --watch, and one account among others, record failed runs."""
    missing: ConfigError | None = None
    for account in accounts:
        try:
            installation.settings.source(account)
        except ConfigError as error:
            missing = missing or error
        else:
            return
    if missing:
        raise missing


@contextmanager
def stopping_on_signals() -> Iterator[threading.Event]:
    """Set by the first SIGTERM or Ctrl+C, which leaves time to close what is in progress; the second one kills."""
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def heed(*_: object) -> None:
        stop.set()
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in before:
        signal.signal(number, heed)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _accounts(installation: Installation, args: argparse.Namespace) -> list[Account]:
    require_known(args.client, tuple(c.slug for c in installation.settings.clients), "client")
    require_known(args.source, tuple(installation.settings.sources), "source")
    require_known(args.account, tuple(sorted({a.external_id for a in installation.settings.accounts})), "account")
    configured = {(a.client, a.source, a.external_id) for a in installation.settings.accounts}
    chosen = [
        account
        for account in catalog.accounts(installation.store, OPERATOR)
        if (account.client, account.source, account.external_id) in configured
        and (not args.client or account.client in args.client)
        and (not args.source or account.source in args.source)
        and (not args.account or account.external_id in args.account)
    ]
    if not chosen:
        if installation.settings.accounts and (args.client or args.source or args.account):
            raise UsageError("No account is of the client, source and account that were named; name fewer of them.")
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
    installation: Installation, accounts: list[Account], args: argparse.Namespace, trigger: str, stop: threading.Event
) -> tuple[RunResult, ...]:
    """What is due or named of all accounts, several at once; ends soon after `stop`."""
    asked = _asked(args, accounts)
    wanted = [
        (account, part)
        for account in accounts
        for days in ([asked] if asked else default_days(account, _covered(installation, account), now()))
        if (part := answered(account, days, now()))
    ]
    working = SyncContext(installation.store, fetcher(installation.settings), progress=print_progress)
    order = Order(OPERATOR, trigger, accept_vanished=args.accept_vanished, dry_run=args.dry_run)
    voice = Voice(told=lambda result: print_progress(told_of(result)), stopped=stop.is_set)
    results = sync_all(working, order, wanted, jobs=args.jobs, voice=voice)
    if stop.is_set():
        print_progress(f"Stopped; {len(wanted) - len(results)} of {len(wanted)} runs had not begun.")
    else:
        installation.store.checkpoint()
    for those in sync_health.same_answers(installation.store, OPERATOR):
        names = enumerate_names([f"{account.client} {account.label}" for account in those])
        print_progress(f"The same rows arrived for {names}: one of them may get the rows of the other.")
    return results


def _covered(installation: Installation, account: Account) -> tuple[Covered, ...]:
    return attempts.committed(installation.store, OPERATOR, account)


def _watch(installation: Installation, accounts: list[Account], args: argparse.Namespace, stop: threading.Event) -> int:
    """Until SIGTERM or Ctrl+C; a failing round is told and the next one comes all the same."""
    while not stop.is_set():
        try:
            _sync(installation, accounts, args, "watch", stop)
        except PerfdashError as error:
            print_progress(f"This round failed: {error}")
        stop.wait(args.every * 60)
    return 0
