"""Paging over real sockets: nothing is lost, nothing is counted twice, and it always ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from perfdash.domain.errors import BadAnswer, SourceRefused
from perfdash.domain.facts import Fetched
from tests.sources.loopback import KEY, Answer, Asked, Loopback, ask, paged, row, said
from tests.sources.routed import Handler, Routed, asking, custom, entry


def numbered(start: int, stop: int) -> list[dict[str, Any]]:
    return [row(campaignId=f"c{number}") for number in range(start, stop)]


def test_the_first_request_carries_no_page_and_the_next_ones_the_servers_size() -> None:
    pages = [paged(numbered(0, 50), 1, 50, 120, 3), paged(numbered(50, 100), 2, 50, 120, 3)]
    with Loopback(*pages, paged(numbered(100, 120), 3, 50, 120, 3)) as server:
        found = ask(server)
    assert len(found.batch.facts) == found.batch.fetched == 120
    assert [(asked.query.get("page"), asked.query.get("page_size")) for asked in server.asked] == [
        (None, None),
        ("2", "50"),
        ("3", "50"),
    ]
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
        ([(numbered(0, 2), 1, 2, 4, 2), (numbered(2, 5), 2, 2, 4, 2)], "longer than it says: 5 rows"),
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
        with pytest.raises(BadAnswer, match="page 3 repeats page 1"):
            ask(server)
        assert len(server.asked) == 3


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


# An API of one's own, of every type of paging

TOTAL = "meta.total"
PAGING: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "page": (
        {
            "type": "page",
            "size": 100,
            "page_at": "meta.page",
            "size_at": "meta.size",
            "total_pages": "meta.pages",
            "total_rows": TOTAL,
        },
        {"page": "{page}", "per_page": "{page_size}"},
    ),
    "page_by_total": (
        {"type": "page", "size": 100, "first": 0, "total_rows": TOTAL},
        {"page": "{page}", "per_page": "{page_size}"},
    ),
    "page_until_empty": ({"type": "page"}, {"page": "{page}"}),
    "offset": ({"type": "offset", "size": 100, "total_rows": TOTAL}, {"from_row": "{offset}", "limit": "{page_size}"}),
    "offset_until_empty": ({"type": "offset"}, {"from_row": "{offset}"}),
    "cursor": ({"type": "cursor", "next": "meta.next", "more": "meta.more"}, {"after": "{cursor}"}),
    "next_url": ({"type": "next_url", "next": "meta.next"}, {}),
    "link_header": ({"type": "link_header"}, {}),
}
CAP = 50
LEADING = ("cursor", "next_url", "link_header")


def items(start: int, stop: int) -> list[dict[str, Any]]:
    return [entry(number) for number in range(start, stop)]


def api(kind: str, rows: list[dict[str, Any]], gap: bool = False) -> Handler:
    """An API that caps its pages at 50; with `gap` its second page is empty although there are more."""
    pages = [rows[at : at + CAP] for at in range(0, len(rows), CAP)]
    layout = [*pages[:1], [], *pages[1:]] if gap else pages

    def answer(asked: Asked) -> Answer:
        query = asked.query
        if kind.startswith("offset"):
            at = int(query["from_row"])
            return said({"items": rows[at : at + CAP], "meta": {"total": len(rows)}})
        first = 0 if kind in ("page_by_total", *LEADING) else 1
        number = int(query.get("page") or query.get("after") or query.get("p") or first)
        found = layout[number - first] if number - first < len(layout) else []
        meta: dict[str, Any] = {"total": len(rows), "page": number, "size": CAP, "pages": len(layout)}
        more = number - first + 1 < len(layout)
        following = {"cursor": number + 1, "next_url": f"/report?from=x&to=y&p={number + 1}"}.get(kind)
        link = {"Link": f'</report?p={number + 1}>; rel="next", </report>; rel="first"'} if more else {}
        return said({"items": found, "meta": meta | {"more": more, "next": following if more else None}}, **link)

    return answer


def fetched(kind: str, handler: Handler, **limits: Any) -> tuple[Fetched, Routed]:
    config, params = PAGING[kind]
    with Routed(handler) as server:
        return asking(custom(server.url, config, params, limits={"attempts": 1} | limits)), server


def refused(kind: str, handler: Handler, expected: type[Exception] = BadAnswer, **limits: Any) -> tuple[str, Routed]:
    config, params = PAGING[kind]
    with Routed(handler) as server:
        with pytest.raises(expected) as caught:
            asking(custom(server.url, config, params, limits={"attempts": 1} | limits))
        return str(caught.value), server


@pytest.mark.parametrize("kind", PAGING)
@pytest.mark.parametrize("number", [1, 50, 120])
def test_every_type_of_paging_brings_every_row(kind: str, number: int) -> None:
    """120 rows: the client asks for 100 a page, the server caps at 50 and says 3 pages."""
    found, server = fetched(kind, api(kind, items(0, number)))
    assert len(found.batch.facts) == found.batch.fetched == number
    assert len(server.asked) == -(-number // CAP) + kind.endswith("until_empty")
    assert found.requests == len(server.asked)


@pytest.mark.parametrize("kind", ["page", *LEADING])
def test_an_empty_page_in_the_middle_is_not_the_end_for_any_type(kind: str) -> None:
    found, server = fetched(kind, api(kind, items(0, 120), gap=True))
    assert (found.batch.fetched, len(server.asked)) == (120, 4)


def test_what_each_type_of_paging_asks_for() -> None:
    names = ("page", "per_page", "from_row", "limit", "after", "p")
    sent = {
        kind: [{name: asked.query[name] for name in names if name in asked.query} for asked in server.asked]
        for kind in PAGING
        for _, server in [fetched(kind, api(kind, items(0, 120)))]
    }
    assert sent == {
        "page": [{"page": "1", "per_page": "100"}, {"page": "2", "per_page": "50"}, {"page": "3", "per_page": "50"}],
        "page_by_total": [{"page": str(page), "per_page": "100"} for page in range(3)],
        "page_until_empty": [{"page": str(page)} for page in range(1, 5)],
        "offset": [{"from_row": str(at), "limit": "100"} for at in (0, 50, 100)],
        "offset_until_empty": [{"from_row": str(at)} for at in (0, 50, 100, 120)],
        "cursor": [{}, {"after": "1"}, {"after": "2"}],
        "next_url": [{}, {"p": "1"}, {"p": "2"}],
        "link_header": [{}, {"p": "1"}, {"p": "2"}],
    }


@pytest.mark.parametrize("kind", PAGING)
def test_every_page_is_asked_for_with_the_key(kind: str) -> None:
    _, server = fetched(kind, api(kind, items(0, 120)))
    assert {asked.headers["authorization"] for asked in server.asked} == {f"Bearer {KEY}"}


def leading(kind: str, places: list[str]) -> Handler:
    """Pages of one row each; the n-th names `places[n]` as the next one."""
    count = iter(range(10**6))

    def answer(_asked: Asked) -> Answer:
        number = next(count)
        place = places[number % len(places)]
        link = {"Link": f'<{place}>; rel="next"'} if kind == "link_header" else {}
        return said({"items": [entry(number)], "meta": {"next": place, "more": True}}, **link)

    return answer


@pytest.mark.parametrize(
    ("kind", "places", "text", "requests"),
    [
        ("cursor", ["A", "B"], "the cursors go round in a circle: A -> B -> A", 3),
        ("cursor", ["A"], "the cursor A was handed out again for its own next page", 2),
        ("next_url", ["/a", "/b"], "page 2 -> page 3 -> page 2", 3),
        ("next_url", ["?p=1"], "page 2 -> page 2", 2),
        ("link_header", ["/a", "/b"], "page 2 -> page 3 -> page 2", 3),
        ("link_header", [""], "page 1 -> page 1", 1),
    ],
)
def test_a_source_that_leads_back_ends_within_a_round(kind: str, places: list[str], text: str, requests: int) -> None:
    message, server = refused(kind, leading(kind, places))
    assert text in message
    assert len(server.asked) == requests


@pytest.mark.parametrize("kind", PAGING)
def test_more_pages_than_a_run_may_read_are_not_read(kind: str) -> None:
    message, server = refused(kind, api(kind, items(0, 200)), pages=2)
    assert "more than the 2" in message
    assert len(server.asked) <= 2


@pytest.mark.parametrize("kind", ["page", "page_by_total", "page_until_empty", "offset", "offset_until_empty"])
def test_a_source_that_gives_the_same_page_whatever_is_asked_ends_with_an_error(kind: str) -> None:
    same = said({"items": items(0, 50), "meta": {"total": 120, "page": 1, "size": 50, "pages": 3}})
    message, server = refused(kind, lambda _asked: same)
    assert ("page 2 was asked for, but meta.page is 1" if kind == "page" else "page 2 repeats page 1") in message
    assert len(server.asked) == 2


@pytest.mark.parametrize("kind", ["page", "page_by_total", "offset"])
def test_an_overstated_total_is_an_error(kind: str) -> None:
    honest = api(kind, items(0, 120))

    def more(asked: Asked) -> Answer:
        found = honest(asked)
        assert isinstance(found, bytes)
        return found.replace(b'"total": 120', b'"total": 130')

    message, _ = refused(kind, more)
    assert "incomplete: 120 rows came on" in message and "meta.total is 130" in message


@pytest.mark.parametrize("kind", ["page", "page_by_total", "offset"])
def test_a_total_that_changes_is_an_error(kind: str) -> None:
    before, after = api(kind, items(0, 120)), api(kind, items(0, 121))
    asked_before: list[Asked] = []

    def grown(asked: Asked) -> Answer:
        asked_before.append(asked)
        return (before if len(asked_before) == 1 else after)(asked)

    message, server = refused(kind, grown)
    assert "the totals changed while the pages were read: meta.total was 120, then 121" in message
    assert len(server.asked) == 2


@pytest.mark.parametrize("kind", PAGING)
def test_rows_that_move_to_a_later_page_meanwhile_are_an_error(kind: str) -> None:
    """A row that is put before the others pushes the last one of each page onto the next page."""
    before, after = api(kind, items(1, 121)), api(kind, items(0, 120))
    count = iter(range(10))
    message, _ = refused(kind, lambda asked: (after if next(count) else before)(asked))
    assert "Campaign c50 on TikTok, 2026-03-01, is on page 1 and on page 2" in message


# Where a next page may be


@pytest.mark.parametrize("kind", ["next_url", "link_header"])
@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{other}/report?token=s3cret",
        "//127.0.0.1:{other}/report?token=s3cret",
        "http://127.0.0.1:{port}@127.0.0.1:{other}/",
        "http://user:s3cret@127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "https://127.0.0.1:{port}/",
        "http://127.0.0.1:{other}\\@127.0.0.1:{port}/",
        "\\\\127.0.0.1:{other}/",
    ],
)
def test_no_request_leaves_for_another_origin(kind: str, address: str) -> None:
    with Routed(lambda _asked: said({"items": []})) as other:
        ports = {"other": other.url.rpartition(":")[2]}

        def answer(asked: Asked) -> Answer:
            place = address.format(port=asked.headers["host"].rpartition(":")[2], **ports)
            return said({"items": items(0, 1), "meta": {"next": place}}, Link=f'<{place}>; rel="next"')

        message, server = refused(kind, answer, SourceRefused)
        assert other.asked == []
    assert len(server.asked) == 1
    assert "so it was not asked" in message
    assert "s3cret" not in message and KEY not in message


def test_a_foreign_address_is_refused_even_when_it_comes_late() -> None:
    message, server = refused("next_url", leading("next_url", ["/a", "/b", "https://evil.example/"]), SourceRefused)
    assert "https://evil.example" in message
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    "shape", [lambda url: f"{url}/report?p=1", lambda _url: "/report?p=1", lambda _url: "?p=1#top"]
)
def test_whole_and_relative_addresses_of_the_source_itself_are_followed(shape: Callable[[str], str]) -> None:
    def answer(asked: Asked) -> Answer:
        if "p" in asked.query:
            return said({"items": items(1, 2)})
        return said({"items": items(0, 1), "meta": {"next": shape(f"http://{asked.headers['host']}")}})

    found, server = fetched("next_url", answer)
    assert found.batch.fetched == 2
    assert server.targets[1] == "/report?p=1"


def test_two_link_headers_are_read_as_one() -> None:
    def answer(asked: Asked) -> Answer:
        if "p" in asked.query:
            return said({"items": items(1, 2)})
        whole = said({"items": items(0, 1)}, Link='</report?p=0,1>; rel="prev first"')
        return whole.replace(b"Link:", b'Link: </report?p=1>; title="a, b"; rel="next"\r\nLink:', 1)

    found, server = fetched("link_header", answer)
    assert (found.batch.fetched, server.targets[1]) == (2, "/report?p=1")
