"""Which open pages are drawn again after a commit, by whatever process: those that show something of it, no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import update

from perfdash.domain.access import OPERATOR, Principal
from perfdash.store import schema
from perfdash.store.auth import login, users
from perfdash.store.engine import Store
from perfdash.store.pulse import Pulse
from perfdash.store.query import overview
from perfdash.ui.runtime.drawn_pages import Drawn, DrawnPages
from perfdash.ui.server.following import Follower
from tests.store.builders import NOON, given_client, given_revisions, opened


@pytest.fixture
def store(migrated_url: str) -> Iterator[Store]:
    """Clients acme and berry, and ann, who may see acme."""
    with opened(migrated_url) as found:
        for client in ("acme", "berry"):
            given_client(found, client)
            given_revisions(found, client, NOON)
        users.add_user(found, OPERATOR, "ann", None, "analyst", NOON, clients=("acme",))
        yield found


@pytest.fixture
def other(migrated_url: str) -> Iterator[Store]:
    """The same store as another process opens it."""
    with opened(migrated_url) as found:
        yield found


@pytest.fixture
def follower(store: Store) -> Iterator[Follower]:
    found = Follower(store, demo=False)
    found.moved()
    yield found
    found.close()


def ann(store: Store) -> Principal:
    (user,) = users.list_users(store, OPERATOR)
    found = login.principal_of(store, user.user_id)
    assert found is not None
    return found


def drawn(store: Store, principal: Principal, *clients: str, runs: bool = False) -> Drawn:
    seen = overview.runs_stamp(store, principal) if runs else None
    return Drawn(principal, frozenset(clients), overview.stamp(store, principal), seen)


def committed(store: Store, client: str, **values: int) -> None:
    with store.writing() as connection:
        this = update(schema.clients).where(schema.clients.c.client_id == client)
        connection.execute(this.values(**(values or {"revision": 2})))


def test_the_pulse_moves_with_the_commits_of_others_and_rests_otherwise(store: Store, other: Store) -> None:
    pulse = Pulse(store)
    first = pulse.beat()
    assert [pulse.beat() for _ in range(5)] == [first] * 5
    committed(other, "berry")
    second = pulse.beat()
    assert second != first
    committed(store, "acme")
    assert pulse.beat() != second, "a commit of this process is one too"
    pulse.close()
    pulse.beat()
    pulse.close()


def test_only_pages_that_show_a_client_follow_it(store: Store, other: Store, follower: Follower) -> None:
    pages = {
        "ann": drawn(store, ann(store)),
        "admin": drawn(store, OPERATOR),
        "admin, one client": drawn(store, OPERATOR, "berry"),
        "admin, the other": drawn(store, OPERATOR, "acme"),
        "a past": replace(drawn(store, OPERATOR), revisions=None),
        "nobody's": drawn(store, Principal("new", "client", user_id=None)),
    }
    pages["admin"] = replace(pages["admin"], principal=OPERATOR)
    assert follower.old(pages) == []
    committed(other, "berry")
    assert follower.moved()
    assert follower.old(pages) == ["admin", "admin, one client"]
    assert not follower.moved()


def test_a_commit_while_a_page_was_being_drawn_is_not_missed(store: Store, other: Store, follower: Follower) -> None:
    begun = drawn(store, ann(store))
    committed(other, "acme")
    follower.moved()  # before the page says what it was drawn for
    assert follower.old({"late": begun}) == ["late"]


def test_runs_move_only_pages_that_show_runs(store: Store, other: Store, follower: Follower) -> None:
    pages = {"numbers": drawn(store, ann(store)), "runs": drawn(store, ann(store), runs=True)}
    committed(other, "acme", last_run=7)
    assert follower.moved()
    assert follower.old(pages) == ["runs"]


@pytest.mark.parametrize("change", [{"role": "client"}, {"money": False}, {"active": False}])
def test_other_rights_draw_every_page_of_their_user_again(
    store: Store, other: Store, follower: Follower, change: dict[str, object]
) -> None:
    pages = {"numbers": drawn(store, ann(store)), "a past": Drawn(ann(store)), "operator": Drawn(OPERATOR)}
    assert follower.old(pages) == []
    with other.writing() as connection:
        connection.execute(update(schema.users).values(**change))
    assert follower.moved()
    assert follower.old(pages) == ["numbers", "a past"]


def test_a_page_may_ask_for_one_more_run(store: Store, follower: Follower) -> None:
    assert follower.old({"page": Drawn(OPERATOR, again=True)}) == ["page"]


def test_a_page_that_was_drawn_meanwhile_is_left_alone() -> None:
    pages, first, second = DrawnPages(), Drawn(OPERATOR), Drawn(OPERATOR)
    pages.put("p", first)
    seen = pages.version
    pages.put("p", second)
    assert pages.version != seen
    assert not pages.take("p", first)
    assert pages.take("p", second)
    assert pages.all() == {}


def test_a_run_is_by_itself_once() -> None:
    pages = DrawnPages()
    pages.say_by_itself("p", True)
    assert pages.is_by_itself("p")
    assert not pages.is_by_itself("p")
    pages.say_by_itself("p", True)
    pages.say_by_itself("p", False)  # somebody was faster
    assert not pages.is_by_itself("p")


def test_a_page_that_is_gone_is_forgotten_and_one_that_is_open_is_not() -> None:
    pages = DrawnPages()
    for name in ("gone", "open"):
        pages.put(name, Drawn(OPERATOR))
        pages.say_by_itself(name, True)
    pages.forget(pages.names() - {"open"})
    assert pages.names() == {"open"} == set(pages.all())
    assert not pages.is_by_itself("gone")
