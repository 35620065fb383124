"""The pages of one answer -> one batch, or why they cannot be one answer."""

from __future__ import annotations

from collections.abc import Sequence

from perfdash.errors import BadAnswer
from perfdash.payload import Batch, CampaignAttributes, FactKey


def together(pages: Sequence[Batch]) -> Batch:
    """The pages of one answer as one batch.

    BadAnswer when a fact is on two pages (the pages shifted while they were read), or when a campaign's total row
    stands beside rows of its creators (it would count twice).
    """
    if len(pages) == 1:
        whole = pages[0]
    else:
        _refuse_repeats(pages)
        whole = Batch(
            facts={key: values for page in pages for key, values in page.facts.items()},
            campaigns=_campaigns(pages),
            creators={number: name for page in pages for number, name in page.creators.items()},
            quarantined=tuple(row for page in pages for row in page.quarantined),
            duplicates=sum(page.duplicates for page in pages),
            fetched=sum(page.fetched for page in pages),
        )
    _refuse_totals(whole)
    return whole


def _refuse_repeats(pages: Sequence[Batch]) -> None:
    seen: dict[FactKey, int] = {}
    for number, page in enumerate(pages, 1):
        for key in _keys(page):
            first = seen.setdefault(key, number)
            if first != number:
                raise BadAnswer(
                    f"Campaign {key.campaign} on {key.platform}, {key.day}, is on page {first} and on page {number}: "
                    "the pages changed while they were read. Nothing was stored; sync again."
                )


def _refuse_totals(batch: Batch) -> None:
    keys = _keys(batch)
    totals = {(key.campaign, key.platform, key.day) for key in keys if not key.creator}
    if not totals:
        return
    for key in keys:
        if key.creator and (key.campaign, key.platform, key.day) in totals:
            raise BadAnswer(
                f"Campaign {key.campaign} on {key.platform}, {key.day}, came both in total and by creator, so it would "
                "count twice. Nothing was stored; the source must send one or the other."
            )


def _keys(batch: Batch) -> set[FactKey]:
    return batch.facts.keys() | {row.key for row in batch.quarantined if row.key is not None}


def _campaigns(pages: Sequence[Batch]) -> dict[str, CampaignAttributes]:
    found: dict[str, CampaignAttributes] = {}
    for page in pages:
        for campaign, said in page.campaigns.items():
            found[campaign] = later(found.get(campaign), said)
    return found


def later(before: CampaignAttributes | None, said: CampaignAttributes) -> CampaignAttributes:
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
