"""How large a number and how long a text of a source may be: the last value that is taken and the first that is not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.config.test_loading import FIELDS, account, field, of, request

PAGED = request(p="{page}")
USAGE = {"headers": ["X"]}


def numbers(key: str, value: object) -> dict[str, Any]:
    """The source in which the number at this path is `value`."""
    table, _, name = key.rpartition(".")
    match table:
        case "":
            return {name: value}
        case "request":
            return {"request": request() | {name: value}}
        case "paging":
            return {"request": PAGED, "paging": {"type": "page", name: value}}
        case "rate":
            return {"rate": {"requests": 1, name: value}}
        case "usage":
            return {"usage": {**USAGE, name: value}}
    return {table: {name: value}}


@pytest.mark.parametrize(
    ("key", "least", "most"),
    [
        ("settlement_days", 1, 3660),
        ("history_days", 1, 3660),
        ("request.window_days", 1, 3660),
        ("paging.size", 1, 100_000),
        ("paging.first", 0, 1),
        ("rate.requests", 1, 100_000),
        ("limits.attempts", 1, 20),
        ("limits.pages", 1, 100_000),
    ],
)
def test_a_whole_number_has_a_least_and_a_greatest_value(key: str, least: int, most: int) -> None:
    assert of(**numbers(key, least)) == of(**numbers(key, most)) == []
    assert of(**numbers(key, least - 1)) == [f".{key}: this must be greater than or equal to {least}"]
    assert of(**numbers(key, most + 1)) == [f".{key}: this must be less than or equal to {most}"]
    assert of(**numbers(key, float(most))) == [f".{key}: this must be a whole number"]


@pytest.mark.parametrize(
    ("key", "most"),
    [
        ("rate.seconds", 86_400),
        ("usage.pause_at", 100),
        ("usage.pause_seconds", 86_400),
        ("limits.connect_seconds", 120),
        ("limits.read_seconds", 600),
        ("limits.total_seconds", 3600),
        ("limits.body_mib", 1024),
    ],
)
def test_another_number_is_positive_and_has_a_greatest_value(key: str, most: int) -> None:
    for fine in (0.001, 1, most, float(most)):
        assert of(**numbers(key, fine)) == []
    for low in (0, -1):
        assert of(**numbers(key, low)) == [f".{key}: this must be greater than 0"]
    assert of(**numbers(key, most + 0.5)) == [f".{key}: this must be less than or equal to {most}"]
    for no_number in ("1", True, [1]):
        assert of(**numbers(key, no_number)) == [f".{key}: this must be a valid number"]


LONG = "this is too long"
ODD = "this holds characters that are not allowed here"
X100, X200 = "x" * 100, "x" * 200


@pytest.mark.parametrize(
    ("fine", "bad", "line"),
    [
        ({"request": request("/" + "x" * 499)}, {"request": request("/" + "x" * 500)}, f".request.path: {LONG}"),
        (
            {"request": request(p="x" * 2000)},
            {"request": request(p="x" * 2001)},
            f".request.params.p: {LONG}",
        ),
        (
            {"request": request(**{X100: "1", "x": "1"})},
            {"request": request(**{X100 + "x": "1"})},
            f".request.params.{X100}x: {LONG}",
        ),
        ({"request": request(x="1")}, {"request": request(**{"": "1"})}, ".request.params.: this must not be empty"),
        (
            {"request": request() | {"headers": {X100: X200, "x": "x"}}},
            {"request": request() | {"headers": {X100 + "x": "x"}}},
            f".request.headers.{X100}x: {ODD}",
        ),
        (
            {"request": request() | {"headers": {"X": "! ~"}}},
            {"request": request() | {"headers": {"X": X200 + "x"}}},
            f".request.headers.X: {ODD}",
        ),
        ({}, {"request": request() | {"headers": {"X": " x"}}}, f".request.headers.X: {ODD}"),
        ({}, {"request": request() | {"headers": {"X": ""}}}, f".request.headers.X: {ODD}"),
        ({}, {"request": request() | {"headers": {"X": "\xe9"}}}, f".request.headers.X: {ODD}"),
        (
            {"request": request() | {"platforms_joined_by": " | "}},
            {"request": request() | {"platforms_joined_by": "||||"}},
            f".request.platforms_joined_by: {LONG}",
        ),
        (
            {"request": request() | {"platforms_joined_by": "|"}},
            {"request": request() | {"platforms_joined_by": ""}},
            ".request.platforms_joined_by: this must not be empty",
        ),
        (
            {"request": request() | {"dates": "%Y%m%d" + "-" * 54}},
            {"request": request() | {"dates": "%Y%m%d" + "-" * 55}},
            f".request.dates: {LONG}",
        ),
        (
            {"auth": {"type": "header", "name": X100, "prefix": "x" * 40}},
            {"auth": {"type": "header", "name": X100 + "x"}},
            f".auth.name: {ODD}",
        ),
        (
            {"auth": {"type": "header", "name": "x", "prefix": ""}},
            {"auth": {"type": "header", "name": "x", "prefix": "x" * 41}},
            f".auth.prefix: {ODD}",
        ),
        (
            {"auth": {"type": "header", "name": "!#$%&'*+.^_`|~-"}},
            {"auth": {"type": "header", "name": "x", "prefix": "a b"}},
            f".auth.prefix: {ODD}",
        ),
        (
            {"auth": {"type": "query", "name": X100}},
            {"auth": {"type": "query", "name": X100 + "x"}},
            f".auth.name: {ODD}",
        ),
        (
            {"auth": {"type": "query", "name": "a_B-9.[]"}},
            {"auth": {"type": "query", "name": "a&b"}},
            f".auth.name: {ODD}",
        ),
        ({}, {"auth": {"type": "query", "name": ""}}, f".auth.name: {ODD}"),
        (
            {"auth": {"type": "basic", "user": X200}},
            {"auth": {"type": "basic", "user": X200 + "x"}},
            f".auth.user: {ODD}",
        ),
        ({"auth": {"type": "basic", "user": ""}}, {"auth": {"type": "basic", "user": "a\x00"}}, f".auth.user: {ODD}"),
        ({"key": {"env": "_" + "x" * 99}}, {"key": {"env": "x" * 101}}, f".key.env: {ODD}"),
        ({"key": {"env": "A_9"}}, {"key": {"env": "9A"}}, f".key.env: {ODD}"),
        (
            {"accounts": [account(account=X200)]},
            {"accounts": [account(account=X200 + "x")]},
            f".accounts[0].account: {LONG}",
        ),
        (
            {"accounts": [account(account=" x ")]},
            {"accounts": [account(account=" ")]},
            ".accounts[0].account: this must not be empty",
        ),
        ({}, {"accounts": [account(account="a\x1fb")]}, f".accounts[0].account: {ODD}"),
        ({"records": {"path": "x" * 500}}, {"records": {"path": "x" * 501}}, f".records.path: {LONG}"),
        (
            {"records": {"path": "x", "missing": ["", "x" * 40]}},
            {"records": {"path": "x", "missing": ["x" * 41]}},
            f".records.missing[0]: {LONG}",
        ),
        (
            {"fields": field("cost", constant=X200)},
            {"fields": field("cost", constant=X200 + "x")},
            f".fields.cost.constant: {LONG}",
        ),
        (
            {"fields": FIELDS | {"cost": "x"}},
            {"fields": FIELDS | {"cost": ""}},
            ".fields.cost.path: this must not be empty",
        ),
    ],
)
def test_a_text_has_a_greatest_length_and_plain_letters(fine: dict[str, Any], bad: dict[str, Any], line: str) -> None:
    assert of(**fine) == []
    assert of(**bad) == [line]


def test_only_some_values_may_be_left_out() -> None:
    required = {"base_url", "key", "request", "records", "fields"}
    assert {line.split(":")[0] for line in of(**dict.fromkeys(required, None))} == {f".{name}" for name in required}
