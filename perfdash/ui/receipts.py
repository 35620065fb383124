"""What the page of receipts reads: an export as it was sent, as it would be now, and whether it can be rebuilt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from perfdash import exports
from perfdash.domain import restatements
from perfdash.domain.access import Principal
from perfdash.domain.errors import UsageError
from perfdash.domain.metrics import Sums
from perfdash.domain.question import VIEWS, Question, View, as_of_of, filters_of, hides_a_limit, question_of
from perfdash.exports import Export
from perfdash.presentation import formatting, moments, receipts, tables
from perfdash.presentation.escaping import escape_markdown
from perfdash.presentation.receipts import ChangedDay, SentFigure
from perfdash.store import receipts as store_receipts
from perfdash.store.query import overview
from perfdash.store.receipts import ExportReceipt, Receipt
from perfdash.store.restatements import read as restatement_read
from perfdash.ui.components import tables as component_tables
from perfdash.ui.components.tables import Shown, draw
from perfdash.ui.runtime import browser, cache, context, navigation


@dataclass(frozen=True, slots=True)
class Compared:
    """An export beside now. `measure`: what its days are compared by, cost or, without money, impressions.

    `by_price`: it had a CPM limit, of which the reader may not know more.
    """

    question: Question
    by_price: bool
    figures: list[SentFigure]
    days: list[ChangedDay]
    measure: str


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The rows of an export made anew. `same`: the checksum is that of the file that was sent; else `why` not."""

    answer: Export
    same: bool
    why: str


def newest_receipts(principal: Principal, limit: int) -> tuple[Receipt, ...]:
    """The newest receipts in scope; an export over several clients has one for each."""
    return store_receipts.list_receipts(context.store(), principal, limit)


def receipt_of(principal: Principal, receipt: str) -> ExportReceipt:
    return store_receipts.receipt_of(context.store(), principal, receipt)


def view_of(found: ExportReceipt) -> View | None:
    """The view that was exported; None for other lists, which name no state of the numbers."""
    return next((view for view in VIEWS if view == found.parts[0].view), None)


def _question(principal: Principal, found: ExportReceipt) -> Question:
    """What was asked for, about the clients in scope, of the state that was exported."""
    first, clients = found.parts[0], [part.client for part in found.parts]
    question = question_of(principal, first.filters, clients, found.at_revisions)
    return question if principal.money else question.filtered(max_cpm=None)


def compared(principal: Principal, found: ExportReceipt) -> Compared:
    """The headline totals and the days that differ, then and now."""
    then = _question(principal, found)
    now = then.at(None)
    measure = "cost" if principal.money else "impressions"
    store = context.store()

    def sums(question: Question) -> dict[str, Sums]:
        return {g.currency: g.sums for g in overview.breakdown(store, question)}

    def by_day(question: Question) -> dict[receipts.Key, Sums]:
        return {(g.day, g.currency): g.sums for g in overview.breakdown(store, question, ("day",)) if g.day}

    days = receipts.days(by_day(then), by_day(now), _restated(now, found, measure), measure)
    figures = receipts.figures(sums(then), sums(now), money=principal.money)
    return Compared(then, hides_a_limit(found.parts[0].filters), figures, days, measure)


def _restated(question: Question, found: ExportReceipt, measure: str) -> dict[receipts.Key, tuple[int, int, int]]:
    """What changed after the export, also on days that were still running when it was made."""
    moved = restatement_read.movement(context.store(), question, found.at_revisions, while_open=True)
    field: restatements.RestatedField = "cost" if measure == "cost" else "impressions"
    each = restatements.by_key(moved, lambda one: one.day)
    return {key: (one.difference(field) or 0, one.count(field), one.late) for key, one in each.items()}


def rebuilt(principal: Principal, found: ExportReceipt, view: View) -> Rebuilt:
    """The same canonical rows, from the revisions in the receipt; the file may have been made by one without money."""
    question = _question(principal, found)
    answer = exports.answer(context.store(), question, view, context.now())
    wanted = found.parts[0].sha256
    if tables.sha256(answer.table) == wanted:
        return Rebuilt(answer, True, "")
    if principal.money and question.filters.max_cpm is None:
        blind = question.asked_by(replace(principal, money=False))
        without = exports.answer(context.store(), blind, view, context.now())
        if tables.sha256(without.table) == wanted:
            return Rebuilt(without, True, "")
    return Rebuilt(answer, False, _why(principal, found, view))


def rebuild_file(found: ExportReceipt, view: View) -> Callable[[Principal], str]:
    """The file once more, for who asks at the click; that, too, is an export and is written down."""

    def build(asking: Principal) -> str:
        held = store_receipts.receipt_of(context.store(), asking, found.parts[0].receipt)
        made = rebuilt(asking, held, view)
        exports.write_receipt(context.store(), made.answer, context.now, once=True)
        return tables.to_csv(made.answer.table)

    return build


def _why(principal: Principal, found: ExportReceipt, view: View) -> str:
    if not found.whole:
        return "it also held clients that you may not see, so only your part of it can be rebuilt"
    if not principal.money:
        return "it held amounts of money, which are not part of your access"
    if view == "creators":
        return "the name of a creator was erased or changed since; names of people are not kept"
    return "a client was deleted, or an account was renamed in the configuration since"


@dataclass(frozen=True, slots=True)
class ExportLine:
    """One export in the list. `now`: how its total differs from now, per currency; '' for what is not compared."""

    parts: tuple[Receipt, ...]
    now: str

    @property
    def first(self) -> Receipt:
        """The part that says what all have in common."""
        return self.parts[0]

    @property
    def as_of(self) -> str:
        """The past that was exported; '' where it was the present."""
        found = as_of_of(self.first.filters)
        return "" if found is None else moments.told(found, browser.zone())

    @property
    def days(self) -> str:
        """The days it was about."""
        try:
            return formatting.days(filters_of(self.first.filters, ()).days)
        except UsageError:
            return formatting.UNDEFINED


