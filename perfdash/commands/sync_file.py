"""`sync --file`: a saved export through the same mapping, checks and commit as an answer of the source."""

from __future__ import annotations

import argparse
import threading
from datetime import datetime
from pathlib import Path

from perfdash import files
from perfdash.access import OPERATOR
from perfdash.accounts import Account, Days
from perfdash.commands.opening import Installation, now, say
from perfdash.commands.run_lines import told
from perfdash.errors import UsageError
from perfdash.filters import range_of
from perfdash.rounds import Voice, sync_all
from perfdash.sync import Order, RunResult, SyncContext


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `sync` knows of files."""
    parser.add_argument(
        "--file", metavar="REPORT", help="read this saved export (.csv, .tsv or .json) of one account instead of asking"
    )
    parser.add_argument(
        "--exported-at", type=moment_argument, metavar="T",
        help="when it was exported, such as 2026-11-03T09:00+01:00; default: when the file was last written",
    )  # fmt: skip


def moment_argument(text: str) -> datetime:
    """A moment from the command line, with its offset from UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a moment with its offset, such as 2026-11-03T09:00+01:00")
    return moment


def check_arguments(args: argparse.Namespace) -> None:
    """UsageError for what does not go together."""
    if args.file is not None and args.watch:
        raise UsageError("--file is read once; leave out --watch.")
    if args.file is None and args.exported_at is not None:
        raise UsageError("--exported-at speaks of a file; name it with --file.")


def sync_file(
    installation: Installation, accounts: list[Account], args: argparse.Namespace, stop: threading.Event
) -> tuple[RunResult, ...]:
    account = _only(accounts)
    saved = files.read(
        Path(args.file), installation.settings.sources[account.source], account,
        days=_days(args), exported_at=args.exported_at, now=now(),
    )  # fmt: skip
    working = SyncContext(installation.store, lambda _account, _days: saved.fetched(installation.store), progress=say)
    order = Order(OPERATOR, "file", accept_vanished=args.accept_vanished, dry_run=args.dry_run)
    voice = Voice(told=lambda result: say(told(result)), stopped=stop.is_set)
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
