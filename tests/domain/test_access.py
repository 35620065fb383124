"""Permissions: one table of what each role may, and what follows from it."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from perfdash.domain.access import (
    ABOUT,
    OPERATOR,
    PERMISSIONS,
    REFUSALS,
    USER_ROLES,
    Capability,
    Lock,
    Principal,
    Role,
    UserRole,
    roles_that_may,
)
from perfdash.domain.accounts import Days
from perfdash.domain.errors import AccessDenied
from scripts import security_page
from tests.store.builders import NOON

CAPABILITIES: tuple[Capability, ...] = get_args(Capability)
LOCK = Lock(Days(NOON.date(), NOON.date()))
MAY: dict[Role, set[Capability]] = {
    "link": {"read"},
    "client": {"read", "account"},
    "analyst": {"read", "account", "authors", "correct", "import", "share"},
    "admin": set(CAPABILITIES) - {"any user"},
    "operator": set(CAPABILITIES),
}
"""Who may what, written down a second time: the table of the app decides about every page and every statement."""


def test_each_role_may_what_was_decided_and_no_more() -> None:
    assert {role: set(may) for role, may in PERMISSIONS.items()} == MAY
    for role, may in MAY.items():
        principal = Principal("x", role, lock=LOCK if role == "link" else None)
        assert {capability for capability in CAPABILITIES if principal.may(capability)} == may


def test_every_role_of_a_user_is_in_the_table_and_explained_and_every_refusal_has_a_sentence() -> None:
    assert set(PERMISSIONS) == {*USER_ROLES, "operator", "link"}
    assert set(ABOUT) == set(USER_ROLES) == set(get_args(UserRole))
    assert set(REFUSALS) == set(CAPABILITIES)


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_a_role_that_is_not_in_the_table_may_nothing_and_a_refusal_says_who_may(capability: Capability) -> None:
    OPERATOR.require_may(capability)
    nobody: Any = "superuser"
    with pytest.raises(AccessDenied) as refused:
        Principal("x", nobody, frozenset({"acme"})).require_may(capability)
    assert str(refused.value) == REFUSALS[capability]


@pytest.mark.parametrize("role", PERMISSIONS)
def test_with_a_lock_nobody_may_more_than_a_link_whatever_the_role(role: Role) -> None:
    locked = Principal("x", role, frozenset({"acme"}), lock=LOCK)
    assert [capability for capability in CAPABILITIES if locked.may(capability)] == ["read"]
    assert not locked.may_see("bolt")


def test_a_condition_on_rows_of_users_names_exactly_the_roles_of_the_table() -> None:
    assert roles_that_may("share") == ("admin", "analyst")
    assert roles_that_may("every client") == roles_that_may("users") == ("admin",)
    assert roles_that_may("any user") == ()


def test_the_documents_tables_are_the_one_that_decides() -> None:
    for path, table in security_page.TABLES.items():
        page = path.read_text(encoding="utf-8")
        assert table() in page, "run `python -m scripts.security_page`"
        assert security_page.written(page, table()) == page


def test_the_documents_table_leaves_no_capability_out_and_says_yes_to_nobody_who_may_not() -> None:
    assert {right.capability for right in security_page.RIGHTS} == set(CAPABILITIES) - {"every client"}
    for line, right in zip(security_page.permissions().splitlines()[3:], security_page.RIGHTS, strict=False):
        what, stranger, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert (what, stranger) == (right.what, "no")
        for role, cell in zip(security_page.COLUMNS, cells, strict=True):
            assert cell in ("no", "") or right.capability in MAY[role], (what, role)
