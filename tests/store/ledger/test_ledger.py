"""The ledger: nothing reported is lost, and a run becomes visible whole or not at all. On SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, select

from perfdash.domain import reconcile
from perfdash.domain.access import Principal
from perfdash.domain.accounts import Days
from perfdash.domain.errors import AccessDenied, BadAnswer, LeaseLost, RateLimited, Trail
from perfdash.domain.facts import Quarantined
from perfdash.domain.measures import NAMES, FactValues
from perfdash.store import schema
from perfdash.store.ledger import leases
from perfdash.store.ledger import writer as ledger_writer
from perfdash.store.ledger.bulk import AT_ONCE, add
from perfdash.store.ledger.current import known
from perfdash.sync.run import COOLDOWN, sync_one
from tests.store.ledger_kit import DAY, WEEK, Ledger, batch, fact, key, many, open_ledger

REFUSED = Quarantined("impressions: missing", key("c2"), "{}")
NAMELESS = Quarantined("date: missing", None, "{}")


@pytest.fixture
def led(migrated_url: str) -> Iterator[Ledger]:
    opened = open_ledger(migrated_url)
    yield opened
    opened.store.close()


def test_a_first_answer_becomes_revision_one(led: Ledger) -> None:
    result = led.sync(batch({key("c1"): fact(100), key("c2"): fact(200)}))
    assert (result.state, result.revision, result.counts.new, result.counts.fetched) == ("committed", 1, 2, 2)
    assert led.current() == {"c1/TikTok/2026-03-10": (100, 1), "c2/TikTok/2026-03-10": (200, 1)}


def test_the_same_answer_again_writes_no_fact_and_takes_no_revision(led: Ledger) -> None:
    answer = batch({key("c1"): fact(100), key("c2"): fact(200)}, names={"c1": "One"})
    led.sync(answer)
    before = led.current(), led.closed(), led.revisions(), led.count(schema.campaigns)
    result = led.sync(answer)
    assert (result.state, result.revision, result.counts.unchanged) == ("committed", None, 2)
    assert (led.current(), led.closed(), led.revisions(), led.count(schema.campaigns)) == before
    assert [run[1] for run in led.runs()] == ["committed", "committed"]


def test_a_restated_value_closes_the_old_version_and_adds_a_new_one(led: Ledger) -> None:
    led.sync(batch({key("c1"): fact(100), key("c2"): fact(200)}))
    result = led.sync(batch({key("c1"): fact(101), key("c2"): fact(200)}))
    assert (result.counts.restated, result.counts.unchanged, result.revision) == (1, 1, 2)
    assert led.current() == {"c1/TikTok/2026-03-10": (101, 2), "c2/TikTok/2026-03-10": (200, 1)}
    assert led.closed() == [("c1", 100, 1, 2, False)]


@pytest.mark.parametrize(
    "field",
    ["clicks", "cost", "reach", "views", "engagements", "conversions", "revenue", "reported_cpm", "reported_roi"],
)
def test_a_change_in_any_reported_field_is_a_restatement(led: Ledger, field: str) -> None:
    first = fact(100)
    led.sync(batch({key(): first}))
    assert led.sync(batch({key(): first._replace(**{field: 7})})).counts.restated == 1
    assert led.sync(batch({key(): first._replace(**{field: 7})})).counts.unchanged == 1


def test_a_row_that_the_api_stops_reporting_is_closed_and_may_come_back(led: Ledger) -> None:
    led.sync(batch({key("c1"): fact(100), key("c2"): fact(200)}))
    assert led.sync(batch({key("c1"): fact(100)}), accept_vanished=True).counts.vanished == 1
    assert led.current() == {"c1/TikTok/2026-03-10": (100, 1)}
    assert led.closed() == [("c2", 200, 1, 2, True)]
    result = led.sync(batch({key("c1"): fact(100), key("c2"): fact(200)}))
    assert (result.counts.reappeared, result.counts.new, result.revision) == (1, 0, 3)
    assert led.current()["c2/TikTok/2026-03-10"] == (200, 3)
    assert led.closed() == [("c2", 200, 1, 2, True)]


def test_nothing_outside_the_asked_days_or_account_vanishes(led: Ledger) -> None:
    led.sync(batch({key("c1", DAY): fact(1), key("c1", DAY + timedelta(days=1)): fact(2)}))
    led.sync(batch({key("x"): fact(9, currency="USD")}), account=led.other)
    result = led.sync(batch({}), days=Days(DAY, DAY), accept_vanished=True)
    assert result.counts.vanished == 1
    assert set(led.current()) == {"c1/TikTok/2026-03-11", "x/TikTok/2026-03-10"}


def test_only_the_asked_platforms_vanish(led: Ledger) -> None:
    led.sync(batch({key("c1"): fact(1), key("c1", platform="Instagram"): fact(2)}))
    only_tiktok = replace(led.account, platforms=("TikTok",))
    assert led.sync(batch({}), account=only_tiktok, accept_vanished=True).counts.vanished == 1
    assert set(led.current()) == {"c1/Instagram/2026-03-10"}


def test_a_quarantined_row_keeps_its_current_version(led: Ledger) -> None:
    led.sync(batch({key("c1"): fact(1), key("c2"): fact(2), key("c3"): fact(3)}))
    lenient = replace(led.account, refuse_at_most=500_000)
    result = led.sync(batch({key("c1"): fact(1)}, REFUSED), account=lenient)
    assert (result.state, result.ok, result.stored) == ("incomplete", False, True)
    assert (result.counts.quarantined, result.counts.vanished) == (1, 1)
    assert set(led.current()) == {"c1/TikTok/2026-03-10", "c2/TikTok/2026-03-10"}
    assert led.count(schema.quarantine) == 1


def test_a_quarantined_row_without_a_key_forbids_vanishing(led: Ledger) -> None:
    led.sync(batch({key("c1"): fact(1), key("c2"): fact(2)}))
    lenient = replace(led.account, refuse_at_most=500_000)
    assert led.sync(batch({key("c1"): fact(1)}, NAMELESS), account=lenient).counts.vanished == 0
    assert len(led.current()) == 2


def test_an_answer_of_only_quarantined_rows_is_suspicious(led: Ledger) -> None:
    led.sync(batch({key("c2"): fact(2)}))
    result = led.sync(batch({}, REFUSED, NAMELESS), accept_vanished=True)
    assert (result.state, result.revision) == ("suspicious", None)
    assert "2 rows" in result.message and "impressions: missing" in result.message
    assert led.current() == {"c2/TikTok/2026-03-10": (2, 1)}
    assert led.count(schema.quarantine) == 2, "the rows are kept to be looked at"


def test_a_failed_fetch_leaves_numbers_and_revisions_and_says_why(led: Ledger) -> None:
    led.sync(batch({key(): fact(1)}))
    result = led.sync(BadAnswer("The answer is not JSON."))
    assert (result.state, result.message, result.revision) == ("failed", "The answer is not JSON.", None)
    assert led.current() == {"c1/TikTok/2026-03-10": (1, 1)}
    assert led.runs()[-1] == (2, "failed", "The answer is not JSON.")
    assert led.count(schema.leases) == 0


def test_an_unexpected_error_closes_the_run_and_is_raised(led: Ledger) -> None:
    with pytest.raises(ZeroDivisionError):
        led.sync(ZeroDivisionError("a bug"))
    assert led.runs()[-1][1] == "failed"
    assert led.count(schema.leases) == 0


def test_campaign_attributes_are_versioned_and_missing_ones_keep_what_was_known(led: Ledger) -> None:
    led.sync(batch({key(): fact(1)}, names={"c1": "Spring"}))
    assert led.sync(batch({key(): fact(1)})).revision is None
    assert led.sync(batch({key(): fact(1)}, names={"c1": "Spring sale"})).revision == 2
    assert led.count(schema.campaigns) == 2


def test_revision_times_grow_even_if_the_clock_goes_back(led: Ledger) -> None:
    led.sync(batch({key(): fact(1)}))
    run = leases.begin(
        led.store, led.account, WEEK, holder="h:1", trigger="cli", author="o", now=led.clock() - timedelta(hours=5)
    )
    assert isinstance(run, leases.OpenRun)
    led.api.answer = batch({key(): fact(2)})
    fetched = led.api(led.account, WEEK)
    held = known(led.store, led.account, WEEK)
    plan = reconcile.decide(fetched.batch, held)
    first = led.revisions()[0][1]
    ledger_writer.commit(led.store, run, fetched, plan, lambda: first - timedelta(hours=5))
    assert led.revisions()[1][1] > first


def test_a_second_request_sees_who_holds_the_account(led: Ledger) -> None:
    first = leases.begin(led.store, led.account, WEEK, holder="h:1", trigger="cli", author="o", now=led.clock())
    second = leases.begin(led.store, led.account, WEEK, holder="h:2", trigger="cli", author="o", now=led.clock())
    assert isinstance(first, leases.OpenRun)
    assert isinstance(second, leases.Held) and second.run == first.number
    elsewhere = leases.begin(led.store, led.other, WEEK, holder="h:2", trigger="cli", author="o", now=led.clock())
    assert isinstance(elsewhere, leases.OpenRun)


def test_a_request_that_was_overtaken_looks_at_the_others_result_before_it_asks_too(led: Ledger) -> None:
    def begin(since: int) -> object:
        who = {"holder": "h:2", "trigger": "page", "author": "o"}
        return leases.begin(led.store, led.account, WEEK, now=led.clock(), since=since, **who)

    before = leases.last_ended(led.store, led.account)
    led.sync(batch({key(): fact(1)}))
    assert begin(before) is None
    after = leases.last_ended(led.store, led.account)
    assert after > before
    assert leases.last_ended(led.store, led.other) == 0
    assert isinstance(begin(after), leases.OpenRun)


def test_a_run_whose_lease_ran_out_is_aborted_and_cannot_commit(led: Ledger) -> None:
    led.sync(batch({key(): fact(1)}))
    first = leases.begin(led.store, led.account, WEEK, holder="other:1", trigger="cli", author="o", now=led.clock())
    assert isinstance(first, leases.OpenRun)
    led.clock.move(minutes=5)
    assert led.sync(batch({key(): fact(2)})).state == "committed"
    assert led.runs()[1][1] == "aborted"
    fetched = led.api(led.account, WEEK)
    held = known(led.store, led.account, WEEK)
    plan = reconcile.decide(batch({key(): fact(3)}), held)
    with pytest.raises(LeaseLost):
        ledger_writer.commit(led.store, first, fetched, plan, led.clock)
    assert led.current()["c1/TikTok/2026-03-10"][0] == 2


def test_the_lease_of_a_dead_process_on_this_host_is_taken_over_at_once(led: Ledger) -> None:
    import socket
    import subprocess
    import sys

    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    holder = f"{socket.gethostname()[:30]}:{child.pid}"
    leases.begin(led.store, led.account, WEEK, holder=holder, trigger="cli", author="o", now=led.clock())
    assert led.sync(batch({key(): fact(2)})).state == "committed"
    assert [run[1] for run in led.runs()] == ["aborted", "committed"]


def test_an_answer_older_than_the_last_commit_is_refused(led: Ledger) -> None:
    stale = led.api(led.account, WEEK)
    led.sync(batch({key(): fact(5)}))

    desk = replace(led.desk(), fetch=lambda _account, _days: replace(stale, batch=batch({key(): fact(4)})))
    result = sync_one(desk, led.order(), led.account, WEEK)
    assert result.state == "failed" and "newer answer" in result.message
    assert led.current()["c1/TikTok/2026-03-10"][0] == 5


def test_a_page_reuses_a_young_answer_and_says_when_it_was_fetched(led: Ledger) -> None:
    first = led.sync(batch({key(): fact(1)}))
    again = led.sync(batch({key(): fact(2)}), trigger="page", fresh=COOLDOWN)
    assert (again.state, again.fetched_at) == ("reused", first.fetched_at)
    assert len(led.api.asked) == 1
    led.clock.move(seconds=61)
    assert led.sync(batch({key(): fact(2)}), trigger="page", fresh=COOLDOWN).state == "committed"


def test_a_page_does_not_repeat_a_young_failure(led: Ledger) -> None:
    led.sync(BadAnswer("broken"), trigger="page", fresh=COOLDOWN)
    again = led.sync(batch({key(): fact(2)}), trigger="page", fresh=COOLDOWN)
    assert (again.state, again.message, len(led.api.asked)) == ("failed", "broken", 1)


def test_a_source_that_asked_for_a_pause_is_left_alone_until_then(led: Ledger) -> None:
    resume = led.clock() + timedelta(minutes=30)
    led.sync(RateLimited("busy", resume), trigger="watch")
    led.clock.move(minutes=10)
    assert led.sync(batch({key(): fact(2)}), trigger="watch").resume_at == resume
    assert len(led.api.asked) == 1
    led.clock.move(minutes=21)
    assert led.sync(batch({key(): fact(2)}), trigger="watch").state == "committed"


def test_an_account_is_asked_once_more_after_a_day_whatever_an_older_release_wrote_down(led: Ledger) -> None:
    led.sync(RateLimited("busy", led.clock() + timedelta(days=3650)), trigger="watch")
    led.clock.move(hours=23, minutes=59)
    assert led.sync(batch({key(): fact(2)}), trigger="watch").state == "failed"
    led.clock.move(minutes=2)
    assert led.sync(batch({key(): fact(2)}), trigger="watch").state == "committed"


def test_a_dry_run_counts_and_writes_nothing(led: Ledger) -> None:
    result = led.sync(batch({key(): fact(1)}), dry_run=True)
    assert (result.state, result.counts.new) == ("planned", 1)
    assert led.count(schema.facts) == led.count(schema.runs) == led.count(schema.leases) == 0


def test_who_may_not_see_a_client_cannot_have_it_synced(led: Ledger) -> None:
    stranger = Principal("eve", "client", frozenset({"globex"}))
    with pytest.raises(AccessDenied):
        led.sync(batch({key(): fact(1)}), principal=stranger)
    assert led.api.asked == [] and led.runs() == []


def test_more_facts_than_are_written_at_once_are_added_restated_and_closed(led: Ledger) -> None:
    facts = many(AT_ONCE + 1)
    assert led.sync(batch(facts)).counts.new == AT_ONCE + 1
    assert led.sync(batch(facts)).counts.unchanged == AT_ONCE + 1
    restated = {k: v._replace(impressions=v.impressions + 1, reported_cpm=Decimal("1E+2")) for k, v in facts.items()}
    assert led.sync(batch(restated)).counts.restated == AT_ONCE + 1
    assert led.sync(batch(restated)).counts.unchanged == AT_ONCE + 1
    assert led.sync(batch({}), accept_vanished=True).counts.vanished == AT_ONCE + 1
    assert led.current() == {}
    closed = {(f"c{n}", 1000 + n, 1, 2, False) for n in range(AT_ONCE + 1)}
    closed |= {(f"c{n}", 1001 + n, 2, 3, True) for n in range(AT_ONCE + 1)}
    assert set(led.closed()) == closed


@pytest.mark.parametrize("rows", [1, 9, 10, 25])
def test_what_all_rows_share_is_stored_in_each_whatever_it_is(led: Ledger, rows: int) -> None:
    odd = 'it\'s 100 % ("?", :a, %s, \\) VALUES (1)'
    table = Table(
        "odd", MetaData(), Column("n", Integer), Column("odd", String), Column("none", Integer), Column("text", String)
    )
    with led.store.writing() as connection:
        table.create(connection)
        add(connection, table, {"odd": odd, "none": None}, ((n, f"%{n}") for n in range(rows)))
        found = connection.execute(select(table).order_by(table.c.n)).all()
        table.drop(connection)
    assert found == [(n, odd, None, f"%{n}") for n in range(rows)]


def test_a_measure_that_only_some_rows_report_is_kept_for_these(led: Ledger) -> None:
    facts = many(25)
    some = {k: v._replace(reach=n or None, views=None) for n, (k, v) in enumerate(facts.items())}
    led.sync(batch(some))
    assert known(led.store, led.account, WEEK).current == some


def test_ids_of_any_letters_and_the_largest_numbers_are_known_as_they_came(led: Ledger) -> None:
    numbers = dict.fromkeys(NAMES, 10**15) | {"revenue": -(10**15)}
    most = FactValues(**numbers, currency="EUR", flags=("unknown_platform",))
    odd = ['c"1\\', "it's [1], {2}: \\u0041", "ünïcode \u2009 🤝", "null", "1.0"]
    facts = {key(name, creator=name): most for name in odd} | {key("c1", platform='"'): most}
    assert led.sync(batch(facts)).counts.new == 6
    assert known(led.store, led.account, WEEK).current == facts
    assert led.sync(batch(facts)).counts.unchanged == 6


def test_a_ratio_that_is_only_written_otherwise_is_no_restatement(led: Ledger) -> None:
    led.sync(batch({key(): fact(1)._replace(reported_cpm=Decimal("2.50"))}))
    again = led.sync(batch({key(): fact(1)._replace(reported_cpm=Decimal("2.5"))}))
    assert (again.counts.restated, again.counts.unchanged, again.revision) == (0, 1, None)
    more = led.sync(batch({key(): fact(1)._replace(reported_cpm=Decimal("2.51"))}))
    assert (more.counts.restated, more.counts.unchanged, more.revision) == (1, 0, 2)


def test_every_reported_field_comes_back_as_it_was_stored(led: Ledger) -> None:
    whole = FactValues(
        **dict(zip(NAMES, range(10, 10 + len(NAMES)), strict=True)) | {"revenue": -8},
        reported_cpm=Decimal("0.0000001"),
        reported_roi=Decimal("-1.50"),
        currency="EUR",
        flags=("a", "b"),
    )
    facts = {key("c1", creator="ann"): whole, key("c2"): FactValues(0, 0, 0, currency="EUR")}
    led.sync(batch(facts))
    assert known(led.store, led.account, WEEK).current == facts
    c = schema.facts.c
    with led.store.reading() as connection:
        assert connection.scalars(select(c.reported_cpm).where(c.campaign_id == "c1")).one() == "0.0000001"


def test_a_failed_run_keeps_what_it_had_asked(led: Ledger) -> None:
    broken = BadAnswer("The answer is not JSON.")
    broken.trail = Trail(3, 2, ("GET /v1/performance: 500", "GET /v1/performance: 500"))
    led.sync(broken)
    c = schema.runs.c
    with led.store.reading() as connection:
        assert tuple(connection.execute(select(c.requests, c.retries, c.log)).one()) == (
            3,
            2,
            "GET /v1/performance: 500\nGET /v1/performance: 500",
        )
