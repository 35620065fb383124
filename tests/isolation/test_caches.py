"""What reruns share between users: nobody's page is answered from what was read for somebody with other rights."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

import pytest
import streamlit as st
from streamlit.runtime.caching.cache_utils import CachedFunc

import perfdash.ui
from perfdash.access import Principal
from perfdash.store.engine import Store
from perfdash.ui import cache, menu
from tests.isolation.canary import MARK, OF_OWNER, SPRING, given_world, needles, numbers_of
from tests.ui.conftest import _template, entered, store

__all__ = ["_template", "store"]
ASKS_SOURCES = {"cache._fetched"}
"""Answers of sources by account; only what may sync that account comes to ask for it."""
PAGES = tuple(page.file for page in menu.PAGES if page.section == "Performance" and page.of_clients)


def cached() -> dict[str, tuple[Any, str, Any]]:
    """Every function under perfdash/ui whose results reruns share: (module, name, function)."""
    found = {}
    for info in pkgutil.walk_packages(perfdash.ui.__path__, "perfdash.ui."):
        if info.name == "perfdash.ui.main":
            continue
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            if isinstance(value, CachedFunc) and value.__wrapped__.__module__ == info.name:
                found[f"{info.name.removeprefix('perfdash.ui.')}.{name}"] = (module, name, value)
    return found


def test_whoever_asks_is_part_of_every_key() -> None:
    found = cached()
    print(f"{len(found)} functions share results: {', '.join(found)}")
    assert len(found) > 8
    for name, (_, _, function) in found.items():
        first = next(iter(inspect.signature(function).parameters.values()))
        assert name in ASKS_SOURCES or (first.name, first.annotation) == ("principal", "Principal"), name
        assert not any(p.startswith("_") and "rincipal" in p for p in inspect.signature(function).parameters), name


def test_rights_are_never_left_out_of_the_key() -> None:
    one = Principal("a", "client", frozenset({"acme"}), user_id=1)
    others = [
        Principal("a", "client", frozenset({"bolt"}), user_id=1),
        Principal("a", "client", frozenset({"acme"}), money=False, user_id=1),
        Principal("a", "analyst", frozenset({"acme"}), user_id=1),
        Principal("a", "client", frozenset(), user_id=1),
    ]
    assert len({cache.scope(each) for each in (one, *others)}) == 1 + len(others)


@pytest.fixture
def read(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What cached functions are asked and answer from now on, as text."""
    given_world(store)
    st.cache_data.clear()
    told: list[str] = []

    def listened(function: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            result = function(*arguments, **named)
            told.append(f"{function.__wrapped__.__name__} {arguments!r} -> {result!r}")
            return result

        call.clear = function.clear  # type: ignore[attr-defined]
        return call

    for module, name, function in cached().values():
        monkeypatch.setattr(module, name, listened(function))
    return told


def visit(name: str) -> None:
    app = entered(name, {"campaign": SPRING, "account": "1", "owner": f"{MARK}canary"})
    for page in PAGES:
        app.switch_page(f"../../pages/{page}").run()
        assert not app.exception


def parts(lines: list[str]) -> set[str]:
    """The words of these lines."""
    return {part for line in lines for part in line.replace(",", " ").replace("=", " ").replace(")", " ").split()}


def test_what_was_read_for_one_user_is_not_what_another_gets(store: Store, read: list[str]) -> None:
    """The owner's users first, so that everything of it lies in the caches; then those who may not see it."""
    visit(f"{MARK}-analyst")
    assert len([line for line in read if MARK in line]) > 5
    money = needles(numbers_of(store, OF_OWNER, money_only=True)).texts
    amounts = {text for text in money if text.isdigit() and len(text) > 9}  # micros
    assert amounts & parts(read)
    read.clear()
    visit("other-client")
    typed = (SPRING, f"{MARK}canary")  # in the address
    assert read
    assert [line for line in read if MARK in line.replace(typed[0], "").replace(typed[1], "")] == []
    read.clear()
    visit(f"{MARK}-blind")
    assert any(f"{MARK}-ann" in line for line in read)
    assert amounts & parts(read) == set()
