"""What the page of receipts reads: an export as it was sent, as it would be now, and whether it can be rebuilt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from perfdash import answers, export, restatements, sent
from perfdash.access import Principal
from perfdash.answers import Export
from perfdash.columns import VIEWS, View
from perfdash.domain.question import Question, hides_a_limit, question_of
from perfdash.metrics import Sums
from perfdash.sent import ChangedDay, SentFigure
from perfdash.store import queries, receipts, restated
from perfdash.store.receipts import ExportReceipt, Receipt
from perfdash.ui import wiring


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


def listed(principal: Principal, limit: int) -> tuple[Receipt, ...]:
    """The newest receipts in scope; an export over several clients has one for each."""
    return receipts.list(wiring.store(), principal, limit)


def one(principal: Principal, receipt: str) -> ExportReceipt:
    return receipts.one(wiring.store(), principal, receipt)


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
    store = wiring.store()

    def sums(question: Question) -> dict[str, Sums]:
        return {g.currency: g.sums for g in queries.breakdown(store, question)}

    def by_day(question: Question) -> dict[sent.Key, Sums]:
        return {(g.day, g.currency): g.sums for g in queries.breakdown(store, question, ("day",)) if g.day}

    days = sent.days(by_day(then), by_day(now), _restated(now, found, measure), measure)
    figures = sent.figures(sums(then), sums(now), money=principal.money)
    return Compared(then, hides_a_limit(found.parts[0].filters), figures, days, measure)


def _restated(question: Question, found: ExportReceipt, measure: str) -> dict[sent.Key, tuple[int, int, int]]:
    """What changed after the export, also on days that were still running when it was made."""
    moved = restated.movement(wiring.store(), question, found.at_revisions, while_open=True)
    field: restatements.RestatedField = "cost" if measure == "cost" else "impressions"
    each = restatements.by(moved, lambda one: one.day)
    return {key: (one.difference(field) or 0, one.count(field), one.late) for key, one in each.items()}


def rebuilt(principal: Principal, found: ExportReceipt, view: View) -> Rebuilt:
    """The same canonical rows, from the revisions in the receipt; the file may have been made by one without money."""
    question = _question(principal, found)
    answer = answers.answer(wiring.store(), question, view, wiring.now())
    wanted = found.parts[0].sha256
    if export.sha256(answer.table) == wanted:
        return Rebuilt(answer, True, "")
    if principal.money and question.filters.max_cpm is None:
        blind = question.asked_by(replace(principal, money=False))
        without = answers.answer(wiring.store(), blind, view, wiring.now())
        if export.sha256(without.table) == wanted:
            return Rebuilt(without, True, "")
    return Rebuilt(answer, False, _why(principal, found, view))


def again(found: ExportReceipt, view: View) -> Callable[[Principal], str]:
    """The file once more, for who asks at the click; that, too, is an export and is written down."""

    def build(asking: Principal) -> str:
        held = receipts.one(wiring.store(), asking, found.parts[0].receipt)
        made = rebuilt(asking, held, view)
        answers.write_receipt(wiring.store(), made.answer, wiring.now)
        return export.to_csv(made.answer.table)

    return build


def _why(principal: Principal, found: ExportReceipt, view: View) -> str:
    if not found.whole:
        return "it also held clients that you may not see, so only your part of it can be rebuilt"
    if not principal.money:
        return "it held amounts of money, which are not part of your access"
    if view == "creators":
        return "the name of a creator was erased or changed since; names of people are not kept"
    return "a client was deleted, or an account was renamed in the configuration since"
