"""Which days a sync asks for by default: recent days always, the settlement window daily, all history weekly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from perfdash.domain.accounts import Account, Days, contiguous, today_in
from perfdash.domain.finality import finality

RECENT_DAYS = 3
SWEEP_EVERY = timedelta(days=7)
LONGEST_SILENCE = timedelta(days=1)
"""For which a source may have an account left alone; then it is asked once more, whatever the source had said."""


@dataclass(frozen=True, slots=True)
class Covered:
    """One committed run of an account: the days it asked for and when its fetch ended (aware UTC)."""

    days: Days
    fetched_at: datetime


def history_of(account: Account, now: datetime) -> Days:
    """The days that are asked for at all: `history_days`, as far as the source keeps them, to the account's today."""
    today = today_in(account.time_zone, now)
    first = today - timedelta(days=account.history_days - 1)
    return Days(max(first, answered_from(account, now) or first), today)


def answered_from(account: Account, now: datetime) -> date | None:
    """The first day for which the source still answers (`retention_days`); None when that is not known."""
    if account.retention_days is None:
        return None
    return today_in(account.time_zone, now) - timedelta(days=account.retention_days - 1)


def answered(account: Account, days: Days, now: datetime) -> Days | None:
    """What of `days` the source still answers for; None when nothing is."""
    first = max(days.start, answered_from(account, now) or days.start)
    return Days(first, days.end) if first <= days.end else None


def uncovered(asked: Days, runs: Iterable[Covered]) -> list[Days]:
    """The parts of `asked` that no run covers, as few ranges as possible."""
    missing = set(asked.each())
    for run in runs:
        if asked.overlaps(run.days):
            missing.difference_update(Days(max(asked.start, run.days.start), min(asked.end, run.days.end)).each())
    return contiguous(missing)


def default_days(account: Account, runs: Sequence[Covered], now: datetime) -> list[Days]:
    """The ranges one default sync asks for, in order. `runs` are the account's committed runs."""
    history = history_of(account, now)
    if _sweep_is_due(account, history, runs, now):
        return [history]
    due = {day for gap in uncovered(history, runs) for day in gap.each()}
    due.update(Days(max(history.start, history.end - timedelta(days=RECENT_DAYS)), history.end).each())
    # One day more than the window: a fetch after its end is what makes a day final.
    window = Days(max(history.start, history.end - timedelta(days=(account.settlement_days or 0) + 1)), history.end)
    if not any(_covers(run.days, window, history.end) and _on(account, run, history.end) for run in runs):
        due.update(window.each())
    return contiguous(due)


def refresh_days(account: Account, runs: Sequence[Covered], now: datetime, view: Days) -> list[Days]:
    """`default_days`, and what of the days in `view` is not final: a view of older days is made as new as can be."""
    due = {day for days in default_days(account, runs, now) for day in days.each()}
    history = history_of(account, now)
    if view.overlaps(history):
        for day in Days(max(view.start, history.start), min(view.end, history.end)).each():
            fetches = (run.fetched_at for run in runs if day in run.days)
            if finality(day, account.time_zone, account.settlement_days, fetches, now) != "final":
                due.add(day)
    return contiguous(due)


def _covers(days: Days, wanted: Days, today: date) -> bool:
    """`days` holds all of `wanted`; the running day counts as held when yesterday is."""
    return days.start <= wanted.start and days.end >= min(wanted.end, today - timedelta(days=1))


def _on(account: Account, run: Covered, today: date) -> bool:
    return today_in(account.time_zone, run.fetched_at) == today


def _sweep_is_due(account: Account, history: Days, runs: Sequence[Covered], now: datetime) -> bool:
    """True when no run of the last week asked for everything before the settlement window.

    A sweep of n days ago reached n days less far towards today; those days were in the daily window since.
    """
    newest_settled = history.end - timedelta(days=account.settlement_days or 0)
    for run in runs:
        age = now - run.fetched_at
        # Half a day of slack: a daily sync that starts some minutes later each time stays weekly.
        if age < SWEEP_EVERY - timedelta(hours=12) and run.days.start <= history.start:
            reached = newest_settled - timedelta(days=age.days + 1)
            if run.days.end >= reached:
                return False
    return True
