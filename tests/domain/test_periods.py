"""Presets as complete days, each client's by its own calendar, and the period that a change is measured against."""

from __future__ import annotations

from datetime import date

import pytest

from perfdash.domain.accounts import Days
from perfdash.domain.periods import PRESET_LABELS, PRESETS, Period, Preset, compared, resolve


def d(text: str) -> date:
    return date.fromisoformat(text)


def days(first: str, last: str) -> Days:
    return Days(d(first), d(last))


def of_one(
    preset: Preset, today: str, *, complete: str = "", custom: Days | None = None, first: date | None = None
) -> Period:
    """Of one client; without `complete` all days before `today` are."""
    return resolve(preset, {"acme": d(complete)} if complete else {}, {"acme": d(today)}, custom, first)


@pytest.mark.parametrize(
    ("preset", "today", "in_view", "previous"),
    [
        ("last_7", "2026-11-22", ("2026-11-15", "2026-11-21"), ("2026-11-08", "2026-11-14")),
        ("last_30", "2026-03-01", ("2026-01-30", "2026-02-28"), ("2025-12-31", "2026-01-29")),
        ("this_month", "2026-11-22", ("2026-11-01", "2026-11-21"), ("2026-10-01", "2026-10-21")),
        ("this_month", "2026-03-31", ("2026-03-01", "2026-03-30"), ("2026-02-01", "2026-02-28")),
        ("last_month", "2026-11-22", ("2026-10-01", "2026-10-31"), ("2026-08-31", "2026-09-30")),
        ("last_month", "2026-01-15", ("2025-12-01", "2025-12-31"), ("2025-10-31", "2025-11-30")),
        ("yesterday", "2026-11-22", ("2026-11-21", "2026-11-21"), ("2026-11-20", "2026-11-20")),
        ("this_week", "2026-11-26", ("2026-11-23", "2026-11-25"), ("2026-11-16", "2026-11-18")),
        ("last_week", "2026-11-26", ("2026-11-16", "2026-11-22"), ("2026-11-09", "2026-11-15")),
        ("last_week", "2026-11-23", ("2026-11-16", "2026-11-22"), ("2026-11-09", "2026-11-15")),
        ("last_quarter", "2026-11-22", ("2026-07-01", "2026-09-30"), ("2026-03-31", "2026-06-30")),
        ("last_quarter", "2026-01-01", ("2025-10-01", "2025-12-31"), ("2025-07-01", "2025-09-30")),
    ],
)
def test_a_preset_is_complete_days_and_is_compared_with_the_days_before(
    preset: Preset, today: str, in_view: tuple[str, str], previous: tuple[str, str]
) -> None:
    period = of_one(preset, today)
    assert period.days == period.current == days(*in_view)
    assert period.previous == days(*previous)


def test_a_custom_range_with_today_in_it_is_cut_at_yesterday_for_the_change_only() -> None:
    period = of_one("custom", "2026-11-22", custom=days("2026-11-20", "2026-11-22"))
    assert period.days == days("2026-11-20", "2026-11-22")
    assert period.current == days("2026-11-20", "2026-11-21")
    assert period.previous == days("2026-11-18", "2026-11-19")


@pytest.mark.parametrize(
    ("preset", "today", "custom"),
    [
        ("all", "2026-11-22", None),
        ("this_month", "2026-11-01", None),
        ("this_week", "2026-11-23", None),
        ("today", "2026-11-22", None),
        ("custom", "2026-11-22", days("2026-11-22", "2026-11-22")),
    ],
)
def test_no_change_is_shown_without_a_reason(preset: Preset, today: str, custom: Days | None) -> None:
    period = of_one(preset, today, custom=custom, first=d("2026-05-01"))
    assert period.current is period.previous is None
    assert period.reason


def test_all_days_reach_from_the_first_known_one_to_today() -> None:
    assert of_one("all", "2026-11-22", first=d("2026-05-01")).days == days("2026-05-01", "2026-11-22")
    assert of_one("all", "2026-11-22").days == days("2026-11-21", "2026-11-22")


def test_every_preset_has_a_label() -> None:
    assert set(PRESET_LABELS) == set(PRESETS)


@pytest.mark.parametrize(
    ("preset", "in_view", "current"),
    [
        ("last_7", ("2026-11-13", "2026-11-19"), ("2026-11-13", "2026-11-19")),
        ("this_month", ("2026-11-01", "2026-11-19"), ("2026-11-01", "2026-11-19")),
        ("this_week", ("2026-11-16", "2026-11-19"), ("2026-11-16", "2026-11-19")),
        ("yesterday", ("2026-11-21", "2026-11-21"), None),
        ("today", ("2026-11-22", "2026-11-22"), None),
        ("last_week", ("2026-11-09", "2026-11-15"), ("2026-11-09", "2026-11-15")),
    ],
)
def test_only_complete_days_are_compared_and_a_run_of_days_ends_with_the_last_of_them(
    preset: Preset, in_view: tuple[str, str], current: tuple[str, str] | None
) -> None:
    period = of_one(preset, "2026-11-22", complete="2026-11-19")
    assert period.days == days(*in_view)
    assert period.current == (days(*current) if current else None)
    assert bool(period.reason) is (current is None)


@pytest.mark.parametrize("preset", [preset for preset in PRESETS if preset != "custom"])
def test_a_client_has_the_same_days_alone_and_among_others(preset: Preset) -> None:
    complete = {"acme": d("2026-11-30"), "hoshi": d("2026-11-29"), "late": d("2026-11-20")}
    today = {"acme": d("2026-12-01"), "hoshi": d("2026-12-01"), "late": d("2026-12-01"), "west": d("2026-11-30")}
    together = resolve(preset, complete, today, first=d("2026-05-01"))
    for client in today:
        alone = resolve(preset, complete, {client: today[client]}, first=d("2026-05-01"))
        assert together.of(client).days == alone.days
        if together.current:
            assert (together.of(client).current, together.of(client).previous) == (alone.current, alone.previous)
        assert together.days.start <= alone.days.start
        assert alone.days.end <= together.days.end


def test_when_clients_differ_each_has_its_own_days_before_too() -> None:
    complete = {"acme": d("2026-11-30"), "hoshi": d("2026-11-29")}
    period = compared(resolve("last_30", complete, dict.fromkeys(complete, d("2026-12-01"))), "weekday")
    assert period.ranges == period.current_ranges
    assert dict(period.ranges) == {
        "acme": days("2026-11-01", "2026-11-30"),
        "hoshi": days("2026-10-31", "2026-11-29"),
    }
    assert dict(period.previous_ranges) == {
        "acme": days("2026-09-27", "2026-10-26"),
        "hoshi": days("2026-09-26", "2026-10-25"),
    }
    assert period.days == days("2026-10-31", "2026-11-30")


def test_one_client_without_a_complete_day_leaves_all_without_a_change_and_it_says_so() -> None:
    period = resolve("this_month", {}, {"acme": d("2026-11-02"), "west": d("2026-11-01")})
    assert period.current is None
    assert period.reason == "for 1 of 2 clients this month has no complete day yet"
    assert period.days == days("2026-11-01", "2026-11-01")
