"""The outside of an answer: an error in disguise is found, and told in the source's own words."""

from __future__ import annotations

from typing import Any

import pytest

from perfdash.domain.errors import BadAnswer
from perfdash.domain.secret import Secret
from perfdash.sources.response import NotJson, detail_in, parsed, refuse_disguised, rows_at

KEY = Secret("KEY", "k3y")


def nested(text: object, levels: int) -> object:
    return text if not levels else {"error": nested(text, levels - 1)}


def listed(text: object, levels: int) -> object:
    return text if not levels else [listed(text, levels - 1)]


@pytest.mark.parametrize("body", [b"<html>", b"\n \t<!doctype html>"])
def test_a_web_page_is_told_as_that(body: bytes) -> None:
    with pytest.raises(NotJson, match=r"^the answer is a web page, not JSON$"):
        parsed(body, KEY)


@pytest.mark.parametrize("body", [b"{", b"{ <", b""])
def test_what_is_no_json_is_told_as_that(body: bytes) -> None:
    with pytest.raises(NotJson, match=r"^the answer cannot be read: "):
        parsed(body, KEY)


@pytest.mark.parametrize(
    ("said", "path", "found"),
    [
        ({"code": 7}, "data", "missing"),
        ({"data": None}, "data", "null"),
        ({"data": {}}, "data", "not a list"),
        ({"data": {"list": {}}}, "data.list", "not a list"),
        ({"data": {"list": ""}}, "data.list", "not a list"),
        ({"data": {"list": None}}, "data.list", "missing"),
        ({}, "data.list", "missing"),
        ([], "data", "missing"),
        (None, "data", "missing"),
    ],
)
def test_an_answer_without_a_list_of_rows_says_what_is_there_instead(said: object, path: str, found: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        rows_at(said, path, KEY)
    assert str(caught.value) == f"{path} must be a list of rows, but it is {found}"


def test_an_answer_keeps_its_rows_and_the_whole_body_beside_them() -> None:
    found = rows_at({"data": {"list": [1, 2]}, "next": "c"}, "data.list", KEY)
    assert (found.rows, found.body) == ([1, 2], {"data": {"list": [1, 2]}, "next": "c"})


def test_an_answer_without_rows_is_told_with_its_own_words() -> None:
    with pytest.raises(BadAnswer) as caught:
        rows_at({"data": None, "message": "who is k3y?"}, "data", KEY)
    assert str(caught.value) == 'data must be a list of rows, but it is null ("who is ***?")'


DISGUISED: list[dict[str, Any]] = [
    {"error": "x"},
    {"errors": ["x"]},
    {"success": False},
    {"code": 1},
    {"code": 201},
    {"code": -1},
    {"code": 40100},
    {"status": "error"},
    {"status": "ERROR"},
    {"status": "fail"},
    {"status": "Failed"},
    {"status": "failure"},
]


@pytest.mark.parametrize("said", DISGUISED, ids=str)
def test_an_error_under_200_is_found(said: dict[str, Any]) -> None:
    with pytest.raises(BadAnswer, match=r"^the answer is an error in spite of its status 200"):
        refuse_disguised({"data": [], **said}, KEY)


def test_an_error_under_200_is_told_with_its_own_words() -> None:
    with pytest.raises(BadAnswer) as caught:
        refuse_disguised({"success": False, "msg": "no k3y"}, KEY)
    assert str(caught.value) == 'the answer is an error in spite of its status 200 ("no ***")'


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"error": None},
        {"error": ""},
        {"error": {}},
        {"errors": []},
        {"success": True},
        {"success": None},
        {"code": 0},
        {"code": 200},
        {"code": "200"},
        {"code": None},
        {"status": "ok"},
        {"status": 200},
        {"status": None},
        {"status": ""},
        [],
        "error",
        None,
    ],
    ids=str,
)
def test_signs_of_success_are_no_error(said: object) -> None:
    refuse_disguised(said, KEY)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("plain words", "plain words"),
        ({"detail": "a", "message": "b"}, "a"),
        ({"message": "b", "msg": "c"}, "b"),
        ({"msg": "c", "error_description": "d"}, "c"),
        ({"error_description": "d", "error": "e"}, "d"),
        ({"error": "e", "errors": "f"}, "e"),
        ({"errors": "f"}, "f"),
        ({"detail": "", "errors": [{"message": "g"}]}, "g"),
        (["one", {"msg": "two"}, "", "four"], "one; two"),
        (["1", "2", "3", "4"], "1; 2; 3"),
        (nested("deep", 4), "deep"),
        (nested("too deep", 5), ""),
        (nested("too deep", 6), ""),
        (listed("deep", 4), "deep"),
        (listed("too deep", 5), ""),
        (nested({"other": "x"}, 1), ""),
        ({"message": 7}, ""),
        (None, ""),
    ],
)
def test_what_a_body_says_of_itself_is_found_where_apis_put_it(said: object, text: str) -> None:
    assert detail_in(said, KEY) == text


def test_what_a_body_says_of_itself_is_short_plain_and_without_the_key() -> None:
    assert detail_in({"detail": "a\x1b[31m k3y\n" + "x" * 500}, KEY) == ("a[31m *** " + "x" * 500)[:200]
    assert detail_in("x" * 199 + "k3y", KEY) == "x" * 199 + "*"
    assert detail_in("  padded  ", KEY) == "padded"
