"""Paging over real sockets: nothing is lost, nothing is counted twice, and it always ends."""

from __future__ import annotations

from typing import Any

import pytest

from perfdash.errors import BadAnswer
from tests.sources.loopback import Loopback, ask, paged, row, said


def numbered(start: int, stop: int) -> list[dict[str, Any]]:
    return [row(campaignId=f"c{number}") for number in range(start, stop)]


def test_the_first_request_carries_no_page_and_the_next_ones_the_servers_size() -> None:
    pages = [paged(numbered(0, 50), 1, 50, 120, 3), paged(numbered(50, 100), 2, 50, 120, 3)]
    with Loopback(*pages, paged(numbered(100, 120), 3, 50, 120, 3)) as server:
        found = ask(server)
    assert len(found.batch.facts) == found.batch.fetched == 120
    assert [(asked.query.get("page"), asked.query.get("page_size")) for asked in server.asked] == [
        (None, None), ("2", "50"), ("3", "50"),
    ]  # fmt: skip
    assert all(asked.query["client_id"] == "acme-eu" for asked in server.asked)


def test_an_answer_without_page_info_is_whole() -> None:
    with Loopback(said({"data": numbered(0, 300)})) as server:
        assert len(ask(server).batch.facts) == 300
        assert len(server.asked) == 1


def test_an_empty_page_in_the_middle_loses_nothing() -> None:
    with Loopback(
        paged(numbered(0, 5), 1, 5, 10, 3), paged([], 2, 5, 10, 3), paged(numbered(5, 10), 3, 5, 10, 3)
    ) as server:
        assert len(ask(server).batch.facts) == 10


@pytest.mark.parametrize("pages", [0, 1])
def test_an_empty_answer_is_an_answer(pages: int) -> None:
    with Loopback(paged([], 1, 100, 0, pages)) as server:
        assert ask(server).batch.fetched == 0


def test_numbers_of_pages_may_come_as_text() -> None:
    info = {"page": "1", "page_size": "40", "total_number": "1", "total_page": "1"}
    with Loopback(said({"data": [row()], "page_info": info})) as server:
        assert ask(server).batch.fetched == 1


def test_a_page_that_fails_once_is_asked_for_again_alone() -> None:
    with Loopback(
        paged(numbered(0, 2), 1, 2, 4, 2), said({}, 503, Retry_After="1"), paged(numbered(2, 4), 2, 2, 4, 2)
    ) as server:
        found = ask(server)
    assert len(found.batch.facts) == 4
    assert [asked.query.get("page") for asked in server.asked] == [None, "2", "2"]


@pytest.mark.parametrize(
    ("pages", "text"),
    [
        ([(numbered(0, 2), 1, 2, 4, 2), (numbered(0, 2), 2, 2, 4, 2)], "page 2 repeats page 1"),
        ([(numbered(0, 2), 1, 2, 4, 2), (numbered(1, 3), 2, 2, 4, 2)], "is on page 1 and on page 2"),
        ([(numbered(0, 2), 1, 2, 4, 2), (numbered(2, 3), 2, 2, 4, 2)], "incomplete: 3 rows came on 2 pages"),
        ([(numbered(0, 2), 1, 2, 4, 2), (numbered(2, 5), 2, 2, 4, 2)], "incomplete: 5 rows"),
        ([(numbered(0, 2), 1, 2, 4, 2), (numbered(2, 4), 2, 2, 5, 2)], "totals changed"),
        ([(numbered(0, 2), 1, 2, 4, 2), (numbered(2, 4), 2, 2, 4, 3)], "totals changed"),
        ([(numbered(0, 2), 1, 2, 4, 2), (numbered(2, 4), 1, 2, 4, 2)], "page 2 was asked for, but page_info.page is 1"),
        ([(numbered(0, 2), 2, 2, 4, 2)], "page 1 was asked for, but page_info.page is 2"),
        ([(numbered(0, 2), 1, 2, 3, 1)], "incomplete: 2 rows came on 1 pages"),
        ([(numbered(0, 2), 1, 0, 4, 2)], "page_size is 0"),
        ([(numbered(0, 2), 1, 2, 10**9, 10**9)], "more than the 5000"),
    ],
)
def test_pages_that_do_not_make_a_whole_fail_the_run(pages: list[tuple[Any, ...]], text: str) -> None:
    with Loopback(*(paged(*page) for page in pages)) as server, pytest.raises(BadAnswer) as caught:
        ask(server)
    assert text in str(caught.value)


def test_a_cycle_of_pages_ends_with_an_error_that_names_the_repeat() -> None:
    a, b = numbered(0, 2), numbered(2, 4)
    with Loopback(paged(a, 1, 2, 8, 4), paged(b, 2, 2, 8, 4), paged(a, 3, 2, 8, 4), paged(b, 4, 2, 8, 4)) as server:
        with pytest.raises(BadAnswer, match="is on page 1 and on page 3"):
            ask(server)
        assert len(server.asked) <= 4


def test_a_later_page_without_page_info_fails_the_run() -> None:
    first, second = paged(numbered(0, 2), 1, 2, 4, 2), said({"data": numbered(2, 4)})
    with Loopback(first, second) as server, pytest.raises(BadAnswer, match="page_info is missing on page 2"):
        ask(server)


def test_attributes_of_a_campaign_come_from_the_last_page_that_reports_them() -> None:
    first = row(campaignName="Old", budget=100, date="2026-03-01")
    second = row(campaignName="New", date="2026-03-02")
    with Loopback(paged([first], 1, 1, 2, 2), paged([second], 2, 1, 2, 2)) as server:
        (said_of,) = ask(server).batch.campaigns.values()
    assert (said_of.name, said_of.budget) == ("New", 100_000_000)
