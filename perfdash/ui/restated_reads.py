"""What the page of restatements reads, kept by the runs of the clients in scope."""

from __future__ import annotations

from perfdash.asof import AsOf
from perfdash.domain.question import EVERY_DAY, Question
from perfdash.filters import Filters
from perfdash.restatements import Event, Moved, RestatedField
from perfdash.settling import Curve
from perfdash.store import restated, settled
from perfdash.ui import cache, wiring

ENTRIES = 100


@cache.shared(cache.runs, entries=ENTRIES)
def moved(question: Question, since: AsOf, while_open: bool) -> tuple[Moved, ...]:
    """`restated.movement`. `while_open`: whether changes on running days count."""
    return restated.movement(wiring.store(), question, since, while_open=while_open)


@cache.shared(cache.runs, entries=ENTRIES)
def newest(question: Question, since: AsOf, while_open: bool, field: RestatedField, limit: int) -> tuple[Event, ...]:
    """The newest changes of `field`, at most `limit`."""
    return restated.events(wiring.store(), question, since, while_open=while_open, of=field, limit=limit)


def _of_platforms(question: Question) -> Question:
    """Nothing but which clients and platforms: the settling curve has days of its own, and is that of now."""
    return Question(question.principal, Filters(EVERY_DAY, question.clients, question.filters.platforms))


@cache.shared(cache.runs_by_day, reduced=_of_platforms, entries=ENTRIES)
def settling(question: Question) -> tuple[Curve, ...] | None:
    """`settled.settling`. Asked anew every day."""
    return settled.settling(wiring.store(), question, wiring.now())
