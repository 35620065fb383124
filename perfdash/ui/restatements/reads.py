"""What the page "What changed" reads, kept by the runs of the clients in scope."""

from __future__ import annotations

from collections.abc import Sequence

from perfdash.domain.access import Principal
from perfdash.domain.as_of import AsOf
from perfdash.domain.filters import Filters
from perfdash.domain.question import EVERY_DAY, Question
from perfdash.domain.restatements import Event, Moved, RestatedField
from perfdash.domain.settlement import Curve
from perfdash.presentation.columns import Names
from perfdash.store.query import catalog
from perfdash.store.query.campaigns import campaign_names
from perfdash.store.restatements import read as restatement_read
from perfdash.store.restatements import settlement
from perfdash.ui.runtime import cache, context


@cache.shared(cache.runs)
def moved(question: Question, since: AsOf, while_open: bool) -> tuple[Moved, ...]:
    """`store/restatements/read.movement`. `while_open`: whether changes on running days count."""
    return restatement_read.movement(context.store(), question, since, while_open=while_open)


@cache.shared(cache.runs)
def newest(question: Question, since: AsOf, field: RestatedField, limit: int) -> tuple[Event, ...]:
    """The newest changes of `field`, at most `limit`."""
    return restatement_read.events(context.store(), question, since, while_open=True, of=field, limit=limit)


def every_event(asked: Sequence[Question], since: AsOf) -> list[Event]:
    """All changes of several questions, newest first, for a download."""
    store = context.store()
    each = (restatement_read.events(store, question, since, while_open=True) for question in asked)
    return sorted((event for events in each for event in events), key=lambda one: one.at, reverse=True)


def _of_platforms(question: Question) -> Question:
    """Nothing but which clients and platforms: the settling curve has days of its own, and is that of now."""
    return Question(question.principal, Filters(EVERY_DAY, question.clients, question.filters.platforms))


@cache.shared(cache.runs_by_day, reduced=_of_platforms)
def settlement_curves(question: Question) -> tuple[Curve, ...] | None:
    """`store/restatements/settlement.settlement_curves`. Asked anew every day."""
    return settlement.settlement_curves(context.store(), question, context.now())


def names_in_view(principal: Principal, clients: tuple[str, ...]) -> Names:
    """The campaigns' current names."""
    return campaign_names(context.store(), principal, clients)


def creators(question: Question) -> Names:
    """(client, account number, creator id) -> handle."""
    return cache.creators(question.principal, question.clients)


def account_labels(principal: Principal, clients: tuple[str, ...]) -> dict[tuple[str, int], str]:
    """(client, account number) -> label, of clients with several accounts: elsewhere it tells nothing apart."""
    each = catalog.accounts(context.store(), principal, clients, inactive=True)
    several = {one.client for one in each if sum(other.client == one.client for other in each) > 1}
    return {(one.client, one.number): one.label for one in each if one.client in several}
