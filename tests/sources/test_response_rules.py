"""Which rule an answer meets: of several the first, and of one every condition."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import pytest

from perfdash.config.source_models import OutcomeRule
from perfdash.sources.response import first_met


def rule(**said: Any) -> OutcomeRule:
    return OutcomeRule.model_validate({"then": "fail", **said})


def meets(rule: OutcomeRule, body: object = None, status: int = 200, **headers: str) -> bool:
    named = httpx.Headers({name.replace("_", "-"): value for name, value in headers.items()})
    return first_met([rule], status, named, body) is rule


def test_the_first_of_several_rules_decides() -> None:
    first, second = rule(at="code", any_of=[1]), rule(at="code")
    assert first_met([first, second], 200, {}, {"code": 1}) is first
    assert first_met([first, second], 200, {}, {"code": 2}) is second
    assert first_met([first, second], 200, {}, {}) is None


@pytest.mark.parametrize(
    ("status", "met"),
    [(429, [429]), ([400, 429], [400, 429]), ("4xx", [400, 404, 429, 499]), (["5xx", 429], [429, 500, 599])],
)
def test_a_status_is_a_number_or_a_hundred_of_them(status: Any, met: list[int]) -> None:
    every = [200, 399, 400, 404, 429, 499, 500, 599]
    assert [one for one in every if meets(rule(status=status), status=one)] == [one for one in every if one in met]


def test_a_header_is_there_or_not_in_any_case() -> None:
    assert meets(rule(header="X-Throttled"), x_throttled="")
    assert not meets(rule(header="X-Throttled"), x_other="1")


def test_every_condition_must_hold() -> None:
    every = rule(status=400, header="X-A", at="code", any_of=[1])
    assert meets(every, {"code": 1}, 400, x_a="1")
    assert not meets(every, {"code": 1}, 200, x_a="1")
    assert not meets(every, {"code": 1}, 400)
    assert not meets(every, {"code": 2}, 400, x_a="1")


@pytest.mark.parametrize("value", [1, 0, "x", True, [0], {"a": None}, Decimal("0.5"), " "])
def test_what_is_there_is_there(value: object) -> None:
    assert meets(rule(at="x"), {"x": value})


@pytest.mark.parametrize("value", [None, False, "", [], {}])
def test_null_false_and_what_is_empty_are_not_there(value: object) -> None:
    assert not meets(rule(at="x"), {"x": value})
    assert not meets(rule(at="x"), {})


def test_nothing_is_true_of_a_body_that_is_no_json() -> None:
    assert not meets(rule(at="code != `0`"), None)
    assert meets(rule(at="code != `0`"), {})


@pytest.mark.parametrize(
    ("any_of", "value"),
    [
        ([40100], 40100),
        ([40100], "40100"),
        ([40100], " 40100 "),
        ([40100], Decimal(40100)),
        ([1, 2], 2),
        (["40100"], 40100),
        (["40100"], "40100"),
        (["TOO_MUCH"], " TOO_MUCH "),
        ([True], True),
        ([False], False),
    ],
)
def test_a_code_is_the_same_as_number_and_as_text(any_of: list[Any], value: object) -> None:
    assert meets(rule(at="x", any_of=any_of), {"x": value})


@pytest.mark.parametrize(
    ("any_of", "value"),
    [
        ([40100], 4010),
        ([40100], "40100 x"),
        ([40100], [40100]),
        ([40100], None),
        ([0], ""),
        ([7], "٧"),
        ([1], True),
        ([0], False),
        ([True], 1),
        ([True], "true"),
        ([True], "True"),
        ([True], False),
        ([False], 0),
        ([False], None),
        (["1"], True),
        (["True"], True),
        (["1.5"], Decimal("1.5")),
        (["too_much"], "TOO_MUCH"),
        ([], 1),
    ],
)
def test_what_is_not_the_same_is_not_met(any_of: list[Any], value: object) -> None:
    assert not meets(rule(at="x", any_of=any_of), {"x": value})


@pytest.mark.parametrize("value", [5, 7, 9, "5", " 9 ", Decimal("5.5"), "0" * 18 + "7"])
def test_both_ends_of_a_range_belong_to_it(value: object) -> None:
    assert meets(rule(at="x", between=[5, 9]), {"x": value})


@pytest.mark.parametrize(
    "value", [4, 10, "4", Decimal("9.1"), "5.5", "-7", "seven", "٧", "", None, True, [7], {"x": 7}, "0" * 19 + "7"]
)
def test_what_is_outside_or_no_number_is_in_no_range(value: object) -> None:
    assert not meets(rule(at="x", between=[5, 9]), {"x": value})


def test_true_is_not_the_number_one() -> None:
    assert not meets(rule(at="x", between=[0, 1]), {"x": True})


def test_a_part_of_a_text_is_found_in_any_case() -> None:
    assert meets(rule(at="x", contains="Too Much"), {"x": "asked for TOO MUCH data"})
    assert not meets(rule(at="x", contains="Too Much"), {"x": "too little"})
    assert not meets(rule(at="x", contains="1"), {"x": 1})
