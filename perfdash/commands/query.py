"""`query`: what the pages show, for scripts; the same core, exactly the same numbers."""

from __future__ import annotations

import argparse
import sys

from perfdash import exports
from perfdash.commands import days
from perfdash.commands.context import (
    Subparsers,
    now,
    opened_context,
    parse_moment,
    platforms_named,
    principal_named,
    print_progress,
    require_known,
)
from perfdash.domain import metrics, question
from perfdash.domain.access import Principal
from perfdash.domain.errors import UsageError
from perfdash.domain.filters import Filters, cpm_limit
from perfdash.domain.question import Question, of_every_day
from perfdash.presentation import json_documents, missing_rows, tables
from perfdash.presentation.formatting import enumerate_names
from perfdash.store.query import catalog

_ABOUT = "Answer one question from the store; nothing is fetched."


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("query", help=_ABOUT, description=_ABOUT)
    parser.add_argument("view", choices=question.VIEWS)
    parser.add_argument("--client", action="append", default=[], metavar="C", help="only this client (repeatable)")
    days.add_options(parser, first="30 days back", last="the last complete one of each client")
    parser.add_argument("--platform", action="append", default=[], metavar="P", help="only this platform (repeatable)")
    parser.add_argument("--currency", metavar="CUR", help="only this currency, such as EUR")
    parser.add_argument("--max-cpm", metavar="X", help="CPM at most X, inclusive; needs one currency in view")
    parser.add_argument("--cpm-grain", choices=("row", "campaign"), help="default row")
    parser.add_argument("--as-of", metavar="T", help="as known at this moment, or at the end of this day")
    parser.add_argument(
        "--raw", action="store_true", help="as the sources reported it, without your team's corrections"
    )
    parser.add_argument("--as", dest="user", metavar="USER", help="see what this user sees; default: the operator")
    parser.add_argument("--format", choices=("table", "csv", "json"), default="table")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the answer; 0 also when it is empty."""
    with opened_context() as installation:
        principal = principal_named(installation.store, args.user, installation.settings.demo)
        _require_money(principal, args)
        known = tuple(client.slug for client in catalog.clients(installation.store, principal))
        require_known(args.client, known, "client")
        as_of = None if args.as_of is None else parse_moment(args.as_of)
        clients, at = tuple(sorted(set(args.client))), now()
        asked = of_every_day(principal, clients, as_of)
        in_view, ranges = days.resolved(installation.store, asked, days.Asked.of(args), at)
        filters = Filters(
            days=in_view,
            ranges=ranges,
            clients=clients,
            platforms=platforms_named(installation.store, principal, args.platform, as_of),
            currency=args.currency and args.currency.upper(),
            max_cpm=None if args.max_cpm is None else cpm_limit(args.max_cpm),
            cpm_grain=args.cpm_grain or "row",
            raw=args.raw,
        )
        found = exports.answer(installation.store, Question(principal, filters, as_of), args.view, at)
    _print(found, args.format)
    if found.missing and args.format != "json":
        print_progress(missing_rows.line(found.missing))
    return 0


def _require_money(principal: Principal, args: argparse.Namespace) -> None:
    """UsageError for what speaks of prices, asked without money: left out in silence, it would look obeyed."""
    asked = {"--max-cpm": args.max_cpm, "--cpm-grain": args.cpm_grain, "--currency": args.currency}
    named = [option for option, value in asked.items() if value is not None]
    if named and not principal.money:
        raise UsageError(
            f"{enumerate_names(named)}: amounts of money are not part of the access of {principal.name!r}."
        )


def _print(found: exports.Export, form: str) -> None:
    if form == "json":
        print(json_documents.dumps(exports.as_document(found)))
    elif form == "csv":
        sys.stdout.write(tables.to_csv(found.table))
    else:
        print(_aligned(found))


def _aligned(found: exports.Export) -> str:
    """Columns that hold anything, aligned; for people at a terminal."""
    kept = [
        n
        for n, column in enumerate(found.table.columns)
        if column.canonical and any(row[n] for row in found.table.rows)
    ]
    lines = [[found.table.columns[n].name for n in kept]]
    lines += [[metrics.text(row[n])[:40] for n in kept] for row in found.table.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    body = "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines)
    return body if found.table.rows else "No rows."
