"""`check-source`: what a source would be asked and how its answers are read; `--live` asks once and shows it."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from perfdash.accounts import Account, Days, today_in
from perfdash.commands.opening import Subparsers, loaded, now, require_known
from perfdash.commands.source_lines import as_json, as_table
from perfdash.commands.sync import day_argument
from perfdash.errors import ConfigError, UsageError
from perfdash.filters import range_of
from perfdash.schedule import default_days
from perfdash.secret import Secret
from perfdash.settings import Settings
from perfdash.sources.explain import Explained, explained
from perfdash.sources.source import Source
from perfdash.sources.trial import Trial, tried

_ABOUT = "Check a source's configuration and show the requests it makes; nothing is written, and no secret is shown."


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("check-source", help=_ABOUT, description=_ABOUT)
    parser.add_argument("source", metavar="NAME", help="the source, as in [sources.NAME]")
    parser.add_argument("--client", metavar="C", help="only accounts of this client")
    parser.add_argument("--account", metavar="A", help="only this account, by its id at the source")
    parser.add_argument(
        "--from", dest="start", type=day_argument, metavar="D", help="first day; default: what a first sync asks for"
    )
    parser.add_argument("--to", dest="end", type=day_argument, metavar="D", help="last day, inclusive; default: today")
    parser.add_argument(
        "--live", action="store_true", help="make one request, for the last days, and show how its first rows are read"
    )
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when the configuration is sound and, with `--live`, rows could be read; 1 when they could not."""
    settings = loaded()
    accounts = _accounts(settings, args)
    found = [_explained(settings, account, _days(args, account)) for account in accounts]
    trial = _tried(settings, found[0][0]) if args.live else None
    print(as_json(found, trial) if args.format == "json" else as_table(found, trial))
    return 1 if trial and trial.problem else 0


def _accounts(settings: Settings, args: argparse.Namespace) -> list[Account]:
    """Those of the source that were chosen, all of them by default; the database is not asked."""
    if not settings.sources:
        raise UsageError(settings.hint)
    require_known([args.source], tuple(settings.sources), "source")
    there = [account for account in settings.accounts if account.source == args.source]
    if not there:
        raise UsageError(f"sources.{args.source} has no account; add [[sources.{args.source}.accounts]] to it.")
    require_known([args.client] if args.client else [], tuple({one.client for one in there}), "client of this source")
    there = [account for account in there if args.client in (None, account.client)]
    ids = tuple(account.external_id for account in there)
    require_known([args.account] if args.account else [], ids, "account of this source")
    return [account for account in there if args.account in (None, account.external_id)]


def _days(args: argparse.Namespace, account: Account) -> Sequence[Days]:
    """The named range, from its first day to today when no last one is named; by default that of a first sync."""
    if args.start is None and args.end is None:
        return default_days(account, (), now())
    today = today_in(account.time_zone, now())
    asked = range_of(args.start, args.end or (max(today, args.start) if args.start else None))
    if asked.end > today:
        raise UsageError(f"{asked.end} has not begun yet; the last day to ask for is today, {today}.")
    return (asked,)


def _explained(settings: Settings, account: Account, days: Sequence[Days]) -> tuple[Explained, str]:
    """And what is wrong with the key, or ''."""
    try:
        source, problem = settings.source(account), ""
    except ConfigError as error:
        key = Secret(settings.key_name(account), "")
        source, problem = Source(account.source, settings.sources[account.source], key), str(error)
    return explained(source, account, days), problem


def _tried(settings: Settings, about: Explained) -> Trial:
    """ConfigError, and no request, without the key."""
    source = settings.source(about.account)
    return tried(source, about.account, about.requests[-1].window, clock=now, monotonic=time.monotonic)
