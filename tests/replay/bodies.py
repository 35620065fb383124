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
    campaigns: dict[str, dict[str, Any]] = field(default_factory=dict)
    creators: dict[str, str] = field(default_factory=dict)


class NoAnswer(Exception):
    """It cannot be understood as a whole."""


def said_in(exchanges: Iterable[Exchange], currency: str, first: str, last: str) -> Said | None:
    """The pages of one answer together; None when it is incomplete or contradicts itself."""
    try:
        pages = _pages(exchanges)
    except (NoAnswer, ValueError, KeyError, TypeError):
        return None
    whole, seen = Said(), set[Key]()
    for rows in pages:
        page = _page(rows, currency, first, last)
        keys = {key for key in (*page.rows, *page.refused) if key is not None}
        if keys & seen:
            return None
        seen |= keys
        whole.rows |= page.rows
        whole.refused += page.refused
        whole.repeated += page.repeated
        whole.fetched += page.fetched
        whole.creators |= page.creators
        for campaign, attributes in page.campaigns.items():
            whole.campaigns.setdefault(campaign, {}).update(attributes)
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


def _page(rows: Sequence[dict[str, Any]], currency: str, first: str, last: str) -> Said:
    said, good = Said(fetched=len(rows)), defaultdict[Key, list[Mapping[str, Any]]](list)
    for row in rows:
        key = _key(row)
        values = None if key is None or not first <= key[0] <= last else _values(row, currency)
        if key is None or values is None:
            said.refused.append(key)
            continue
        good[key].append(values)
        told = {name: row[name] for name in ATTRIBUTES if row.get(name) is not None}
        said.campaigns.setdefault(key[1], {}).update(told)
        if key[2] and row.get("creatorName"):
            said.creators[key[2]] = row["creatorName"]
    spoiled = set(said.refused)
    for key, several in good.items():
        if key in spoiled or any(values != several[0] for values in several):
            said.refused += [key] * len(several)
        else:
            said.rows[key] = several[0]
            said.repeated += len(several) - 1
    return said


def _key(row: Mapping[str, Any]) -> Key | None:
    try:
        day = date.fromisoformat(row["date"]).isoformat()
    except (ValueError, TypeError):
        return None
    platform = row["platform"]
    return day, row["campaignId"], row.get("creatorId") or "", SPELLING.get(platform.lower(), platform)


def _values(row: Mapping[str, Any], currency: str) -> Mapping[str, Any] | None:
    """The measures, and what is reported as CPM and ROI; None for a row that cannot be taken."""
    if row.get("currency", currency) != currency or row.get("impressions") is None:
        return None
    found: dict[str, Any] = {}
    for name in (*MEASURES, "reach"):
        try:
            value = _number(row.get(name))
        except InvalidOperation:
            return None
        if value is not None and value < 0 and name != "revenue":
            return None
        scaled = None if value is None else value * 10**6 if name in IN_MILLIONTHS else value
        assert scaled is None or scaled == int(scaled), f"{name} {value!r} is finer than a millionth"
        found[name] = None if scaled is None else int(scaled)
    return found | {name: None if row.get(name) is None else Decimal(row[name]) for name in ("cpm", "roi")}


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value).replace(",", ""))
