"""What the bodies of one answer say: the rows that can be read, the others, and when the whole is no answer at all."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.agreement.checker import IN_MILLIONTHS, MEASURES, SPELLING, Exchange

Key = tuple[str, str, str, str]
"""(day, campaign, creator, platform)"""
ATTRIBUTES = ("campaignName", "budget", "startDate", "endDate", "status")


@dataclass
class Said:
    """One answer. `refused`: the key of each row that cannot be taken, None where even that cannot be read."""

    rows: dict[Key, Mapping[str, Any]] = field(default_factory=dict)
    refused: list[Key | None] = field(default_factory=list)
    repeated: int = 0
    fetched: int = 0
    cost: int = 0
    """Of all rows, in millionths, as far as it can be read."""
    refused_cost: int = 0
    told: dict[str, dict[str, tuple[str, Any]]] = field(default_factory=dict)
    """Campaign -> attribute -> the day of the row that says it, and what it says."""
    newest: dict[str, str] = field(default_factory=dict)
    """Campaign -> the latest day of a row about it."""
    creators: dict[str, str] = field(default_factory=dict)

    def tell(self, campaign: str, name: str, day: str, value: Any) -> None:
        """What the latest day says counts, of one day what comes last."""
        of = self.told.setdefault(campaign, {})
        if name not in of or day >= of[name][0]:
            of[name] = day, value

    def see(self, campaign: str, day: str) -> None:
        """A row of this day is about the campaign."""
        self.newest[campaign] = max(day, self.newest.get(campaign, day))


class NoAnswer(Exception):
    """It cannot be understood as a whole."""


def said_in(exchanges: Iterable[Exchange], currency: str, first: str, last: str, *, repeats: bool) -> Said | None:
    """The pages of one answer together; None when it is incomplete or contradicts itself.

    `repeats`: the source says by what its rows differ, so that one that comes again is the same one.
    """
    try:
        pages = _pages(exchanges)
    except (NoAnswer, ValueError, KeyError, TypeError):
        return None
    whole, seen = Said(), set[Key]()
    for rows in pages:
        page = _page(rows, currency, first, last, repeats)
        if page is None:
            return None
        keys = {key for key in (*page.rows, *page.refused) if key is not None}
        if keys & seen:
            return None
        seen |= keys
        whole.rows |= page.rows
        whole.refused += page.refused
        whole.repeated += page.repeated
        whole.fetched += page.fetched
        whole.cost += page.cost
        whole.refused_cost += page.refused_cost
        whole.creators |= page.creators
        for campaign, attributes in page.told.items():
            whole.see(campaign, page.newest[campaign])
            whole.told.setdefault(campaign, {})
            for name, (day, value) in attributes.items():
                whole.tell(campaign, name, day, value)
    totals = {(day, campaign, platform) for day, campaign, creator, platform in seen if not creator}
    by_creator = {(day, campaign, platform) for day, campaign, creator, platform in seen if creator}
    return None if totals & by_creator else whole


def _pages(exchanges: Iterable[Exchange]) -> list[list[dict[str, Any]]]:
    """The last answer to each page, all of them good."""
    last: dict[int, Exchange] = {}
    for exchange in exchanges:
        query = parse_qs(urlsplit(exchange.url).query)
        last[int(query.get("page", ["1"])[0])] = exchange
    pages, count = [], 1
    for number in sorted(last):
        if last[number].status != 200:
            raise NoAnswer
        body = json.loads(last[number].body, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_once)
        pages.append(list(body["data"]))
        count = body["page_info"]["total_page"] if "page_info" in body else 1
    if sorted(last) != list(range(1, count + 1)):
        raise NoAnswer
    return pages


def _refuse(_: str) -> None:
    raise NoAnswer


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise NoAnswer
    return dict(pairs)


def _page(rows: Sequence[dict[str, Any]], currency: str, first: str, last: str, repeats: bool) -> Said | None:
    """None when two rows are about the same, and nothing says how that is meant."""
    said, by_key = Said(fetched=len(rows)), defaultdict[Key, list[dict[str, Any]]](list)
    for row in rows:
        said.cost += _cost(row) or 0
        key = _key(row)
        if key is None:
            _refuse_row(said, None, row)
        else:
            by_key[key].append(row)
    for key, several in by_key.items():
        values = [_values(row, currency) if first <= key[0] <= last else None for row in several]
        if None in values:
            if any(values) and not repeats:
                return None
            for row in several:
                _refuse_row(said, key, row)
            continue
        if len(several) > 1 and (not repeats or any(row != several[0] for row in several)):
            return None
        said.rows[key] = values[0]  # type: ignore[assignment]
        said.repeated += len(several) - 1
    for row in rows:
        if (key := _key(row)) in said.rows:
            _remember(said, key, row)  # type: ignore[arg-type]
    return said


def _refuse_row(said: Said, key: Key | None, row: Mapping[str, Any]) -> None:
    said.refused.append(key)
    said.refused_cost += abs(_cost(row) or 0)


def _remember(said: Said, key: Key, row: Mapping[str, Any]) -> None:
    day, campaign, creator, _ = key
    said.see(campaign, day)
    said.told.setdefault(campaign, {})
    for name in ATTRIBUTES:
        if row.get(name) is not None:
            said.tell(campaign, name, day, row[name])
    if creator and row.get("creatorName"):
        said.creators[creator] = row["creatorName"]


def _cost(row: Mapping[str, Any]) -> int | None:
    try:
        value = _number(row.get("cost"))
    except InvalidOperation:
        return None
    return None if value is None else int(value * 10**6)


def _key(row: Mapping[str, Any]) -> Key | None:
    try:
        day = date.fromisoformat(row["date"]).isoformat()
    except (ValueError, TypeError):
        return None
    platform = row["platform"]
    return day, row["campaignId"], row.get("creatorId") or "", SPELLING.get(platform.lower(), platform)


def _values(row: Mapping[str, Any], currency: str) -> Mapping[str, Any] | None:
    """The measures, and what is reported as CPM and ROI; None for a row that cannot be taken."""
    if row.get("currency", currency) != currency:
        return None
    found: dict[str, Any] = {}
    for name in (*MEASURES, "reach"):
        try:
            value = _number(row.get(name))
        except InvalidOperation:
            value = None
        if value is not None and value < 0 and name not in ("revenue", "cost"):
            value = None
        if value is None and name in ("impressions", "clicks", "cost"):
            return None
        scaled = None if value is None else value * 10**6 if name in IN_MILLIONTHS else value
        assert scaled is None or scaled == int(scaled), f"{name} {value!r} is finer than a millionth"
        found[name] = None if scaled is None else int(scaled)
    return found | {name: None if row.get(name) is None else Decimal(row[name]) for name in ("cpm", "roi")}


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value).replace(",", ""))
