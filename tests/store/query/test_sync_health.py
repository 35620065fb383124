from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event

from perfdash.domain.accounts import Days
from perfdash.domain.as_of import AsOf
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.store.engine import Store
from perfdash.store.ledger import attempts
from perfdash.store.opening import open_store
from perfdash.store.query import catalog, coverage, overview, sync_health
from tests.store.builders import ADMIN, NOON, Runs, given_client, given_quarantined, reader

TODAY = NOON.date()  # 2026-03-10


def days(first: int, last: int) -> Days:
    return Days(date(2026, 3, first), date(2026, 3, last))


def missing(store: Store, asked: Days, as_of: AsOf | None = None) -> list[str]:
    return [str(gap.days) for gap in coverage.gaps(store, Question(ADMIN, Filters(asked), as_of))]


def given_days(runs: Runs, first: int, last: int, **more: object) -> int:
    return runs.add(date(2026, 3, first), date(2026, 3, last), **more)  # type: ignore[arg-type]


# --- coverage


def test_only_days_of_committed_runs_are_covered(store: Store) -> None:
    given_client(store, "acme")
    runs = Runs(store)
    assert missing(store, days(1, 9)) == ["2026-03-01 to 2026-03-09"]
    given_days(runs, 2, 3)
    given_days(runs, 3, 4)
    given_days(runs, 7, 7)
    for state in ("failed", "suspicious", "aborted", "running"):
        given_days(runs, 1, 9, state=state)
    assert missing(store, days(1, 9)) == ["2026-03-01", "2026-03-05 to 2026-03-06", "2026-03-08 to 2026-03-09"]
    assert missing(store, days(2, 4)) == []


def test_a_run_covers_only_when_it_asked_for_all_platforms_of_the_account(store: Store) -> None:
    given_client(store, "acme", platforms=("TikTok", "Instagram"))
    runs = Runs(store)
    given_days(runs, 1, 1, platforms="TikTok")
    given_days(runs, 2, 2, platforms="Instagram,TikTok,Snap")
    given_days(runs, 3, 3, platforms="")
    assert missing(store, days(1, 3)) == ["2026-03-01"]


def test_an_account_of_all_platforms_is_not_covered_by_a_run_for_some(store: Store) -> None:
    given_client(store, "acme")
    given_days(Runs(store), 1, 1, platforms="TikTok")
    assert missing(store, days(1, 1)) == ["2026-03-01"]


@pytest.mark.parametrize(
    ("configured", "asked", "whole"),
    [
        ((), "", True),
        ((), "TikTok", False),
        (("TikTok", "Instagram"), "", True),
        (("TikTok", "Instagram"), "TikTok,Instagram", True),
        (("TikTok", "Instagram"), "Instagram,TikTok", True),  # written in another order since
        (("TikTok", "Instagram"), "Instagram,TikTok,Snap", True),  # one was taken out of the configuration since
        (("TikTok", "Instagram"), "TikTok", False),
    ],
)
def test_the_schedule_the_gaps_and_finality_agree_on_which_runs_asked_for_all_of_an_account(
    store: Store, configured: tuple[str, ...], asked: str, whole: bool
) -> None:
    given_client(store, "acme", platforms=configured, settlement_days=3)
    given_days(Runs(store), 1, 1, platforms=asked)
    (account,) = catalog.accounts(store, ADMIN)
    assert account.covered_by(tuple(asked.split(",")) if asked else ()) is whole
    assert [run.days for run in attempts.committed(store, ADMIN, account)] == ([days(1, 1)] if whole else [])
    assert missing(store, days(1, 1)) == ([] if whole else ["2026-03-01"])
    with store.reading() as connection:
        final = coverage.final_at(connection, ADMIN, [account], days(1, 1))
    assert len(final) == int(whole)


def test_inactive_accounts_are_not_missed_and_each_active_one_is(store: Store) -> None:
    given_client(store, "acme", accounts=2)
    given_client(store, "bolt")
    given_days(Runs(store), 1, 3)
    found = coverage.gaps(store, Question(ADMIN, Filters(days(2, 3))))
    assert [(g.account.client, g.account.number) for g in found] == [("acme", 2), ("bolt", 1)]
    assert coverage.gaps(store, Question(ADMIN, Filters(days(2, 3), ("bolt",))))[0].account.client == "bolt"
    left = [a for a in catalog.accounts(store, ADMIN) if a.number == 1 and a.client == "acme"]
    catalog.register(store, catalog.clients(store, ADMIN), left, NOON)
    assert missing(store, days(2, 3)) == []


