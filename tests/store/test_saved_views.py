"""Saved views belong to their user; they go with the user, and with the client that they name."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.errors import AccessDenied, UsageError
from perfdash.domain.saved_views import LONGEST_NAME, MOST, saved_view
from perfdash.store import saved_views, schema
from perfdash.store.auth import login, users
from perfdash.store.maintenance import erase
from tests.store.builders import NOON, given_client, opened

MARKUP = "<img src=x onerror=alert(1)> **b** [x](javascript:1)"


def given(store, name: str) -> Principal:
    users.add_user(store, OPERATOR, name, None, "analyst", NOON, clients=("acme",))
    (user,) = [one for one in users.list_users(store, OPERATOR) if one.username == name]
    found = login.principal_of(store, user.user_id)
    assert found is not None
    return found


def names(store, principal: Principal) -> list[str]:
    return [view.name for view in saved_views.views(store, principal)]


def test_each_user_sees_changes_and_removes_only_their_own(migrated_url: str) -> None:
    with opened(migrated_url) as store:
        given_client(store, "acme")
        ann, ben = given(store, "ann"), given(store, "ben")
        saved_views.save(store, ann, saved_view("Board", "campaigns", {"client": ["acme"]}, NOON))
        saved_views.save(store, ben, saved_view("Board", "", {"range": ["Last 7 days"]}, NOON))
        saved_views.save(store, ann, saved_view(MARKUP, "", {}, NOON))
        saved_views.save(
            store, ann, saved_view("  Board ", "", {"client": ["acme"], "dates": ["2026-01-01", "2026-01-02"]}, NOON)
        )
        assert names(store, ann) == [MARKUP, "Board"]
        assert saved_views.views(store, ann)[1].query == "client=acme&dates=2026-01-01&dates=2026-01-02"
        saved_views.forget(store, ben, MARKUP)
        saved_views.forget(store, ann, "Board")
        assert names(store, ann) == [MARKUP]
        assert names(store, ben) == ["Board"]


def test_who_has_no_account_keeps_nothing(migrated_url: str) -> None:
    view = saved_view("Board", "", {}, NOON)
    with opened(migrated_url) as store:
        for nobody in (Principal("link: x", "link", frozenset({"acme"})), OPERATOR):
            with pytest.raises(AccessDenied):
                saved_views.save(store, nobody, view)
            assert saved_views.views(store, nobody) == ()


def test_a_user_has_a_bounded_number_of_them_and_may_still_replace_one(migrated_url: str) -> None:
    with opened(migrated_url) as store:
        given_client(store, "acme")
        ann = given(store, "ann")
        for number in range(MOST):
            saved_views.save(store, ann, saved_view(f"View {number}", "", {}, NOON))
        with pytest.raises(UsageError, match="remove one first"):
            saved_views.save(store, ann, saved_view("One more", "", {}, NOON))
        saved_views.save(store, ann, saved_view("View 7", "campaigns", {}, NOON))
        assert len(names(store, ann)) == MOST


def test_an_erased_user_and_a_purged_client_take_their_views_along(migrated_url: str) -> None:
    with opened(migrated_url) as store:
        for client in ("acme", "acme-two"):
            given_client(store, client)
        ann, ben = given(store, "ann"), given(store, "ben")
        saved_views.save(store, ben, saved_view("Mine", "", {"client": ["acme-two"]}, NOON))
        saved_views.save(store, ben, saved_view("Theirs", "", {"client": ["acme-two", "acme"]}, NOON))
        saved_views.save(store, ben, saved_view("Side by side", "compare", {"put": ["acme:1:c1"]}, NOON))
        saved_views.save(store, ann, saved_view("Board", "", {}, NOON))
        erase.erase_user(store, OPERATOR, "ann", NOON)
        erase.purge_client(store, OPERATOR, "acme", NOON)
        with store.reading() as connection:
            assert list(connection.scalars(select(schema.saved_views.c.name))) == ["Mine"]


@pytest.mark.parametrize("name", ["", "   ", "x" * (LONGEST_NAME + 1), "a\x00b", "a\u202eb"])
def test_a_view_needs_a_name_that_can_be_read(name: str) -> None:
    with pytest.raises(UsageError):
        saved_view(name, "", {}, NOON)


def test_an_address_keeps_no_secret_and_no_unbounded_text() -> None:
    asked = {"client": ["acme"], "invitation": ["t0k3n"], "code": ["x"], "<b>": ["x"], "A": ["x"]}
    assert saved_view("x", "", asked, NOON).query == "client=acme"
    with pytest.raises(UsageError, match="too much"):
        saved_view("x", "", {"client": ["a" * 3000]}, NOON)
    with pytest.raises(UsageError):
        saved_view("x", "../evil", {}, NOON)
