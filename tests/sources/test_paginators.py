"""Every type of paging: nothing is lost, it always ends, and pages that are no whole answer are an error."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from perfdash.config.source_models import Paging
from perfdash.domain.errors import BadAnswer
from perfdash.sources.pagination import PageRequest, Pages
from tests.sources.paging_kit import MOST, START, Api, Server, came, numbered, paging, read, script

PAGE = {"page_at": "page", "size_at": "size", "total_rows": "total", "total_pages": "pages"}
FIRST_UNASKED = {
    "first_unasked": True,
    "page_at": "page_info.page",
    "size_at": "page_info.page_size",
    "total_rows": "page_info.total_number",
    "total_pages": "page_info.total_page",
}
KINDS: dict[str, tuple[Paging, Callable[[Api], Server], bool]] = {
    "page by total pages": (paging("page", **PAGE, size=9), lambda api: api.by_page, True),
    "page, the first one unasked": (paging("page", **PAGE, first_unasked=True), lambda api: api.by_page, True),
    "page by total pages alone": (paging("page", total_pages="pages", size=9), lambda api: api.by_page, True),
    "page by total rows": (paging("page", total_rows="total", size=9), lambda api: api.by_page, False),
    "page until an empty one": (paging("page"), lambda api: api.by_page, False),
    "offset by total rows": (paging("offset", total_rows="total", size=9), lambda api: api.by_offset, False),
    "offset until an empty page": (paging("offset", size=9), lambda api: api.by_offset, False),
    "cursor": (paging("cursor", next="next"), lambda api: api.by_cursor, True),
    "cursor with a flag and a total": (
        paging("cursor", next="next", more="more", total_rows="total"),
        lambda api: api.by_cursor,
        True,
    ),
    "next address": (paging("next_url", next="next"), lambda api: api.by_address, True),
    "next address with a total": (
        paging("next_url", next="next", total_rows="total"),
        lambda api: api.by_address,
        True,
    ),
    "link header": (paging("link_header"), lambda api: api.by_address, True),
}
TOLD = [name for name in KINDS if KINDS[name][0].total_rows]
every_kind = pytest.mark.parametrize("kind", KINDS)
every_told_kind = pytest.mark.parametrize("kind", TOLD)
apis = st.builds(
    Api,
    rows=st.integers(0, 40).map(lambda number: numbered(0, number)),
    cap=st.integers(1, 12),
    gaps=st.frozensets(st.integers(0, 12), max_size=4),
    relative=st.booleans(),
)
many_pages = apis.filter(lambda api: len(api.rows) > 2 * api.cap)


def pages_info(page: object, size: object, number: object, pages: object) -> dict[str, Any]:
    return {"page_info": {"page": page, "page_size": size, "total_number": number, "total_page": pages}}


def fails(config: Paging, server: Server, text: str, most: int = MOST) -> None:
    with pytest.raises(BadAnswer) as caught:
        read(config, server, most)
    assert text in str(caught.value)


# Nothing is lost


@every_kind
@given(api=apis)
def test_every_row_of_an_honest_source_comes_once_and_in_order(kind: str, api: Api) -> None:
    config, server, with_gaps = KINDS[kind]
    api.gaps = api.gaps if with_gaps else frozenset()
    found = read(config, server(api))
    assert found.rows == api.rows
    assert len(found.asked) <= len(api.layout(api.cap if config.size is None else min(api.cap, config.size))) + 1


@pytest.mark.parametrize("kind", ["page by total pages", "page by total pages alone", "page by total rows"])
def test_pages_that_the_source_caps_below_the_size_asked_for_lose_nothing(kind: str) -> None:
    config, server, _ = KINDS[kind]
    found = read(config, server(Api(numbered(0, 120), cap=50)), size=100)
    assert found.rows == numbered(0, 120)
    assert [values["page"] for values in found.values] == ["1", "2", "3"]


def test_the_size_that_the_source_says_is_asked_for_from_then_on() -> None:
    found = read(paging("page", **PAGE, size=100), Api(numbered(0, 120), cap=50).by_page)
    assert [values["page_size"] for values in found.values] == ["100", "50", "50"]


def test_a_capped_page_moves_the_offset_by_the_rows_that_came() -> None:
    found = read(paging("offset", total_rows="total", size=100), Api(numbered(0, 120), cap=50).by_offset)
    assert found.values == [{"offset": str(at), "page_size": "100"} for at in (0, 50, 100)]
    assert len(found.rows) == 120


def test_without_a_total_a_short_page_is_not_the_end_but_an_empty_one_is() -> None:
    for kind in ("page until an empty one", "offset until an empty page"):
        pages = script(came(numbered(0, 5)), came(numbered(5, 7)), came(numbered(7, 12)), came([]))
        found = read(KINDS[kind][0], pages)
        assert (len(found.rows), len(found.asked)) == (12, 4)


def test_the_first_page_may_be_page_0() -> None:
    config = paging("page", first=0, page_at="page", total_pages="pages", size=5)
    found = read(config, script(came(numbered(0, 5), page=0, pages=2), came(numbered(5, 7), page=1, pages=2)))
    assert found.values == [{"page": "0", "page_size": "5"}, {"page": "1", "page_size": "5"}]


def test_a_size_given_for_this_answer_replaces_the_configured_one() -> None:
    for config in (
        paging("page", size=100),
        paging("offset", size=100),
        paging("cursor", next="n", size=100),
        paging("next_url", next="n", size=100),
        paging("link_header", size=100),
    ):
        assert read(config, script(came([])), size=50).values[0]["page_size"] == "50"
        assert read(config, script(came([]))).values[0]["page_size"] == "100"


def test_without_a_size_none_is_asked_for() -> None:
    firsts = {"page": {"page": "1"}, "offset": {"offset": "0"}, "link_header": {}, "none": {}}
    for kind, values in firsts.items():
        assert read(paging(kind), script(came([]))).values == [values]


def test_a_cursor_is_sent_with_the_page_size() -> None:
    found = read(paging("cursor", next="next", size=7), Api(numbered(0, 3), cap=2).by_cursor)
    assert found.values == [{"page_size": "7"}, {"cursor": "c1", "page_size": "7"}]


def test_no_paging_is_one_request_whose_rows_may_be_counted() -> None:
    assert read(paging("none"), script(came(numbered(0, 3), next="more"))).values == [{}]
    counted = paging("none", total_rows="total")
    assert read(counted, script(came(numbered(0, 3), total=3))).rows == numbered(0, 3)
    fails(counted, script(came(numbered(0, 3), total=4)), "incomplete: 3 rows came on 1 page")
    fails(counted, script(came(numbered(0, 3))), "total is missing or not a whole number")


# The first page unasked: performance_v1


def test_the_first_request_carries_nothing_and_the_next_ones_the_servers_size() -> None:
    pages = [came(numbered(at, min(at + 50, 120)), **pages_info(at // 50 + 1, 50, 120, 3)) for at in (0, 50, 100)]
    found = read(paging("page", **FIRST_UNASKED), script(*pages))
    assert found.values == [{}, {"page": "2", "page_size": "50"}, {"page": "3", "page_size": "50"}]
    assert len(found.rows) == 120


def test_a_first_page_unasked_is_followed_in_the_sources_own_size_only() -> None:
    config = paging("page", first_unasked=True, total_pages="pages", size=100)
    found = read(config, script(came(numbered(0, 5), pages=2), came(numbered(5, 7), pages=2)), size=50)
    assert found.values == [{}, {"page": "2"}]


@pytest.mark.parametrize("body", [{}, {"page_info": None}])
def test_an_answer_without_page_info_is_a_single_page(body: dict[str, Any]) -> None:
    assert len(read(paging("page", **FIRST_UNASKED), script(came(numbered(0, 300), **body))).rows) == 300


@pytest.mark.parametrize("info", [{}, [], "1", {"page": 1}])
def test_page_info_that_lacks_a_line_is_no_answer(info: object) -> None:
    pages = script(came(numbered(0, 3), page_info=info))
    fails(paging("page", **FIRST_UNASKED), pages, "missing or not a whole number")


def test_page_info_that_is_missing_later_is_named() -> None:
    first = came(numbered(0, 2), **pages_info(1, 2, 4, 2))
    fails(paging("page", **FIRST_UNASKED), script(first, came(numbered(2, 4))), "page_info is missing on page 2")


def test_flat_totals_that_are_missing_later_are_named() -> None:
    config = paging("page", total_pages="pages")
    fails(config, script(came(numbered(0, 2), pages=2), came(numbered(2, 4))), "pages is missing on page 2")


@pytest.mark.parametrize("kind", ["page by total pages", "page by total rows", "offset by total rows"])
def test_a_configured_total_must_be_there(kind: str) -> None:
    fails(KINDS[kind][0], script(came(numbered(0, 3))), "is missing or not a whole number")


@pytest.mark.parametrize("pages", [0, 1])
def test_an_empty_answer_is_an_answer(pages: int) -> None:
    assert read(paging("page", **FIRST_UNASKED), script(came([], **pages_info(1, 100, 0, pages)))).rows == []


@pytest.mark.parametrize("number", [1, "1", "01", Decimal("1"), Decimal("1.0"), Decimal("1E+0")])
def test_numbers_may_come_as_text_or_decimals(number: object) -> None:
    pages = script(came(numbered(0, 1), **pages_info(number, number, number, number)))
    assert len(read(paging("page", **FIRST_UNASKED), pages).asked) == 1


@pytest.mark.parametrize("name", ["page", "page_size", "total_number", "total_page"])
@pytest.mark.parametrize(
    "number",
    [
        True,
        False,
        None,
        "",
        "x",
        " 1",
        "1.0",
        "+1",
        "-1",
        -1,
        "٣",
        Decimal("1.5"),
        Decimal("-1"),
        Decimal("1E+999999"),
        Decimal("NaN"),
        10**13,
        "9" * 16,
        [],
        {},
    ],
)
def test_what_is_no_whole_number_is_refused_by_name(name: str, number: object) -> None:
    info = pages_info(1, 1, 1, 1)
    info["page_info"][name] = number
    pages = script(came(numbered(0, 1), **info))
    fails(paging("page", **FIRST_UNASKED), pages, f"page_info.{name} is missing or not a whole number")


# Pages that are no whole answer


@pytest.mark.parametrize(
    ("pages", "text"),
    [
        ([(numbered(0, 2), 1, 2, 4, 2), (numbered(0, 2), 2, 2, 4, 2)], "page 2 repeats page 1"),
        (
            [(numbered(0, 2), 1, 2, 4, 2), (numbered(2, 3), 2, 2, 4, 2)],
            "the answer is incomplete: 3 rows came on 2 pages, but page_info.total_number is 4",
        ),
        (
            [(numbered(0, 2), 1, 2, 4, 2), (numbered(2, 5), 2, 2, 4, 2)],
            "the answer is longer than it says: 5 rows came on 2 pages, but page_info.total_number is 4",
        ),
        ([(numbered(0, 5), 1, 5, 4, 2)], "longer than it says: 5 rows came on 1 pages"),
        (
            [(numbered(0, 2), 1, 2, 4, 2), (numbered(2, 4), 2, 2, 5, 2)],
            "the totals changed while the pages were read: page_info.total_number was 4, then 5",
        ),
        (
            [(numbered(0, 2), 1, 2, 4, 2), (numbered(2, 4), 2, 2, 4, 3)],
            "the totals changed while the pages were read: page_info.total_page was 2, then 3",
        ),
        ([(numbered(0, 2), 1, 2, 4, 2), (numbered(2, 4), 1, 2, 4, 2)], "page 2 was asked for, but page_info.page is 1"),
        ([(numbered(0, 2), 2, 2, 4, 2)], "page 1 was asked for, but page_info.page is 2"),
        ([(numbered(0, 2), 1, 2, 3, 1)], "incomplete: 2 rows came on 1 pages"),
        ([(numbered(0, 2), 1, 0, 4, 2)], "page_info.page_size is 0, but there are more pages"),
        ([(numbered(0, 2), 1, 2, 4, 61)], "page_info.total_page is 61, more than the 60 that a run may read"),
        (
            [(numbered(0, 2), 1, 2, 4, 2), (numbered(2, 4), 2, 3, 4, 2)],
            "pages of 2 rows were asked for, but page_info.page_size is 3 on page 2",
        ),
    ],
)
def test_pages_that_do_not_make_a_whole_are_an_error_that_names_why(pages: list[tuple[Any, ...]], text: str) -> None:
    answers = [came(rows, **pages_info(*info)) for rows, *info in pages]
    fails(paging("page", **FIRST_UNASKED), script(*answers), text)


def test_as_many_pages_as_a_run_may_read_are_read() -> None:
    assert len(read(paging("page", **PAGE), Api(numbered(0, 3), cap=1).by_page, most=3).asked) == 3
    assert len(read(paging("cursor", next="next"), Api(numbered(0, 3), cap=1).by_cursor, most=3).asked) == 3


@every_kind
def test_more_pages_than_a_run_may_read_are_refused_by_their_number(kind: str) -> None:
    config, server, _ = KINDS[kind]
    with pytest.raises(BadAnswer, match=r"more than the 3 (pages )?that a run may read"):
        read(config, server(Api(numbered(0, 9), cap=2)), most=3)


def test_a_source_that_says_more_rows_than_pages_of_that_size_hold_may_skip_none() -> None:
    """It gave 5 rows as asked, but pages of 9 from then on would pass over 4."""
    pages = script(came(numbered(0, 5), page=1, size=9, pages=3, total=20))
    fails(paging("page", **PAGE, size=5), pages, "pages of 5 rows were asked for, but size is 9 on page 1")


def test_a_source_with_a_least_page_size_is_asked_for_that() -> None:
    pages = script(
        came(numbered(0, 9), page=1, size=9, pages=2, total=12),
        came(numbered(9, 12), page=2, size=9, pages=2, total=12),
    )
    assert [values["page_size"] for values in read(paging("page", **PAGE, size=5), pages).values] == ["5", "9"]


def test_rows_on_no_page_at_all_are_refused_unless_their_number_is_said() -> None:
    fails(paging("page", total_pages="pages"), script(came(numbered(0, 3), pages=0)), "pages is 0, but 3 rows came")
    both = paging("page", total_pages="pages", total_rows="total")
    assert len(read(both, script(came(numbered(0, 3), pages=0, total=3))).rows) == 3


def test_an_empty_page_before_the_total_is_incomplete() -> None:
    for kind in ("page by total rows", "offset by total rows"):
        pages = script(came(numbered(0, 5), total=9), came([], total=9))
        fails(KINDS[kind][0], pages, "incomplete: 5 rows came on 2 pages, but total is 9")


def test_a_page_is_known_again_however_long_ago_it_came() -> None:
    pages = [came(numbered(at, at + 40)) for at in (0, 40, 80, 40)]
    fails(paging("page"), script(*pages), "page 4 repeats page 2")


def test_long_pages_that_share_some_rows_are_not_taken_for_the_same() -> None:
    pages = [numbered(0, 40), [*numbered(0, 39), {"n": 99}], [{"n": 98}, *numbered(1, 40)], numbered(0, 39), []]
    assert len(read(paging("page"), script(*map(came, pages))).asked) == 5


# Cursors


@pytest.mark.parametrize("end", [None, False, "", [], {}])
def test_a_cursor_that_is_absent_false_or_empty_is_the_end(end: object) -> None:
    assert len(read(paging("cursor", next="next"), script(came(numbered(0, 2), next=end))).asked) == 1


@pytest.mark.parametrize(
    ("cursor", "sent"),
    [("a b", "a b"), (0, "0"), ("0", "0"), (7, "7"), (Decimal("15120859.000216"), "15120859.000216")],
)
def test_a_cursor_is_sent_back_as_it_came(cursor: object, sent: str) -> None:
    found = read(paging("cursor", next="next"), script(came(numbered(0, 2), next=cursor), came([])))
    assert found.values == [{}, {"cursor": sent}]


@pytest.mark.parametrize("cursor", [True, ["a"], {"after": "a"}, "\ud800"])
def test_what_cannot_be_sent_back_is_no_cursor(cursor: object) -> None:
    fails(paging("cursor", next="meta.next"), script(came(numbered(0, 2), meta={"next": cursor})), "meta.next ")


@pytest.mark.parametrize("more", [None, False, "", 0, "0", "false", "False", [], {}])
def test_a_cursor_beside_a_more_that_says_no_is_not_followed(more: object) -> None:
    found = read(paging("cursor", next="next", more="more"), script(came(numbered(0, 2), next="c1", more=more)))
    assert len(found.asked) == 1


@pytest.mark.parametrize("more", [True, "true", 1, 17, "https://api.example.com/next", {"after": "c"}])
def test_a_more_that_says_yes_is_followed(more: object) -> None:
    pages = script(came(numbered(0, 2), next="c1", more=more), came(numbered(2, 3)))
    assert len(read(paging("cursor", next="next", more="more"), pages).rows) == 3


def test_more_without_a_cursor_is_not_the_end() -> None:
    pages = script(came(numbered(0, 2), more=True))
    fails(paging("cursor", next="next", more="more"), pages, "more says that there is more, but next is missing")


@pytest.mark.parametrize(
    ("cursors", "text"),
    [
        ("AA", "the cursor A was handed out again for its own next page"),
        ("ABA", "the cursors go round in a circle: A -> B -> A"),
        ("XYABCA", "the cursors go round in a circle: A -> B -> C -> A"),
        ("ABCDEFA", "the cursors go round in a circle: A -> B -> C -> D -> E -> F -> A"),
        ("ABCDEFGA", "the cursors go round in a circle: A -> B -> C -> D -> ... -> G -> A"),
        ("ABCDEFGHA", "the cursors go round in a circle: A -> B -> C -> D -> ... -> H -> A"),
    ],
)
def test_cursors_that_lead_back_are_named(cursors: str, text: str) -> None:
    pages = [came(numbered(at, at + 1), next=name) for at, name in enumerate(cursors)]
    fails(paging("cursor", next="next"), script(*pages), text)


def test_a_circle_is_found_even_when_its_pages_are_empty() -> None:
    fails(paging("cursor", next="next"), script(*(came([], next=name) for name in "ABA")), "A -> B -> A")


def test_a_cursor_in_an_error_is_short_and_plain() -> None:
    cursor = "\x1b[31m\u202e" + "x" * 100
    with pytest.raises(BadAnswer) as caught:
        read(paging("cursor", next="next"), script(came(numbered(0, 1), next=cursor), came([], next=cursor)))
    assert f"the cursor [31m{'x' * 36} was" in str(caught.value)


@pytest.mark.parametrize("cursor", ["\ud800", "a\udfffb"])
def test_half_a_character_is_no_cursor(cursor: str) -> None:
    fails(paging("cursor", next="next"), script(came([], next=cursor)), "next holds half a character")


def test_a_page_that_grows_is_noticed_even_when_it_is_the_last() -> None:
    pages = [
        came(numbered(0, 2), page=1, size=2, total=3, pages=2),
        came(numbered(2, 3), page=2, size=3, total=3, pages=2),
    ]
    fails(paging("page", **PAGE, size=2), script(*pages), "pages of 2 rows were asked for, but size is 3 on page 2")


@pytest.mark.parametrize(
    ("total", "pages", "text"),
    [
        (
            3,
            [numbered(0, 2), numbered(2, 4)],
            "the answer is longer than it says: 4 rows came on 2 pages, but total is 3",
        ),
        (5, [numbered(0, 2), numbered(2, 4)], "the answer is incomplete: 4 rows came on 2 pages, but total is 5"),
        (1, [numbered(0, 2), [], []], "the answer is longer than it says: 2 rows came on 1 pages, but total is 1"),
    ],
)
def test_another_number_of_rows_than_was_said_is_told(total: int, pages: list[list[object]], text: str) -> None:
    cursors = [*range(1, len(pages)), None]
    sent = [came(rows, next=cursor, total=total) for rows, cursor in zip(pages, cursors, strict=True)]
    fails(paging("cursor", next="next", total_rows="total"), script(*sent), text)


def test_cursors_that_never_end_are_bounded() -> None:
    def server(ask: PageRequest) -> Any:
        return came([], next=int(ask.values.get("cursor", "0")) + 1)

    fails(paging("cursor", next="next"), server, "more than the 60 pages")


def test_a_total_beside_a_cursor_may_come_once_but_must_hold() -> None:
    config = paging("cursor", next="next", total_rows="total")
    assert len(read(config, script(came(numbered(0, 2), next="A", total=3), came(numbered(2, 3)))).rows) == 3
    fails(config, script(came(numbered(0, 2), next="A", total=4), came(numbered(2, 3))), "incomplete: 3 rows")
    fails(config, script(came(numbered(0, 2), next="A", total=4), came(numbered(2, 3), total=None)), "incomplete: 3")
    fails(config, script(came(numbered(0, 2), next="A", total=4), came(numbered(2, 4), total="?")), "total is missing")
    fails(config, script(came(numbered(0, 2), next="A"), came(numbered(2, 3), total=3)), "total is missing")


# Dishonest sources of every type


def spoiled(kind: str, api: Api, twist: Callable[[int, dict[str, Any]], None]) -> None:
    """An error, whatever the type of paging; never fewer rows and success."""
    config, server, with_gaps = KINDS[kind]
    api.gaps = api.gaps if with_gaps else frozenset()
    api.twist = twist
    with pytest.raises(BadAnswer):
        read(config, server(api))


@every_told_kind
@given(api=apis, more=st.integers(1, 50))
def test_an_overstated_total_is_never_a_success(kind: str, api: Api, more: int) -> None:
    api.total = len(api.rows) + more
    spoiled(kind, api, lambda _index, _body: None)


@every_told_kind
@given(api=apis, fewer=st.integers(1, 40))
def test_an_understated_total_is_never_a_success(kind: str, api: Api, fewer: int) -> None:
    total = len(api.rows) - fewer
    assume(total >= 0)
    # Rows that end exactly where the source says that they end cannot be told from the whole by a total alone.
    assume(total % min(api.cap, 9) or kind not in ("page by total rows", "offset by total rows"))
    api.total = total
    spoiled(kind, api, lambda _index, _body: None)


@every_told_kind
@given(api=many_pages, step=st.sampled_from([-1, 1, 100]))
def test_a_total_that_changes_is_never_a_success(kind: str, api: Api, step: int) -> None:
    seen: list[int] = []

    def twist(_index: int, body: dict[str, Any]) -> None:
        seen.append(0)
        body["total"] += step * (len(seen) > 1)

    spoiled(kind, api, twist)


@pytest.mark.parametrize("kind", ["page by total pages", "page, the first one unasked", "page by total pages alone"])
@given(api=many_pages, step=st.sampled_from([-1, 1]))
def test_a_number_of_pages_that_changes_is_never_a_success(kind: str, api: Api, step: int) -> None:
    spoiled(kind, api, lambda index, body: body.update(pages=body["pages"] + step * (index > 0)))


@every_kind
@given(api=many_pages, data=st.data())
def test_a_page_that_comes_twice_is_never_a_success(kind: str, api: Api, data: st.DataObject) -> None:
    seen: list[list[object]] = []
    chosen = data.draw(st.integers(1, 2))

    def twist(_index: int, body: dict[str, Any]) -> None:
        if body["data"]:
            seen.append(body["data"])
            if len(seen) == chosen + 1:
                body["data"] = seen[data.draw(st.integers(0, chosen - 1))]

    spoiled(kind, api, twist)


def test_an_anchor_is_the_page_itself_when_it_leads_back_to_where_the_page_was_asked() -> None:
    link = f'<{START}?p=2>; rel="next"; anchor="{START}"'
    pages = Pages(paging("link_header"), MOST, START)
    pages.first()
    assert pages.add(came([1], link=link)) == PageRequest(url=f"{START}?p=2")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "cursor" in kind or "address" in kind or "link" in kind])
@given(api=many_pages, data=st.data())
def test_a_source_that_leads_back_is_never_a_success(kind: str, api: Api, data: st.DataObject) -> None:
    index_of_loop = data.draw(st.integers(1, 2))
    target = data.draw(st.integers(1, index_of_loop))

    def twist(index: int, body: dict[str, Any]) -> None:
        if index == index_of_loop:
            word = f"c{target}" if "cursor" in kind else f"/v2/report?p={target}"
            body.update(next=word, more=True)
            body.update({"link": f"<{word}>; rel=next"} if "link" in body else {})

    spoiled(kind, api, twist)


@pytest.mark.parametrize("kind", ["page by total pages", "page, the first one unasked"])
@given(api=many_pages, wrong=st.integers(0, 5))
def test_another_page_than_the_one_asked_for_is_never_a_success(kind: str, api: Api, wrong: int) -> None:
    assume(wrong != 2)
    spoiled(kind, api, lambda index, body: body.update(page=wrong) if index == 1 else None)