def test_uncovered_days_stay_within_the_history_up_to_today_in_the_accounts_zone(store: Store) -> None:
    given_client(store, "acme", history_days=5)
    given_client(store, "far", zone="Pacific/Auckland", history_days=5)
    now = datetime(2026, 3, 10, 12, tzinfo=UTC)  # the 11th in Auckland
    found = coverage.uncovered(store, Question(ADMIN, Filters(days(1, 31))), now)
    assert [(g.account.client, str(g.days)) for g in found] == [
        ("acme", "2026-03-06 to 2026-03-10"),
        ("far", "2026-03-07 to 2026-03-11"),
    ]
    assert coverage.uncovered(store, Question(ADMIN, Filters(days(1, 5))), now) == ()
    assert coverage.uncovered(store, Question(ADMIN, Filters(days(20, 31))), now) == ()


def test_coverage_says_when_each_day_was_last_fetched_as_known_at_the_moment(store: Store) -> None:
    given_client(store, "acme")
    runs = Runs(store)
    given_days(runs, 1, 2, at=NOON)
    given_days(runs, 2, 3, at=NOON + timedelta(days=2))
    given_days(runs, 2, 2, at=NOON + timedelta(days=1))

    def covered(as_of: date | None) -> list[tuple[int, int]]:
        found = coverage.coverage(store, Question(ADMIN, Filters(days(1, 9)), as_of))
        return [(c.day.day, (c.fetched_at - NOON).days) for c in found]

    assert covered(None) == [(1, 0), (2, 2), (3, 2)]
    assert covered(NOON + timedelta(days=1)) == [(1, 0), (2, 1)]
    assert covered(TODAY) == [(1, 0), (2, 0)]
    assert covered(TODAY - timedelta(days=1)) == []
    assert missing(store, days(1, 3), as_of=TODAY) == ["2026-03-03"]


# --- runs


def test_runs_come_newest_first_with_the_name_of_their_account(store: Store) -> None:
    given_client(store, "acme", accounts=2)
    given_client(store, "bolt")
    acme, bolt = Runs(store), Runs(store, "bolt")
    given_days(acme, 1, 2, at=NOON, fetched=9, new=7, quarantined=2, platforms="Snap,TikTok", log="GET /v1: 200")
    given_days(acme, 3, 3, at=NOON + timedelta(hours=2), account_id=2)
    given_days(bolt, 5, 5, at=NOON + timedelta(hours=1), state="running")
    found = sync_health.runs(store, ADMIN)
    assert [(r.client, r.run, r.label) for r in found] == [
        ("acme", 2, "agency/acme-2"),
        ("bolt", 1, "agency/bolt-1"),
        ("acme", 1, "agency/acme-1"),
    ]
    oldest = found[-1]
    assert (oldest.fetched, oldest.new, oldest.quarantined, oldest.platforms) == (9, 7, 2, ("Snap", "TikTok"))
    assert (
        oldest.day_from,
        oldest.day_to,
        oldest.fetch_ended,
        sync_health.run_log(store, ADMIN, "acme", oldest.run),
    ) == (
        date(2026, 3, 1),
        date(2026, 3, 2),
        NOON,
        "GET /v1: 200",
    )
    assert [r.run for r in sync_health.runs(store, ADMIN, limit=1)] == [2]
    assert [r.client for r in sync_health.runs(store, ADMIN, ("bolt",))] == ["bolt"]


