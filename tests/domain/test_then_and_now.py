"""Then and now: which days were complete at the earlier moment, and what their sums differ by."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import pytest

from perfdash.domain.accounts import Days
from perfdash.domain.metrics import Sums
from perfdash.domain.restatements import ADDED, RESTATED_FIELDS, Moved
from perfdash.domain.then_and_now import SharedDays, hull, split, then_and_now

AT = datetime(2026, 11, 24, 6, tzinfo=UTC)
VIEW = Days(date(2026, 11, 1), date(2026, 11, 30))


def moved(cost: int, **more: Any) -> Moved:
    """A restatement of cost by so many micros."""
    changed = tuple(int(name == "cost") for name in RESTATED_FIELDS)
    differences = tuple(cost if name == "cost" else None for name in ADDED)
    values = {"day": date(2026, 11, 20), "timing": "before"} | more
    return Moved("acme", 1, "spring", values["day"], "EUR", 2, AT, values["timing"], 1, 0, 0, changed, differences)


def sums(cost: int) -> Sums:
    return Sums(1, impressions=1_000, clicks=10, cost=cost)


def test_then_restated_and_first_reported_add_up_to_now() -> None:
    both = [moved(-2_000_000), moved(500_000, timing="after")]
    (one,) = then_and_now({(None, "EUR"): sums(10_000_000)}, {(None, "EUR"): sums(11_500_000)}, both, _none).values()
    assert one.sides("cost") == (10_000_000, 11_500_000)
    assert one.difference("cost") == 1_500_000
    assert one.share("cost") == Fraction(3, 20)
    assert one.moved.difference("cost") == -1_500_000
    assert one.late.difference("cost") == 500_000
    assert one.first_reported("cost") == 3_000_000


def test_a_sum_that_is_what_it_was_although_rows_changed_still_differs() -> None:
    found = then_and_now({(None, "EUR"): sums(5)}, {(None, "EUR"): sums(5)}, [moved(2), moved(-2)], _none)
    assert found[None, "EUR"].differs("cost") and not found[None, "EUR"].differs("clicks")


def test_what_is_known_on_one_side_only_is_told_too() -> None:
    found = then_and_now({}, {("new", "EUR"): sums(7)}, [], lambda _one: "")
    assert found["new", "EUR"].sides("cost") == (None, 7)
    assert found["new", "EUR"].share("cost") is None


def _none(_one: Moved) -> None:
    return None


@pytest.mark.parametrize(
    ("last", "whole", "filling"),
    [
        (date(2026, 11, 22), Days(VIEW.start, date(2026, 11, 22)), Days(date(2026, 11, 23), VIEW.end)),
        (date(2026, 12, 5), VIEW, None),
        (date(2026, 10, 5), None, VIEW),
        (None, None, VIEW),
    ],
)
def test_a_day_is_either_complete_then_or_still_filling(last: date | None, whole: Days, filling: Days) -> None:
    parts = split({"acme": VIEW}, {"acme": last} if last else {})
    assert [[shared.days for shared in part] for part in parts] == [[d] if d else [] for d in (whole, filling)]


def test_each_client_is_cut_at_its_own_last_complete_day_and_equal_ones_share() -> None:
    complete = {"acme": date(2026, 11, 22), "bolt": date(2026, 11, 22), "hoshi": date(2026, 11, 23)}
    whole, _ = split(dict.fromkeys(complete, VIEW), complete)
    assert whole == (
        SharedDays(Days(VIEW.start, date(2026, 11, 22)), ("acme", "bolt")),
        SharedDays(Days(VIEW.start, date(2026, 11, 23)), ("hoshi",)),
    )
    assert hull(whole) == Days(VIEW.start, date(2026, 11, 23))
    assert hull(()) is None
