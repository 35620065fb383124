"""The pages of one answer -> one batch, or why they cannot be one answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from operator import itemgetter

from perfdash.domain.control_totals import ControlTotals
from perfdash.domain.errors import BadAnswer
from perfdash.domain.facts import Batch, FactKey, Sheet
from perfdash.ingest import attributes, grain, totals

_CREATOR = FactKey._fields.index("creator")


def merge(pages: Sequence[Batch]) -> Batch:
    """The pages of one whole answer as one batch; BadAnswer as from its two parts below."""
    return in_turn([window(pages)])


def window(pages: Sequence[Batch]) -> Batch:
    """The pages of one window as one batch.

    BadAnswer when a row is on two pages (the pages shifted while they were read), or when a campaign's total row
    stands beside rows of its creators (it would count twice).
    """
    whole = pages[0] if len(pages) == 1 else _joined(pages)
    _refuse_totals(whole)
    return replace(whole, parts={}) if whole.parts else whole


def in_turn(windows: Sequence[Batch]) -> Batch:
    """The windows of one answer, whose days are disjoint, as one batch.

    BadAnswer when a campaign or platform is, wherever it stands, the sum of all others: all windows together show it.
    """
    whole = windows[0] if len(windows) == 1 else _together(windows)
    totals.refuse_sums(Sheet.of(whole.facts).rows, whole.campaigns.keys())
    return whole


def _joined(pages: Sequence[Batch]) -> Batch:
    pages = grain.across(pages)
    whole = _together(pages)
    if any(page.parts for page in pages):
        return whole
    refused = [_refused_keys(page) for page in pages]
    keyed = set().union(*refused)
    # On one page no key is both in and out, so only pages that share one make these differ.
    once = len(whole.facts) == sum(len(page.facts) for page in pages) and len(keyed) == sum(map(len, refused))
    if not once or not keyed.isdisjoint(Sheet.of(whole.facts).rows):
        _refuse_repeats(pages)
    return whole


def _together(batches: Sequence[Batch]) -> Batch:
    said = attributes.joined(batches)
    creators: dict[str, str] = {}
    for batch in batches:
        creators.update(batch.creators)
    return Batch(
        facts=Sheet.joined(batch.facts for batch in batches),
        campaigns=said.campaigns,
        creators=creators,
        quarantined=tuple(row for batch in batches for row in batch.quarantined),
        duplicates=sum(batch.duplicates for batch in batches),
        fetched=sum(batch.fetched for batch in batches),
        added=sum(batch.added for batch in batches),
        left_out=sum(batch.left_out for batch in batches),
        totals=_totals(batches),
        newest=said.newest,
        older=said.older,
    )


def _totals(batches: Sequence[Batch]) -> ControlTotals | None:
    whole = ControlTotals()
    for batch in batches:
        if batch.totals is None:
            return None
        whole += batch.totals
    return whole


def _refuse_repeats(pages: Sequence[Batch]) -> None:
    seen: dict[FactKey, int] = {}
    for number, page in enumerate(pages, 1):
        for key in page.facts.keys() | _refused_keys(page):
            first = seen.setdefault(key, number)
            if first != number:
                raise BadAnswer(
                    f"Campaign {key.campaign} on {key.platform}, {key.day}, is on page {first} and on page {number}: "
                    "the pages changed while they were read, or rows are finer than that. Nothing was stored; sync "
                    "again, or say in records.finer by what they are finer."
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
