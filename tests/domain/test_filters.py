"""Presets, and the period that a change is measured against."""

from __future__ import annotations

from datetime import date

import pytest

from perfdash.domain.accounts import Days
from perfdash.domain.errors import UsageError
from perfdash.domain.filters import PRESET_LABELS, PRESETS, Preset, cpm_limit, range_of, resolve


def d(text: str) -> date:
    return date.fromisoformat(text)


def days(first: str, last: str) -> Days:
    return Days(d(first), d(last))


@pytest.mark.parametrize(
    ("preset", "today", "in_view", "previous"),
    [
        ("last_7", "2026-11-22", ("2026-11-15", "2026-11-21"), ("2026-11-08", "2026-11-14")),
        ("last_30", "2026-03-01", ("2026-01-30", "2026-02-28"), ("2025-12-31", "2026-01-29")),
        ("this_month", "2026-11-22", ("2026-11-01", "2026-11-21"), ("2026-10-01", "2026-10-21")),
        ("this_month", "2026-03-31", ("2026-03-01", "2026-03-30"), ("2026-02-01", "2026-02-28")),
        ("last_month", "2026-11-22", ("2026-10-01", "2026-10-31"), ("2026-08-31", "2026-09-30")),
        ("last_month", "2026-01-15", ("2025-12-01", "2025-12-31"), ("2025-10-31", "2025-11-30")),
    ],
)
def test_a_preset_is_complete_days_and_is_compared_with_the_days_before(
    preset: Preset, today: str, in_view: tuple[str, str], previous: tuple[str, str]
) -> None:
    period = resolve(preset, d(today))
    assert period.days == period.current == days(*in_view)
    assert period.previous == days(*previous)


def test_a_custom_range_with_today_in_it_is_cut_at_yesterday_for_the_change_only() -> None:
    period = resolve("custom", d("2026-11-22"), days("2026-11-20", "2026-11-22"))
    assert period.days == days("2026-11-20", "2026-11-22")
    assert period.current == days("2026-11-20", "2026-11-21")
    assert period.previous == days("2026-11-18", "2026-11-19")


@pytest.mark.parametrize(
    ("preset", "today", "custom"),
    [
        ("all", "2026-11-22", None),
        ("this_month", "2026-11-01", None),
        ("custom", "2026-11-22", days("2026-11-22", "2026-11-22")),
    ],
)
def test_no_change_is_shown_without_a_reason(preset: Preset, today: str, custom: Days | None) -> None:
    period = resolve(preset, d(today), custom, first_day=d("2026-05-01"))
    assert period.current is period.previous is None
    assert period.reason


def test_all_days_reach_from_the_first_known_one_to_today() -> None:
    assert resolve("all", d("2026-11-22"), first_day=d("2026-05-01")).days == days("2026-05-01", "2026-11-22")
    assert resolve("all", d("2026-11-22")).days == days("2026-11-21", "2026-11-22")


def test_every_preset_has_a_label() -> None:
    assert set(PRESET_LABELS) == set(PRESETS)


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
