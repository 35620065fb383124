"""A second opinion: bodies as they came over the wire, and a question, to the numbers that perfdash must show.

It imports nothing from perfdash and knows nothing of its storage: rows, sums in integers, ratios in Fractions.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any
from urllib.parse import parse_qs, urlsplit

Row = Mapping[str, Any]
"""As it came."""
Key = tuple[str, str, str, str]
"""(day, campaign, creator, platform)"""
MICRO = 10**6
ATTRIBUTES = ("campaignName", "budget", "budgetType", "startDate", "endDate", "status")
SPELLING = {name.lower(): name for name in ("TikTok", "Instagram", "YouTube", "Facebook")}
MEASURES = ("impressions", "clicks", "cost", "views", "engagements", "conversions", "revenue")
IN_MILLIONTHS = ("cost", "conversions", "revenue")
# name: (numerator, denominator, factor, places, minus one); both sides over the rows that report both.
RATIOS: dict[str, tuple[str, str, Fraction, int, bool]] = {
    "cpm": ("cost", "impressions", Fraction(1000, MICRO), 6, False),
    "cpc": ("cost", "clicks", Fraction(1, MICRO), 6, False),
    "ctr": ("clicks", "impressions", Fraction(1), 8, False),
    "cpv": ("cost", "views", Fraction(1, MICRO), 6, False),
    "cpe": ("cost", "engagements", Fraction(1, MICRO), 6, False),
    "cpa": ("cost", "conversions", Fraction(1), 6, False),
    "engagement_rate": ("engagements", "impressions", Fraction(1), 8, False),
    "roas": ("revenue", "cost", Fraction(1), 8, False),
    "roi": ("revenue", "cost", Fraction(1), 8, True),
    "frequency": ("impressions", "reach", Fraction(1), 8, False),
}
GROUPS = {
    "overview": ("platform",),
    "campaigns": ("client", "account", "campaign"),
    "creators": ("client", "account", "campaign", "creator"),
    "daily": ("day", "client", "platform"),
    "campaign_days": ("day", "client", "account", "campaign", "platform"),
}


@dataclass(frozen=True)
class Exchange:
    """One request (path and query) and its answer."""

    url: str
    status: int
    body: bytes


@dataclass(frozen=True)
class Fact:
    """A row as the source last reported it. Money and conversions in millionths; None is not reported."""

    client: str
    account: str
    campaign: str
    creator: str
    platform: str
    day: str
    currency: str
    measures: Mapping[str, int | None]

    def get(self, name: str) -> int | None:
        return self.measures[name]


@dataclass
class Known:
    """What was said last: the rows, and of each campaign its attributes, of each creator a name."""

    facts: list[Fact] = field(default_factory=list)
    campaigns: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    creators: dict[tuple[str, str, str], str] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """Inclusive days; empty tuples mean all; `limit` in currency units a thousand impressions, inclusive."""

    first: str
    last: str
    clients: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    currency: str | None = None
    limit: Fraction | None = None
    grain: str = "row"


def heard(
    exchanges: Iterable[Exchange], owners: Mapping[str, tuple[str, str, str]], finer: tuple[str, ...] = ()
) -> Known:
    """The end of it all: each whole answer replaces what was known of its account's days.

    Not of days before the first of which it speaks: those may be no longer kept there. Nor what a row is about that
    cannot be read. Whether an answer is to be believed at all is not asked: the caller knows that it was.
    `owners`: the id at the source -> (client, name of the account, currency). `finer`: by what its rows are finer.
    """
    known, rows = Known(), dict[tuple[str, str], dict[Key, Fact]]()
    for query, pages in _answers(exchanges):
        client, account, currency = owners[query["client_id"]]
        held, came = rows.setdefault((client, account), {}), [row for page in pages for row in page]
        said = _by_key(came, finer)
        read = {key: group for key, group in said.items() if all(map(_is_readable, group))}
        _remember(known, (client, account), [row for row in came if _key(row) in read], held)
        since = max(query["start_date"], min((key[0] for key in said), default=""))
        for key in [key for key in held if since <= key[0] <= query["end_date"] and key not in said]:
            del held[key]
        held |= {key: _added([_fact(row, client, account, currency) for row in group]) for key, group in read.items()}
    known.facts = [fact for of_account in rows.values() for fact in of_account.values()]
    return known


def _key(row: Row) -> Key:
    platform = str(row["platform"])
    return (
        row["date"],
        str(row["campaignId"]),
        str(row.get("creatorId") or ""),
        SPELLING.get(platform.lower(), platform),
    )


def _by_key(rows: Sequence[Row], finer: tuple[str, ...]) -> dict[Key, list[Row]]:
    """The rows of an answer by what they are about; one that comes again as it was is the same row."""
    found: dict[Key, dict[tuple[str, ...], Row]] = defaultdict(dict)
    for row in rows:
        same = found[_key(row)].setdefault(tuple(str(row.get(name)) for name in finer), row)
        assert same is row or (finer and same == row), f"two rows about {_key(row)}"
    return {key: list(group.values()) for key, group in found.items()}


def _is_readable(row: Row) -> bool:
    """False for a row that must be refused: what it always tells is no number, or one that cannot be."""
    read = {name: _readable(row.get(name), name) for name in ("impressions", "clicks", "cost")}
    return None not in read.values()


def _added(facts: Sequence[Fact]) -> Fact:
    """One fact of its parts. What is not told by any part is not told; people that were reached do not add up."""
    if len(facts) == 1:
        return facts[0]
    return replace(facts[0], measures={name: total(name, facts) for name in MEASURES} | {"reach": None})


def _answers(exchanges: Iterable[Exchange]) -> Iterable[tuple[dict[str, str], list[list[dict[str, Any]]]]]:
    """Whole answers in the order in which their last page came."""
    open_: dict[tuple[str, ...], list[list[dict[str, Any]]]] = {}
    for exchange in exchanges:
        if exchange.status != 200:
            continue
        query = {name: values[0] for name, values in parse_qs(urlsplit(exchange.url).query).items()}
        body = json.loads(exchange.body, parse_float=Decimal)
        info = body.get("page_info") or {"page": 1, "total_page": 1}
        which = (query["client_id"], query["start_date"], query["end_date"], query.get("platforms", ""))
        if int(query.get("page", 1)) == 1:
            open_[which] = []
        open_[which].append(body["data"])
        if info["page"] >= info["total_page"]:
            yield query, open_.pop(which)


def _fact(row: Row, client: str, account: str, currency: str) -> Fact:
    day, campaign, creator, platform = _key(row)
    measures = {name: _readable(row.get(name), name) for name in (*MEASURES, "reach")}
    return Fact(client, account, campaign, creator, platform, day, row.get("currency") or currency, measures)


def _number(value: Any, name: str) -> int | None:
    if value is None:
        return None
    number = Decimal(str(value).replace(",", "")) * (MICRO if name in IN_MILLIONTHS else 1)
    assert number == int(number), f"{name} {value!r} is finer than a millionth"
    return int(number)


def _readable(value: Any, name: str) -> int | None:
    """None too for what is no number, and for less than nothing of what is counted: a credit is money."""
    try:
        number = _number(value, name)
    except InvalidOperation:
        return None
    return None if number is not None and number < 0 and name not in ("cost", "revenue") else number


def _remember(known: Known, owner: tuple[str, str], rows: Sequence[Row], held: Iterable[Key]) -> None:
    """Of a campaign what its latest day says; an answer that ends before the latest `held` one only adds to that."""
    latest: dict[str, str] = {}
    for day, campaign, *_ in held:
        latest[campaign] = max(day, latest.get(campaign, ""))
    said: dict[str, dict[str, Any]] = defaultdict(dict)
    newest: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: str(row["date"])):
        newest[row["campaignId"]] = row["date"]
        said[row["campaignId"]] |= {name: row[name] for name in ATTRIBUTES if row.get(name) is not None}
        if row.get("creatorName"):
            known.creators[*owner, row["creatorId"]] = row["creatorName"]
    for campaign, day in newest.items():
        before = known.campaigns.get((*owner, campaign), {})
        is_older = latest.get(campaign, "") > day
        known.campaigns[*owner, campaign] = said[campaign] | before if is_older else before | said[campaign]


def in_view(known: Known, question: Question) -> list[Fact]:
    """Everything the question is about, before its limit."""
    return [
        fact
        for fact in known.facts
        if question.first <= fact.day <= question.last
        and (not question.clients or fact.client in question.clients)
        and (not question.platforms or fact.platform in question.platforms)
        and question.currency in (None, fact.currency)
    ]


def judged(facts: Iterable[Fact], grain: str) -> dict[tuple[str, ...], list[Fact]]:
    """What a CPM limit judges as one: a campaign, or a campaign on a platform and day, creators together."""
    groups: dict[tuple[str, ...], list[Fact]] = defaultdict(list)
    for fact in facts:
        of_row = (fact.platform, fact.day) if grain == "row" else ()
        groups[fact.client, fact.account, fact.campaign, *of_row].append(fact)
    return groups


def cpm_of(facts: Sequence[Fact]) -> Fraction | None:
    """Cost over a thousand impressions, of all together."""
    return ratio("cpm", facts)


def kept(known: Known, question: Question) -> list[Fact]:
    """What is in view and under the limit."""
    facts = in_view(known, question)
    if question.limit is None:
        return facts
    limit = question.limit
    groups = judged(facts, question.grain).values()
    return [fact for group in groups if (cpm := cpm_of(group)) is not None and cpm <= limit for fact in group]


def left_out(known: Known, question: Question) -> list[dict[str, Any]]:
    """Per currency, what a limit leaves out for having no CPM."""
    if question.limit is None:
        return []
    cost: dict[str, int] = defaultdict(int)
    rows: dict[str, int] = defaultdict(int)
    for group in judged(in_view(known, question), question.grain).values():
        if not sum(fact.measures["impressions"] or 0 for fact in group):
            cost[group[0].currency] += sum(fact.measures["cost"] or 0 for fact in group)
            rows[group[0].currency] += 1
    return [{"currency": c, "cost": places(Fraction(cost[c], MICRO), 6), "rows": rows[c]} for c in sorted(rows)]


def ratio(name: str, facts: Sequence[Fact]) -> Fraction | None:
    """Exact; None where undefined. Reach cannot be added, so what is made of it is known of a single row only."""
    top, bottom, factor, _, minus_one = RATIOS[name]
    if "reach" in (top, bottom) and len(facts) != 1:
        return None
    both = [fact for fact in facts if fact.get(top) is not None and fact.get(bottom) is not None]
    over = sum(fact.get(bottom) or 0 for fact in both)
    if not over:
        return None
    return Fraction(sum(fact.get(top) or 0 for fact in both), over) * factor - minus_one


def places(value: Fraction, count: int) -> str:
    """Rounded half to even, with exactly so many decimals."""
    scaled = value * 10**count
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    if 2 * rest > scaled.denominator or (2 * rest == scaled.denominator and whole % 2):
        whole += 1
    sign, digits = "-" if whole < 0 else "", str(abs(whole)).rjust(count + 1, "0")
    return f"{sign}{digits[:-count]}.{digits[-count:]}"


def _amount(micros: int | None) -> str | None:
    return None if micros is None else places(Fraction(micros, MICRO), 6)


def total(name: str, facts: Sequence[Fact]) -> int | None:
    """The sum of what is reported; None where nothing is."""
    reported = [value for fact in facts if (value := fact.get(name)) is not None]
    return sum(reported) if reported else None


def _figures(facts: Sequence[Fact]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in MEASURES:
        value = total(name, facts)
        found[name] = _amount(value) if name in IN_MILLIONTHS else value
    for name, (_, _, _, count, _) in RATIOS.items():
        value = ratio(name, facts)
        found[name] = None if value is None else places(value, count)
    return found


def table(known: Known, question: Question, view: str) -> list[dict[str, Any]]:
    """The rows of a view, without where they come from."""
    groups: dict[tuple[str, ...], list[Fact]] = defaultdict(list)
    for fact in kept(known, question):
        groups[(*(getattr(fact, name) for name in GROUPS[view]), fact.currency)].append(fact)
    rows = []
    for key in sorted(groups):
        facts = groups[key]
        row: dict[str, Any] = dict(zip((*GROUPS[view], "currency"), key, strict=True)) | _figures(facts)
        row["reach"] = facts[0].measures["reach"] if len(facts) == 1 else None
        covered, cost = (
            sum(f.measures["cost"] or 0 for f in facts if f.get("revenue") is not None),
            total("cost", facts),
        )
        reports = any(f.get("revenue") is not None for f in facts)
        row["revenue_coverage"] = places(Fraction(covered, cost), 8) if reports and cost else None
        rows.append(row | _ABOUT.get(view, lambda *_: {})(known, facts))
    return rows


def _campaign(known: Known, facts: Sequence[Fact]) -> dict[str, Any]:
    one = facts[0]
    said = known.campaigns[one.client, one.account, one.campaign]
    start, end = said.get("startDate"), said.get("endDate")
    flight = [
        fact.measures["cost"] or 0
        for fact in known.facts
        if (fact.client, fact.account, fact.campaign) == (one.client, one.account, one.campaign)
        and (start is None or start <= fact.day)
        and (end is None or fact.day <= end)
    ]
    return {
        "name": said.get("campaignName", one.campaign),
        "status": said.get("status"),
        "platforms": ", ".join(sorted({fact.platform for fact in facts})),
        "flight_start": start,
        "flight_end": end,
        "budget": _amount(budget_of(known, one)),
        "flight_cost": _amount(sum(flight)) if flight else None,
    }


def budget_of(known: Known, one: Fact) -> int | None:
    """The campaign's whole budget in micros; one of a day is that of each day of the flight, if the flight is known."""
    said = known.campaigns[one.client, one.account, one.campaign]
    budget = _number(said.get("budget"), "cost")
    if budget is None or said.get("budgetType") != "DAILY":
        return budget
    if not said.get("startDate") or not said.get("endDate"):
        return None
    return budget * ((date.fromisoformat(said["endDate"]) - date.fromisoformat(said["startDate"])).days + 1)


