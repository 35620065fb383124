"""Random syncs, corrections, reverts and vanishings against a slow model in plain Python: now and at every revision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from perfdash.domain.access import OPERATOR
from perfdash.domain.accounts import Days
from perfdash.domain.as_of import AtRevisions
from perfdash.domain.corrections import Target, WantedValue
from perfdash.domain.errors import UsageError
from perfdash.domain.facts import FactKey
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.store import schema
from perfdash.store.corrections import write as correction_write
from perfdash.store.maintenance import check as store_check
from perfdash.store.query import overview
from tests.store.ledger_kit import Ledger, batch, fact, key, open_ledger

pytestmark = [pytest.mark.any_dialect, pytest.mark.timeout(1800)]

KEYS = [key(name, platform=platform) for name in ("a", "b") for platform in ("TikTok", "Instagram")]
ALL = Filters(Days(date(2026, 1, 1), date(2026, 12, 31)))
Facts = dict[FactKey, tuple[int, int, int]]
number = st.integers(0, 3_000)
answers = st.dictionaries(st.sampled_from(KEYS), st.tuples(number, st.integers(0, 9), number), min_size=1)
syncs = st.tuples(st.just("sync"), answers)
sets = st.tuples(
    st.just("set"),
    st.lists(
        st.tuples(
            st.sampled_from(KEYS), st.sampled_from(["cost", "impressions", "clicks", "cpm"]), st.integers(0, 5_000)
        ),
        min_size=1,
        max_size=3,
    ),
)
reverts = st.tuples(st.just("revert"), st.sets(st.integers(1, 6), min_size=1, max_size=2))
stories = st.lists(st.one_of(syncs, sets, sets, reverts), min_size=1, max_size=14)
WHOLE: Facts = {at: (1000 + n, n, 100 * n) for n, at in enumerate(KEYS)}


@dataclass
class Model:
    """What is reported, what is set, and what counted after each revision."""

    reported: Facts = field(default_factory=dict)
    active: dict[int, tuple[FactKey, str, int]] = field(default_factory=dict)
    made: int = 0
    states: list[Facts] = field(default_factory=list)

    def counted(self) -> Facts:
        found = {}
        for at, (impressions, clicks, cost) in self.reported.items():
            values = {name: value for where, name, value in self.active.values() if where == at}
            impressions = values.get("impressions", impressions)
            cost = values.get("cost", cost)
            if "cpm" in values:
                cost = round(Fraction(values["cpm"] * impressions, 1000))
            found[at] = (impressions, values.get("clicks", clicks), cost)
        return found

    def sync(self, answer: Facts) -> None:
        if answer != self.reported:
            self.reported = dict(answer)
            self.states.append(self.counted())

    def set(self, wanted: list[tuple[FactKey, str, int]]) -> bool:
        slots = [(at, "cost" if name == "cpm" else name) for at, name, _ in wanted]
        if len(set(slots)) < len(slots) or any(at not in self.reported for at, _, _ in wanted):
            return False
        for (at, name, value), (_, slot) in zip(wanted, slots, strict=True):
            for n, (where, what, _) in list(self.active.items()):
                if where == at and ("cost" if what == "cpm" else what) == slot:
                    del self.active[n]
            self.active[self.made + 1] = (at, name, value)
            self.made += 1
        self.states.append(self.counted())
        return True

    def revert(self, numbers: set[int]) -> bool:
        if not numbers <= self.active.keys():
            return False
        for n in numbers:
            del self.active[n]
        self.states.append(self.counted())
        return True


def told(ledger: Ledger, as_of: Any = None) -> Facts:
    groups = overview.breakdown(
        ledger.store, Question(OPERATOR, ALL, as_of), ("client", "account", "campaign", "platform", "day")
    )
    return {
        FactKey(g.day, g.campaign, g.platform, ""): (g.sums.impressions, g.sums.clicks, g.sums.cost)  # type: ignore[arg-type, misc]
        for g in groups
    }


def carried_out(ledger: Ledger, step: tuple[str, Any]) -> bool:
    what, how = step
    try:
        if what == "sync":
            facts = {at: fact(i, cost, clicks=clicks) for at, (i, clicks, cost) in how.items()}
            assert ledger.sync(batch(facts), accept_vanished=True).ok
        elif what == "set":
            wanted = [WantedValue(Target("acme", ledger.account.number, at), name, value) for at, name, value in how]
            correction_write.correct(ledger.store, OPERATOR, wanted, "because", ledger.clock)
        else:
            correction_write.revert(ledger.store, OPERATOR, "acme", how, "no more", ledger.clock)
    except UsageError:
        return False
    return True


def emptied(ledger: Ledger) -> None:
    """Another story on the same database."""
    with ledger.store.writing() as connection:
        for table in reversed(schema.metadata.sorted_tables):
            if table.name not in ("clients", "accounts", "users"):
                connection.execute(delete(table))
        connection.execute(update(schema.clients).values(revision=0, last_run=0))


@pytest.fixture
def ledger(migrated_url: str) -> Any:
    found = open_ledger(migrated_url)
    yield found
    found.store.close()


def test_what_counts_equals_the_model_now_and_at_every_revision(ledger: Ledger, full: bool) -> None:
    lived: dict[str, int] = {"stories": 0, "revisions": 0, "refused": 0}

    @settings(
        max_examples=400 if full else 8,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(stories)
    def live(steps: list[tuple[str, Any]]) -> None:
        emptied(ledger)
        model = Model()
        moments = []
        does: dict[str, Callable[[Any], Any]] = {"sync": model.sync, "set": model.set, "revert": model.revert}
        for step in [("sync", WHOLE), *steps]:
            done = does[step[0]](step[1])
            assert carried_out(ledger, step) is (done is not False), step
            lived["refused"] += done is False
            moments.append((ledger.clock(), len(model.states)))
        assert told(ledger) == model.counted()
        for revision, state in enumerate(model.states, 1):
            assert told(ledger, AtRevisions((("acme", revision),))) == state, revision
        for moment, known in moments:
            assert told(ledger, moment) == (model.states[known - 1] if known else {})
        assert [f for f in store_check.check(ledger.store, OPERATOR) if f.problem] == []
        for one in range(1, model.made + 1):
            carried_out(ledger, ("revert", {one}))
        assert told(ledger) == model.reported
        lived["stories"] += 1
        lived["revisions"] += len(model.states)

    live()
    print(
        f"{lived['stories']} stories, {lived['revisions']} revisions, {lived['refused']} refusals: all as in the model"
    )
    assert lived["revisions"] > lived["stories"]
