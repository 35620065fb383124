"""What amounts of money could be read from beside the numbers: refusals, versions, counts of deeds, and the audit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Days
from perfdash.domain.corrections import Range
from perfdash.domain.errors import PerfdashError, UsageError
from perfdash.domain.question import of_every_day
from perfdash.domain.values import MOST
from perfdash.store import audit
from perfdash.store.audit import OF_MONEY, AuditFilter
from perfdash.store.corrections import read as correction_read
from perfdash.store.query import overview, sync_health
from tests.store.builders import ADMIN
from tests.store.corrections.test_corrections import MICRO, correct, of_fact, revert
from tests.store.ledger_kit import DAY, Ledger, batch, fact, key, open_ledger

POOR = Principal("nomo", "analyst", frozenset({"acme"}), money=False)
POOR_ADMIN = Principal("admnm", "admin", money=False)
CPM = 8_371_900
TRIED = (0, 1, 10**9, 10**15, MOST, MOST + 1)


@pytest.fixture(params=[None, CPM, MOST], ids=["no price", "a price", "the highest price"])
def priced(request: pytest.FixtureRequest, migrated_url: str) -> Iterator[Ledger]:
    """Worlds that differ in a price that somebody has set over a row, or in that nobody has."""
    found = open_ledger(migrated_url)
    found.sync(batch({key(): fact(1)}))
    if request.param is not None:
        correct(found, "cpm", request.param, who=ADMIN)
    yield found
    found.store.close()


def outcome(deed: Any, *args: Any, **named: Any) -> str:
    """What somebody learns of a deed: that it was done, or the words of its refusal."""
    try:
        return f"{len(deed(*args, **named).numbers)} done"
    except PerfdashError as error:
        return f"{type(error).__name__}: {error}"


def test_no_refusal_of_counts_tells_a_price_to_who_may_not_see_it(priced: Ledger) -> None:
    told = [outcome(correct, priced, field, n, who=POOR) for field in ("impressions", "clicks") for n in TRIED]
    outside = "UsageError: A value of {} lies outside of what one row can have; give a smaller factor."
    assert told == [*["1 done"] * 5, outside.format("impressions"), *["1 done"] * 5, outside.format("clicks")]
    _, _, cost, _ = of_fact(priced) or (0, 0, 0, 0)
    assert cost <= MOST


def test_who_sees_the_price_is_still_told_of_a_cost_that_no_row_can_have(priced: Ledger) -> None:
    correct(priced, "cpm", CPM, who=ADMIN)
    with pytest.raises(UsageError, match="more than one row can cost"):
        correct(priced, "impressions", MOST, who=ADMIN)


def test_reverting_by_number_tells_a_corrected_amount_from_nothing_by_no_word(priced: Ledger) -> None:
    gone = "UsageError: There is no such active correction; it may have been reverted or replaced meanwhile."
    assert [outcome(revert, priced, number, who=POOR) for number in (1, 2)] == [gone, gone]


def test_an_amount_that_changes_between_a_look_and_a_correction_stops_none_of_counts(priced: Ledger) -> None:
    over = Range("acme", priced.account.number, "c1", Days(DAY, DAY))
    (poor,), (rich,) = (correction_read.lines(priced.store, who, over) for who in (POOR, ADMIN))
    priced.sync(batch({key(): fact(1, 7 * MICRO)}))
    correct(priced, "cost", 3, who=ADMIN)
    with pytest.raises(UsageError, match="since you looked"):
        correct(priced, "clicks", 2, who=ADMIN, seen={rich.target: rich.seen})
    correct(priced, "clicks", 2, who=POOR, seen={poor.target: poor.seen})
    priced.sync(batch({key(): fact(2, 7 * MICRO)}))
    with pytest.raises(UsageError, match="since you looked"):
        correct(priced, "clicks", 3, who=POOR, seen={poor.target: poor.seen})


def test_how_much_was_recorded_since_counts_no_correction_of_amounts(priced: Ledger) -> None:
    begin = of_every_day(POOR, as_of=priced.clock() - timedelta(days=900))
    assert overview.recorded_since(priced.store, begin) == {"run": 1}
    correct(priced, "clicks", 2, who=ADMIN)
    assert overview.recorded_since(priced.store, begin) == {"run": 1, "correction": 1}


# --- the audit


def details(ledger: Ledger, who: Principal, **asked: Any) -> list[str]:
    return [line.detail for line in audit.entries(ledger.store, who, asked=AuditFilter(actions=("correct", "revert")))]


def test_the_audit_tells_an_admin_without_money_no_amount_nor_the_reason_that_quotes_it(priced: Ledger) -> None:
    correct(priced, "clicks", 2, who=ADMIN, why="counted by hand")
    correct(priced, "cost", CPM, who=ADMIN, why="the invoice says 8.37")
    revert(priced, 1 if len(details(priced, ADMIN)) == 2 else 2, who=ADMIN)
    shown = details(priced, POOR_ADMIN)
    assert "8.37" not in str(shown)
    assert [one for one in shown if one != OF_MONEY and "clicks" not in one] == []
    assert any("clicks 10 -> 2: counted by hand" in one for one in shown)
    assert "8.371900" in str(details(priced, ADMIN))
    taken = audit.exported(priced.store, POOR_ADMIN, AuditFilter(), priced.clock())
    assert "8.37" not in str([line.detail for line in taken])


@pytest.mark.parametrize("words", ["8.37", "cpm", "USD", "EUR", "->", "the invoice"])
def test_looking_for_an_amount_in_the_audit_finds_nothing(priced: Ledger, words: str) -> None:
    correct(priced, "cost", CPM, who=ADMIN)
    asked = AuditFilter(text=words)
    assert audit.entries(priced.store, POOR_ADMIN, asked=asked) == ()
    assert audit.exported(priced.store, POOR_ADMIN, asked, priced.clock()) == ()


# --- runs


def test_a_run_that_was_not_believed_says_no_share_of_the_cost_to_who_has_no_money(migrated_url: str) -> None:
    ledger = open_ledger(migrated_url)
    rows = {key(f"c{n}"): fact(10, n * MICRO) for n in range(1, 10)}
    ledger.sync(batch(rows))
    ledger.sync(batch({at: found for at, found in rows.items() if at.campaign != "c9" and at.campaign != "c8"}))
    messages = []
    for who in (ADMIN, POOR):
        newest = sync_health.runs(ledger.store, who)[0]
        standing = sync_health.freshness(ledger.store, who, (), ledger.clock())
        assert [one.message for one in standing if one.message] == [newest.message]
        messages.append(newest.message)
    ledger.store.close()
    assert "2 of 9 known rows are missing from the answer (37.8% of the known cost); nothing" in messages[0]
    assert "2 of 9 known rows are missing from the answer; nothing" in messages[1]