def _creator(known: Known, facts: Sequence[Fact]) -> dict[str, Any]:
    one = facts[0]
    name = known.campaigns[one.client, one.account, one.campaign].get("campaignName", one.campaign)
    return {"name": name, "creator_name": known.creators.get((one.client, one.account, one.creator), "")}


def _campaign_day(known: Known, facts: Sequence[Fact]) -> dict[str, Any]:
    one = facts[0]
    return {"name": known.campaigns[one.client, one.account, one.campaign].get("campaignName", one.campaign)}


_ABOUT: dict[str, Callable[[Known, Sequence[Fact]], dict[str, Any]]] = {
    "campaigns": _campaign,
    "creators": _creator,
    "campaign_days": _campaign_day,
}


def totals(known: Known, question: Question) -> list[dict[str, Any]]:
    """Per currency, everything that is kept."""
    by_currency: dict[str, list[Fact]] = defaultdict(list)
    for fact in kept(known, question):
        by_currency[fact.currency].append(fact)
    found = []
    for currency in sorted(by_currency):
        facts = by_currency[currency]
        campaigns = {(f.client, f.account, f.campaign): f for f in facts}
        budgets = [budget for one in campaigns.values() if (budget := budget_of(known, one)) is not None]
        found.append(
            {"currency": currency, "rows": len(facts), "campaigns": len(campaigns)}
            | _figures(facts)
            | {"budget": _amount(sum(budgets)) if budgets else None}
        )
    return found
