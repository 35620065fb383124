"""A file is taken back whole: what it changed returns, what came later stays, and the past shows what was known."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.accounts import Days
from perfdash.domain.corrections import Target, WantedValue
from perfdash.domain.errors import AccessDenied, UsageError
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.store import schema
from perfdash.store.corrections import write as correction_write
from perfdash.store.ledger import attempts
from perfdash.store.ledger.take_back import TakenBack, take_back
from perfdash.store.query import overview
from tests.store.ledger_kit import DAY, WEEK, Ledger, batch, fact, key, open_ledger
from tests.store.maintenance_checks import problems


@pytest.fixture
def led(migrated_url: str) -> Iterator[Ledger]:
    opened = open_ledger(migrated_url)
    yield opened
    opened.store.close()


def imported(led: Ledger, facts: dict, **more: object) -> int:
    names = more.pop("names", None)
    result = led.sync(batch(facts, names=names), trigger="file", closes="named", accept_vanished=True, **more)
    assert result.stored and result.run
    return result.run


def back(led: Ledger, run: int, principal: Principal = OPERATOR) -> TakenBack:
    return take_back(led.store, principal, "acme", run, led.clock)


def shown(led: Ledger) -> dict[str, int]:
    return {name: impressions for name, (impressions, _) in led.current().items()}


def test_what_a_file_changed_returns_to_what_it_was(led: Ledger) -> None:
    led.sync(batch({key("a"): fact(1), key("b"): fact(2), key("c"): fact(3)}))
    before = shown(led)
    run = imported(led, {key("a"): fact(10), key("new"): fact(20)})
    assert shown(led) == {"a/TikTok/2026-03-10": 10, "new/TikTok/2026-03-10": 20}
    between = led.clock()
    done = back(led, run)
    assert (done.returned, done.removed, done.came_back) == (1, 1, 2)
    assert shown(led) == before
    past = Question(OPERATOR, Filters(WEEK), as_of=between)
    assert [group.sums.impressions for group in overview.breakdown(led.store, past)] == [30]
    assert problems(led.store) == []


def test_it_is_a_revision_with_author_and_time_and_its_days_are_not_covered_any_more(led: Ledger) -> None:
    run = imported(led, {key("a"): fact(1)})
    assert attempts.committed(led.store, OPERATOR, led.account)
    done = back(led, run)
    r = schema.revisions.c
    with led.store.reading() as connection:
        said = connection.execute(select(r.kind, r.author, r.run_id).where(r.revision == done.revision)).one()
    assert tuple(said) == ("revert", "operator", run)
    assert attempts.committed(led.store, OPERATOR, led.account) == ()
    assert led.runs()[-1][1] == "reverted"
    assert shown(led) == {}
    assert led.count(schema.fact_history) == 1, "nothing is deleted"


def test_what_a_later_answer_said_stays(led: Ledger) -> None:
    run = imported(led, {key("a"): fact(1), key("b"): fact(2)})
    led.sync(batch({key("a"): fact(5), key("b"): fact(2)}))
    assert back(led, run).removed == 1
    assert shown(led) == {"a/TikTok/2026-03-10": 5}


def test_a_file_under_another_that_was_taken_back_goes_as_well_in_either_order(led: Ledger) -> None:
    led.sync(batch({key("a"): fact(1)}))
    first = imported(led, {key("a"): fact(10), key("b"): fact(10)})
    second = imported(led, {key("a"): fact(20), key("b"): fact(20)})
    for run in (second, first):
        back(led, run)
    assert shown(led) == {"a/TikTok/2026-03-10": 1}
    third = imported(led, {key("a"): fact(10), key("b"): fact(10)})
    fourth = imported(led, {key("a"): fact(20), key("b"): fact(20)})
    for run in (third, fourth):
        back(led, run)
    assert shown(led) == {"a/TikTok/2026-03-10": 1}
    assert problems(led.store) == []


def test_the_same_file_can_be_brought_again(led: Ledger) -> None:
    back(led, imported(led, {key("a"): fact(1)}))
    again = led.sync(batch({key("a"): fact(1)}), trigger="file", closes="named")
    assert (again.state, again.counts.reappeared) == ("committed", 1)
    assert shown(led) == {"a/TikTok/2026-03-10": 1}


def test_names_and_budgets_return_too(led: Ledger) -> None:
    led.sync(batch({key("a"): fact(1)}, names={"a": "Old"}))
    run = imported(led, {key("a"): fact(1), key("b"): fact(1)}, names={"a": "New", "b": "Other"})
    back(led, run)
    c = schema.campaigns.c
    with led.store.reading() as connection:
        assert connection.execute(select(c.campaign_id, c.name).where(c.to_rev.is_(None))).all() == [("a", "Old")]


def test_corrections_are_laid_over_what_is_reported_again(led: Ledger) -> None:
    led.sync(batch({key("a"): fact(1000, 5_000_000)}))
    target = Target("acme", led.account.number, key("a"))
    correction_write.correct(led.store, OPERATOR, [WantedValue(target, "cpm", 10_000_000)], "agreed", led.clock)
    run = imported(led, {key("a"): fact(3000, 5_000_000)})
    back(led, run)
    (group,) = overview.breakdown(led.store, Question(OPERATOR, Filters(WEEK)))
    assert (group.sums.impressions, group.sums.cost) == (1000, 10_000_000)
    assert problems(led.store) == []


def test_only_a_file_can_be_taken_back_and_only_once(led: Ledger) -> None:
    asked = led.sync(batch({key("a"): fact(1)})).run
    assert asked
    with pytest.raises(UsageError, match="only files"):
        back(led, asked)
    with pytest.raises(UsageError, match="only files"):
        back(led, 99)
    run = imported(led, {key("b"): fact(1)})
    back(led, run)
    with pytest.raises(UsageError, match="already"):
        back(led, run)
    failed = led.sync(batch({key("b"): fact(1)}, *[]), trigger="file", days=Days(DAY, DAY + timedelta(1)))
    assert failed.run


@pytest.mark.parametrize(
    "principal",
    [
        Principal("c", "client", frozenset({"acme"})),
        Principal("a", "analyst", frozenset({"globex"})),
        Principal("p", "analyst", frozenset({"acme"}), money=False),
    ],
)
def test_who_may_not_import_may_not_take_back(led: Ledger, principal: Principal) -> None:
    run = imported(led, {key("a"): fact(1)})
    with pytest.raises(AccessDenied):
        back(led, run, principal)
    assert shown(led) == {"a/TikTok/2026-03-10": 1}
    assert back(led, run, replace(principal, role="analyst", clients=frozenset({"acme"}), money=True))


KINDS = st.sampled_from(["cli", "file", "back"])
STEPS = st.lists(st.tuples(KINDS, st.dictionaries(st.sampled_from("abc"), st.integers(1, 3))), max_size=7)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=STEPS, facts=st.dictionaries(st.sampled_from("abcd"), st.integers(1, 3), min_size=1))
def test_whatever_was_there_before_is_there_afterwards(
    _sqlite_template: Path,  # noqa: PT019
    tmp_path: Path,
    before: list,
    facts: dict[str, int],
) -> None:
    path = tmp_path / f"{uuid4().hex}.db"
    shutil.copyfile(_sqlite_template, path)
    led = open_ledger(f"sqlite:///{path}")
    try:
        files: list[int] = []
        for kind, said in before:
            table = {key(name): fact(value) for name, value in said.items()}
            if kind != "back":
                run = led.sync(batch(table), trigger=kind, accept_vanished=True).run
                files += [run] if kind == "file" and run else []
            elif files:
                back(led, files.pop(len(said) % len(files)))
        expected = shown(led)
        back(led, imported(led, {key(name): fact(value) for name, value in facts.items()}))
        assert shown(led) == expected
        assert problems(led.store) == []
    finally:
        led.store.close()
