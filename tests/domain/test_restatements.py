"""What changes add up to, when they came in the life of a day, and how days settle: as functions of made-up values."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from perfdash.domain import restatements, settlement
from perfdash.domain.restatements import ADDED, RESTATED_FIELDS, Change, Event, Moved
from perfdash.domain.settlement import FEWEST_DAYS, Part, Settled
from perfdash.presentation.json_documents import restatements_table
from perfdash.presentation.tables import to_csv

DAY = date(2026, 3, 10)
AT = datetime(2026, 3, 20, tzinfo=UTC)


def moved(
    cost: int | None = 0, day: date = DAY, timing: str = "before", currency: str = "EUR", **more: object
) -> Moved:
    changed = tuple(int(name == "cost") for name in RESTATED_FIELDS)
    differences = tuple(cost if name == "cost" else None for name in ADDED)
    base = Moved("acme", 1, "c1", day, currency, 2, AT, timing, 1, 0, 0, changed, differences)  # type: ignore[arg-type]
    return base._replace(**more)


def event(kind: str = "restated", then: int | None = 5, now: int | None = 4, **more: object) -> Event:
    sides = [
        tuple(
            None if value is None else value if name == "cost" else "EUR" if name == "currency" else 0
            for name in RESTATED_FIELDS
        )
        for value in (then, now)
    ]
    found = Event("acme", 1, "c1", "", "TikTok", DAY, kind, 2, 7, AT, "before", *sides)  # type: ignore[arg-type]
    return found._replace(**more)


# --- totals


def test_movements_add_up_per_currency_and_days_count_once() -> None:
    later = DAY + timedelta(days=1)
    found = restatements.by_currency(
        [moved(-5), moved(2, timing="after"), moved(-1, later), moved(7, currency="USD"), moved(None, later)]
    )
    euros, dollars = found
    assert (euros.currency, euros.events, euros.difference("cost"), euros.difference("views")) == ("EUR", 4, -4, None)
    assert (euros.days, euros.late_days, euros.late) == ({DAY, later}, {DAY}, 1)
    assert (dollars.difference("cost"), dollars.count("cost"), dollars.count("clicks")) == (7, 1, 0)
    assert restatements.by_currency([]) == ()


def test_movements_by_a_key_hold_each_change_once() -> None:
    parts = [moved(1), moved(2, campaign="c2"), moved(4, campaign="c2", currency="USD")]
    found = restatements.by_key(parts, lambda one: one.campaign)
    assert {key: one.difference("cost") for key, one in found.items()} == {
        ("c1", "EUR"): 1,
        ("c2", "EUR"): 2,
        ("c2", "USD"): 4,
    }


# --- when


@pytest.mark.parametrize(
    ("at", "window", "final", "expected"),
    [
        ("2026-03-10T22:59:59+00:00", 7, None, "running"),
        ("2026-03-10T23:00:00+00:00", 7, None, "before"),
        ("2026-03-10T23:00:00+00:00", None, None, "provisional"),
        ("2026-03-18T06:00:00+00:00", 7, "2026-03-18T06:00:00+00:00", "before"),
        ("2026-03-18T06:00:01+00:00", 7, "2026-03-18T06:00:00+00:00", "after"),
        ("2026-05-01T06:00:00+00:00", 7, None, "before"),
    ],
)
def test_a_change_comes_while_the_day_runs_before_or_after_it_is_final(
    at: str, window: int | None, final: str | None, expected: str
) -> None:
    final_at = datetime.fromisoformat(final) if final else None
    assert restatements.timing_of(DAY, datetime.fromisoformat(at), "Europe/Berlin", window, final_at) == expected


# --- what changed


def test_only_the_fields_that_changed_are_told() -> None:
    assert event().changes == (Change("cost", 5, 4),)
    assert event().changes[0].difference == -1
    gone = event("vanished", 5, None)
    assert [change.field for change in gone.changes] == [name for name in RESTATED_FIELDS if name != "currency"]
    assert gone.currency == "EUR"
    assert Change("currency", "EUR", "USD").difference is None
    assert Change("reported_cpm", Decimal("5.00"), Decimal("5.01")).difference == Decimal("0.01")


def test_the_export_has_a_row_per_changed_field_with_exact_values_and_defused_names() -> None:
    found = restatements_table([event(then=5_000_000, now=4_100_000)], {("acme", 1, "c1"): "=1+1"})
    line = to_csv(found).splitlines()[1]
    assert line == (
        "2026-03-20T00:00:00Z,acme,1,c1,'=1+1,,TikTok,2026-03-10,restated,cost,EUR,5.000000,4.100000,-0.900000,"
        "before,2,7"
    )


# --- settling


def settled(days: int, fetched: tuple[int, ...] = (0, 1, 2)) -> dict[settlement.Key, Settled]:
    return {
        ("acme", 1, DAY + timedelta(days=n)): Settled(AT + timedelta(days=n), 2, frozenset(fetched))
        for n in range(days)
    }


def parts(days: int, platform: str = "TikTok") -> list[Part]:
    """50 at the day's end, 90 a day later, 100 from the second day on."""
    found = []
    for n in range(days):
        end, day = AT + timedelta(days=n), DAY + timedelta(days=n)
        moments = [end - timedelta(hours=1), end + timedelta(hours=5), end + timedelta(hours=30), None]
        for value, since, until in zip((50, 90, 100), moments, moments[1:], strict=False):
            found.append(Part("acme", 1, platform, "EUR", day, since, until, value))  # type: ignore[arg-type]
    return found


def test_a_curve_says_what_was_still_to_move() -> None:
    (curve,) = settlement.curves(parts(FEWEST_DAYS), settled(FEWEST_DAYS))
    assert (curve.platform, curve.currency, curve.days, curve.enough) == ("TikTok", "EUR", FEWEST_DAYS, True)
    assert [point.moved for point in curve.points] == [Fraction(1, 2), Fraction(1, 10), 0]


def test_too_few_days_say_nothing() -> None:
    (curve,) = settlement.curves(parts(FEWEST_DAYS - 1), settled(FEWEST_DAYS - 1))
    assert not curve.enough
    assert [point.moved for point in curve.points] == [None] * 3


def test_days_that_nobody_had_just_fetched_do_not_count() -> None:
    (curve,) = settlement.curves(parts(FEWEST_DAYS), settled(FEWEST_DAYS, (1,)))
    assert [point.days for point in curve.points] == [0, FEWEST_DAYS, 0]


def test_movements_up_and_down_do_not_cancel_out() -> None:
    changed = [part._replace(value=200 - part.value) if part.day.day % 2 else part for part in parts(FEWEST_DAYS)]
    (curve,) = settlement.curves(changed, settled(FEWEST_DAYS))
    assert curve.points[0].moved == Fraction(1, 2)


@pytest.mark.parametrize(("hours", "after"), [(-30, -1), (-24, -1), (-23, 0), (0, 0), (1, 1), (24, 1), (25, 2)])
def test_a_fetch_belongs_to_the_days_end_that_follows_it(hours: int, after: int) -> None:
    assert settlement.days_after_end(AT, AT + timedelta(hours=hours)) == after
