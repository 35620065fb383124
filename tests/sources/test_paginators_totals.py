"""What an answer says of its own size is a whole number at its place, the same on every page, or an error."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from perfdash.domain.errors import BadAnswer
from perfdash.sources.paginators import RepeatedTotal, number_at, parent_path, whole_number


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, 0),
        (7, 7),
        ("7", 7),
        ("007", 7),
        (Decimal(7), 7),
        (Decimal("7.0"), 7),
        (10**12, 10**12),
        ("1000000000000", 10**12),
    ],
)
def test_a_whole_number_may_come_in_many_forms(value: object, number: int) -> None:
    assert whole_number(value) == number
    assert type(whole_number(value)) is int


@pytest.mark.parametrize(
    "value",
    [
        -1,
        10**12 + 1,
        Decimal("1.5"),
        Decimal("-1"),
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1E+999999"),
        "",
        " 7",
        "7.0",
        "-7",
        "1e3",
        "\u0667",
        "7" * 16,
        True,
        False,
        None,
        [],
        {},
        [7],
    ],
)
def test_everything_else_is_no_number(value: object) -> None:
    assert whole_number(value) is None


@pytest.mark.parametrize("body", [{}, {"info": None}, {"info": {"total": "many"}}, {"info": {"total": True}}, []])
def test_a_number_that_is_not_there_is_missed_by_its_place(body: Any) -> None:
    with pytest.raises(BadAnswer, match=r"^info\.total is missing or not a whole number$"):
        number_at("info.total", body)
    assert number_at("info.total", {"info": {"total": "9"}}) == 9


@pytest.mark.parametrize(
    ("expression", "holder"),
    [("a.b.c", "a.b"), ("a.b", "a"), ("a", "a"), ("a[0].b", "a[0].b"), ("length(a.b)", "length(a.b)")],
)
def test_the_object_that_holds_a_number_is_known_for_plain_paths(expression: str, holder: str) -> None:
    assert parent_path(expression) == holder


def test_a_total_holds_on_every_page() -> None:
    total = RepeatedTotal("n")
    total.read({"n": 5})
    total.read({}, may_be_absent=True)
    total.read({"n": "5"}, may_be_absent=True)
    assert total.value == 5
    for may_be_absent in (False, True):
        with pytest.raises(BadAnswer) as caught:
            total.read({"n": 6}, may_be_absent=may_be_absent)
        assert str(caught.value) == "the totals changed while the pages were read: n was 5, then 6; sync again"
    with pytest.raises(BadAnswer, match=r"^n is missing or not a whole number$"):
        total.read({})


def test_where_no_total_is_expected_none_is_looked_for() -> None:
    total = RepeatedTotal(None)
    total.read({"n": "?"})
    assert (total.value, total.expression) == (None, None)
