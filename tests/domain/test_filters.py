"""What is typed into filters, and the days of each client in a question."""

from __future__ import annotations

from datetime import date

import pytest

from perfdash.domain.accounts import Days
from perfdash.domain.errors import UsageError
from perfdash.domain.filters import Filters, cpm_limit, joined, range_of


def d(text: str) -> date:
    return date.fromisoformat(text)


def days(first: str, last: str) -> Days:
    return Days(d(first), d(last))


@pytest.mark.parametrize(("text", "micros"), [("12.5", 12_500_000), ("0", 0), ("1000000", 10**12), ("0.000001", 1)])
def test_a_limit_is_exact(text: str, micros: int) -> None:
    assert cpm_limit(text) == micros


@pytest.mark.parametrize("text", ["-1", "1000000.1", "0.0000001", "nan", "inf", "1e999999", "12,5", "", "ten"])
def test_a_limit_that_is_none_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="is not a number from 0 to 1000000"):
        cpm_limit(text)


def test_a_reversed_or_half_range_is_refused() -> None:
    with pytest.raises(UsageError, match="swap them"):
        range_of(d("2026-02-01"), d("2026-01-01"))
    with pytest.raises(UsageError, match="both a first and a last day"):
        range_of(d("2026-02-01"), None)


def test_each_client_has_its_own_days_and_the_whole_reaches_from_the_first_to_the_last() -> None:
    own = {"acme": days("2026-11-01", "2026-11-30"), "hoshi": days("2026-10-31", "2026-11-29")}
    hull, ranges = joined(own)
    filters = Filters(hull, ranges=ranges)
    assert filters.days == days("2026-10-31", "2026-11-30")
    assert {client: filters.days_of(client) for client in own} == own
    assert joined({"acme": own["acme"], "bolt": own["acme"]}) == (own["acme"], ())


def test_a_question_about_one_of_them_has_only_its_days() -> None:
    own = {"acme": days("2026-11-01", "2026-11-30"), "hoshi": days("2026-10-31", "2026-11-29")}
    one = Filters(*joined(own)[:1], ranges=joined(own)[1]).among(("hoshi",))
    assert (one.clients, one.days, one.ranges) == (("hoshi",), own["hoshi"], ())
