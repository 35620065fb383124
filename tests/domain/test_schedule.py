"""Which days a sync asks for: recent days always, the settlement window daily, history weekly, gaps at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from perfdash.domain.accounts import Account, Days
from perfdash.domain.finality import finality
from perfdash.domain.schedule import Covered, default_days, refresh_days, uncovered

ACCOUNT = Account("acme", "agency", "1", "EUR", "Europe/Berlin", settlement_days=7, history_days=180)
NOW = datetime(2026, 3, 20, 9, 0, tzinfo=UTC)
TODAY = date(2026, 3, 20)


def back(days: int) -> date:
    return TODAY - timedelta(days=days)


def run(first: int, last: int, hours_ago: float) -> Covered:
    """A committed run from `first` to `last` days back."""
    return Covered(Days(back(first), back(last)), NOW - timedelta(hours=hours_ago))


SWEEP = Days(back(179), TODAY)


def test_an_account_that_was_never_synced_gets_its_whole_history() -> None:
    assert default_days(ACCOUNT, [], NOW) == [SWEEP]


def test_an_hour_after_a_sweep_only_the_recent_days_are_asked_for() -> None:
    assert default_days(ACCOUNT, [run(179, 0, 1)], NOW) == [Days(back(3), TODAY)]


def test_the_first_sync_of_a_day_asks_for_the_settlement_window() -> None:
    yesterdays = Covered(Days(back(180), back(1)), NOW - timedelta(hours=24))
    assert default_days(ACCOUNT, [yesterdays], NOW) == [Days(back(8), TODAY)]
    window = run(8, 0, 1)
    assert default_days(ACCOUNT, [yesterdays, window], NOW) == [Days(back(3), TODAY)]


def test_a_week_after_the_last_sweep_the_history_is_swept_again() -> None:
    sweep = Covered(Days(back(186), back(7)), NOW - timedelta(days=7))
    dailies = [Covered(Days(back(n + 8), back(n)), NOW - timedelta(days=n)) for n in range(6, 0, -1)]
    assert default_days(ACCOUNT, [sweep, *dailies], NOW) == [SWEEP]
    six_days_ago = Covered(Days(back(185), back(6)), NOW - timedelta(days=6))
    assert default_days(ACCOUNT, [six_days_ago, *dailies], NOW) == [Days(back(8), TODAY)]


def test_thirty_daily_syncs_sweep_five_times() -> None:
    runs: list[Covered] = []
    sweeps = 0
    for n in range(29, -1, -1):
        now = NOW - timedelta(days=n) + timedelta(minutes=30 - n)
        for days in default_days(ACCOUNT, runs, now):
            sweeps += len(days) == 180
            runs.append(Covered(days, now))
    assert sweeps == 5


def test_a_gap_is_asked_for_at_once_with_the_rest() -> None:
    """Days that a failed run left open lie between covered ones."""
    runs = [run(179, 40, 30), run(29, 0, 1), Covered(SWEEP, NOW - timedelta(days=30))]
    assert uncovered(SWEEP, runs[:2]) == [Days(back(39), back(30))]
    recent = [run(179, 0, 100), run(8, 0, 2)]
    assert default_days(ACCOUNT, recent, NOW) == [Days(back(3), TODAY)]


def test_the_account_s_own_calendar_decides_what_today_is() -> None:
    tokyo = Account("hoshi", "agency", "1", "JPY", "Asia/Tokyo", settlement_days=7, history_days=10)
    evening = datetime(2026, 3, 20, 20, 0, tzinfo=UTC)
    assert default_days(tokyo, [], evening) == [Days(date(2026, 3, 12), date(2026, 3, 21))]


def test_a_source_without_a_settlement_window_is_still_swept_weekly() -> None:
    plain = Account("acme", "agency", "1", "EUR", "Europe/Berlin", settlement_days=None, history_days=30)
    assert default_days(plain, [run(29, 0, 20)], NOW) == [Days(back(3), TODAY)]
    assert default_days(plain, [Covered(Days(back(36), back(7)), NOW - timedelta(days=7))], NOW)[0].start == back(29)


def test_a_day_is_confirmed_by_the_first_sync_after_its_settlement_window() -> None:
    """Yesterday its window was still open; today's first sync fetches it once more, and it is final."""
    yesterdays = Covered(Days(back(180), back(1)), NOW - timedelta(hours=24))
    (asked,) = default_days(ACCOUNT, [yesterdays], NOW)
    settled_last_night = back(8)
    assert finality(settled_last_night, "Europe/Berlin", 7, [yesterdays.fetched_at], NOW) == "unverified"
    assert settled_last_night in asked
    assert finality(settled_last_night, "Europe/Berlin", 7, [NOW], NOW) == "final"


def test_a_refresh_of_a_view_asks_for_its_days_that_may_still_change_within_the_history() -> None:
    runs = [run(179, 0, 3), run(8, 0, 2)]
    assert default_days(ACCOUNT, runs, NOW) == [Days(back(3), TODAY)]
    assert refresh_days(ACCOUNT, runs, NOW, Days(back(12), back(4))) == [Days(back(7), TODAY)]
    final = Days(back(40), back(20))
    assert refresh_days(ACCOUNT, runs, NOW, final) == [Days(back(3), TODAY)]
    assert refresh_days(ACCOUNT, runs, NOW, Days(back(400), back(200))) == [Days(back(3), TODAY)]
