"""The menu is a convenience: it shows a page to those for whom it holds something."""

from __future__ import annotations

import pytest

from perfdash.domain.access import Lock, Principal
from perfdash.ui.runtime import navigation
from tests.pages.conftest import VIEW


def titles(principal: Principal) -> set[str]:
    """The pages that stand in the menu of `principal`."""
    return {page.title for page in navigation.PAGES if navigation._is_shown(principal, page)}


@pytest.mark.parametrize("role", ["client", "analyst"])
def test_clients_side_by_side_are_for_those_with_several(role: str) -> None:
    alone, several = (Principal("x", role, frozenset(names)) for names in (("a",), ("a", "b")))  # type: ignore[arg-type]
    assert titles(several) - titles(alone) == {"Clients"}
    assert "Clients" in titles(Principal("boss", "admin"))


def test_creators_and_compare_are_for_everybody_with_an_account_also_without_money() -> None:
    desk = Principal("desk", "client", frozenset({"a"}), money=False)
    assert {"Creators", "Compare"} <= titles(desk)
    visitor = Principal("x", "link", frozenset({"a"}), lock=Lock(VIEW))
    assert not {"Clients", "Creators", "Compare"} & titles(visitor)
