"""Throttling: who guesses locks out himself, for a while, and nobody else."""

from __future__ import annotations

import random
import threading
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select

from perfdash.domain.access import OPERATOR
from perfdash.store import audit, schema
from perfdash.store.auth import known_browsers, throttling, users
from perfdash.store.auth.throttling import IN_A_ROW, PER_ADDRESS, PER_PAIR, PER_SITE, WINDOW, Wait
from perfdash.store.engine import Store
from perfdash.store.opening import open_store
from tests.store.builders import NOON

SECOND = timedelta(seconds=1)
HOME = "203.0.113.9"


def test_200_guesses_get_5_tries_per_account_and_address_and_the_right_user_elsewhere_gets_in(store: Store) -> None:
    """Ten accounts, half of them unknown, from four addresses: whatever the order, 5 tries a pair, 60 an address."""
    known = [f"user{number}" for number in range(5)]
    for name in known:
        users.add_user(store, OPERATOR, name, "correct horse", "analyst", NOON, rounds=4)
    addresses = ["198.51.100.1", "198.51.100.2", "2001:db8::1", "2001:db8:0:1::1"]
    guesses = [(name, at) for name in (*known, *(f"nobody{n}" for n in range(5))) for at in addresses for _ in range(5)]
    assert len(guesses) == 200
    more = [(known[0], addresses[0])] * 200  # and 200 more at one pair
    random.Random(5).shuffle(guesses)
    allowed: dict[tuple[str, str], int] = {}
    for number, (name, at) in enumerate([*guesses, *more]):
        answer = throttling.claim(store, name, at, NOON + number * SECOND)
        allowed[name, at] = allowed.get((name, at), 0) + (answer is None)
    print(f"{len(guesses) + len(more)} guesses: at most {max(allowed.values())} tries for an account and address")
    assert max(allowed.values()) == PER_PAIR
    assert throttling.claim(store, known[0], HOME, NOON + 400 * SECOND) is None


def test_the_count_survives_a_restart_and_expires(store: Store, migrated_url: str) -> None:
    for _ in range(PER_PAIR):
        assert throttling.claim(store, "ann", HOME, NOON) is None
    again = open_store(migrated_url)
    try:
        assert throttling.claim(again, "ann", HOME, NOON + WINDOW - SECOND) == Wait(NOON + WINDOW)
        assert throttling.claim(again, "ann", HOME, NOON + WINDOW) is None
    finally:
        again.close()


def test_a_wait_ends_when_it_says_however_often_one_asks_meanwhile(store: Store) -> None:
    for number in range(PER_PAIR):
        throttling.claim(store, "ann", HOME, NOON + number * SECOND)
    for minute in range(1, 15):
        assert throttling.claim(store, "ann", HOME, NOON + timedelta(minutes=minute)) == Wait(NOON + WINDOW)
    assert throttling.claim(store, "ann", HOME, NOON + WINDOW) is None
    assert isinstance(throttling.claim(store, "ann", HOME, NOON + WINDOW), Wait)


@pytest.mark.parametrize("spelled", [" Ann", "ANN ", "\uff41\uff4e\uff4e"])
def test_another_spelling_of_a_name_is_no_other_name(store: Store, spelled: str) -> None:
    for _ in range(PER_PAIR):
        throttling.claim(store, "ann", HOME, NOON)
    assert isinstance(throttling.claim(store, spelled, HOME, NOON), Wait)


STRANGERS = [f"2001:db8:{n:x}::1" for n in range(40)]
"""Each in a /48 of its own."""


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """As many failures in a row, instead of 100: each try is a transaction."""
    monkeypatch.setattr(throttling, "IN_A_ROW", 12)
    return 12


