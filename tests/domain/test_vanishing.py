"""Nothing vanishes that the source did not take back: from the first row on, for small accounts and large ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdash.domain.errors import SuspiciousRun
from perfdash.domain.facts import MICRO, Batch, FactKey, Quarantined
from perfdash.domain.measures import FactValues
from perfdash.domain.reconcile import KnownFacts, WritePlan, decide
from perfdash.domain.vanishing import Closing
from tests.conftest import examples

FIRST = date(2026, 6, 1)
Facts = dict[FactKey, FactValues]


def on(day: int, campaign: str = "c", platform: str = "TikTok") -> FactKey:
    return FactKey(FIRST + timedelta(day), campaign, platform)


def spent(cost: int) -> FactValues:
    return FactValues(100, 1, cost * MICRO, currency="EUR")


def table(days: int, campaigns: int, cost: int = 5) -> Facts:
    return {on(day, f"c{n}"): spent(cost) for day in range(days) for n in range(campaigns)}


def answer(facts: Facts, *refused: Quarantined, added: int = 0) -> Batch:
    return Batch(facts, {}, {}, refused, 0, len(facts) + len(refused) + added, added)


def after(known: Facts, plan: WritePlan) -> Facts:
    left = {**known, **plan.new, **plan.restated, **plan.reappeared}
    return {key: values for key, values in left.items() if key not in plan.vanished}


@pytest.mark.parametrize("rows", [1, 2, 3, 19, 20, 500])
def test_an_answer_without_any_of_the_known_rows_is_not_believed_however_small_the_account(rows: int) -> None:
    known = {on(n % 7, f"c{n}"): spent(0) for n in range(rows)}
    with pytest.raises(SuspiciousRun, match=rf"^{rows} of {rows} known rows .*--accept-vanished"):
        decide(answer({}), KnownFacts(known))
    assert after(known, decide(answer({}), KnownFacts(known), Closing(accepted=True))) == {}


@examples(200)
@given(st.data())
def test_what_is_applied_never_takes_more_than_a_third_nor_a_whole_day_with_cost(data: st.DataObject) -> None:
    costs = st.integers(0, 9).map(spent)
    known = data.draw(st.dictionaries(st.builds(on, st.integers(0, 4), st.sampled_from("abcdef")), costs, min_size=1))
    named = data.draw(st.sets(st.sampled_from(sorted(known))))
    came = {key: known[key] for key in named} | data.draw(st.dictionaries(st.just(on(9, "new")), costs))
    try:
        plan = decide(answer(came), KnownFacts(known))
    except SuspiciousRun:
        return
    left = after(known, plan)
    kept = [key for key in known if key.day not in plan.kept]
    assert 3 * len(plan.vanished) <= len(kept)
    assert 3 * sum(known[key].cost for key in plan.vanished) <= sum(known[key].cost for key in kept)
    for day in {key.day for key in known if known[key].cost}:
        assert any(key.day == day for key in left), f"all of {day} is gone"


@pytest.mark.parametrize("forgotten", [1, 12, 40])
def test_days_that_go_empty_at_the_old_end_are_kept_and_said(forgotten: int) -> None:
    known = table(60, 2)
    rest = {key: values for key, values in known.items() if key.day >= FIRST + timedelta(forgotten)}
    plan = decide(answer(rest), KnownFacts(known))
    assert after(known, plan) == known and not plan.changes_something
    days = "1 day" if forgotten == 1 else f"{forgotten} days"
    assert plan.message.startswith(f"{days} from {FIRST} on") and "kept" in plan.message


def test_a_day_that_goes_empty_between_others_or_at_the_young_end_is_not_retention() -> None:
    known = table(10, 1)
    for day in (4, 9):
        with pytest.raises(SuspiciousRun, match=f"all of {FIRST + timedelta(day)}"):
            decide(answer({key: values for key, values in known.items() if key != on(day, "c0")}), KnownFacts(known))


def test_days_beyond_a_known_retention_are_never_closed_even_when_it_is_accepted() -> None:
    known = table(10, 3)
    some = {key: values for key, values in known.items() if key.campaign == "c0"}
    closing = Closing(answered_from=FIRST + timedelta(6), accepted=True)
    left = after(known, decide(answer(some), KnownFacts(known), closing))
    assert left == {k: v for k, v in known.items() if k.day < FIRST + timedelta(6) or k.campaign == "c0"}


def test_what_a_file_brought_is_closed_only_by_an_answer_with_rows_of_its_day() -> None:
    api, file = {on(0): spent(1), on(4): spent(9)}, {on(2, "old"): spent(2)}
    known = KnownFacts({**api, **file}, from_files=frozenset(file))
    silent = decide(answer(api), known)
    assert silent.vanished == () and silent.kept == (on(2).day,)
    speaking = decide(answer({**api, on(2, "other"): spent(2)}), known, Closing(accepted=True))
    assert speaking.vanished == (on(2, "old"),)


def test_a_file_closes_only_platforms_and_days_that_it_names_unless_it_is_the_whole() -> None:
    known = table(5, 4) | {on(2, "i", "Instagram"): spent(5)}
    file = {on(2, f"c{n}"): spent(5) for n in range(3)}
    plan = decide(answer(file), KnownFacts(known), Closing("named"))
    assert plan.vanished == (on(2, "c3"),) and plan.kept == ()
    assert len(decide(answer(file), KnownFacts(known), Closing("whole", accepted=True)).vanished) == 18


def test_the_second_of_two_files_with_half_of_a_day_each_takes_nothing_away_in_silence() -> None:
    first, second = {on(0, "a"): spent(5)}, {on(0, "b"): spent(7)}
    with pytest.raises(SuspiciousRun):
        decide(answer(second), KnownFacts(first), Closing("named"))


@pytest.mark.parametrize(("added", "closes"), [(3, "range"), (0, "named")])
def test_sums_of_parts_that_shrink_by_more_than_a_third_are_not_believed(added: int, closes: str) -> None:
    known = {on(0, "a"): spent(50), on(0, "b"): spent(50)}
    closing = Closing(closes)  # type: ignore[arg-type]
    half = {on(0, "a"): spent(10), on(0, "b"): spent(50)}
    with pytest.raises(SuspiciousRun, match="40% of the known cost"):
        decide(answer(half, added=added), KnownFacts(known), closing)
    less = {on(0, "a"): spent(20), on(0, "b"): spent(50)}
    assert decide(answer(less, added=added), KnownFacts(known), closing).counts.restated == 1
    assert decide(answer(half), KnownFacts(known)).counts.restated == 1, "rows that are facts may be restated"


def refused(count: int, cost: int | None = None) -> list[Quarantined]:
    return [Quarantined("cost: 12,5 is not a number", on(0, f"r{n}"), "{}", cost=cost) for n in range(count)]


@pytest.mark.parametrize(
    ("good", "bad", "at_most", "applied"),
    [
        (99, 1, 10_000, True),
        (98, 2, 10_000, False),
        (999, 1, 0, False),
        (1, 1, 500_000, True),
        (0, 1, 1_000_000, False),
    ],
)
def test_more_refused_rows_than_the_source_allows_are_not_applied(
    good: int, bad: int, at_most: int, applied: bool
) -> None:
    batch = answer({on(0, f"c{n}"): spent(5) for n in range(good)}, *refused(bad))
    if applied:
        assert decide(batch, KnownFacts({}), refuse_at_most=at_most).counts.quarantined == bad
        return
    with pytest.raises(SuspiciousRun, match="nothing was stored"):
        decide(batch, KnownFacts({}), refuse_at_most=at_most)


def test_one_refused_row_with_much_of_the_cost_is_too_much_and_no_amount_is_said() -> None:
    batch = answer({on(0, f"c{n}"): spent(5) for n in range(999)}, *refused(1, 4_321 * MICRO))
    with pytest.raises(SuspiciousRun, match=r"1 of 1,000 rows \(0.1%, 46.4% of the cost\)") as told:
        decide(batch, KnownFacts({}))
    assert "12,5" not in str(told.value) and "4321" not in str(told.value)


def test_attributes_of_an_older_answer_only_fill_in_what_is_not_known() -> None:
    from perfdash.domain.facts import CampaignAttributes as Said

    newer = Said("c", "New name", 100 * MICRO)
    known = KnownFacts({}, attributes={"c": newer}, later={"c": on(5).day})
    old = replace(answer({}), campaigns={"c": Said("c", "Old name", 7, status="paused")}, newest={"c": on(1).day})
    assert decide(old, known).campaigns == (replace(newer, status="paused"),)
    late = replace(old, newest={"c": on(5).day})
    assert decide(late, known).campaigns == (Said("c", "Old name", 7, status="paused"),)


def test_what_a_budget_is_for_goes_with_the_budget() -> None:
    from perfdash.domain.facts import CampaignAttributes as Said

    daily = KnownFacts({}, attributes={"c": Said("c", budget=5, budget_kind="daily")})
    whole = replace(answer({}), campaigns={"c": Said("c", budget=90)})
    assert decide(whole, daily).campaigns == (Said("c", budget=90),)
    silent = replace(answer({}), campaigns={"c": Said("c", "Name")})
    assert decide(silent, daily).campaigns == (Said("c", "Name", 5, budget_kind="daily"),)