COMPARED = 50
"""How many of the newest exports are compared with now in the list; of an older one its own page says it."""


def export_lines(parts: Sequence[Receipt], principal: Principal) -> list[ExportLine]:
    """One line per export, newest first."""
    by_id: dict[str, list[Receipt]] = {}
    for part in parts:
        by_id.setdefault(part.receipt, []).append(part)
    each = [tuple(some) for some in by_id.values()][: component_tables.MOST_ROWS]
    return [ExportLine(some, _differs(principal, some) if n < COMPARED else "") for n, some in enumerate(each)]


def _differs(principal: Principal, parts: tuple[Receipt, ...]) -> str:
    """+575.81 EUR (+1.9%): what its total is now, less what was sent; per currency."""
    found = ExportReceipt(parts, whole=True)
    if view_of(found) is None:
        return ""
    try:
        then = _question(principal, found)
        sides = [{g.currency: g.sums for g in cache.groups(question)} for question in (then, then.at(None))]
    except UsageError:
        return ""
    name = "cost" if principal.money else "impressions"
    figures = [one for one in receipts.figures(*sides, money=principal.money) if one.name == name]
    moved = [one.differs for one in figures if one.moved]
    return "; ".join(moved) or "as it was sent"


def exports_table(lines: Sequence[ExportLine], principal: Principal, *, key: str) -> None:
    """The list; an export opens by what it is called."""
    measure = "cost" if principal.money else "impressions"
    names = cache.client_names(principal)

    def clients(line: ExportLine) -> tuple[str, ...]:
        return tuple(names.get(part.client, part.client) for part in line.parts)

    def opened(line: ExportLine) -> str:
        return navigation.address(navigation.RECEIPTS, {"receipt": line.first.receipt}, line.first.view)

    columns = [
        Shown("at", "Sent", "moment", lambda line: line.first.at, pinned=True),
        Shown("view", "What", "text", lambda line: line.first.view, link=opened),
        Shown("clients", "Clients", "list", clients),
        Shown("days", "Days", "text", lambda line: line.days),
        Shown("as_of", "As of", "text", lambda line: line.as_of, "the past that was exported; empty: the present"),
        Shown("now", "Differs now", "figure", lambda line: line.now, f"its {measure} now, less what was sent"),
        Shown("rows", "Rows", "count", _rows, "rows with something of these clients"),
        Shown("sha256", "SHA-256", "text", lambda line: line.first.sha256[:8], "of its rows; whole once it is open"),
    ]
    if principal.of_agency:  # who of the agency exported is the agency's business
        columns.insert(1, Shown("author", "By", "text", lambda line: line.first.author))
    draw(lines, columns, alt="What was reported, newest first", key=key)


def _rows(line: ExportLine) -> int | None:
    """None where a price decided which rows those are, and the reader may not see prices."""
    each = [part.rows for part in line.parts if part.rows is not None]
    return sum(each) if len(each) == len(line.parts) else None


def figures(found: Sequence[SentFigure], sent: str, *, key: str) -> None:
    """The totals: what was sent, what they are now, and the difference with its sign. `sent`: when."""
    for one in found:
        if one.name == found[0].name:
            st.markdown(f"**{escape_markdown(one.story)}**")
    columns = (
        Shown("measure", "Total", "text", lambda one: receipts.LABELS[one.name], pinned=True),
        Shown("sent", f"Sent {sent}", "figure", lambda one: formatting.figure(one.sent, one.unit, one.currency)),
        Shown("now", "Now", "figure", lambda one: formatting.figure(one.now, one.unit, one.currency)),
        Shown("difference", "Difference", "figure", _difference),
        Shown("share", "Change", "figure", lambda one: formatting.change(one.share) if one.moved else ""),
    )
    draw(found, columns, alt="Totals as they were sent and now", key=key)


def _difference(one: SentFigure) -> str:
    return formatting.signed(one.difference, one.unit, one.currency) if one.moved else ""


def days(found: Sequence[ChangedDay], measure: str, *, limited: bool, key: str) -> None:
    """The days whose total differs, or that were restated and are what they were."""
    kind: component_tables.Kind = "money" if measure == "cost" else "count"
    names = {day.currency for day in found}
    currency = next(iter(names)) if len(names) == 1 else ""
    rest = "rows that were first reported later, or were corrected" + (", or moved across the limit" if limited else "")
    columns = (
        Shown("day", "Day", "day", lambda row: row.day, pinned=True),
        *((Shown("currency", "Currency", "text", lambda row: row.currency),) if len(names) > 1 else ()),
        Shown("sent", "Sent", kind, lambda row: row.sent),
        Shown("now", "Now", kind, lambda row: row.now),
        Shown("difference", "Difference", kind, lambda row: row.difference, "now less sent", signed=True),
        Shown(
            "restated", "Restated", kind, lambda row: row.restated, "the part that restatements explain", signed=True
        ),
        Shown("rest", "Other", kind, lambda row: row.rest, rest, signed=True),
        Shown("changes", "Changes", "count", lambda row: row.changes, "changes of rows since the export"),
        Shown("late", "After final", "count", lambda row: row.late, "of them after the day was final"),
    )
    draw(
        found[: component_tables.MOST_ROWS],
        columns,
        alt="Days that differ from what was sent",
        key=key,
        currency=currency,
    )
