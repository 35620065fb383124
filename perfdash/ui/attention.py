"""What needs a look under the filters in view, and where each leads. Reads only; whoever shows it chooses how."""

from __future__ import annotations

from datetime import date

from perfdash.domain import attention
from perfdash.domain.accounts import Days
from perfdash.domain.as_of import day_before, last_day
from perfdash.domain.attention import Costs, LateChange, MisnamedRoi, Notice
from perfdash.domain.filters import joined
from perfdash.domain.question import Question
from perfdash.domain.restatements import ADDED, Moved
from perfdash.store.query import cpm_lab
from perfdash.ui.campaigns import tables as campaign_tables
from perfdash.ui.restatements import reads as restatement_reads
from perfdash.ui.runtime import cache, context, navigation
from perfdash.ui.runtime.navigation import PageRecord, Query

CHECKED = 7
"""A source that sends ROAS as ROI does so every day: the last days in view tell it."""
_COST = ADDED.index("cost")


def notices(question: Question) -> tuple[Notice, ...]:
    """Everything that needs a look, worst first; `attention.worst` chooses the few to show.

    Without money what money says nothing of: stalls, refused rows, flights that end. () for who came by a client link.
    """
    if question.principal.lock is not None:
        return ()
    asked = question.filtered(max_cpm=None)
    found = [*attention.of_deliveries(cache.deliveries(question))]
    costs = _costs(asked)
    found += attention.of_missing(cache.missing(question), costs)
    if question.principal.money:
        found += attention.of_late_changes(_late_changes(asked.filtered(raw=True)), costs)
        found += attention.of_misnamed(_misnamed(_last_days(asked)))
    return attention.in_order(found)


def destination(notice: Notice, question: Question) -> tuple[PageRecord, Query]:
    """The page that says more, and what its address asks besides the filters of `question`, of which it is told."""
    if notice.campaign is not None:
        return navigation.CAMPAIGN, campaign_tables.link_of(notice.campaign)
    about = {"client": notice.client}
    if notice.kind == "restated_late":
        return navigation.RESTATEMENTS, about | {"since": str(_last_monday(question))}
    return (navigation.SYNC_HEALTH if notice.kind == "refused_rows" else navigation.CHECKS), about


def _costs(question: Question) -> Costs:
    groups = cache.groups(question, ("client",))
    return {(group.client, group.currency): group.sums.cost or 0 for group in groups}


def _last_days(question: Question) -> Question:
    """The end of the days in view, of each client that of its own."""
    filters = question.filters
    if not filters.ranges:
        return question.over(_end(filters.days))
    return question.over(*joined({client: _end(days) for client, days in filters.ranges}))


def _end(days: Days) -> Days:
    return Days(max(days.start, day_before(days.end, CHECKED)), days.end)


@cache.shared(cache.runs)
def _misnamed(question: Question) -> tuple[MisnamedRoi, ...]:
    return cpm_lab.misnamed(context.store(), question)


def _late_changes(question: Question) -> tuple[LateChange, ...]:
    """What came after its day was final, since the last weekly report."""
    moved = restatement_reads.moved(question, _last_monday(question), False)
    late: dict[tuple[str, str], list[Moved]] = {}
    for one in moved:
        if one.timing == "after" and one.differences[_COST]:
            late.setdefault((one.client, one.currency), []).append(one)
    return tuple(_added(client, currency, some) for (client, currency), some in sorted(late.items()))


def _last_monday(question: Question) -> date:
    return attention.last_monday(last_day(question.as_of, "UTC", context.now()))


def _added(client: str, currency: str, some: list[Moved]) -> LateChange:
    differences = [one.differences[_COST] or 0 for one in some]
    return LateChange(
        client,
        currency,
        moved=sum(map(abs, differences)),
        difference=sum(differences),
        rows=sum(one.events for one in some),
        days=tuple(sorted({one.day for one in some})),
    )