def test_reading_the_newest_runs_does_not_walk_over_all_there_ever_were(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    given_client(store, "acme")
    executed = []
    event.listen(store.engine, "before_cursor_execute", lambda _c, _k, s, p, *_: executed.append((s, p)))
    sync_health.runs(store, ADMIN)
    sync_health.freshness(store, ADMIN, (), NOON)
    coverage.gaps(store, Question(ADMIN, Filters(days(1, 2))))
    asked = [(s, p) for s, p in executed if " runs" in s and s.startswith("SELECT")]
    with store.reading() as connection:
        plans = [row[-1] for s, p in asked for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {s}", p)]
    store.close()
    assert len(asked) == 3
    assert any("run_id>?" in step for step in plans)
    assert [
        step for step in plans if step.startswith("SCAN") and "accounts" not in step and "clients" not in step
    ] == []


def test_quarantined_rows_are_those_of_the_run_and_without_money_their_content_is_hidden(store: Store) -> None:
    given_client(store, "acme")
    runs = Runs(store)
    run = given_days(runs, 1, 1)
    given_quarantined(store, run)
    (row,) = sync_health.quarantined(store, reader("acme"), "acme", run)
    assert (row.ordinal, row.reason, row.key) == (0, "clicks: -1 is negative", "2026-03-01 spring TikTok")
    assert row.payload == '{"clicks": -1, "cost": 5}'
    assert sync_health.quarantined(store, reader("acme", money=False), "acme", run)[0].payload == ""
    assert sync_health.quarantined(store, ADMIN, "acme", run + 1) == ()
    assert sync_health.quarantined(store, reader("bolt"), "acme", run) == ()


# --- freshness


def fresh(store: Store, now: datetime = NOON) -> sync_health.Freshness:
    return sync_health.freshness(store, ADMIN, ("acme",), now)[0]


def test_an_account_that_was_never_fetched_says_so(store: Store) -> None:
    given_client(store, "acme")
    found = fresh(store)
    assert (found.standing, found.fetched_at, found.newest_day, found.running) == ("never", None, None, False)
    runs = Runs(store)
    given_days(runs, 1, 1, state="failed", message="The source said no.")
    assert (fresh(store).standing, fresh(store).message) == ("failing", "The source said no.")


def test_freshness_is_that_of_the_last_committed_run_and_of_what_failed_since(store: Store) -> None:
    given_client(store, "acme")
    runs = Runs(store)
    pause = NOON + timedelta(hours=3)
    given_days(runs, 1, 1, state="failed", at=NOON - timedelta(days=1), message="old news")
    given_days(runs, 1, 9, at=NOON)
    given_days(runs, 1, 4, at=NOON + timedelta(hours=1))
    found = fresh(store)
    assert (found.standing, found.fetched_at, found.newest_day) == ("ok", NOON + timedelta(hours=1), date(2026, 3, 9))
    assert (found.failed_at, found.message) == (None, "")
    given_days(runs, 1, 9, state="failed", at=NOON + timedelta(hours=2), message="Too many.", resume_at=pause)
    given_days(runs, 1, 9, state="running", at=NOON + timedelta(hours=2))
    found = fresh(store, NOON + timedelta(hours=2))
    assert (found.standing, found.message, found.running) == ("failing", "Too many.", True)
    assert (found.fetched_at, found.failed_at) == (NOON + timedelta(hours=1), NOON + timedelta(hours=2))
    assert found.resume_at == pause
    assert fresh(store, pause).resume_at is None


def test_no_pause_is_shown_that_is_longer_than_a_day(store: Store) -> None:
    given_client(store, "acme")
    far = NOON + timedelta(days=3650)
    given_days(Runs(store), 1, 9, state="failed", at=NOON, message="Too many.", resume_at=far)
    assert fresh(store, NOON).resume_at == NOON + timedelta(days=1)
    assert fresh(store, NOON + timedelta(days=1)).resume_at is None


def test_the_stamp_of_runs_changes_whenever_one_begins_or_ends(store: Store) -> None:
    given_client(store, "acme")
    runs = Runs(store)
    stamps = [overview.runs_stamp(store, ADMIN)]
    given_days(runs, 1, 1, state="running")
    stamps.append(overview.runs_stamp(store, ADMIN))
    given_days(runs, 1, 1, state="failed")
    stamps.append(overview.runs_stamp(store, ADMIN))
    assert stamps == [(("acme", 0, 0),), (("acme", 1, 1),), (("acme", 2, 1),)]
    assert overview.runs_stamp(store, reader()) == ()
