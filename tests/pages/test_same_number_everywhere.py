"""The same number reads the same wherever it stands: a crawl over pages and roles, one text for each number and place.

A number is known by its measure, what it is about, and its currency; all pages show the same days. Tables and the help
of tiles say all of it; the face of a tile is short, which is a place of its own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from perfdash.domain.metrics import METRICS
from tests.pages.conftest import CAMPAIGN, CAMPAIGNS, OVERVIEW, PAGES, VIEW, fact, fetched, shown, texts
from tests.store.builders import given_campaign, given_client, given_creator
from tests.ui.conftest import given_user

Key = tuple[str, tuple[str, ...], str, str]
"""Measure, what it is about, currency, and where it stands."""
MEASURES = (
    *("cost", "impressions", "clicks", "views", "engagements", "conversions", "revenue", "reach"),
    *METRICS,
)
CLIENTS, CREATORS = f"{PAGES}/performance/clients.py", f"{PAGES}/performance/creators.py"
SPRING = {"campaign": "spring", "account": "1", "owner": "hoshi"}
ROLES = {"boss": ("EUR", "JPY"), "ann": ("EUR",), "hoshi-client": ("JPY",), "desk": ("",)}
"""Who looks -> the currencies in view; the desk sees no money."""


@pytest.fixture
def world(acme):
    """Two clients in two currencies, with large, small and negative amounts, on two platforms, by creator."""
    given_client(acme, "hoshi", currency="JPY", zone="UTC", settlement_days=3, history_days=400)
    fetched(acme, "hoshi")
    given_user(acme, "ann", "analyst", "acme")
    given_user(acme, "hoshi-client", "client", "hoshi")
    given_user(acme, "desk", "client", "acme", money=False)
    for n, (client, currency) in enumerate((("acme", "EUR"), ("hoshi", "JPY"))):
        given_campaign(acme, "spring", name=f"Spring {client}", client_id=client)
        given_creator(acme, "c-1", f"@zoe.{client}", client=client)
        for platform, cost in (("TikTok", 987_654_321_000_000), ("Instagram", 3_141_592)):
            numbers = {"impressions": 1_234_567, "clicks": 7_654 + n, "views": 98_765_432, "conversions": 202_600_000}
            common = {"client_id": client, "currency": currency, "campaign_id": "spring", "platform": platform}
            fact(acme, **common, **numbers, cost=cost, revenue=cost * 2, day=VIEW.start)
            fact(acme, **common, **numbers, cost=cost // 3, revenue=7, creator_id="c-1")
    return acme


def numbers(app: AppTest, currency: str, about: tuple[str, ...]) -> Iterator[tuple[Key, str]]:
    """Every number of a page: (measure, what it is about, currency, place) -> text."""
    for metric in app.metric:
        name, unit = re.fullmatch(r"(.*?)(?: \(([A-Z]{3})\))?", metric.label.removesuffix(" ✎")).groups()
        measure = name.lower().replace(" ", "_")
        if measure in MEASURES:
            of = unit or ("" if measure in ("impressions", "clicks", "ctr") and not about else currency)
            yield (measure, about, of, "short"), metric.value
    for table in app.dataframe:
        for row in texts(table):
            whose = _about(row, about)
            for name in MEASURES:
                if whose and name in row:
                    yield (name, whose, currency, "full"), row[name]


def _about(row: dict[str, Any], about: tuple[str, ...]) -> tuple[str, ...]:
    """What a row of a table is about; () where it is nothing that another page shows too."""
    for name in ("name", "platform", "creator"):
        if name in row:
            return (*about, name, row[name])
    return ("client", row["client"]) if "client" in row else ()


def test_each_number_has_one_text(world):
    found: dict[Key, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for who, currencies in ROLES.items():
        for currency in currencies:
            for page in (OVERVIEW, CAMPAIGNS, CAMPAIGN, CLIENTS, CREATORS):
                if page == CAMPAIGN and currency != "JPY":
                    continue
                query = {"shown": currency} | (SPRING if page == CAMPAIGN else {})
                scope = ("campaign of hoshi",) if page == CAMPAIGN else ()
                for key, text in numbers(shown(page, who, **query), currency, scope):
                    seen = (key[0], (who, *key[1]) if not key[1] else key[1], key[2], key[3])
                    found[seen][text].append(f"{who} on {page.rpartition('/')[2]}")
    several = {key: dict(said) for key, said in found.items() if len(said) > 1}
    assert several == {}
    assert sum(len(pages) > 1 for said in found.values() for pages in said.values()) > 20
    assert "0.00" not in {text for said in found.values() for text in said}
