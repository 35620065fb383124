"""Corrections on the ledger: what counts, when, whatever the source says meanwhile; who may; and what stays of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from perfdash import exports
from perfdash.domain import corrections
from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.accounts import Days
from perfdash.domain.as_of import AtRevisions
from perfdash.domain.corrections import Range, Raw, Target, WantedValue, scaled, split
from perfdash.domain.errors import AccessDenied, PerfdashError, UsageError
from perfdash.domain.facts import FactKey
from perfdash.domain.filters import Filters
from perfdash.domain.metrics import Sums, ratio
from perfdash.domain.question import VIEWS, Question, of_every_day
from perfdash.domain.values import MOST
from perfdash.presentation import tables
from perfdash.store import audit, schema
from perfdash.store.corrections import read as correction_read
from perfdash.store.corrections import write as correction_write
from perfdash.store.maintenance import bundle, erase
from perfdash.store.maintenance import check as store_check
from perfdash.store.opening import open_store
from perfdash.store.query import campaigns as campaign_query
from perfdash.store.query import overview
from perfdash.sync.run import RunResult
from tests.store.ledger_kit import DAY, WEEK, Ledger, batch, fact, key, open_ledger

ALL = Filters(Days(date(2026, 1, 1), date(2026, 12, 31)))
ANN = Principal("ann", "analyst", frozenset({"acme"}), user_id=5)
WHY = "the invoice says otherwise"
SECOND = key("c2")
MICRO = 1_000_000


@pytest.fixture
def ledger(migrated_url: str) -> Iterator[Ledger]:
    found = open_ledger(migrated_url)
    found.sync(batch({key(): fact(), SECOND: fact(2000, 30 * MICRO)}))
    yield found
    found.store.close()


def answered(ledger: Ledger, facts: dict[FactKey, Any]) -> RunResult:
    """The source reports `facts` and nothing else, and somebody knows that to be right."""
    result = ledger.sync(batch(facts), accept_vanished=True)
    assert result.ok, result.message
    return result


def target(ledger: Ledger, of: FactKey | None = None) -> Target:
    return Target("acme", ledger.account.number, of or key())


def correct(ledger: Ledger, field: Any, value: int, of: FactKey | None = None, **more: Any) -> correction_write.Made:
    who, why = more.pop("who", ANN), more.pop("why", WHY)
    wanted = [WantedValue(target(ledger, of), field, value)]
    return correction_write.correct(ledger.store, who, wanted, why, ledger.clock, **more)


def revert(ledger: Ledger, *numbers: int, who: Principal = ANN, why: str = "we were wrong") -> correction_write.Made:
    return correction_write.revert(ledger.store, who, "acme", numbers, why, ledger.clock)


def sums(ledger: Ledger, as_of: Any = None, filters: Filters = ALL, who: Principal = OPERATOR) -> Sums:
    return sum((g.sums for g in overview.breakdown(ledger.store, Question(who, filters, as_of))), Sums())


def of_fact(ledger: Ledger, campaign: str = "c1", as_of: Any = None) -> tuple[int, int, int, int] | None:
    """(impressions, clicks, cost, corrected) of one campaign; None where no fact is."""
    rows = overview.breakdown(ledger.store, Question(OPERATOR, ALL, as_of), ("client", "account", "campaign"))
    found = [g.sums for g in rows if g.campaign == campaign]
    return (found[0].impressions, found[0].clicks, found[0].cost, found[0].corrected) if found else None  # type: ignore[return-value]


def one(ledger: Ledger, number: int = 1, who: Principal = ANN) -> corrections.Correction:
    (found,) = correction_read.list_corrections(ledger.store, of_every_day(who), numbers=[number])
    return found


def counts_nothing(correction: corrections.Correction) -> bool:
    """It is active and cannot count: the source no longer reports the fact, or in another currency."""
    return correction.ended_at is None and (correction.raw_now is None or correction.in_another_currency)


def every_answer(ledger: Ledger, at: datetime, filters: Filters = ALL) -> list[Any]:
    """What every table and export says, but for when it was fetched."""
    found: list[Any] = []
    for limit in (None, 14 * MICRO, 16 * MICRO):
        asked = replace(filters, max_cpm=limit, currency="EUR")
        for view in VIEWS:
            answer = exports.answer(ledger.store, Question(OPERATOR, asked), view, at)
            found.append((tables.sha256(answer.table), answer.table.rows))
        found.append(overview.undefined_cpm(ledger.store, Question(OPERATOR, asked)))
    found.append(campaign_query.campaign_rows(ledger.store, Question(OPERATOR, filters)))
    return found


# --- what counts


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("cost", 8_000_000, (1000, 10, 8_000_000, 1)),
        ("cost", 0, (1000, 10, 0, 1)),
        ("impressions", 400, (400, 10, 5_000_000, 1)),
        ("clicks", 0, (1000, 0, 5_000_000, 1)),
        ("cpm", 7_500_000, (1000, 10, 7_500_000, 1)),
    ],
)
def test_a_corrected_value_counts_in_place_of_the_reported_one(
    ledger: Ledger, field: str, value: int, expected: tuple[int, ...]
) -> None:
    correct(ledger, field, value)
    assert of_fact(ledger) == expected
    assert of_fact(ledger, "c2") == (2000, 10, 30_000_000, 0)
    assert sums(ledger, filters=replace(ALL, raw=True)) == replace(
        Sums(), rows=2, impressions=3000, clicks=20, cost=35_000_000
    )


def test_a_cpm_is_half_even_to_the_micro_and_follows_the_corrected_impressions(ledger: Ledger) -> None:
    correct(ledger, "cpm", 1_500_001)
    correct(ledger, "impressions", 500)
    assert of_fact(ledger) == (500, 10, 750_000, 1)  # 750000.5 goes to the even side
    correct(ledger, "impressions", 1500)
    assert of_fact(ledger) == (1500, 10, 2_250_002, 1)  # 2250001.5
    assert one(ledger).key == key()


def test_corrections_count_in_every_view_filter_limit_export_and_flight_cost(ledger: Ledger) -> None:
    under_10 = replace(ALL, max_cpm=10 * MICRO)
    assert [row.campaign for row in campaign_query.campaign_rows(ledger.store, Question(OPERATOR, under_10))] == ["c1"]
    correct(ledger, "cpm", 10 * MICRO + 1)
    assert campaign_query.campaign_rows(ledger.store, Question(OPERATOR, under_10)) == ()
    correct(ledger, "impressions", 0, SECOND)
    assert [(u.cost, u.rows) for u in overview.undefined_cpm(ledger.store, Question(OPERATOR, under_10))] == [
        (30_000_000, 1)
    ]
    correct(ledger, "cost", 9_000_000)
    rows = {row.campaign: row for row in campaign_query.campaign_rows(ledger.store, Question(OPERATOR, ALL))}
    assert rows["c1"].flight_cost == 9_000_000
    assert rows["c1"].sums.corrected == 1
    assert ratio("cpm", rows["c1"].sums) == 9
    answer = exports.answer(ledger.store, Question(OPERATOR, ALL), "campaigns", ledger.clock())
    told = {row["campaign"]: row for row in tables.records(answer.table)}
    assert Decimal(told["c1"]["cost"]) == 9
    raw = exports.answer(ledger.store, Question(OPERATOR, replace(ALL, raw=True)), "campaigns", ledger.clock())
    assert [Decimal(row["cost"]) for row in tables.records(raw.table)] == [5, 30]


def test_as_of_shows_what_was_active_then(ledger: Ledger) -> None:
    before = ledger.clock()
    made = correct(ledger, "cost", 8_000_000)
    between = ledger.clock()
    again = correct(ledger, "cost", 6_000_000)
    undone = revert(ledger, *again.numbers)
    answered(ledger, {key(): fact(cost=11_000_000), SECOND: fact(2000, 30 * MICRO)})
    told = {
        "before": (before, 5_000_000),
        "just before": (made.at - timedelta(microseconds=1), 5_000_000),
        "exactly at": (made.at, 8_000_000),
        "between": (between, 8_000_000),
        "superseded": (again.at, 6_000_000),
        "reverted": (undone.at, 5_000_000),
    }
    for moment, (at, cost) in told.items():
        assert of_fact(ledger, as_of=at)[2] == cost, moment  # type: ignore[index]
    assert of_fact(ledger)[2] == 11_000_000  # type: ignore[index]
    assert of_fact(ledger, as_of=AtRevisions((("acme", made.revision),)))[2] == 8_000_000  # type: ignore[index]


# --- what the source does meanwhile


def test_a_correction_survives_the_same_answer_and_takes_no_revision(ledger: Ledger) -> None:
    correct(ledger, "cost", 8_000_000)
    assert answered(ledger, {key(): fact(), SECOND: fact(2000, 30 * MICRO)}).revision is None
    assert of_fact(ledger) == (1000, 10, 8_000_000, 1)


def test_restated_underneath_a_cpm_follows_the_impressions_and_a_cost_stays_and_both_say_so(ledger: Ledger) -> None:
    correct(ledger, "cpm", 7_500_000)
    correct(ledger, "cost", 9_000_000, SECOND)
    assert not one(ledger).restated_under
    answered(ledger, {key(): fact(2000, 6_000_000), SECOND: fact(2000, 31 * MICRO)})
    assert of_fact(ledger) == (2000, 10, 15_000_000, 1)
    assert of_fact(ledger, "c2") == (2000, 10, 9_000_000, 1)
    assert one(ledger).restated_under and one(ledger, 2).restated_under
    assert one(ledger, 2).raw_then == Raw(2000, 10, 30_000_000)
    assert one(ledger, 2).raw_now == Raw(2000, 10, 31_000_000)


def test_a_restatement_of_something_else_is_not_underneath(ledger: Ledger) -> None:
    correct(ledger, "clicks", 7)
    answered(ledger, {key(): fact(2000, 6_000_000), SECOND: fact(2000, 30 * MICRO)})
    assert of_fact(ledger) == (2000, 7, 6_000_000, 1)
    assert not one(ledger).restated_under


def test_on_a_vanished_row_it_counts_nothing_and_says_so_and_counts_again_once_the_row_is_back(ledger: Ledger) -> None:
    correct(ledger, "cost", 8_000_000)
    answered(ledger, {SECOND: fact(2000, 30 * MICRO)})
    vanished = ledger.clock()
    assert of_fact(ledger) is None
    assert counts_nothing(one(ledger)) and one(ledger).raw_now is None
    answered(ledger, {key(): fact(1100), SECOND: fact(2000, 30 * MICRO)})
    assert of_fact(ledger) == (1100, 10, 8_000_000, 1)
    assert not counts_nothing(one(ledger))
    assert of_fact(ledger, as_of=vanished) is None


def test_a_correction_that_is_reverted_while_its_row_is_gone_does_not_come_back(ledger: Ledger) -> None:
    correct(ledger, "cost", 8_000_000)
    answered(ledger, {SECOND: fact(2000, 30 * MICRO)})
    revert(ledger, 1)
    answered(ledger, {key(): fact(), SECOND: fact(2000, 30 * MICRO)})
    assert of_fact(ledger) == (1000, 10, 5_000_000, 0)


def test_a_corrected_cpm_never_makes_a_sync_fail(ledger: Ledger) -> None:
    correct(ledger, "cpm", 10**15)
    answered(ledger, {key(): fact(10**15), SECOND: fact(2000, 30 * MICRO)})
    assert of_fact(ledger) == (10**15, 10, MOST, 1)
    assert sums(ledger).cost == MOST + 30 * MICRO


def test_an_amount_counts_only_in_the_currency_it_was_set_in(ledger: Ledger) -> None:
    correct(ledger, "cost", 8_000_000)
    correct(ledger, "clicks", 7)
    answered(ledger, {key(): fact(currency="USD"), SECOND: fact(2000, 30 * MICRO)})
    assert of_fact(ledger) == (1000, 7, 5_000_000, 1)
    assert counts_nothing(one(ledger)) and one(ledger).in_another_currency and not counts_nothing(one(ledger, 2))
    answered(ledger, {key(): fact(), SECOND: fact(2000, 30 * MICRO)})
    assert of_fact(ledger) == (1000, 7, 8_000_000, 1)


def test_correct_refetch_restate_revert_is_the_raw_state_again_to_the_bit(ledger: Ledger) -> None:
    at = ledger.clock() + timedelta(days=1)
    before = every_answer(ledger, at)
    answer = batch({key(): fact(), SECOND: fact(2000, 30 * MICRO)})
    made = [correct(ledger, "cpm", 12 * MICRO).numbers, correct(ledger, "clicks", 4, SECOND).numbers]
    assert every_answer(ledger, at) != before
    ledger.sync(answer)
    answered(ledger, {key(): fact(3000), SECOND: fact(2100, 31 * MICRO)})
    ledger.sync(answer)
    for numbers in made:
        revert(ledger, *numbers)
    assert every_answer(ledger, at) == before
    assert every_answer(ledger, at, replace(ALL, raw=True)) == before
    assert sums(ledger).corrected == 0
    assert sound(ledger)


# --- one active correction per fact and field


def test_a_new_one_supersedes_and_cost_and_cpm_exclude_each_other(ledger: Ledger) -> None:
    correct(ledger, "cost", 8_000_000)
    correct(ledger, "cpm", 4_000_000)
    assert of_fact(ledger) == (1000, 10, 4_000_000, 1)
    assert (one(ledger).ended_as, one(ledger).ended_by) == ("superseded", "ann")
    assert one(ledger, 2).before == 8_000_000  # the CPM of what counted
    correct(ledger, "cost", 9_000_000)
    assert one(ledger, 3).before == 4_000_000
    assert [c.number for c in correction_read.list_corrections(ledger.store, of_every_day(ANN), only_active=True)] == [
        3
    ]
    revert(ledger, 3)
    assert of_fact(ledger) == (1000, 10, 5_000_000, 0)  # a revert returns to raw, not to what was superseded
    assert sound(ledger)


def test_impressions_clicks_and_a_cpm_stand_beside_each_other(ledger: Ledger) -> None:
    correct(ledger, "cpm", 4_000_000)
    correct(ledger, "impressions", 2000)
    correct(ledger, "clicks", 3)
    assert of_fact(ledger) == (2000, 3, 8_000_000, 1)
    revert(ledger, 2)
    assert of_fact(ledger) == (1000, 3, 4_000_000, 1)


def test_both_a_cost_and_a_cpm_of_one_row_are_refused(ledger: Ledger) -> None:
    both = [WantedValue(target(ledger), "cost", 1), WantedValue(target(ledger), "cpm", 1)]
    with pytest.raises(UsageError, match="both a cost and a CPM"):
        correction_write.correct(ledger.store, ANN, both, WHY, ledger.clock)


def test_the_database_itself_refuses_a_second_active_correction(ledger: Ledger) -> None:
    correct(ledger, "cost", 8_000_000)
    with ledger.store.engine.begin() as connection:
        row = connection.execute(select(schema.corrections)).one()._asdict()
    with pytest.raises(IntegrityError), ledger.store.engine.begin() as connection:
        connection.execute(insert(schema.corrections).values(**row | {"correction_id": 99, "field": "cpm"}))


def test_two_analysts_at_once_one_wins_and_the_other_is_told(ledger: Ledger) -> None:
    seen = {line.target: line.seen for line in lines(ledger)}
    gate, ended = threading.Barrier(4), []

    def work(n: int) -> None:
        gate.wait()
        try:
            ended.append(correct(ledger, "cost", n * MICRO, seen=seen, who=replace(ANN, name=f"ann{n}")))
        except PerfdashError as error:
            ended.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = [e for e in ended if isinstance(e, correction_write.Made)]
    assert len(won) == 1
    assert all("restated or corrected since you looked" in str(e) for e in ended if e not in won)
    assert sums(ledger).corrected == 1
    assert sound(ledger)


def test_without_a_look_before_the_last_one_counts_and_every_one_is_kept(ledger: Ledger) -> None:
    threads = [threading.Thread(target=correct, args=(ledger, "cost", n * MICRO)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = correction_read.list_corrections(ledger.store, of_every_day(ANN))
    assert [c.number for c in told] == [4, 3, 2, 1]
    assert [c.ended_as for c in told] == ["", "superseded", "superseded", "superseded"]
    assert of_fact(ledger)[2] == told[0].value  # type: ignore[index]
    assert sound(ledger)


def lines(ledger: Ledger, who: Principal = ANN, campaign: str = "c1") -> Any:
    return correction_read.lines(ledger.store, who, Range("acme", ledger.account.number, campaign, WEEK))


def test_what_was_looked_at_must_still_be_there(ledger: Ledger) -> None:
    def seen() -> Any:
        return {line.target: line.seen for line in lines(ledger)}

    looked = seen()
    answered(ledger, {key(): fact(1001), SECOND: fact(2000, 30 * MICRO)})
    with pytest.raises(UsageError, match=r"since you looked at it\. Nothing was set"):
        correct(ledger, "cost", 1, seen=looked)
    looked = seen()
    answered(ledger, {SECOND: fact(2000, 30 * MICRO)})
    with pytest.raises(UsageError, match="reports no row"):
        correct(ledger, "cost", 1, seen=looked)
    answered(ledger, {key(): fact(1001), SECOND: fact(2000, 30 * MICRO)})
    with pytest.raises(UsageError, match="since you looked"):
        correct(ledger, "cost", 1, seen=looked)
    looked = seen()
    answered(ledger, {key(): fact(1001), SECOND: fact(2001, 30 * MICRO)})  # another row
    correct(ledger, "cost", 1, seen=looked)
    with pytest.raises(UsageError, match="since you looked"):
        correct(ledger, "cost", 1, seen=looked)  # a second submit of the same form
    revert(ledger, 1)
    with pytest.raises(UsageError, match="no such active correction"):
        revert(ledger, 1)
    assert [c.number for c in correction_read.list_corrections(ledger.store, of_every_day(ANN))] == [1]


# --- ranges

MONTH = [DAY + timedelta(days=n) for n in range(7)]


@pytest.fixture
def week(ledger: Ledger) -> Ledger:
    """A campaign with a row on each day of the week, of rising cost."""
    answered(ledger, of_week())
    return ledger


def of_week(**more: Any) -> dict[FactKey, Any]:
    return {key("w", day): fact(1000, (n + 1) * 1_000_001, **more) for n, day in enumerate(MONTH)}


def over(ledger: Ledger, **more: Any) -> Range:
    return Range("acme", ledger.account.number, "w", WEEK, **more)


def correct_range(ledger: Ledger, wanted: list[WantedValue], **more: Any) -> correction_write.Made:
    return correction_write.correct(ledger.store, ANN, wanted, WHY, ledger.clock, over=over(ledger), **more)


def raws(ledger: Ledger) -> dict[Target, Raw]:
    return {line.target: line.raw for line in lines(ledger, campaign="w")}


@pytest.mark.parametrize("total", [0, 1, 100 * MICRO, 99_999_999, 10**15])
def test_a_totals_parts_sum_to_it_exactly(week: Ledger, total: int) -> None:
    made = correct_range(week, split(raws(week), total))
    assert of_fact(week, "w")[2] == total  # type: ignore[index]
    assert len(made.numbers) == 7 and made.batch
    assert {c.batch for c in correction_read.list_corrections(week.store, of_every_day(ANN))} == {made.batch}


def test_a_factor_scales_each_row_by_itself(week: Ledger) -> None:
    correct_range(week, scaled(raws(week), "cost", Decimal("0.9")))
    expected = sum(round((n + 1) * 1_000_001 * 9 / 10) for n in range(7))
    assert of_fact(week, "w") == (7000, 70, expected, 7)


def test_a_credit_is_scaled_and_split_as_what_it_is(week: Ledger) -> None:
    credited = of_week() | {key("w", MONTH[2]): fact(1000, -2 * MICRO)}
    answered(week, credited)
    reported = sum(values.cost for values in credited.values())
    correct_range(week, scaled(raws(week), "cost", Decimal("0.5")))
    assert of_fact(week, "w")[2] == sum(round(values.cost / 2) for values in credited.values())  # type: ignore[index]
    correct_range(week, split(raws(week), 2 * reported))
    assert of_fact(week, "w")[2] == 2 * reported  # type: ignore[index]
    (credit,) = (line for line in lines(week, campaign="w") if line.target.key.day == MONTH[2])
    assert credit.counted.cost == -4 * MICRO


@pytest.mark.parametrize("reported", [MOST, MOST - 1, -MOST, MOST // 1000 + 1])
def test_a_cpm_takes_the_place_of_one_that_no_cost_could_have(ledger: Ledger, reported: int) -> None:
    answered(ledger, {key(): fact(1, reported), SECOND: fact(2000, 30 * MICRO)})
    correct(ledger, "cpm", 2 * MICRO)
    assert of_fact(ledger) == (1, 10, 2000, 1)
    assert one(ledger).before == (MOST if reported > 0 else -MOST)


def test_a_range_is_one_revision_and_reverted_as_a_whole(week: Ledger) -> None:
    before = sums(week)
    made = correct_range(week, scaled(raws(week), "impressions", Decimal(2)))
    assert [r for r, _ in week.revisions()][-1] == made.revision
    assert sums(week).impressions == before.impressions + 7000  # type: ignore[operator]
    undone = revert(week, *made.numbers)
    assert (undone.revision, undone.batch) == (made.revision + 1, made.batch)
    assert sums(week) == before


def test_rows_that_arrive_later_are_told_and_not_corrected(week: Ledger) -> None:
    made = correct_range(week, scaled(raws(week), "cost", Decimal("0.5")))
    assert made.batch is not None
    assert correction_read.arrived_later(week.store, ANN) == {}
    late = {key("w", DAY, "Instagram"): fact(), key("w", DAY, "TikTok", "ann"): fact()}
    before = of_fact(week, "w")
    answered(week, of_week() | late | {key("other"): fact()})
    assert correction_read.arrived_later(week.store, ANN, ("acme",)) == {("acme", made.batch): 2}
    assert of_fact(week, "w")[2] == before[2] + 10 * MICRO  # type: ignore[index]
    correct(week, "cpm", 1, key("w", DAY, "Instagram"))
    assert correction_read.arrived_later(week.store, ANN) == {("acme", made.batch): 1}
    revert(week, made.numbers[0])
    assert correction_read.arrived_later(week.store, ANN) == {
        ("acme", made.batch): 1
    }  # what was reverted did not arrive
    revert(week, *made.numbers[1:])
    assert correction_read.arrived_later(week.store, ANN) == {}


def test_a_range_of_one_platform_speaks_of_that_one_only(week: Ledger) -> None:
    only = over(week, platforms=("TikTok",))
    wanted = scaled(raws(week), "clicks", Decimal(0))
    made = correction_write.correct(week.store, ANN, wanted, WHY, week.clock, over=only)
    answered(week, of_week() | {key("w", DAY, "Instagram"): fact()})
    assert correction_read.arrived_later(week.store, ANN) == {}
    assert of_fact(week, "w")[1] == 10  # type: ignore[index]
    assert made.batch


def test_a_row_outside_of_the_range_is_refused(week: Ledger) -> None:
    with pytest.raises(UsageError, match="outside of the range"):
        correct_range(week, [WantedValue(target(week, key("w", MONTH[-1] + timedelta(days=1))), "cost", 1)])


def test_a_total_over_no_cost_and_an_empty_range_are_refused(week: Ledger) -> None:
    with pytest.raises(UsageError, match="cost of these days is not above 0"):
        split({target(week): Raw(1, 1, 0)}, 5)
    with pytest.raises(UsageError, match="nothing to correct"):
        split({}, 5)


# --- who may


def test_analysts_of_the_client_admins_and_operators_may_and_no_one_else(ledger: Ledger) -> None:
    stranger, nobody = replace(ANN, clients=frozenset({"globex"})), replace(ANN, clients=frozenset())
    reader = Principal("carl", "client", frozenset({"acme"}))
    for who in (stranger, nobody, replace(reader, clients=frozenset({"globex"}))):
        with pytest.raises(AccessDenied, match=r"^There is no client 'acme' here\.$"):
            correct(ledger, "cost", 1, who=who)
        with pytest.raises(AccessDenied, match=r"^There is no client 'acme' here\.$"):
            revert(ledger, 1, who=who)
        with pytest.raises(AccessDenied, match=r"^There is no client 'acme' here\.$"):
            lines(ledger, who)
    for who in (reader, replace(ANN, role="superuser")):  # type: ignore[arg-type]
        with pytest.raises(AccessDenied, match="you can see them, but not make them"):
            correct(ledger, "cost", 1, who=who)
    assert ledger.count(schema.corrections) == ledger.count(schema.audit) == 0
    for n, who in enumerate((ANN, Principal("boss", "admin"), OPERATOR), 1):
        correct(ledger, "cost", n, who=who)
    assert ledger.count(schema.corrections) == 3


def test_without_money_counts_can_be_corrected_and_amounts_neither_seen_nor_set(ledger: Ledger) -> None:
    poor = replace(ANN, money=False)
    correct(ledger, "cost", 77_777_777)
    correct(ledger, "clicks", 3)
    for field in ("cost", "cpm"):
        with pytest.raises(AccessDenied, match="Amounts of money are not part of your access"):
            correct(ledger, field, 1, who=poor)
    with pytest.raises(UsageError, match="no such active correction"):
        revert(ledger, 1, who=poor)
    (line,) = lines(ledger, poor)
    assert line.raw == Raw(1000, 10, 0) and line.counted == Raw(1000, 3, 0)
    correct(ledger, "impressions", 900, who=poor, seen={line.target: line.seen})
    told = correction_read.list_corrections(ledger.store, of_every_day(poor))
    assert [c.field for c in told] == ["impressions", "clicks"]
    assert "77777777" not in repr((told, line)) and "5000000" not in repr((told, line))
    revert(ledger, 3, who=poor)


def test_clients_see_what_and_why_and_not_who(ledger: Ledger) -> None:
    correct(ledger, "cost", 8_000_000)
    revert(ledger, 1)
    told = one(ledger, who=Principal("carl", "client", frozenset({"acme"})))
    assert (told.author, told.ended_by, told.reason, told.ended_reason) == ("", "", WHY, "we were wrong")
    assert (
        correction_read.list_corrections(ledger.store, of_every_day(Principal("x", "client", frozenset({"globex"}))))
        == ()
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("cost", value) for value in (-MOST - 1, MOST + 1)),
        *((name, value) for name in ("cpm", "impressions", "clicks") for value in (-1, MOST + 1)),
        *(("clicks", value) for value in (True, 1.5, "5")),
        ("reach", 5),
        ("slot", 1),
    ],
)
def test_impossible_values_are_refused_whoever_makes_them(ledger: Ledger, field: str, value: Any) -> None:
    with pytest.raises(PerfdashError):
        correct(ledger, field, value, who=OPERATOR)
    assert ledger.count(schema.corrections) == 0


def test_a_cpm_that_makes_an_impossible_cost_is_refused(ledger: Ledger) -> None:
    correct(ledger, "cpm", MOST)
    with pytest.raises(UsageError, match="more than one row can cost"):
        correct(ledger, "impressions", 1001)


def test_a_reason_and_a_reported_row_are_required(ledger: Ledger) -> None:
    for why in ("", "  ", "ok", "…!?", "\u200b\u202e", "x" * 501):
        with pytest.raises(UsageError, match="reason"):
            correct(ledger, "cost", 1, why=why)
    with pytest.raises(UsageError, match="reports no row for nowhere"):
        correct(ledger, "cost", 1, key("nowhere"))
    with pytest.raises(UsageError, match="none was"):
        correction_write.correct(ledger.store, ANN, [], WHY, ledger.clock)
    mixed = [WantedValue(target(ledger), "cost", 1), WantedValue(replace(target(ledger), client="globex"), "cost", 1)]
    with pytest.raises(UsageError, match="several were named"):
        correction_write.correct(ledger.store, OPERATOR, mixed, WHY, ledger.clock)
    assert ledger.count(schema.corrections) == ledger.count(schema.overlays) == 0


# --- what stays


def test_the_audit_tells_the_story_in_order(week: Ledger) -> None:
    correct(week, "cost", 8_000_000, key("w"), why="the invoice says 8")
    correct(week, "cpm", 4_000_000, key("w"), why="no, per thousand")
    made = correct_range(week, split(raws(week), 14 * MICRO))
    revert(week, *made.numbers, why="all wrong")
    told = [(e.actor, e.action, e.subject, e.detail) for e in reversed(audit.entries(week.store, OPERATOR))]
    day = f"{DAY} w TikTok"
    assert told == [
        ("ann", "correct", "acme", f"correction 1: {day}: cost 1.000001 -> 8.000000 EUR: the invoice says 8"),
        ("ann", "correct", "acme", f"correction 2: {day}: cpm 8.000000 -> 4.000000 EUR: no, per thousand"),
        (
            "ann",
            "correct",
            "acme",
            f"corrections 3 to 9: 7 rows, w from {DAY} to {MONTH[-1]}: cost 31.000027 -> 14.000000 EUR: {WHY}",
        ),
        (
            "ann",
            "revert",
            "acme",
            f"corrections 3 to 9: 7 rows, w from {DAY} to {MONTH[-1]}: cost 14.000000 EUR -> as reported: all wrong",
        ),
    ]
    moments = [e.at for e in reversed(audit.entries(week.store, OPERATOR))]
    assert moments == sorted(moments) and len(set(moments)) == 4
    assert moments[0] == correction_read.list_corrections(week.store, of_every_day(ANN), numbers=[1])[0].made_at


def test_a_clock_that_stands_still_or_goes_back_still_keeps_the_order(ledger: Ledger) -> None:
    first = correct(ledger, "cost", 1)
    ledger.clock.move(days=-3)
    second = correct(ledger, "cost", 2)
    assert second.at > first.at
    assert of_fact(ledger, as_of=first.at)[2] == 1  # type: ignore[index]


def test_only_operators_and_admins_read_the_audit(ledger: Ledger) -> None:
    correct(ledger, "cost", 1)
    assert len(audit.entries(ledger.store, Principal("boss", "admin"), "acme")) == 1
    assert audit.entries(ledger.store, OPERATOR, "globex") == ()
    for who in (ANN, Principal("carl", "client", frozenset({"acme"}))):
        with pytest.raises(AccessDenied):
            audit.entries(ledger.store, who, "acme")


def test_the_log_of_then_tells_what_was_known_then(ledger: Ledger) -> None:
    made = correct(ledger, "cost", 8_000_000)
    answered(ledger, {key(): fact(1500, 6 * MICRO), SECOND: fact(2000, 30 * MICRO)})
    restated = ledger.clock()
    revert(ledger, 1)
    answered(ledger, {SECOND: fact(2000, 30 * MICRO)})
    (then,) = correction_read.list_corrections(ledger.store, of_every_day(ANN, as_of=made.at))
    assert (then.ended_at, then.ended_as, then.ended_reason, then.raw_now) == (None, "", "", Raw(1000, 10, 5_000_000))
    (then,) = correction_read.list_corrections(ledger.store, Question(ANN, Filters(WEEK), restated), only_active=True)
    assert then.restated_under and then.raw_now == Raw(1500, 10, 6_000_000)
    assert (
        correction_read.list_corrections(ledger.store, of_every_day(ANN, as_of=made.at - timedelta(microseconds=1)))
        == ()
    )
    assert correction_read.list_corrections(ledger.store, of_every_day(ANN, as_of=date(2020, 1, 1))) == ()
    (now,) = correction_read.list_corrections(ledger.store, of_every_day(ANN))
    assert (now.ended_as, now.raw_now) == ("reverted", None)


def sound(ledger: Ledger) -> bool:
    return [f for f in store_check.check(ledger.store, OPERATOR) if f.problem] == []


def test_db_check_notices_overlays_that_do_not_follow(week: Ledger) -> None:
    correct(week, "cost", 8_000_000, key("w"))
    correct(week, "cost", 9_000_000, key("w"))
    assert sound(week)
    o, c = schema.overlays, schema.corrections
    breaks = [
        update(o).values(cost=1),
        update(o).where(o.c.to_rev.is_(None)).values(from_rev=77),
        delete(o),
        update(o).where(o.c.to_rev.is_not(None)).values(to_rev=None),
        update(c).where(c.c.to_rev.is_(None)).values(value=1),
        update(c).where(c.c.to_rev.is_not(None)).values(to_rev=99),
    ]
    for broken in breaks:
        with week.store.engine.connect() as connection, connection.begin() as transaction:
            connection.execute(broken)
            assert store_check.integrity_problem(connection), str(broken)
            transaction.rollback()
    assert sound(week)


def test_a_bundle_carries_corrections_and_what_they_count(week: Ledger, tmp_path: Path) -> None:
    correct_range(week, split(raws(week), 14 * MICRO))
    at = week.clock() + timedelta(days=1)
    bundle.export_bundle(week.store, OPERATOR, tmp_path / "all.zip")
    other = open_store(f"sqlite:///{tmp_path / 'other.db'}")
    counts = bundle.import_bundle(other, OPERATOR, tmp_path / "all.zip")
    assert (counts["corrections"], counts["overlays"], counts["correction_ranges"], counts["audit"]) == (7, 7, 1, 1)
    moved = replace(week, store=other)
    assert every_answer(moved, at) == every_answer(week, at)
    assert correction_read.list_corrections(other, of_every_day(ANN)) == correction_read.list_corrections(
        week.store, of_every_day(ANN)
    )
    assert sound(moved)
    correct(moved, "cost", 1, key("w"))
    other.close()


def test_a_purged_client_leaves_no_correction_and_one_line(week: Ledger) -> None:
    correct_range(week, split(raws(week), 14 * MICRO))
    erase.purge_client(week.store, OPERATOR, "acme", week.clock())
    for table in (schema.corrections, schema.overlays, schema.correction_ranges):
        assert week.count(table) == 0
    assert [e.action for e in audit.entries(week.store, OPERATOR)] == ["clients purge"]
    assert sound(week)
