"""`query`: what the pages show, for scripts; the same core, exactly the same numbers."""

from __future__ import annotations

import argparse
import sys
from datetime import date, datetime, timedelta

from perfdash import answers, document, export
from perfdash.access import OPERATOR, Principal
from perfdash.accounts import Days, today_in
from perfdash.asof import AsOf, before
from perfdash.commands.opening import Subparsers, now, opened, require_known
from perfdash.commands.sync import day_argument
from perfdash.errors import UsageError
from perfdash.filters import Filters, cpm_limit, range_of
from perfdash.store import catalog, queries, users
from perfdash.store.engine import Store

_ABOUT = "Answer one question from the store; nothing is fetched."
_DEFAULT_DAYS = 30


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Add `query`."""
    parser = subparsers.add_parser("query", help=_ABOUT, description=_ABOUT)
    parser.add_argument("view", choices=export.VIEWS)
    parser.add_argument("--client", action="append", default=[], metavar="C", help="only this client (repeatable)")
    parser.add_argument("--from", dest="start", type=day_argument, metavar="D", help="first day; default: 30 days back")
    parser.add_argument("--to", dest="end", type=day_argument, metavar="D", help="last day; default: yesterday")
    parser.add_argument("--platform", action="append", default=[], metavar="P", help="only this platform (repeatable)")
    parser.add_argument("--currency", metavar="CUR", help="only this currency, such as EUR")
    parser.add_argument("--max-cpm", metavar="X", help="CPM at most X, inclusive; needs one currency in view")
    parser.add_argument("--cpm-grain", choices=("row", "campaign"), default="row", help="default %(default)s")
    parser.add_argument("--as-of", metavar="T", help="as known at this moment, or at the end of this day")
    parser.add_argument("--as", dest="user", metavar="USER", help="see what this user sees; default: the operator")
    parser.add_argument("--format", choices=("table", "csv", "json"), default="table")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the answer; 0 also when it is empty."""
    with opened() as desk:
        principal = _principal(desk.store, args.user, desk.settings.demo)
        known = {client.slug: client for client in catalog.clients(desk.store, principal)}
        require_known(args.client, tuple(known), "client")
        zones = [known[slug].time_zone for slug in args.client or known]
        as_of = _as_of(args.as_of)
        filters = Filters(
            days=_days(args, zones, as_of),
            clients=tuple(sorted(set(args.client))),
            platforms=_platforms(desk.store, principal, args.platform),
            currency=args.currency and args.currency.upper(),
            max_cpm=None if args.max_cpm is None else cpm_limit(args.max_cpm),
            cpm_grain=args.cpm_grain,
        )
        found = answers.answer(desk.store, principal, args.view, filters, now(), as_of)
    _print(found, args.format)
    return 0


def _principal(store: Store, username: str | None, demo: bool) -> Principal:
    if username is None:
        return OPERATOR
    for user in users.list_users(store):
        if user.username == users.canonical(username):
            principal = users.principal_of(store, user.user_id, demo=demo)
            if principal is not None:
                return principal
    raise UsageError(f"There is no active user {username!r}; `python -m perfdash users list` shows them.")


def _platforms(store: Store, principal: Principal, wanted: list[str]) -> tuple[str, ...]:
    """Names as they are stored, whatever case they were typed in."""
    known = {name.casefold(): name for name in queries.platforms(store, principal)}
    for name in wanted:
        if name.casefold() not in known:
            raise UsageError(
                f"There is no platform {name!r}; known: {', '.join(sorted(known.values())) or 'none yet'}."
            )
    return tuple(sorted({known[name.casefold()] for name in wanted}))


def _days(args: argparse.Namespace, zones: list[str], as_of: AsOf | None) -> Days:
    """The named range; by default the last thirty days that were complete then, in every client's zone."""
    at = now()
    seen = [at if as_of is None else min(at, before(as_of, zone)) for zone in zones]
    ended = min((today_in(zone, moment) for zone, moment in zip(zones, seen, strict=True)), default=at.date())
    yesterday = ended - min(timedelta(days=1), ended - date.min)
    end = args.end or max(yesterday, args.start or yesterday)
    return range_of(args.start or end - min(timedelta(days=_DEFAULT_DAYS - 1), end - date.min), end)


def _as_of(text: str | None) -> AsOf | None:
    """2026-11-03 is the end of that day in each client's zone; a moment needs its offset."""
    if text is None:
        return None
    try:
        if len(text) == len("2026-11-03"):
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--as-of {text!r} is neither a day (2026-11-03) nor a moment (2026-11-03T09:00+01:00)."
        ) from None
    if moment.tzinfo is None:
        raise UsageError(f"--as-of {text!r} needs its offset from UTC, such as {text}+01:00 or {text}Z.")
    return moment


def _print(found: answers.Answer, form: str) -> None:
    if form == "json":
        print(document.dumps(answers.as_document(found)))
    elif form == "csv":
        sys.stdout.write(export.to_csv(found.table))
    else:
        print(_aligned(found))


def _aligned(found: answers.Answer) -> str:
    """Columns that hold anything, aligned; for people at a terminal."""
    kept = [
        n
        for n, column in enumerate(found.table.columns)
        if column.canonical and any(row[n] for row in found.table.rows)
    ]
    lines = [[found.table.columns[n].name for n in kept]]
    lines += [[export.text(row[n])[:40] for n in kept] for row in found.table.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    body = "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines)
    return body if found.table.rows else "No rows."
