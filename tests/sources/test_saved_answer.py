"""An export that somebody saved: rows that are the whole answer, or one sentence that says why not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from perfdash.domain.errors import BadAnswer
from perfdash.sources.saved_answer import rows_in
from tests.sources.routed import custom

ROW = {"id": "c1"}
MANY = "save the rows of all pages as one list"
NONE = {"type": "none"}
PAGE = {"type": "page", "total_pages": "pages"}
CURSOR = {"type": "cursor", "next": "next"}
MORE = {"type": "cursor", "next": "next", "more": "more"}
URL = {"type": "next_url", "next": "next"}
OTHERS = ({"type": "page"}, {"type": "offset"}, {"type": "link_header"})
CARRIED = {"page": "{page}", "offset": "{offset}", "cursor": "{cursor}"}


def config(paging: dict[str, Any] | None = None, **tables: Any) -> Any:
    paging = paging or NONE
    params = {"at": CARRIED[paging["type"]]} if paging["type"] in CARRIED else {}
    return custom("https://api.example.com", paging, params, **tables).config


def rows(said: object, paging: dict[str, Any] | None = None, **tables: Any) -> list[object]:
    return list(rows_in(json.dumps(said).encode(), config(paging, **tables)))


def refused(said: object, paging: dict[str, Any] | None = None, **tables: Any) -> str:
    with pytest.raises(BadAnswer) as caught:
        rows(said, paging, **tables)
    return str(caught.value)


# A whole answer


def test_a_list_is_its_rows_and_an_answer_has_them_at_its_place() -> None:
    assert rows([ROW, ROW]) == [ROW, ROW]
    assert rows({"items": [ROW], "other": 1}) == [ROW]


@pytest.mark.parametrize("said", [[], {"items": []}])
def test_a_file_without_rows_teaches_nothing(said: object) -> None:
    assert refused(said) == "it holds no rows, so there is nothing to learn from it"


def test_what_is_no_json_or_has_no_rows_is_told() -> None:
    with pytest.raises(BadAnswer, match=r"^it is not JSON"):
        rows_in(b"{", config())
    assert refused({"error": {"message": "no"}, "items": [ROW]}) == (
        'the answer is an error in spite of its status 200 ("no")'
    )
    assert refused({"data": []}) == "items must be a list of rows, but it is missing"


@pytest.mark.parametrize("condition", [{"at": "code", "any_of": [7]}, {"status": 200}, {"at": "code", "status": "2xx"}])
@pytest.mark.parametrize("then", ["fail", "retry", "incomplete"])
def test_an_answer_that_a_rule_refuses_is_no_report(then: str, condition: dict[str, Any]) -> None:
    assert refused({"code": 7, "items": [ROW]}, outcomes=[{"then": then, **condition}]) == (
        f"it is no report but an answer that means '{then}' (sources.NAME.outcomes)"
    )


@pytest.mark.parametrize(
    "rule",
    [
        {"then": "ok", "at": "code", "any_of": [7]},
        {"then": "ok", "status": 200},
    ],
)
def test_an_answer_that_a_rule_takes_is_one_whatever_it_looks_like(rule: dict[str, Any]) -> None:
    assert rows({"code": 7, "items": [ROW]}, outcomes=[rule]) == [ROW]


@pytest.mark.parametrize("rule", [{"then": "fail", "header": "X-Cut"}, {"then": "fail", "status": 201}])
def test_a_rule_about_headers_or_another_status_does_not_touch_a_file(rule: dict[str, Any]) -> None:
    assert rows({"items": [ROW]}, outcomes=[rule]) == [ROW]


# A part of one


@pytest.mark.parametrize("paging", [NONE, PAGE, CURSOR, MORE, URL, *OTHERS])
def test_a_total_beside_the_rows_must_be_theirs(paging: dict[str, Any]) -> None:
    paging = paging | {"total_rows": "total"}
    for said in ({"total": 2}, {"total": "2"}, {"total": None}, {"total": "many"}, {}):
        assert rows({"items": [ROW, ROW], **said}, paging) == [ROW, ROW]
    for total in (0, 1, 3):
        assert refused({"items": [ROW, ROW], "total": total}, paging) == f"it holds 2 of {total} rows; {MANY}"


def test_one_page_of_several_is_a_part() -> None:
    for pages in (0, 1, None, "x"):
        assert rows({"items": [ROW], "pages": pages}, PAGE) == [ROW]
    assert refused({"items": [ROW], "pages": 2}, PAGE) == f"it holds one page of 2; {MANY}"
    assert refused({"items": [ROW], "pages": "30"}, PAGE) == f"it holds one page of 30; {MANY}"


LEFT = f"it is not the last page, so there are more; {MANY}"


@pytest.mark.parametrize(
    ("paging", "said", "whole"),
    [
        *(
            (paging, said, True)
            for paging in (CURSOR, URL)
            for said in ({}, {"next": None}, {"next": ""}, {"next": False})
        ),
        (CURSOR, {"next": "c2"}, False),
        (CURSOR, {"next": 0}, False),
        (CURSOR, {"next": "0"}, False),
        (URL, {"next": "https://api.example.com/?p=2"}, False),
        (URL, {"next": "0"}, False),
        *((MORE, {"next": "c2", "more": more}, True) for more in (False, None, 0, "0", "false", "", "False")),
        *((MORE, {"next": None, "more": more}, False) for more in (True, 1, "1", "true", "https://x")),
        *((paging, {"next": "c2", "more": True, "pages": 9}, True) for paging in (NONE, *OTHERS)),
    ],
)
def test_a_page_that_says_that_more_follow_is_a_part(paging: dict[str, Any], said: Any, whole: bool) -> None:
    if whole:
        assert rows({"items": [ROW], **said}, paging) == [ROW]
    else:
        assert refused({"items": [ROW], **said}, paging) == LEFT
