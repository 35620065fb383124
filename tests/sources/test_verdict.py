"""An answer under 200 that calls itself an error, in any common spelling and place, is one where rows are missing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from perfdash.domain.errors import BadAnswer, RunFailed
from perfdash.domain.secret import Secret
from perfdash.sources.response import records_in
from perfdash.sources.verdict import verdict_in
from tests.sources.loopback import Loopback, said
from tests.sources.routed import asking, custom, entry

KEY = Secret("KEY", "k3y-that-nobody-may-see")
CONFIG = custom("https://api.example.com", {"type": "none"}).config
NO = (False, 0, "false", "False", "0", "no", "NO", "failed", "error")
BAD: list[dict[str, Any]] = [
    *({name: value} for name, value in product(("ok", "success", "Success", "succeeded", "isSuccess", "is_ok"), NO)),
    *({name: value} for name, value in product(("error", "isError", "failed"), (True, "yes", "quota exceeded", 7))),
    *({name: value} for name, value in product(("error", "errors", "exceptions"), (["x"], {"code": 7}, [{"m": "x"}]))),
    *(
        {name: value}
        for name, value in product(
            ("code", "errcode", "error_code", "errorCode", "statusCode", "retcode"),
            (1001, -1, 500, "40100", "-1", "LIMIT", "INVALID_TOKEN"),
        )
    ),
    *(
        {name: value}
        for name, value in product(
            ("status", "state", "result", "response_status"),
            (False, "error", "ERROR", "Fail", "failed", "NOT_OK", "RateLimitExceeded", "denied", 500, 429, -1, "503"),
        )
    ),
    *(
        {name: value}
        for name, value in product(
            ("message", "msg", "detail", "Message"),
            ("quota exceeded", "Invalid token", "You are not authorized", "Too many requests", "try again later"),
        )
    ),
    {"errmsg": "kein Zugriff"},
    {"errorMessage": "x"},
    {"exceptionMessage": "x"},
    {"status": 0, "message": "Kontingent aufgebraucht"},
    {"status": "processing"},
    {"state": "PENDING"},
]
GOOD: list[dict[str, Any]] = [
    {},
    *({name: value} for name, value in product(("ok", "success", "isSuccess"), (True, 1, "true", "yes", "OK", None))),
    *({"status": value} for value in ("ok", "OK", "success", "complete", True, 200, "200", 1, 0, None, "active")),
    *({"code": value} for value in (0, 200, "0", "200", "00000", "OK", "success", "SUCCESS", None, "")),
    *({"error_code": value} for value in (0, "0", "", None)),
    *({"message": value} for value in ("OK", "success", "", None, "No data found for this period", "0 errors", "Hi")),
    *({"message": value} for value in ("There were no errors", "No campaigns match", "Completed without errors")),
    *({"error": value} for value in (None, False, 0, "", {}, [])),
    *({"errors": value} for value in (None, [], {}, 0)),
    {"code": 0, "message": "OK", "error": None, "request_id": "failed-7"},
    {"status": 0, "message": "success"},
    {"error_rate": 3},
    {"filters": {"status": "failed"}},
]
PLACES: list[Callable[[dict[str, Any]], dict[str, Any]]] = [
    lambda words: words,
    *((lambda words, name=name: {name: words}) for name in ("meta", "status", "header", "response", "result", "_meta")),
    lambda words: {"response": {"status": words}},
]
ROWS: list[dict[str, Any]] = [{}, {"items": None}, {"items": []}]


@pytest.mark.parametrize("words", BAD, ids=str)
def test_a_body_that_calls_itself_an_error_is_one_where_rows_are_missing(words: dict[str, Any]) -> None:
    for place, rows in product(PLACES, ROWS):
        with pytest.raises(BadAnswer, match=r"^the answer is an error in spite of its status 200"):
            records_in({**place(words), **rows}, CONFIG, KEY)


@pytest.mark.parametrize("words", BAD, ids=str)
def test_an_outcome_rule_can_still_allow_it(words: dict[str, Any]) -> None:
    for place in PLACES:
        assert records_in({**place(words), "items": []}, CONFIG, KEY, allowed=True).rows == []


@pytest.mark.parametrize("words", GOOD, ids=str)
def test_a_good_answer_stays_one_with_rows_and_with_an_empty_list(words: dict[str, Any]) -> None:
    for place, rows in product(PLACES, ([], [entry()])):
        assert records_in({**place(words), "items": rows}, CONFIG, KEY).rows == rows


@pytest.mark.parametrize("words", [{"ok": False}, {"status": 500}, {"code": "40100"}, {"message": "failed"}], ids=str)
def test_beside_rows_only_the_usual_spellings_count(words: dict[str, Any]) -> None:
    assert len(records_in({**words, "items": [entry()]}, CONFIG, KEY).rows) == 1
    for usual in ({"error": "x"}, {"errors": ["x"]}, {"success": False}, {"code": 40100}, {"status": "Failed"}):
        with pytest.raises(BadAnswer, match="in spite of its status 200"):
            records_in({**usual, "items": [entry()]}, CONFIG, KEY)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"ok": False, "message": "quota exceeded"}, '("quota exceeded")'),
        ({"meta": {"status": "error", "errmsg": "no such account"}}, '("no such account")'),
        ({"status": "error", "result": {"description": 1, "msg": "who?"}}, '("who?")'),
        ({"ok": False}, "(ok is false)"),
        ({"meta": {"errcode": 40001}}, "(errcode is 40001)"),
        ({"ok": "k3y-that-nobody-may-see is invalid"}, "(ok is *** is invalid)"),
    ],
)
def test_it_is_told_in_the_answers_own_words_without_the_key(body: dict[str, Any], text: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        records_in({**body, "items": []}, CONFIG, KEY)
    assert str(caught.value) == f"the answer is an error in spite of its status 200 {text}"


@pytest.mark.parametrize(
    ("body", "empty"),
    [
        ({"code": 0, "message": "OK", "total": 0, "items": None}, True),
        ({"success": True, "page_info": {"total_number": 0}, "items": None}, True),
        ({"total": 0, "items": None}, False),
        ({"success": True, "items": None}, False),
        ({"success": True, "total": 3, "items": None}, False),
        ({"success": True, "total": 0}, False),
        ({"success": True, "total": 0, "items": {}}, False),
    ],
)
def test_rows_that_are_null_are_none_only_where_the_answer_says_success_and_0_rows(
    body: dict[str, Any], empty: bool
) -> None:
    if empty:
        assert records_in(body, CONFIG, KEY).rows == []
    else:
        with pytest.raises(BadAnswer, match="items must be a list of rows"):
            records_in(body, CONFIG, KEY)


def test_of_a_list_of_answers_the_first_ones_are_heard() -> None:
    assert verdict_in([{"error": {"message": "x"}}]).failure
    assert not verdict_in([{"results": []}]).failure
    assert not verdict_in("error").failure


def test_a_run_that_is_refused_under_200_fails_and_one_that_says_nothing_does_not() -> None:
    with Loopback(said({"ok": False, "message": "quota exceeded", "items": []})) as server:
        with pytest.raises(RunFailed, match="quota exceeded"):
            asking(custom(server.url, {"type": "none"}))
        rule = [{"then": "ok", "at": "message", "contains": "quota"}]
        assert not asking(custom(server.url, {"type": "none"}, outcomes=rule)).batch.fetched
    with Loopback(said({"items": []})) as server:
        assert not asking(custom(server.url, {"type": "none"})).batch.fetched


@pytest.mark.parametrize("outcomes", [[], [{"then": "ok", "status": 204}]])
@pytest.mark.parametrize(
    "paging",
    [
        {"type": "none"},
        {"type": "none", "total_rows": "total"},
        {"type": "page", "total_pages": "pages", "page_at": "page"},
        {"type": "offset", "total_rows": "total"},
        {"type": "cursor", "next": "next"},
        {"type": "link_header"},
    ],
    ids=str,
)
def test_no_content_is_no_rows(paging: dict[str, Any], outcomes: list[dict[str, Any]]) -> None:
    carried = {"page": "{page}", "offset": "{offset}", "cursor": "{cursor}"}
    params = {name: text for name, text in carried.items() if name == paging["type"]}
    with Loopback(b"HTTP/1.1 204 No Content\r\n\r\n") as server:
        found = asking(custom(server.url, paging, params, outcomes=outcomes))
    assert (found.batch.fetched, found.requests) == (0, 1)
    assert "204" in found.log[0] and "0 rows" in found.log[0]


def test_no_content_on_a_later_page_does_not_hide_rows_that_are_owed() -> None:
    first = said({"items": [entry(1)], "total": 2})
    with Loopback(first, b"HTTP/1.1 204 No Content\r\n\r\n") as server, pytest.raises(RunFailed, match="incomplete"):
        asking(custom(server.url, {"type": "offset", "total_rows": "total"}, {"at": "{offset}"}))
