"""Ranges of days are cut without losing a day or asking for one twice."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdash.domain.accounts import Days
from perfdash.sources.client import halved, slices

ranges = st.builds(
    lambda start, more: Days(start, min(start, date.max - timedelta(days=more)) + timedelta(days=more)),
    st.dates(date(2000, 1, 1), date(2030, 1, 1)) | st.dates(),
    st.integers(0, 400),
).filter(lambda days: days.start <= days.end)


@given(days=ranges, most=st.integers(1, 450))
def test_slices_are_disjoint_complete_in_order_and_no_longer_than_allowed(days: Days, most: int) -> None:
    found = slices(days, most)
    assert [day for one in found for day in one.each()] == days.each()
    assert all(len(one) <= most for one in found)
    assert all(len(one) == most for one in found[:-1])


@given(days=ranges)
def test_without_a_limit_there_is_one_slice(days: Days) -> None:
    assert slices(days, None) == (days,)


@pytest.mark.parametrize("most", [1, 2, 30, None])
def test_a_single_day_is_one_slice(most: int | None) -> None:
    day = Days(date(2026, 3, 1), date(2026, 3, 1))
    assert slices(day, most) == (day,)


def test_both_ends_of_a_slice_belong_to_it() -> None:
    assert slices(Days(date(2026, 2, 27), date(2026, 3, 3)), 2) == (
        Days(date(2026, 2, 27), date(2026, 2, 28)),
        Days(date(2026, 3, 1), date(2026, 3, 2)),
        Days(date(2026, 3, 3), date(2026, 3, 3)),
    )


@given(days=ranges)
def test_halves_joined_are_the_whole_and_differ_by_a_day_at_most(days: Days) -> None:
    found = halved(days)
    if found is None:
        assert len(days) == 1
        return
    first, second = found
    assert [*first.each(), *second.each()] == days.each()
    assert len(second) - len(first) in (0, 1)


@given(days=ranges)
def test_halving_comes_to_single_days_that_are_the_whole(days: Days) -> None:
    parts, whole = [days], []
    while parts:
        one = parts.pop()
        found = halved(one)
        if found is None:
            whole.append(one.start)
        else:
            parts += reversed(found)
    assert whole == days.each()
