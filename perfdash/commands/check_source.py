"""`check-source`: what a source would be asked and how its answers are read; `--live` asks once and shows it."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Any

from perfdash.commands.context import Subparsers, load_settings, now, require_known
from perfdash.commands.sync import day_argument
from perfdash.config.settings import Settings
from perfdash.config.source import Source
from perfdash.domain.accounts import Account, Days, today_in
from perfdash.domain.errors import ConfigError, UsageError
from perfdash.domain.filters import range_of
from perfdash.domain.schedule import default_days
from perfdash.domain.secret import Secret
from perfdash.presentation.formatting import UNDEFINED, plural
from perfdash.sources.check.request_plan import Explained, Request, explain
from perfdash.sources.check.trial import ABSENT, NOT_REPORTED, RowRead, Trial, try_source

WIDTH = 100
FEW, ENDS = 12, 5
"""More windows than `FEW` are cut to this many at both ends."""
_LONGEST_CELL = 34
ExplainedAccounts = Sequence[tuple[Explained, str]]
"""Each account, and what is wrong with its key or ''."""


def as_table(found: ExplainedAccounts, trial: Trial | None) -> str:
    """For people."""
    blocks = ["\n".join(_about(one, problem)) for one, problem in found]
    if trial:
        blocks.append("\n".join(_live(trial, found)))
    return "\n\n\n".join(blocks)


def _about(one: Explained, problem: str) -> Iterator[str]:
    account = one.account
    yield f"{account.client}, {account.label} ({one.type})"
    settles = account.settlement_days
    yield from _pairs(
        ("key", problem or f"{one.key}: set"),
        ("currency", account.currency),
        ("time zone", account.time_zone),
        ("platforms", ", ".join(account.platforms) or "all"),
        ("settles", f"{plural(settles, 'day')} after a day's end" if settles else "unknown: days stay provisional"),
        ("history", f"{plural(account.history_days, 'day')}"),
        *one.terms,
    )
    yield f"\nRequests for {', '.join(map(str, one.days))}: {plural(len(one.requests), 'window')}"
    yield from _requests(one.requests)
    yield from _pairs(*one.steps)
    yield from _folded(f"{one.paging[0].upper()}{one.paging[1:]}.", 2)
    missing = f"; not reported is also {', '.join(map(repr, one.missing))}" if one.missing else ""
    yield f"\nRows at {one.records}{missing}"
    yield from _columns([("field", "place", "read as"), *((f.field, f.place, f.conversion) for f in one.fields)])
    yield "\nWhat an answer means; the first line that holds decides"
    for line in (*one.outcomes, *one.built_in):
        yield from _folded(line, 2)


def _requests(asked: Sequence[Request]) -> Iterator[str]:
    left_out = len(asked) - 2 * ENDS if len(asked) > FEW else 0
    for number, one in enumerate(asked):
        if left_out and number == ENDS:
            yield f"  ... {left_out} more windows ..."
        if not left_out or number < ENDS or number >= ENDS + left_out:
            yield f"  {one.method} {one.address}"
    for name, value in asked[-1].headers:
        yield f"      {name}: {value}"
    if asked[-1].body:
        yield from _folded(asked[-1].body, 6)


def _live(trial: Trial, found: ExplainedAccounts) -> Iterator[str]:
    account = found[0][0].account
    others = f" (of {len(found)} accounts; --account chooses another)" if len(found) > 1 else ""
    yield f"One request, {account.client}, {account.label}, {trial.asked.window}{others}"
    yield f"  {trial.asked.method} {trial.asked.address}"
    if trial.status is not None:
        request = f", request {trial.request_id}" if trial.request_id else ""
        yield f"  {trial.status} in {trial.seconds:.2f} s, {plural(trial.size, 'byte')} as sent{request}"
    for number, row in enumerate(trial.rows, 1):
        yield f"\nRow {number}" + (f" is refused: {row.refused}" if row.refused else "")
        yield from _row(row)
    if trial.status is not None and (trial.fetched or not trial.problem):
        yield f"\n{_counted(trial)}"
        yield from (f"  {plural(count, 'row')} quarantined: {reason}" for reason, count in trial.quarantined)
    if trial.following:
        yield f"Next it would ask\n  {trial.following.method} {trial.following.address}"
    elif not trial.problem:
        yield "Paging asks for nothing more in this window."
    if trial.problem:
        yield f"\nFailed: {trial.problem}"


def _row(row: RowRead) -> Iterator[str]:
    there = [one for one in row.values if one.came != ABSENT or one.read not in (None, NOT_REPORTED)]
    lines = [("field", "place", "came", "read")]
    yield from _columns(lines + [(one.field, one.place, one.came, one.read or UNDEFINED) for one in there])
    absent = [one.field for one in row.values if one not in there]
    if absent:
        yield from _folded(f"{ABSENT}: {', '.join(absent)}", 2)
    if row.flags:
        yield f"  flags: {', '.join(row.flags)}"


def _counted(trial: Trial) -> str:
    refused = sum(count for _, count in trial.quarantined)
    return (
        f"{plural(trial.fetched, 'row')} on this page: {plural(trial.facts, 'fact')}, {refused} quarantined, "
        f"{plural(trial.duplicates, 'duplicate')}"
    )


def _pairs(*lines: tuple[str, str]) -> Iterator[str]:
    for name, text in lines:
        yield from _folded(f"{name:<10}  {text}", 2, 10)


def _folded(text: str, indent: int, hanging: int = 2) -> list[str]:
    first, rest = " " * indent, " " * (indent + hanging)
    lines = wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
    return lines or [first]


def _columns(lines: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Aligned; a cell that is too long is cut, the last of a line is folded."""
    cut = [[*(_cell(cell) for cell in line[:-1]), line[-1]] for line in lines]
    widths = [max(map(len, column)) for column in zip(*cut, strict=True)]
    for line in cut:
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        yield from [f"  {text}"] if len(text) < WIDTH else _folded(text, 2, sum(widths[:-1]) + 2 * len(widths) - 2)


