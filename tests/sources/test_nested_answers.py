"""Days inside campaigns, fetched over pages: an API counts its campaigns, the ledger gets their days."""

from __future__ import annotations

from typing import Any

import pytest

from perfdash.domain.errors import BadAnswer
from tests.sources.loopback import Answer, Asked, Loopback, said
from tests.sources.routed import FIELDS, Routed, asking, custom

NONE = {"type": "none"}
HERE = {"network": "TikTok", "shown": 10, "clicked": 1, "spent": 5}


def campaign(number: int, days: int = 2) -> dict[str, Any]:
    return {"id": f"c{number}", "daily": [{"day": f"2026-03-0{day}", **HERE} for day in range(1, days + 1)]}


@pytest.mark.parametrize("records", [{"path": "data[].daily[]"}, {"path": "data", "each": "daily"}], ids=str)
def test_days_inside_campaigns_are_facts_of_these(records: dict[str, str]) -> None:
    with Loopback(said({"data": [campaign(1), campaign(2, 1)]})) as server:
        facts = asking(custom(server.url, NONE, records=records)).batch.facts
    assert [(key.campaign, str(key.day)) for key in facts] == [
        ("c1", "2026-03-01"),
        ("c1", "2026-03-02"),
        ("c2", "2026-03-01"),
    ]


def test_days_under_keys_are_read_by_their_key() -> None:
    body = {"data": [{"id": "c1", "daily": {"2026-03-01": HERE, "2026-03-02": HERE}}]}
    with Loopback(said(body)) as server:
        tables = {"records": {"path": "data", "each": "daily"}, "fields": {**FIELDS, "day": "$key"}}
        facts = asking(custom(server.url, NONE, **tables)).batch.facts
    assert [str(key.day) for key in facts] == ["2026-03-01", "2026-03-02"]


@pytest.mark.parametrize("total", [5, 9])
def test_pages_and_totals_may_count_campaigns_and_totals_may_count_days(total: int) -> None:
    found = [campaign(1), campaign(2, 3), campaign(3, 0), campaign(4), campaign(5)]

    def pages(asked: Asked) -> Answer:
        at = int(asked.query["at"])
        return said({"data": found[at : at + 2], "total": total})

    with Routed(pages) as server:
        paging = {"type": "offset", "total_rows": "total"}
        asked = asking(custom(server.url, paging, {"at": "{offset}"}, records={"path": "data", "each": "daily"}))
    assert asked.batch.fetched == 9
    assert [one.query["at"] for one in server.asked][:3] == ["0", "2", "4"]


@pytest.mark.parametrize(
    "body", [{}, {"data": None}, {"data": [{"id": "c1"}]}, {"data": [{"id": 1, "daily": 7}]}], ids=str
)
def test_an_answer_of_another_shape_fails_and_names_the_way(body: dict[str, Any]) -> None:
    for records, text in (
        ({"path": "data[].daily[]"}, r"data\[\]\.daily\[\] must lead to lists of rows"),
        ({"path": "data", "each": "daily"}, "data must lead to lists of rows inside daily"),
    ):
        with Loopback(said(body)) as server, pytest.raises(BadAnswer, match=text):
            asking(custom(server.url, NONE, records=records))


def test_a_campaign_without_days_has_no_rows() -> None:
    with Loopback(said({"data": [campaign(1, 0)]})) as server:
        assert asking(custom(server.url, NONE, records={"path": "data", "each": "daily"})).batch.fetched == 0
