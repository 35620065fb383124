"""What rows say of campaigns and creators beside their numbers: of each attribute what its latest day says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import partial
from itertools import compress
from operator import ge
from typing import Any, TypeVar, cast

from perfdash.domain import values as domain_values
from perfdash.domain.facts import Batch, CampaignAttributes
from perfdash.ingest import budget_kinds
from perfdash.ingest.columnar_rows import Kinds
from perfdash.ingest.convert import ConvertedColumn, Values, amounts, by_distinct, is_printable
from perfdash.ingest.mapping import Field
from perfdash.ingest.page import Page

T = TypeVar("T")
ReadDays = Callable[[Values, Field, Kinds], ConvertedColumn[date]]
_ATTRIBUTES = tuple(f.name for f in fields(CampaignAttributes) if f.name not in ("campaign", "budget_kind"))
"""Those that are told by themselves. The kind of a budget goes with the budget."""


def display_names(values: Values, field: Field, kinds: Kinds, longest: int = 300) -> ConvertedColumn[str | None]:
    """Texts for people; None when nothing is left of one."""
    if not field.spellings and kinds == {str}:
        texts = list(map(str.strip, cast(list[str], values)))
        # What is printable has nothing to be taken out of it.
        if all(texts) and is_printable("".join(texts)) and max(map(len, texts)) <= longest:
            return ConvertedColumn(cast(list[str | None], texts))

    def one(value: object) -> str | None:
        said = field.spelled(value) if type(value) is str else value
        return domain_values.name(said, field.label, longest)

    return by_distinct(values, kinds, one, None)


def attribute_columns(page: Page, days: ReadDays, budget: Field | None) -> dict[str, Sequence[object]]:
    """The attributes of campaigns that some row reports, by the names of CampaignAttributes."""
    found: dict[str, ConvertedColumn[Any] | None] = {
        "name": page.optional("campaign_name", display_names),
        "status": page.optional("status", partial(display_names, longest=40)),
        "budget": page.optional("budget", amounts),
        "flight_start": page.optional("flight_start", _where_said(days)),
        "flight_end": page.optional("flight_end", _where_said(days)),
    }
    columns: dict[str, Sequence[object]] = {name: column.values for name, column in found.items() if column is not None}
    if budget is not None and "budget" in columns:
        kinds = budget_kinds.column(page, budget)
        if kinds is not None:
            columns["budget_kind"] = kinds
    return columns


def _where_said(days: ReadDays) -> Callable[[Values, Field, Kinds], ConvertedColumn[date | None]]:
    """An empty day is one that is not reported."""

    def convert(values: Values, field: Field, kinds: Kinds) -> ConvertedColumn[date | None]:
        blank = [type(value) is str and not value.strip() for value in values] if str in kinds else []
        if not any(blank):
            return cast(ConvertedColumn[date | None], days(values, field, kinds))
        places = [place for place, is_blank in enumerate(blank) if not is_blank]
        some = [values[place] for place in places]
        column = days(some, field, frozenset(map(type, some)))
        found: list[date | None] = [None] * len(values)
        for place, day in zip(places, column.values, strict=True):
            found[place] = day
        return ConvertedColumn(found, {places[at]: reason for at, reason in column.problems.items()})

    return convert


def creator_names(page: Page, creators: Sequence[str]) -> Sequence[str | None]:
    """The name of each row's creator; one that stands in a row without a creator is neither kept nor judged."""
    column = page.optional("creator_name", display_names)
    if column is None:
        return [None] * len(creators)
    page.overlook("creator_name", [place for place in column.problems if not creators[place]])
    return column.values


def by_creator(creators: Sequence[str], said: Sequence[str | None]) -> dict[str, str]:
    """The last name that is reported of each creator."""
    if None not in said:
        found = dict(zip(creators, cast(Sequence[str], said), strict=True))
    else:
        found = {creator: name for creator, name in zip(creators, said, strict=True) if name is not None}
    found.pop("", None)
    return found


@dataclass(frozen=True, slots=True)
class CampaignNews:
    """What some rows say of campaigns. `newest` and `older` as in Batch."""

    campaigns: dict[str, CampaignAttributes]
    newest: dict[str, date]
    older: dict[str, dict[str, date]]


