"""What reruns share between users: nobody's page is answered from what was read for somebody with other rights."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from inspect import signature
from types import MappingProxyType
from typing import Any

import pytest
import streamlit as st
from streamlit.runtime.caching.cache_utils import CachedFunc

import perfdash.ui
from perfdash.domain.access import Lock, Principal
from perfdash.domain.accounts import Days
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.store.engine import Store
from perfdash.ui.runtime import cache, navigation
from perfdash.ui.runtime.cache import SharedRead
from tests.isolation.canary import MARK, OF_OWNER, SPRING, given_world, needles, numbers_of
from tests.ui.conftest import _template, entered, store

__all__ = ["_template", "store"]
ASKS_SOURCES = {"runtime.cache.fetched"}
"""Answers of sources by account; only what may sync that account comes to ask for it."""
DAY = date(2026, 3, 1)
ONE = Principal("a", "client", frozenset({"acme"}), user_id=1)
TWIN = replace(ONE, name="b", user_id=2)
OTHERS = (
    replace(ONE, clients=frozenset({"bolt"})),
    replace(ONE, clients=frozenset()),
    replace(ONE, money=False),
    replace(ONE, role="analyst"),
    replace(ONE, role="link", lock=Lock(Days(DAY, DAY))),
    replace(ONE, role="link", lock=Lock(Days(DAY, DAY), currency="EUR")),
)
PAGES = tuple(page.file for page in navigation.PAGES if page.file.startswith("performance/") and page.of_clients)


def modules() -> Iterator[tuple[str, Any]]:
    """Every module under perfdash/ui but the script itself, by its name there."""
    for info in pkgutil.walk_packages(perfdash.ui.__path__, "perfdash.ui."):
        if info.name != "perfdash.ui.main":
            yield info.name.removeprefix("perfdash.ui."), importlib.import_module(info.name)


def shared() -> dict[str, tuple[Any, str, SharedRead[Any, Any]]]:
    """Every read whose answers reruns share: (module, name, read)."""
    return {
        f"{where}.{name}": (module, name, value)
        for where, module in modules()
        for name, value in vars(module).items()
        if isinstance(value, SharedRead) and value.read.__module__ == module.__name__
    }


def test_nothing_is_shared_but_what_was_read_for_a_question() -> None:
    bare = {
        f"{where}.{name}"
        for where, module in modules()
        for name, value in vars(module).items()
        if isinstance(value, CachedFunc) and value.__wrapped__.__module__ == module.__name__
    }
    assert bare == ASKS_SOURCES


def test_whoever_asks_is_part_of_every_key() -> None:
    """Every right decides under what an answer is kept: none is lost on the way from the question to the key."""
    reads = shared()
    print(f"{len(reads)} reads are shared: {', '.join(reads)}")
    assert len(reads) > 8
    for name, (_, _, read) in reads.items():
        kept: list[Any] = []
        listened = replace(read, kept=lambda *key, kept=kept: kept.append(key), version=lambda _question: None)
        for principal in (ONE, TWIN, *OTHERS):
            listened(Question(principal, Filters(Days(DAY, DAY))), *[None] * (len(signature(read.read).parameters) - 1))
        assert len(kept) == 2 + len(OTHERS), name
        assert kept[0] == kept[1], name
        assert len(set(kept)) == 1 + len(OTHERS), name


def test_all_that_is_given_stands_in_the_key_and_no_two_reads_are_kept_under_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys: list[Any] = []
    monkeypatch.setattr(cache.kept, "get", lambda key, _seconds, _read: keys.append(key))
    question = Question(ONE, Filters(Days(DAY, DAY)))
    for _, _, read in shared().values():
        read.kept(question, ("more",), 7)
    assert {key[1:] for key in keys} == {(store.label, question, ("more",), 7)}
    assert len({key[0] for key in keys}) == len(shared())


def test_what_an_address_calls_a_campaign_is_not_kept_when_no_campaign_can_be_called_so(store: Store) -> None:
    cache.kept.clear()
    for length, kept in ((200, True), (201, False)):
        asked = Question(ONE, Filters(Days(DAY, DAY))).about(CampaignRef("acme", 1, "x" * length))
        cache.groups(asked)
        assert ("x" * length in repr(list(cache.kept.all()))) is kept


def test_what_is_shared_cannot_be_changed(store: Store) -> None:
    """It is handed to many pages as it is."""
    given_world(store)
    cache.kept.clear()
    visit(f"{MARK}-analyst")
    found = cache.kept.all()
    assert len({key[0] for key in found}) > 15  # type: ignore[index]
    for key, value in found.items():
        changeable = list(changeables(value))
        assert changeable == [], key


def changeables(value: Any) -> Iterator[Any]:
    """The parts of a value that somebody could change."""
    if is_dataclass(value) and not isinstance(value, type):
        if not value.__dataclass_params__.frozen:  # type: ignore[attr-defined]
            yield value
        for field in fields(value):
            yield from changeables(getattr(value, field.name))
    elif isinstance(value, MappingProxyType):
        for key, one in value.items():
            yield from (*changeables(key), *changeables(one))
    elif isinstance(value, (tuple, frozenset)):
        for one in value:
            yield from changeables(one)
    elif not isinstance(value, (str, int, float, Fraction, Decimal, date, type(None))):
        yield value


def test_the_days_the_moment_and_all_else_that_is_given_are_part_of_the_key() -> None:
    question, kept = Question(ONE, Filters(Days(DAY, DAY))), []
    read = replace(cache.groups, kept=lambda *key: kept.append(key), version=lambda _question: None)
    later = question.over(Days(DAY, DAY + timedelta(days=1)))
    read(question)
    read(question, ())
    read(question, by=())
    assert len(set(kept)) == 1
    read(question, ("day",))
    read(later)
    read(question.at(DAY))
    read(question.about(CampaignRef("acme", 1, "spring")))
    assert len(set(kept)) == 5


@pytest.fixture
def read(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What cached functions are asked and answer from now on, as text."""
    given_world(store)
    st.cache_data.clear()
    cache.kept.clear()
    told: list[str] = []

    def listened(function: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            result = function(*arguments, **named)
            told.append(f"{arguments!r} -> {result!r}")
            return result

        call.clear = getattr(function, "clear", None)  # type: ignore[attr-defined]
        return call

    for module, name, shared_read in shared().values():
        monkeypatch.setattr(module, name, replace(shared_read, kept=listened(shared_read.kept)))
    monkeypatch.setattr(cache, "fetched", listened(cache.fetched))
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
