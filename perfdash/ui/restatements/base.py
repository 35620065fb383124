"""The earlier moment that now is read against: the viewer's own last report, or else the end of last Monday.

Both are at least a day old: what was reported an hour ago has had no time to become another number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from perfdash.domain import as_of as as_of_rules
from perfdash.domain import attention
from perfdash.domain.accounts import Days
from perfdash.domain.as_of import AsOf
from perfdash.domain.filters import joined
from perfdash.domain.question import Question
from perfdash.domain.restatements import Moved
from perfdash.store import receipts
from perfdash.store.receipts import ExportReceipt
from perfdash.ui.restatements import reads as restatement_reads
from perfdash.ui.runtime import browser, cache, context

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Base:
    """The earlier moment: `at`, on `day` of the calendar. `report`: the export that it is the moment of."""

    at: AsOf
    day: date
    report: ExportReceipt | None = None

    @property
    def name(self) -> str:
        """Mon 23 Nov."""
        return f"{self.day:%a} {self.day.day} {self.day:%b}"

    @property
    def told(self) -> str:
        """your report of Mon 23 Nov (campaigns.csv)"""
        if self.report is None:
            return self.name
        return f"your report of {self.name} ({self.report.parts[0].view}.csv)"

    @property
    def since(self) -> str:
        """As the address of What changed has it."""
        return f"receipt:{self.report.parts[0].receipt}" if self.report else str(self.day)


def base_of(question: Question) -> Base | None:
    """The moment to remember; None for the visitor of a client link, which shows one moment and no other."""
    if question.principal.lock is not None:
        return None
    report = last_report(question)
    if report is not None:
        return Base(report.shown_at, _day_of(report.shown_at), report)
    monday = attention.last_monday(as_of_rules.last_day(question.as_of, "UTC", context.now()))
    return Base(monday, monday)


def last_report(question: Question) -> ExportReceipt | None:
    """The viewer's own, of a client in view, and at least a day old."""
    moment = as_of_rules.last_moment(question.as_of, "UTC", context.now())
    return receipts.last_report(context.store(), question.principal, question.clients, until=moment - _DAY)


def _day_of(at: AsOf) -> date:
    if isinstance(at, datetime):
        return at.astimezone(ZoneInfo(browser.zone())).date()
    return at if isinstance(at, date) else at.at.date()


def complete_at(question: Question, base: Base) -> Question | None:
    """`question` as it was known at `base`, over each client's days that were complete then; None: there are none."""
    asked = question.at(base.at)
    complete = cache.last_complete(asked)
    filters = question.filters
    known = {client: filters.days_of(client) for client in complete if not filters.clients or client in filters.clients}
    cut = {
        client: Days(days.start, min(days.end, complete[client]))
        for client, days in known.items()
        if complete[client] >= days.start
    }
    if not cut:
        return None
    return asked.over(*joined(cut)).filtered(clients=tuple(sorted(cut)))


def moved_since(question: Question, base: Base) -> tuple[Moved, ...]:
    """What was restated since, in all currencies, of each client's days that were complete then.

    Younger days still fill: what comes to them is no change of what was reported.
    """
    complete = complete_at(question, base)
    if complete is None:
        return ()
    found = restatement_reads.moved(question.filtered(max_cpm=None, raw=True), base.at, False)
    return tuple(
        one for one in found if one.client in complete.clients and one.day in complete.filters.days_of(one.client)
    )
