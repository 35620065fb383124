"""What the page of corrections reads: the campaigns to choose from, the rows of one, and the decisions made so far."""

from __future__ import annotations

from perfdash import correction_document
from perfdash.access import Principal
from perfdash.correction_story import CorrectionBatch, decisions
from perfdash.domain.campaigns import CampaignRef, CampaignRow
from perfdash.domain.question import Question
from perfdash.export import Names, Table
from perfdash.filters import Filters
from perfdash.store import correctable, correction_log
from perfdash.store.names import campaign_names
from perfdash.ui import cache, wiring


@cache.shared(entries=50)
def decided(question: Question) -> tuple[CorrectionBatch, ...]:
    """The decisions about the days, clients and platforms in view, newest first, as they stood at the moment in view.

    Rows that arrived in a range are told of now only.
    """
    return _read(question)


def _read(question: Question) -> tuple[CorrectionBatch, ...]:
    store, platforms = wiring.store(), question.filters.platforms
    made = correction_log.told(store, question)
    late = correctable.arrived(store, question.principal, question.clients) if question.as_of is None else {}
    in_view = decisions(made, late)
    if not platforms:
        return in_view
    return tuple(decision for decision in in_view if set(decision.platforms) & set(platforms))


def names(principal: Principal, clients: tuple[str, ...]) -> Names:
    """The campaigns' current names."""
    return campaign_names(wiring.store(), principal, clients)


def log_of(question: Question) -> Table:
    """The decisions as a table, for a download."""
    return correction_document.table(_read(question), names(question.principal, question.clients))


def campaigns(question: Question) -> dict[str, CampaignRef]:
    """What is shown of each campaign in view -> what it is; every label is another."""
    labelled: dict[str, CampaignRef] = {}
    for row in sorted(_rows(question), key=lambda row: (row.name.casefold(), row.client, row.account, row.campaign)):
        label = f"{row.name} · {row.client}"
        if row.ref in labelled.values():
            continue
        labelled[label if label not in labelled else f"{label} · {row.campaign} ({row.account})"] = row.ref
    return labelled


def _rows(question: Question) -> tuple[CampaignRow, ...]:
    """The campaigns with rows in view, whatever their CPM."""
    filters = question.filters
    return cache.campaigns(
        Question(question.principal, Filters(filters.days, filters.clients, filters.platforms, raw=True))
    )