def guessed(store: Store, name: str, *, most: int = 20, browser: str = "") -> int:
    """How many of `most` tries from ever other places get an answer."""
    answers = [throttling.claim(store, name, STRANGERS[n // 5 % 40], NOON + n * SECOND, browser) for n in range(most)]
    return answers.count(None)


def given_known(store: Store, name: str) -> str:
    """The cookie of a browser in which a new user has signed in."""
    made = users.add_user(store, OPERATOR, name, "correct horse", "analyst", NOON, rounds=4)
    return known_browsers.issue(store, made.user_id, "", NOON)


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_one_account_gets_100_failures_in_a_row_from_all_addresses_together(store: Store, name: str) -> None:
    """NIST SP 800-63B 5.2.2 allows no more; whether there is such a user makes no difference."""
    given_known(store, "ann")
    assert guessed(store, name, most=120) == IN_A_ROW == 100
    later = NOON + timedelta(days=29)
    assert throttling.claim(store, name, HOME, later) == Wait(None)
    assert throttling.claim(store, "bob", HOME, later) is None


@pytest.mark.usefixtures("few")
def test_a_browser_that_signed_in_before_is_never_turned_away_for_what_strangers_do(store: Store) -> None:
    browser = given_known(store, "ann")
    guessed(store, "ann")
    for number in range(PER_ADDRESS + 1):  # and the address is used up too
        throttling.claim(store, f"somebody{number}", HOME, NOON + 300 * SECOND)
    assert isinstance(throttling.claim(store, "ann", HOME, NOON + 300 * SECOND), Wait)
    assert throttling.claim(store, "ann", HOME, NOON + 300 * SECOND, browser) is None
    throttling.succeeded(store, "ann", HOME, browser=browser, now=NOON + 301 * SECOND)
    assert isinstance(throttling.claim(store, "ann", STRANGERS[0], NOON + timedelta(days=1)), Wait)


@pytest.mark.usefixtures("few")
def test_the_cookie_of_a_browser_is_good_for_its_own_user_and_for_few_tries(store: Store) -> None:
    browser = given_known(store, "ann")
    given_known(store, "bob")
    guessed(store, "ann")
    guessed(store, "bob")
    later = NOON + timedelta(hours=1)
    assert throttling.claim(store, "bob", HOME, later, browser) == Wait(None)
    forged = browser[:-1] + ("0" if browser[-1] != "0" else "1")
    for cookie in (forged, "", "x" * 5000, browser.replace("-", "."), "\0", "\ud800"):
        assert throttling.claim(store, "ann", HOME, later, cookie) == Wait(None)
    assert [throttling.claim(store, "ann", HOME, later, browser) for _ in range(6)].count(None) == PER_PAIR


def test_a_stolen_cookie_of_a_browser_is_worth_as_many_failures_and_half_a_year(store: Store, few: int) -> None:
    browser = given_known(store, "ann")
    guessed(store, "ann")
    got = [throttling.claim(store, "ann", HOME, NOON + number * WINDOW, browser) for number in range(20)]
    assert got.count(None) == few
    fresh = given_known(store, "bob")
    guessed(store, "bob")
    late = NOON + known_browsers.GOOD_FOR + timedelta(days=2)
    with store.writing() as connection:
        assert known_browsers.browser_of(connection, "bob", fresh, NOON)
        assert not known_browsers.browser_of(connection, "bob", fresh, late)


def test_a_browser_is_known_for_the_last_few_of_its_users(store: Store) -> None:
    made = [users.add_user(store, OPERATOR, f"user{n}", None, "client", NOON) for n in range(6)]
    cookie = ""
    for user in (*made, made[-1]):
        cookie = known_browsers.issue(store, user.user_id, cookie, NOON)
    assert len(cookie) < 500
    with store.writing() as connection:
        found = [bool(known_browsers.browser_of(connection, user.username, cookie, NOON)) for user in made]
    assert found == [False, False, True, True, True, True]


@pytest.mark.usefixtures("few")
def test_the_right_password_from_elsewhere_and_a_new_one_begin_the_count_anew(store: Store) -> None:
    given_known(store, "ann")
    for begin_anew in (
        lambda: throttling.succeeded(store, "ann", HOME),
        lambda: users.set_password(store, OPERATOR, "ann", "another horse", NOON, rounds=4),
    ):
        with store.writing() as connection:
            connection.execute(delete(schema.tries))
        assert guessed(store, "ann", most=11) == 11
        begin_anew()
        with store.writing() as connection:
            connection.execute(delete(schema.tries))
        assert guessed(store, "ann", most=11) == 11
        begin_anew()


@pytest.mark.usefixtures("few")
def test_a_month_without_a_try_begins_anew_and_a_flood_of_names_keeps_to_its_room(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    guessed(store, "ann")
    assert throttling.claim(store, "eve", HOME, NOON + timedelta(days=31)) is None
    assert throttling.claim(store, "ann", HOME, NOON + timedelta(days=31)) is None
    monkeypatch.setattr(throttling, "MOST_ACCOUNTS", 20)
    for number in range(50):
        throttling.claim(store, f"n{number}", HOME, NOON + timedelta(days=32, seconds=number))
    with store.reading() as connection:
        assert (connection.scalar(select(func.count()).select_from(schema.guesses)) or 0) <= 20


def test_a_whole_site_of_ipv6_networks_is_bounded_too(store: Store) -> None:
    places = [f"2001:db8:7:{n:x}::1" for n in range(100)]
    answers = [throttling.claim(store, f"user{n}", places[n % 100], NOON) for n in range(300)]
    assert answers.count(None) == PER_SITE
    assert throttling.claim(store, "ann", "2001:db8:8::1", NOON) is None


@pytest.mark.usefixtures("few")
def test_the_code_for_the_first_admin_is_not_an_account_that_strangers_can_use_up(store: Store) -> None:
    assert guessed(store, "first admin") == 20


def test_a_household_s_many_ipv6_addresses_are_one_and_the_next_household_s_another(store: Store) -> None:
    for number in range(PER_PAIR):
        assert throttling.claim(store, "ann", f"2001:db8:0:7::{number:x}", NOON) is None
    assert isinstance(throttling.claim(store, "ann", "2001:db8:0:7:ffff:ffff:ffff:ffff", NOON), Wait)
    assert throttling.claim(store, "ann", "2001:db8:0:8::1", NOON) is None


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:DB8::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("no address", "no address"),
    ],
)
def test_what_counts_as_one_address(address: str, network: str) -> None:
    assert throttling.network_of(address) == network


def test_one_address_gets_60_tries_over_all_accounts_and_others_are_not_bothered(store: Store) -> None:
    answers = [throttling.claim(store, f"user{number}", HOME, NOON) for number in range(PER_ADDRESS + 20)]
    assert sum((answer is None) for answer in answers) == PER_ADDRESS
    assert throttling.claim(store, "user0", "198.51.100.77", NOON) is None


def test_where_no_address_is_known_only_accounts_are_counted(store: Store) -> None:
    answers = [throttling.claim(store, f"user{number}", "", NOON) for number in range(PER_ADDRESS + 20)]
    assert all((answer is None) for answer in answers)


def test_the_right_password_forgets_the_slips_before_it_for_that_pair_only(store: Store) -> None:
    for name, at in (("ann", HOME), ("bob", HOME), ("ann", "198.51.100.1")):
        for _ in range(PER_PAIR):
            throttling.claim(store, name, at, NOON)
    throttling.succeeded(store, "ann", HOME)
    assert throttling.claim(store, "ann", HOME, NOON) is None
    assert isinstance(throttling.claim(store, "bob", HOME, NOON), Wait)
    assert isinstance(throttling.claim(store, "ann", "198.51.100.1", NOON), Wait)


def test_guesses_at_the_same_moment_do_not_share_one_count(store: Store) -> None:
    answers: list[object] = []
    ready = threading.Barrier(12)

    def guess() -> None:
        ready.wait(120)
        answers.extend(throttling.claim(store, "ann", HOME, NOON) for _ in range(3))

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(answers) == 36
    assert sum((answer is None) for answer in answers) == PER_PAIR


def test_the_rows_name_nobody_and_go_when_they_count_no_more(store: Store) -> None:
    throttling.claim(store, "ann", HOME, NOON)
    with store.reading() as connection:
        kept = str(connection.execute(select(schema.tries)).all())
    assert "ann" not in kept
    assert HOME not in kept
    throttling.claim(store, "bob", HOME, NOON + WINDOW)
    with store.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(schema.tries)) == 1


def test_the_audit_names_known_names_only_and_a_siege_is_one_line(store: Store) -> None:
    users.add_user(store, OPERATOR, "ann", "correct horse", "analyst", NOON, rounds=4)
    for name in ("ANN", "hunter2-was-my-password"):
        for number in range(PER_PAIR + 40):
            if throttling.claim(store, name, HOME, NOON + number * SECOND) is None:
                throttling.failed(store, name, NOON)
    told = [(entry.action, entry.actor, entry.subject) for entry in audit.entries(store, OPERATOR)]
    for name in ("ann", "unknown"):
        assert told.count(("sign in failed", name, name)) == PER_PAIR
        assert told.count(("sign in throttled", name, name)) == 1
    assert "hunter2" not in str(audit.entries(store, OPERATOR))


@pytest.mark.parametrize("name", ["", "\x00", "\ud800", "x" * 5000, "' OR 1=1 --"])
def test_odd_names_are_counted_like_others(store: Store, name: str) -> None:
    for _ in range(PER_PAIR):
        assert throttling.claim(store, name, HOME, NOON) is None
    assert isinstance(throttling.claim(store, name, HOME, NOON), Wait)
    throttling.failed(store, name, NOON)