def _cell(text: str) -> str:
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"


def as_json(found: ExplainedAccounts, trial: Trial | None) -> str:
    """`{"accounts": [...], "live": {...} or null}`; days as YYYY-MM-DD, inclusive."""
    accounts = [_account_record(one, problem) for one, problem in found]
    live = None if trial is None else _live_record(trial, found[0][0])
    return json.dumps({"accounts": accounts, "live": live}, ensure_ascii=False, indent=1)


def _account_record(one: Explained, problem: str) -> dict[str, Any]:
    account = one.account
    return {
        "source": one.source,
        "type": one.type,
        "client": account.client,
        "account": account.external_id,
        "key": one.key,
        "key_is_set": not problem,
        "currency": account.currency,
        "time_zone": account.time_zone,
        "platforms": list(account.platforms),
        "settlement_days": account.settlement_days,
        "history_days": account.history_days,
        "terms": dict(one.terms),
        "days": [{"from": str(days.start), "to": str(days.end)} for days in one.days],
        "requests": [_request_record(request) for request in one.requests],
        "steps": dict(one.steps),
        "paging": one.paging,
        "records": one.records,
        "missing": list(one.missing),
        "fields": [{"field": f.field, "place": f.place, "conversion": f.conversion} for f in one.fields],
        "outcomes": list(one.outcomes),
        "built_in": list(one.built_in),
    }


def _request_record(asked: Request) -> dict[str, Any]:
    return {
        "method": asked.method,
        "address": asked.address,
        "headers": dict(asked.headers),
        "body": asked.body or None,
        "from": str(asked.window.start),
        "to": str(asked.window.end),
    }


def _live_record(trial: Trial, about: Explained) -> dict[str, Any]:
    return {
        "account": about.account.external_id,
        "client": about.account.client,
        "asked": _request_record(trial.asked),
        "status": trial.status,
        "seconds": round(trial.seconds, 3),
        "bytes": trial.size,
        "request_id": trial.request_id or None,
        "next": trial.following and _request_record(trial.following),
        "rows": [
            {
                "values": [{"field": v.field, "place": v.place, "came": v.came, "read": v.read} for v in row.values],
                "flags": list(row.flags),
                "refused": row.refused or None,
            }
            for row in trial.rows
        ],
        "fetched": trial.fetched,
        "facts": trial.facts,
        "duplicates": trial.duplicates,
        "quarantined": [{"reason": reason, "rows": count} for reason, count in trial.quarantined],
        "problem": trial.problem or None,
    }


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
    settings = load_settings()
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
    if settings.sources[args.source].files_only:
        raise UsageError(f"sources.{args.source} has no API to ask: try a file with sync --file and --dry-run.")
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
    return explain(source, account, days), problem


def _tried(settings: Settings, about: Explained) -> Trial:
    """ConfigError, and no request, without the key."""
    source = settings.source(about.account)
    return try_source(source, about.account, about.requests[-1].window, clock=now, monotonic=time.monotonic)
