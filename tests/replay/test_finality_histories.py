"""What may be said of a day, and which changes came late: eleven short histories, written out by hand.

Windows are two days unless a history says otherwise, so in Berlin (an hour ahead of UTC) March 10 is over on the 10th
at 23:00 and settles on the 12th at 23:00. All times are UTC and, without a month, in March 2026. A run is stored in
the moment in which its fetch ends. o open, u unverified, f final, p provisional, for each day in view.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import pytest

from perfdash import exports
from perfdash.domain.access import OPERATOR
from perfdash.domain.accounts import Account, Client, Days
from perfdash.domain.as_of import AsOf
from perfdash.domain.errors import BadAnswer
from perfdash.domain.facts import Batch, FactKey, Fetched
from perfdash.domain.filters import Filters
from perfdash.domain.finality import weakest_on
from perfdash.domain.measures import FactValues
from perfdash.domain.question import Question
from perfdash.store.engine import Store
from perfdash.store.query import catalog
from perfdash.store.restatements import read as restatement_read
from perfdash.sync.run import Order, SyncContext, sync_one
from tests.store.builders import opened

pytestmark = pytest.mark.any_dialect

ACME = Client("acme", "Acme", "EUR", "Europe/Berlin")
WORDS = {"o": "open", "u": "unverified", "f": "final", "p": "provisional"}


@dataclass(frozen=True)
class Run:
    """When its fetch ended, the days it asked for, and the cost it was told of those that have a row."""

    at: str
    days: str
    says: dict[int, int] = field(default_factory=dict)
    account: int = 1
    fails: bool = False


@dataclass(frozen=True)
class History:
    """`finality`: moment -> one letter a day of `days`, of each account in turn. A bare day is the end of that day.

    `changes`: (account, day, when, kind, timing), oldest first. `windows`: by account.
    """

    name: str
    days: str
    runs: tuple[Run, ...]
    finality: dict[str, str]
    changes: tuple[tuple[int, int, str, str, str], ...] = ()
    windows: tuple[int | None, ...] = (2,)
    weakest: dict[str, str] = field(default_factory=dict)
    """The same for all accounts together."""


DAILY = (
    Run("10 06:00", "07-10", {9: 7, 10: 1}),
    Run("10 18:00", "07-10", {9: 7, 10: 2}),
    Run("11 06:00", "08-11", {9: 7, 10: 3}),
    Run("12 06:00", "09-12", {9: 7, 10: 4}),
    Run("13 06:00", "10-13", {10: 5}),
    Run("14 06:00", "09-14", {9: 7, 10: 6}),
)
DAILY_CHANGES = (
    (1, 10, "10 18:00", "restated", "running"),
    (1, 10, "11 06:00", "restated", "before"),
    (1, 10, "12 06:00", "restated", "before"),
    (1, 10, "13 06:00", "restated", "before"),  # by the run that makes it final
    (1, 10, "14 06:00", "restated", "after"),
)
HISTORIES = (
    History(
        "fetched once",
        "09-10",
        (Run("10 12:00", "09-10", {9: 5, 10: 3}),),
        {
            "10 11:00": "oo",
            "10 12:00": "oo",
            "11 22:59:59": "oo",
            "11 23:00": "uo",
            "12 22:59:59": "uo",
            "12 23:00": "uu",
            "30 12:00": "uu",
        },
    ),
    History(
        "fetched every day",
        "09-10",
        DAILY,
        {
            "11 22:59": "oo",
            "11 23:00": "uo",
            "12 05:59:59": "uo",
            "12 06:00": "fo",
            "12 22:59": "fo",
            "12 23:00": "fu",
            "13 05:59:59": "fu",
            "13 06:00": "ff",
            "14 06:00": "ff",
            "30 00:00": "ff",
        },
        DAILY_CHANGES,
    ),
    History(
        "backfilled long after",
        "09-10",
        (Run("25 12:00", "01-20", {9: 5, 10: 3}), Run("26 12:00", "08-10", {9: 5, 10: 4})),
        {"11 12:00": "oo", "12 12:00": "uo", "20 12:00": "uu", "25 11:59:59": "uu", "25 12:00": "ff", "26 12:00": "ff"},
        ((1, 10, "26 12:00", "restated", "after"),),
    ),
    History(
        "never again after the first day",
        "09-10",
        (
            Run("10 06:00", "09-10", {9: 5, 10: 1}),
            Run("11 06:00", "09-10", {9: 6, 10: 2}),
            Run("13 06:00", "11-13", {11: 9}),  # other days only
            Run("20 06:00", "11-20", {11: 9}),
        ),
        {"11 12:00": "oo", "12 12:00": "uo", "13 06:00": "uu", "20 12:00": "uu", "31 12:00": "uu"},
        ((1, 9, "11 06:00", "restated", "before"), (1, 10, "11 06:00", "restated", "before")),
    ),
    History(
        "after the window only failed runs, and then a good one",
        "09-10",
        (
            Run("10 12:00", "09-10", {9: 5, 10: 3}),
            Run("12 12:00", "09-12", fails=True),
            Run("13 12:00", "09-13", fails=True),
            Run("14 12:00", "09-14", fails=True),
            Run("20 12:00", "09-20", {9: 5, 10: 4}),
            Run("21 12:00", "09-21", fails=True),
        ),
        {"12 12:30": "uo", "13 12:30": "uu", "14 12:30": "uu", "20 11:59": "uu", "20 12:00": "ff", "21 12:30": "ff"},
        ((1, 10, "20 12:00", "restated", "before"),),
    ),
    History(
        "two accounts of one client, settling after two days and after five",
        "10-10",
        (
            Run("11 06:00", "10-11", {10: 1}),
            Run("11 06:05", "10-11", {10: 1}, account=2),
            Run("13 06:00", "10-13", {10: 2}),
            Run("13 06:05", "10-13", {10: 2}, account=2),
            Run("14 06:00", "10-14", {10: 3}),
            Run("14 06:05", "10-14", {10: 3}, account=2),
            Run("16 06:00", "10-16", {10: 4}),
            Run("16 06:05", "10-16", {10: 4}, account=2),
            Run("17 06:00", "10-17", {10: 4}),
            Run("17 06:05", "10-17", {10: 5}, account=2),
        ),
        {"12 22:59": "oo", "12 23:00": "uo", "13 06:00": "fo", "15 23:00": "fu", "16 06:00": "fu", "16 06:05": "ff"},
        (
            (1, 10, "13 06:00", "restated", "before"),
            (2, 10, "13 06:05", "restated", "before"),
            (1, 10, "14 06:00", "restated", "after"),
            (2, 10, "14 06:05", "restated", "before"),
            (1, 10, "16 06:00", "restated", "after"),
            (2, 10, "16 06:05", "restated", "before"),
            (2, 10, "17 06:05", "restated", "after"),
        ),
        windows=(2, 5),
        weakest={"12 22:59": "o", "12 23:00": "u", "13 06:00": "o", "15 23:00": "u", "16 06:05": "f"},
    ),
    History(
        "nobody said how long it restates",
        "09-10",
        DAILY,
        {"10 12:00": "pp", "12 06:00": "pp", "14 06:00": "pp", "30 00:00": "pp"},
        tuple((*change[:4], "running" if change[4] == "running" else "provisional") for change in DAILY_CHANGES),
        windows=(None,),
    ),
    History(
        "looked at as of days in the middle",
        "09-11",
        (*DAILY, Run("15 23:30", "10-15", {10: 6, 11: 2})),  # in Berlin it is the 16th
        {"09": "ooo", "10": "ooo", "11": "ooo", "12": "foo", "13": "ffo", "14": "fff", "15": "fff", "16": "fff"},
        DAILY_CHANGES,  # the row of the 11th is told for the first time, so it is no restatement, late as it is
    ),
    History(
        "over a day of 23 hours",
        "27-29",  # the 29th ends at 22:00 and settles on the 31st at 22:00
        (
            Run("29 21:00", "27-29", {27: 1, 28: 1, 29: 1}),
            Run("29 21:59:50", "27-29", {27: 2, 28: 1, 29: 2}),
            Run("29 22:00", "27-29", {27: 3, 28: 1, 29: 3}),
            Run("31 21:59:59", "27-29", {27: 3, 28: 2, 29: 4}),
            Run("31 22:00:10", "27-29", {27: 3, 28: 3, 29: 5}),
            Run("04-01 06:00", "27-29", {27: 3, 28: 3, 29: 6}),
        ),
        {
            "29 21:59:59": "ooo",
            "29 22:00": "foo",
            "30 21:59:59": "foo",
            "30 22:00": "fuo",
            "31 21:59:59": "ffo",
            "31 22:00": "ffu",
            "31 22:00:10": "fff",
        },
        (
            (1, 27, "29 21:59:50", "restated", "before"),
            (1, 29, "29 21:59:50", "restated", "running"),
            (1, 27, "29 22:00", "restated", "before"),
            (1, 29, "29 22:00", "restated", "before"),
            (1, 28, "31 21:59:59", "restated", "before"),
            (1, 29, "31 21:59:59", "restated", "before"),
            (1, 28, "31 22:00:10", "restated", "after"),
            (1, 29, "31 22:00:10", "restated", "before"),
            (1, 29, "04-01 06:00", "restated", "after"),
        ),
    ),
    History(
        "restated, gone and back after it was final",
        "10-10",
        (
            Run("11 06:00", "10-10", {10: 3}),
            Run("13 06:00", "10-10", {10: 3}),  # changes nothing, and makes it final all the same
            Run("18 06:00", "10-10", {10: 4}),
            Run("19 06:00", "10-10", {10: 4}),
            Run("20 06:00", "10-10"),
            Run("21 06:00", "10-10"),
            Run("22 06:00", "10-10", {10: 4}),
        ),
        {"13 05:59": "u", "13 06:00": "f", "18 06:00": "f", "20 06:00": "f", "22 06:00": "f"},
        (
            (1, 10, "18 06:00", "restated", "after"),
            (1, 10, "20 06:00", "vanished", "after"),
            (1, 10, "22 06:00", "reappeared", "after"),
        ),
    ),
    History(
        "restated by the run that makes it final, to the second",
        "10-10",
        (
            Run("11 06:00", "10-10", {10: 1}),
            Run("12 22:59:50", "10-10", {10: 2}),
            Run("12 23:00:00", "10-10", {10: 3}),  # asked before the window was over, answered when it was
            Run("12 23:00:05", "10-10", {10: 4}),
        ),
        {"12 22:59:59": "o", "12 23:00:00": "f", "12 23:00:05": "f"},
        (
            (1, 10, "12 22:59:50", "restated", "before"),
            (1, 10, "12 23:00:00", "restated", "before"),
            (1, 10, "12 23:00:05", "restated", "after"),
        ),
    ),
)


def moment(text: str) -> datetime:
    """ "10 06:00" in March, "04-01 06:00" in April; UTC."""
    day, time = text.split()
    return datetime.fromisoformat(f"2026-{day if '-' in day else '03-' + day}T{time}+00:00")


def days_of(text: str) -> Days:
    """ "09-10": both included."""
    start, end = (date(2026, 3, int(part)) for part in text.split("-"))
    return Days(start, end)


def key(day: int) -> FactKey:
    return FactKey(date(2026, 3, day), "spring", "TikTok")


@pytest.fixture
def store(migrated_url: str) -> Iterator[Store]:
    with opened(migrated_url) as found:
        yield found


def accounts_of(store: Store, history: History) -> tuple[Account, ...]:
    base = Account("acme", "agency", "acme", "EUR", "Europe/Berlin")
    wanted = [
        replace(base, external_id=f"acme-{n}", settlement_days=window) for n, window in enumerate(history.windows, 1)
    ]
    catalog.register(store, (ACME,), wanted, moment("01 00:00"))
    return catalog.accounts(store, OPERATOR)


def run(store: Store, accounts: tuple[Account, ...], one: Run) -> None:
    at = moment(one.at)

    def fetch(_account: Account, _days: Days) -> Fetched:
        if one.fails:
            raise BadAnswer("The source answered with 500.")
        facts = {key(day): FactValues(1000, 10, cost * 10**6, currency="EUR") for day, cost in one.says.items()}
        return Fetched(Batch(facts, {}, {}, fetched=len(facts)), at - timedelta(seconds=2), at)

    desk = SyncContext(store, fetch, clock=lambda: at, sleep=lambda _: None)
    result = sync_one(desk, Order(OPERATOR, "cli", accept_vanished=True), accounts[one.account - 1], days_of(one.days))
    assert result.state == ("failed" if one.fails else "committed"), result.message


def told(store: Store, accounts: tuple[Account, ...], days: Days, now: datetime, as_of: AsOf | None) -> tuple[str, str]:
    """A letter a day of each account in turn, and the weakest of them."""
    origins = exports.origins(store, Question(OPERATOR, Filters(days), as_of), now)
    each = [origins[account.client, account.number].finality for account in accounts]
    letters = {word: letter for letter, word in WORDS.items()}
    weakest = [weakest_on(day, each) for day in days.each()]
    found = "".join(letters[state] for known in each for span, state in known for _ in span.each())
    return found, "".join(letters[state] if state else "-" for state in weakest)


@pytest.mark.parametrize("history", HISTORIES, ids=[history.name for history in HISTORIES])
def test_what_may_be_said_of_a_day_and_which_changes_came_late(store: Store, history: History) -> None:
    accounts, days = accounts_of(store, history), days_of(history.days)
    live = [text for text in history.finality if " " in text]
    for text in sorted({*live, *(one.at for one in history.runs)}, key=moment):
        for one in history.runs:
            if one.at == text:
                run(store, accounts, one)
        if text in live:
            assert told(store, accounts, days, moment(text), None)[0] == history.finality[text], f"at {text}"
    now = moment("04-20 00:00")
    for text, expected in history.finality.items():
        as_of = moment(text) if " " in text else date(2026, 3, int(text))
        found, weakest = told(store, accounts, days, now, as_of)
        assert found == expected, f"as of {text}"
        assert weakest == history.weakest.get(text, weakest)
    changed = restatement_read.events(store, Question(OPERATOR, Filters(days)), moment("01 00:00"), while_open=True)
    listed = [(one.account, one.day.day, one.at, one.kind, one.timing) for one in changed]
    assert sorted(listed, key=lambda one: (one[2], one[0], one[1])) == [
        (account, day, moment(when), kind, timing) for account, day, when, kind, timing in history.changes
    ]
    ended = restatement_read.events(store, Question(OPERATOR, Filters(days)), moment("01 00:00"))
    assert [one.timing for one in ended] == [one.timing for one in changed if one.timing != "running"]
