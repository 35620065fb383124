"""What the page of receipts reads: an export as it was sent, as it would be now, and whether it can be rebuilt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import streamlit as st

from perfdash import exports
from perfdash.domain import restatements
from perfdash.domain.access import Principal
from perfdash.domain.errors import UsageError
from perfdash.domain.metrics import Sums
from perfdash.domain.question import VIEWS, Question, View, filters_of, hides_a_limit, question_of
from perfdash.exports import Export
from perfdash.presentation import formatting, receipts, tables
from perfdash.presentation.receipts import ChangedDay, SentFigure
from perfdash.store import receipts as store_receipts
from perfdash.store.query import overview
from perfdash.store.receipts import ExportReceipt, Receipt
from perfdash.store.restatements import read as restatement_read
from perfdash.ui.components import tables as component_tables
from perfdash.ui.components.tables import Shown, draw
from perfdash.ui.runtime import context


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
        exports.write_receipt(context.store(), made.answer, context.now)
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


def exports_table(parts: Sequence[Receipt], principal: Principal, *, key: str) -> str | None:
    """One line per export, newest first; returns the id of the one that was clicked on."""
    by_id: dict[str, list[Receipt]] = {}
    for part in parts:
        by_id.setdefault(part.receipt, []).append(part)
    columns = [
        Shown("at", "Exported", "moment", lambda row: row[0].at, pinned=True),
        Shown("view", "What", "text", lambda row: row[0].view),
        Shown("clients", "Clients", "list", lambda row: tuple(part.client for part in row)),
        Shown("days", "Days", "text", _days),
        Shown("rows", "Rows", "count", lambda row: sum(part.rows for part in row), "rows of these clients"),
        Shown("receipt", "Receipt", "text", lambda row: row[0].receipt, "what --since receipt:ID takes"),
        Shown("sha256", "SHA-256 of its rows", "text", lambda row: row[0].sha256),
    ]
    if principal.of_agency:  # who of the agency exported is the agency's business
        columns.insert(2, Shown("author", "By", "text", lambda row: row[0].author))
    rows = list(by_id.values())[: component_tables.MOST_ROWS]
    draw(rows, columns, alt="Exports, newest first", key=key, choose=lambda row: row[0].receipt)
    chosen: str | None = component_tables.chosen(key)
    return chosen


def _days(row: list[Receipt]) -> str:
    try:
        return formatting.days(filters_of(row[0].filters, ()).days)
    except UsageError:
        return formatting.UNDEFINED


def figures(found: Sequence[SentFigure]) -> None:
    """A tile per total: what it is now, and what was sent."""
    with st.grid(min(4, max(1, len(found))), min_column_width=170, gap="small"):
        for one in found:
            unit = f" ({one.currency})" if one.name in receipts.MONEY else ""
            st.metric(
                f"{receipts.LABELS[one.name]} now{unit}",
                _shown(one, one.now),
                _delta(one),
                delta_color="off",
                border=True,
                delta_arrow=_arrow(one),  # type: ignore[arg-type]
                height="stretch",
                help=f"Sent {_shown(one, one.sent)}, now {_shown(one, one.now)}.",
            )


def _shown(one: SentFigure, value: Fraction | None) -> str:
    return formatting.digits(value, formatting.unit_of(one.name), one.currency)


def _delta(one: SentFigure) -> str:
    return f"sent {_shown(one, one.sent)}" if one.moved else "as it was sent"


def _arrow(one: SentFigure) -> str:
    if not one.moved or one.sent is None or one.now is None:
        return "off"
    return "down" if one.now < one.sent else "up"


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
        Shown("difference", "Difference", kind, lambda row: row.difference, signed=True),
        Shown("restated", "Restated", kind, lambda row: row.restated, "the part that restatements explain"),
        Shown("rest", "Other", kind, lambda row: row.rest, rest),
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
