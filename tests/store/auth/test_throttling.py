"""Throttling: who guesses locks out himself, for a while, and nobody else."""

from __future__ import annotations

import random
import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from perfdash.domain.access import OPERATOR
from perfdash.store import audit, schema
from perfdash.store.auth import throttling, users
from perfdash.store.auth.throttling import PER_ADDRESS, PER_PAIR, WINDOW, Wait
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