def by_campaign(
    campaigns: Sequence[str], days: Sequence[date], columns: Mapping[str, Sequence[object]]
) -> CampaignNews:
    """Of each attribute the value of the latest day that reports it; of several such rows the last."""
    newest = _newest(campaigns, days)
    found: dict[str, dict[str, Any]] = {name: {} for name in _ATTRIBUTES}
    older: dict[str, dict[str, date]] = {}
    for name in _ATTRIBUTES:
        if name in columns:
            said = columns[name]
            if name == "budget" and "budget_kind" in columns:
                said = _pairs(said, columns["budget_kind"])
            found[name] = _latest(name, campaigns, days, said, newest, older)
    kinds: dict[str, Any] = {}
    if "budget_kind" in columns:
        kinds = {campaign: pair[1] for campaign, pair in found["budget"].items()}
        found["budget"] = {campaign: pair[0] for campaign, pair in found["budget"].items()}
    return CampaignNews(
        {
            campaign: CampaignAttributes(
                campaign, **{name: of.get(campaign) for name, of in found.items()}, budget_kind=kinds.get(campaign)
            )
            for campaign in newest
        },
        newest,
        older,
    )


def _pairs(budgets: Sequence[object], kinds: Sequence[object]) -> list[tuple[object, object] | None]:
    return [None if budget is None else (budget, kind) for budget, kind in zip(budgets, kinds, strict=True)]


def _newest(campaigns: Sequence[str], days: Sequence[date]) -> dict[str, date]:
    """Mostly each campaign's rows come in the order of their days, or all rows in the opposite one."""
    for owners, whens in ((campaigns, days), (campaigns[::-1], days[::-1])):
        last = dict(zip(owners, whens, strict=True))
        if all(map(ge, map(last.__getitem__, owners), whens)):
            return last
    found: dict[str, date] = {}
    for campaign, day in zip(campaigns, days, strict=True):
        if day > found.get(campaign, date.min) or campaign not in found:
            found[campaign] = day
    return found


def _latest(
    name: str,
    campaigns: Sequence[str],
    days: Sequence[date],
    said: Sequence[Any],
    newest: Mapping[str, date],
    older: dict[str, dict[str, date]],
) -> dict[str, Any]:
    """Of each campaign the value of its latest day; notes in `older` where that is not the newest of all."""
    last: dict[str, Any] = dict(zip(campaigns, said, strict=True))
    alike = list(map(last.__getitem__, campaigns))
    if alike == said:  # every row of a campaign says the same
        return last if None not in said else {campaign: value for campaign, value in last.items() if value is not None}
    differing = {campaign for campaign, one, other in zip(campaigns, alike, said, strict=True) if one != other}
    found = {campaign: value for campaign, value in last.items() if value is not None and campaign not in differing}
    whens: dict[str, date] = {}
    several = [campaign in differing for campaign in campaigns]
    for campaign, day, value in zip(*(compress(column, several) for column in (campaigns, days, said)), strict=True):
        if value is not None and (campaign not in whens or day >= whens[campaign]):
            found[campaign], whens[campaign] = value, day
    for campaign, day in whens.items():
        if day != newest[campaign]:
            older.setdefault(campaign, {})[name] = day
    return found


def joined(batches: Sequence[Batch]) -> CampaignNews:
    """The same over pages or windows, in their order."""
    campaigns: dict[str, CampaignAttributes] = {}
    whens: dict[str, dict[str, date]] = {}
    """Only of campaigns of which not all is said on the newest day."""
    newest: dict[str, date] = {}
    for batch in batches:
        for campaign, said in batch.campaigns.items():
            day = batch.newest.get(campaign, date.min)
            before = campaigns.get(campaign)
            if campaign in batch.older or campaign in whens or (before is not None and before != said):
                of = {name: batch.older.get(campaign, {}).get(name, day) for name in _reported(said)}
                if before is not None:
                    then = whens.get(campaign) or dict.fromkeys(_reported(before), newest[campaign])
                    said, of = _later(before, then, said, of)
                whens[campaign] = of
            campaigns[campaign] = said
            if before is None or day > newest[campaign]:
                newest[campaign] = day
    older = {
        campaign: {name: day for name, day in of.items() if day != newest[campaign]} for campaign, of in whens.items()
    }
    return CampaignNews(campaigns, newest, {campaign: of for campaign, of in older.items() if of})


def _reported(said: CampaignAttributes) -> list[str]:
    return [name for name in _ATTRIBUTES if getattr(said, name) is not None]


def _later(
    before: CampaignAttributes, whens: dict[str, date], said: CampaignAttributes, of: dict[str, date]
) -> tuple[CampaignAttributes, dict[str, date]]:
    """Attribute by attribute what the later day says; of the same day the second."""
    if before == said and whens == of:
        return said, of
    days = dict(whens)
    values: dict[str, Any] = {f.name: getattr(before, f.name) for f in fields(before)}
    for name, day in of.items():
        if name not in whens or day >= whens[name]:
            values[name], days[name] = getattr(said, name), day
            if name == "budget":
                values["budget_kind"] = said.budget_kind
    return CampaignAttributes(**values), days
