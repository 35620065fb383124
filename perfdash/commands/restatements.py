"""`restatements`: what the sources changed after they first told it, between two moments."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from perfdash.commands import days
from perfdash.commands.context import (
    Subparsers,
    now,
    opened_context,
    parse_moment,
    platforms_named,
    principal_named,
    require_known,
)
from perfdash.domain import metrics, restatements
from perfdash.domain.access import Principal
from perfdash.domain.accounts import Days
from perfdash.domain.as_of import AsOf, instant, last_moment
from perfdash.domain.filters import Filters, Ranges, range_of
from perfdash.domain.question import Question, of_every_day
from perfdash.domain.restatements import Event, Moved, Movement, exact_value
from perfdash.presentation import formatting, json_documents, tables
from perfdash.presentation.corrections import CorrectionEvent, corrections_between
from perfdash.presentation.json_documents import dumps
from perfdash.store import receipts
from perfdash.store.corrections import read as correction_read
from perfdash.store.engine import Store
from perfdash.store.query import catalog, overview
from perfdash.store.query.campaigns import campaign_names
from perfdash.store.restatements import read as restatement_read
from perfdash.store.restatements import settlement

_ABOUT = "What the sources changed after they first told it: then, now, when, before or after the day was final."
_RECEIPT = "receipt:"
_HEADER = ("changed at", "client", "day", "campaign", "platform", "change", "field", "then", "now", "timing")


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("restatements", help=_ABOUT, description=_ABOUT)
    parser.add_argument("--client", action="append", default=[], metavar="C", help="only this client (repeatable)")
    days.add_options(parser, first="the first", last="the last")
    parser.add_argument("--platform", action="append", default=[], metavar="P", help="only this platform (repeatable)")
    parser.add_argument(
        "--since",
        required=True,
        metavar="T",
        help="changes after the end of this day, after this moment, or since an export (receipt:ID)",
    )
    parser.add_argument("--until", metavar="T", help="changes up to the end of this day or this moment; default: now")
    parser.add_argument(
        "--while-open", action="store_true", help="also what changed while the day itself was still running"
    )
    parser.add_argument("--as", dest="user", metavar="USER", help="see what this user sees; default: the operator")
    parser.add_argument("--format", choices=("table", "csv", "json"), default="table")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the changes; 0 also when there are none."""
    with opened_context() as installation:
        principal = principal_named(installation.store, args.user, installation.settings.demo)
        require_known(
            args.client, tuple(client.slug for client in catalog.clients(installation.store, principal)), "client"
        )
        since, clients = _since(installation.store, principal, args.since, args.client)
        until = None if args.until is None else parse_moment(args.until, "--until")
        platforms = platforms_named(installation.store, principal, args.platform, None)
        in_view, ranges = _days(installation.store, of_every_day(principal, clients, until), days.Asked.of(args))
        filters = Filters(in_view, clients, platforms, ranges=ranges)
        _print(
            _Restatements(installation.store, Question(principal, filters, until), since, args.while_open), args.format
        )
    return 0


@dataclass(frozen=True, slots=True)
class _Restatements:
    store: Store
    question: Question
    since: AsOf
    while_open: bool

    def events(self) -> tuple[Event, ...]:
        return restatement_read.events(self.store, self.question, self.since, while_open=self.while_open)

    def moved(self) -> tuple[Moved, ...]:
        return restatement_read.movement(self.store, self.question, self.since, while_open=self.while_open)


def _since(store: Store, principal: Principal, text: str, named: list[str]) -> tuple[AsOf, tuple[str, ...]]:
    """The moment, and the clients it speaks of: an export speaks of those that it held."""
    clients = tuple(sorted(set(named)))
    if not text.startswith(_RECEIPT):
        return parse_moment(text, "--since"), clients
    found = receipts.receipt_of(store, principal, text.removeprefix(_RECEIPT))
    held = tuple(part.client for part in found.parts)
    return found.at_revisions, tuple(client for client in held if not clients or client in clients) or clients


def _days(store: Store, whole: Question, asked: days.Asked) -> tuple[Days, Ranges]:
    """The named days; what is not named reaches as far as anything is stored."""
    if asked.name is not None:
        return days.resolved(store, whole, asked, now())
    today, stored = now().date(), whole.at(None)
    first = asked.start or overview.first_day(store, stored) or asked.end or today
    last = asked.end or max(first, overview.last_day(store, stored) or today)
    return range_of(first, last), ()


def _print(answer: _Restatements, form: str) -> None:
    if form == "table":
        _print_table(answer.events(), restatements.by_currency(answer.moved()))
        return
    store, question = answer.store, answer.question
    names = campaign_names(store, question.principal, question.clients)
    table = json_documents.restatements_table(answer.events(), names)
    if form == "csv":
        sys.stdout.write(tables.to_csv(table))
        return
    whole = json_documents.restatements_document(
        table,
        answer.moved(),
        settlement.settlement_curves(store, question, now()),
        question,
        since=answer.since,
        while_open=answer.while_open,
        corrections=[decision.record() for decision in _decisions(answer)],
    )
    print(dumps(whole))


def _decisions(answer: _Restatements) -> tuple[CorrectionEvent, ...]:
    made = correction_read.list_corrections(answer.store, answer.question.at(None))
    since, until = (last_moment(moment, "UTC", now()) for moment in (answer.since, answer.question.as_of))
    return corrections_between(made, since, until, answer.question.filters.platforms)


def _print_table(events: Sequence[Event], totals: Sequence[Movement]) -> None:
    if not events:
        print("Nothing changed.")
        return
    lines: list[tuple[str, ...]] = [_HEADER]
    for one in events:
        at = instant(one.at)
        for change in one.changes:
            sides = (
                metrics.text(exact_value(change.field, side)) or formatting.UNDEFINED
                for side in (change.then, change.now)
            )
            where = (at, one.client, str(one.day), one.campaign, one.platform, one.kind, change.field)
            lines.append((*where, *sides, one.timing))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    for total in totals:
        print(_summary(total))


def _summary(total: Movement) -> str:
    moved = total.difference("cost")
    late = (
        f", {formatting.plural(len(total.late_days), 'of them', 'of them')} after they were final" if total.late else ""
    )
    by = "" if moved is None else f", cost {formatting.micros(moved, total.currency)}"
    return f"{formatting.plural(total.events, 'change')} on {formatting.plural(len(total.days), 'day')}{late}{by}"
