"""What a page's rows say of their campaigns and creators besides the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import cast

from perfdash import reported
from perfdash.conversions import ConvertedColumn, Kinds, T, Values, amounts, by_distinct, is_printable
from perfdash.mapping import Field
from perfdash.payload import CampaignAttributes
from perfdash.row_shape import Page


def days(values: Values, field: Field, kinds: Kinds) -> ConvertedColumn[date]:
    """Day labels, written as the field says."""
    return by_distinct(values, kinds, partial(reported.day, label=field.label, style=field.style), date.min)


def names(values: Values, field: Field, kinds: Kinds, longest: int = 300) -> ConvertedColumn[str | None]:
    """Texts for people; None when nothing is left of one."""
    if not field.spellings and kinds == {str}:
        texts = list(map(str.strip, cast(list[str], values)))
        # What is printable has nothing to be taken out of it.
        if all(texts) and is_printable("".join(texts)) and max(map(len, texts)) <= longest:
            return ConvertedColumn(cast(list[str | None], texts))

    def one(value: object) -> str | None:
        said = field.spelled(value) if type(value) is str else value
        return reported.name(said, field.label, longest)

    return by_distinct(values, kinds, one, None)


def columns(page: Page) -> dict[str, Sequence[object]]:
    """The attributes of campaigns that some row reports, by the names of CampaignAttributes."""
    found: dict[
        str, ConvertedColumn[date | None] | ConvertedColumn[int | None] | ConvertedColumn[str | None] | None
    ] = {
        "name": page.optional("campaign_name", names),
        "status": page.optional("status", partial(names, longest=40)),
        "budget": page.optional("budget", amounts),
        "flight_start": page.optional("flight_start", days),
        "flight_end": page.optional("flight_end", days),
    }
    return {name: column.values for name, column in found.items() if column is not None}


def creator_names(page: Page, creators: Sequence[str]) -> Sequence[str | None]:
    """The name of each row's creator; one that stands in a row without a creator is neither kept nor judged."""
    column = page.unnoted("creator_name", names)
    if column is None:
        return [None] * len(creators)
    for place, reason in column.problems.items():
        if creators[place]:
            page.refuse(place, reason)
    return column.values


def by_campaign(campaigns: Sequence[str], said: Mapping[str, Sequence[object]]) -> dict[str, CampaignAttributes]:
    """Every campaign with the last value of each attribute that its rows report."""
    last = {name: _last(campaigns, values) for name, values in said.items()}
    return {
        campaign: CampaignAttributes(campaign, **{name: of.get(campaign) for name, of in last.items()})  # type: ignore[arg-type]
        for campaign in dict.fromkeys(campaigns)
    }


def by_creator(creators: Sequence[str], said: Sequence[str | None]) -> dict[str, str]:
    """The last name that is reported of each creator."""
    found = _last(creators, said)
    found.pop("", None)
    return found


def _last(owners: Sequence[str], values: Sequence[T | None]) -> dict[str, T]:
    if None not in values:
        return dict(zip(owners, cast(Sequence[T], values), strict=True))
    return {owner: value for owner, value in zip(owners, values, strict=True) if value is not None}
