"""The pages of one answer -> one batch, or why they cannot be one answer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from operator import itemgetter

from perfdash.domain.errors import BadAnswer
from perfdash.domain.facts import Batch, CampaignAttributes, FactKey, Sheet

_CREATOR = FactKey._fields.index("creator")


def merge(pages: Sequence[Batch]) -> Batch:
    """The pages of one answer as one batch.

    BadAnswer when a fact is on two pages (the pages shifted while they were read), or when a campaign's total row
    stands beside rows of its creators (it would count twice).
    """
    whole = pages[0] if len(pages) == 1 else _joined(pages)
    _refuse_totals(whole)
    return whole


def _joined(pages: Sequence[Batch]) -> Batch:
    facts = Sheet.joined(page.facts for page in pages)
    creators: dict[str, str] = {}
    for page in pages:
        creators.update(page.creators)
    refused = [{row.key for row in page.quarantined if row.key is not None} for page in pages]
    keyed = set().union(*refused)
    # On one page no key is both in and out, so only pages that share one make these differ.
    once = len(facts) == sum(len(page.facts) for page in pages) and len(keyed) == sum(map(len, refused))
    if not once or not keyed.isdisjoint(facts.rows):
        _refuse_repeats(pages)
    return Batch(
        facts=facts,
        campaigns=_campaigns(pages),
        creators=creators,
        quarantined=tuple(row for page in pages for row in page.quarantined),
        duplicates=sum(page.duplicates for page in pages),
        fetched=sum(page.fetched for page in pages),
    )


def _refuse_repeats(pages: Sequence[Batch]) -> None:
    seen: dict[FactKey, int] = {}
    for number, page in enumerate(pages, 1):
        for key in page.facts.keys() | _refused_keys(page):
            first = seen.setdefault(key, number)
            if first != number:
                raise BadAnswer(
                    f"Campaign {key.campaign} on {key.platform}, {key.day}, is on page {first} and on page {number}: "
                    "the pages changed while they were read. Nothing was stored; sync again."
                )


def _refuse_totals(batch: Batch) -> None:
    refused = _refused_keys(batch)
    facts = Sheet.of(batch.facts)
    creators = set(map(itemgetter(_CREATOR), chain(facts.rows, refused)))
    if "" not in creators or len(creators) == 1:
        return
    by_creator: set[tuple[object, ...]] = set()
    totals: dict[tuple[object, ...], FactKey] = {}
    for key in chain(facts, refused):
        if key.creator:
            by_creator.add(key[:3])
        else:
            totals[key[:3]] = key
    for both in totals.keys() & by_creator:
        key = totals[both]
        raise BadAnswer(
            f"Campaign {key.campaign} on {key.platform}, {key.day}, came both in total and by creator, so it would "
            "count twice. Nothing was stored; the source must send one or the other."
        )


def _refused_keys(batch: Batch) -> set[FactKey]:
    return {row.key for row in batch.quarantined if row.key is not None}


def _campaigns(pages: Sequence[Batch]) -> dict[str, CampaignAttributes]:
    found: dict[str, CampaignAttributes] = {}
    for page in pages:
        for campaign, said in page.campaigns.items():
            found[campaign] = later_values(found.get(campaign), said)
    return found


def later_values(before: CampaignAttributes | None, said: CampaignAttributes) -> CampaignAttributes:
    """The later value of each attribute; one that is not reported leaves the earlier."""
    if before is None or before == said:
        return said
    return CampaignAttributes(
        campaign=said.campaign,
        name=before.name if said.name is None else said.name,
        budget=before.budget if said.budget is None else said.budget,
        flight_start=before.flight_start if said.flight_start is None else said.flight_start,
        flight_end=before.flight_end if said.flight_end is None else said.flight_end,
        status=before.status if said.status is None else said.status,
    )
