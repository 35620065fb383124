"""What the page of receipts reads: an export as it was sent, as it would be now, and whether it can be rebuilt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from perfdash import answers, export, restatements, sent
from perfdash.access import Principal
from perfdash.answers import Answer
from perfdash.asof import AsOf
from perfdash.columns import VIEWS, View
from perfdash.filters import Filters
from perfdash.metrics import Sums
from perfdash.sent import Day, Figure, Question
from perfdash.store import queries, receipts, restated
from perfdash.store.queries import CampaignRef
from perfdash.store.receipts import Found, Receipt
from perfdash.ui import wiring


@dataclass(frozen=True, slots=True)
class Compared:
    """An export beside now. `measure`: what its days are compared by, cost or, without money, impressions."""

    question: Question
    figures: list[Figure]
    days: list[Day]
    measure: str


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The rows of an export made anew. `same`: the checksum is that of the file that was sent; else `why` not."""

    answer: Answer
    same: bool
    why: str


def listed(principal: Principal, limit: int) -> tuple[Receipt, ...]:
    """The newest receipts in scope; an export over several clients has one for each."""
    return receipts.list(wiring.store(), principal, limit)


def one(principal: Principal, receipt: str) -> Found:
    return receipts.one(wiring.store(), principal, receipt)


def view_of(found: Found) -> View | None:
    """The view that was exported; None for other lists, which name no state of the numbers."""
    return next((view for view in VIEWS if view == found.parts[0].view), None)


def question_of(found: Found) -> Question:
    """What was asked for, about the clients in scope."""
    return sent.question_of(found.parts[0].filters, [part.client for part in found.parts])


def compared(principal: Principal, found: Found) -> Compared:
    """The headline totals and the days that differ, then and now."""
    question, at = question_of(found), found.at_revisions
    money = principal.money
    measure = "cost" if money else "impressions"
    only = _only(question)
    store = wiring.store()

    def sums(filters: Filters, as_of: AsOf | None) -> dict[str, Sums]:
        return {g.currency: g.sums for g in queries.breakdown(store, principal, filters, (), as_of, only)}

    def by_day(filters: Filters, as_of: AsOf | None) -> dict[sent.Key, Sums]:
        groups = queries.breakdown(store, principal, filters, ("day",), as_of, only)
        return {(g.day, g.currency): g.sums for g in groups if g.day}

    asked = question.filters if money else replace(question.filters, max_cpm=None)
    days = sent.days(by_day(asked, at), by_day(asked, None), _restated(principal, question, found, measure), measure)
    return Compared(question, sent.figures(sums(asked, at), sums(asked, None), money=money), days, measure)


def _restated(
    principal: Principal, question: Question, found: Found, measure: str
) -> dict[sent.Key, tuple[int, int, int]]:
    """What changed after the export, also on days that were still running when it was made."""
    moved = restated.movement(
        wiring.store(), principal, question.filters, found.at_revisions, None, while_open=True
    )  # fmt: skip
    if question.campaign is not None:
        moved = tuple(one for one in moved if (one.client, one.account, one.campaign) == question.campaign)
    field: restatements.Field = "cost" if measure == "cost" else "impressions"
    each = restatements.by(moved, lambda one: one.day)
    return {key: (one.difference(field) or 0, one.count(field), one.late) for key, one in each.items()}


def rebuilt(principal: Principal, found: Found, view: View) -> Rebuilt:
    """The same canonical rows, from the revisions in the receipt; the file may have been made by one without money."""
    question = question_of(found)
    answer = _answered(principal, question, found, view)
    wanted = found.parts[0].sha256
    if export.sha256(answer.table) == wanted:
        return Rebuilt(answer, True, "")
    if principal.money and question.filters.max_cpm is None:
        poor = _answered(replace(principal, money=False), question, found, view)
        if export.sha256(poor.table) == wanted:
            return Rebuilt(poor, True, "")
    return Rebuilt(answer, False, _why(principal, found, view))


def again(found: Found, view: View) -> Callable[[Principal], str]:
    """The file once more, for who asks at the click; that, too, is an export and is written down."""

    def build(asking: Principal) -> str:
        held = receipts.one(wiring.store(), asking, found.parts[0].receipt)
        made = rebuilt(asking, held, view)
        answers.write_receipt(wiring.store(), asking, made.answer, wiring.now)
        return export.to_csv(made.answer.table)

    return build


def _answered(principal: Principal, question: Question, found: Found, view: View) -> Answer:
    filters = question.filters if principal.money else replace(question.filters, max_cpm=None)
    at = found.at_revisions
    return answers.answer(wiring.store(), principal, view, filters, wiring.now(), at, _only(question))


def _only(question: Question) -> CampaignRef | None:
    return None if question.campaign is None else CampaignRef(*question.campaign)


def _why(principal: Principal, found: Found, view: View) -> str:
    if not found.whole:
        return "it also held clients that you may not see, so only your part of it can be rebuilt"
    if not principal.money:
        return "it held amounts of money, which are not part of your access"
    if view == "creators":
        return "the name of a creator was erased or changed since; names of people are not kept"
    return "a client was deleted, or an account was renamed in the configuration since"
