"""The plan of a run, decided as a value: counts add up for any answer, and nothing else than the answer changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from perfdash.domain.errors import SuspiciousRun
from perfdash.domain.facts import MICRO, Batch, CampaignAttributes, FactKey, Quarantined
from perfdash.domain.measures import FactValues
from perfdash.domain.reconcile import KnownFacts, decide
from perfdash.domain.vanishing import Closing
from tests.conftest import examples

KEYS = [FactKey(date(2026, 3, 1) + timedelta(days=n % 4), f"c{n}", "TikTok") for n in range(12)]
values = st.integers(0, 3).map(lambda n: FactValues(n, 0, n))
ledgers = st.dictionaries(st.sampled_from(KEYS), values)


def answer(facts: dict[FactKey, FactValues], refused: list[FactKey | None], duplicates: int) -> Batch:
    rows = tuple(Quarantined("bad", key, "{}") for key in refused if key is None or key not in facts)
    return Batch(facts, {}, {}, rows, duplicates, len(facts) + len(rows) + duplicates)


@examples(300)
@given(
    ledgers,
    ledgers,
    st.lists(st.sampled_from([*KEYS, None]), max_size=3),
    st.integers(0, 2),
    st.sets(st.sampled_from(KEYS)),
)
def test_what_was_fetched_is_counted_once_and_the_plan_leads_to_the_answer(
    before: dict[FactKey, FactValues],
    facts: dict[FactKey, FactValues],
    refused: list[FactKey | None],
    duplicates: int,
    gone: set[FactKey],
) -> None:
    batch = answer(facts, refused, duplicates)
    try:
        plan = decide(batch, KnownFacts(before, gone - before.keys()), Closing(accepted=True), MICRO)
    except SuspiciousRun:
        assert batch.fetched and len(batch.quarantined) == batch.fetched
        return
    c = plan.counts
    assert c.fetched == c.new + c.restated + c.reappeared + c.unchanged + c.quarantined + c.duplicate
    after = {**before, **plan.new, **plan.restated, **plan.reappeared}
    for key in plan.vanished:
        del after[key]
    kept = {row.key for row in batch.quarantined}
    oldest = min((key.day for key in (*facts, *(key for key in kept if key))), default=date.min)
    kept_back = {k: value for k, value in before.items() if k in kept or None in kept or k.day < oldest}
    assert None in kept or set(plan.kept) == {k.day for k in before if k.day < oldest}
    expected = {**kept_back, **facts}
    assert after == expected
    assert plan.restated == {key: value for key, value in facts.items() if before.get(key, value) != value}


def test_deciding_again_after_applying_changes_nothing() -> None:
    facts = {key: FactValues(n, 0, n) for n, key in enumerate(KEYS)}
    batch = replace(answer(facts, [], 0), campaigns={"c1": CampaignAttributes("c1", "One", 5)}, creators={"x": "Ann"})
    first = decide(batch, KnownFacts({}))
    known = KnownFacts(first.new, set(), {c.campaign: c for c in first.campaigns}, dict(first.creators))
    again = decide(batch, known)
    assert not again.changes_something
    assert again.counts.unchanged == len(KEYS)


def test_a_creator_s_new_name_takes_no_revision() -> None:
    plan = decide(replace(answer({}, [], 0), creators={"x": "Ann"}), KnownFacts({}, creators={"x": "Anna"}))
    assert plan.creators == {"x": "Ann"}
    assert not plan.changes_something
