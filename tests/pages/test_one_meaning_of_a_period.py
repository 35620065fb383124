"""A period means the same days and the same numbers of a client whoever looks, by whatever way, at every hour."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import streamlit as st

from perfdash import exports
from perfdash.cli import main
from perfdash.commands import query, restatements
from perfdash.domain.access import Principal
from perfdash.domain.accounts import Account, Client, Days
from perfdash.domain.periods import PRESET_LABELS, PRESETS, Preset
from perfdash.domain.question import Question, question_of
from perfdash.domain.share_links import Shared
from perfdash.store import receipts
from perfdash.store.engine import Store
from perfdash.store.query import catalog, overview
from perfdash.ui.runtime import cache, context
from perfdash.ui.sync_health import progress
from tests.fixtures.command_line import ROOT
from tests.pages.conftest import PAGES, shown
from tests.store.builders import Runs, given_facts, given_revisions
from tests.ui.conftest import given_user

BOSS = Principal("boss", "admin")
ZONES = (
    "Pacific/Auckland",
    "Asia/Tokyo",
    "Asia/Kolkata",
    "Europe/Berlin",
    "UTC",
    "America/Sao_Paulo",
    "America/New_York",
    "America/Los_Angeles",
)
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
"""Where the hours are counted from: a Sunday on which February is not over in the west."""
OFFERED = tuple(preset for preset in PRESETS if preset != "custom")
LIGHT = f"{PAGES}/performance/definitions.py"
"""A page that reads no numbers: its sidebar asks the same question as every other's."""


@dataclass
class World:
    """Clients in all zones, each synced once a day at an hour of its own; some by accounts in another zone, some late.

    `fetched` are the moments of the syncs of each client so far.
    """

    store: Store
    clients: tuple[str, ...]
    fetched: dict[str, list[datetime]]
    runs: dict[str, Runs]

    def zone(self, client: str) -> str:
        return ZONES[self.clients.index(client) % len(ZONES)]

    def account_zone(self, client: str) -> str:
        return (
            ZONES[(self.clients.index(client) + 3) % len(ZONES)]
            if self.clients.index(client) % 5 == 4
            else self.zone(client)
        )

    def sync(self, now: datetime) -> None:
        """Every client that is due in this hour: all days up to its account's today."""
        for n, client in enumerate(self.clients):
            late = n % 6 == 5 and now >= MIDNIGHT - timedelta(days=3)
            if now.hour == n * 7 % 24 and not late:
                today = now.astimezone(ZoneInfo(self.account_zone(client))).date()
                self.runs[client].add(today - timedelta(days=200), today, at=now)
                self.fetched[client].append(now)

    def complete(self, client: str, now: datetime) -> date:
        """The last complete day, by hand: the day before the last sync in its zone, at most yesterday."""
        yesterday = now.astimezone(ZoneInfo(self.zone(client))).date() - timedelta(days=1)
        last = self.fetched[client][-1].astimezone(ZoneInfo(self.account_zone(client))).date()
        return min(last - timedelta(days=1), yesterday)


@pytest.fixture
def world(store: Store, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> World:
    names = tuple(f"client-{n:02}" for n in range(request.param))
    found = World(store, names, {name: [] for name in names}, {name: Runs(store, name) for name in names})
    clients = [Client(name, name.title(), "EUR", found.zone(name)) for name in names]
    accounts = [Account(name, "agency", name, "EUR", found.account_zone(name), 3) for name in names]
    catalog.register(store, clients, accounts, MIDNIGHT)
    given_user(store, "boss", "admin")
    for n, name in enumerate(names):
        given_revisions(store, name, MIDNIGHT - timedelta(days=300))
        given_user(store, name, "client", name)
        each = (MIDNIGHT.date() + timedelta(days=day) for day in range(-200, 3))
        given_facts(
            store, *({"client_id": name, "day": day, "cost": 10**6 * (n + 1) + day.toordinal()} for day in each)
        )
    for hours in range(-6 * 24, 0):
        found.sync(MIDNIGHT + timedelta(hours=hours))
    # What a page would fetch is another test's subject: here the days that are known stay as they are.
    monkeypatch.setattr(progress, "fetch_missing", lambda _question, _zone: None)
    monkeypatch.chdir(ROOT)
    return found


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch):
    """Moves every clock there is."""

    def move(now: datetime) -> None:
        for module in (context, query, restatements):
            monkeypatch.setattr(module, "now", lambda: now)
        st.cache_data.clear()
        cache.kept.clear()

    return move


def asked(label: str, name: str = "boss", *clients: str) -> Question:
    """What the sidebar asks after `name` chose a range, and clients."""
    selection = shown(LIGHT, name, range=label, **({"client": list(clients)} if clients else {})).session_state[
        "_selection"
    ]
    return selection.question


def costs(store: Store, question: Question) -> dict[str, int]:
    return {group.client: group.sums.cost or 0 for group in overview.breakdown(store, question, ("client",))}


def said(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    with redirect_stdout(out):
        assert main([*arguments, "--format", "json"]) == 0
    return json.loads(out.getvalue())


def days_told(filters: dict[str, Any], client: str) -> Days:
    first, last = filters.get("ranges", {}).get(client, (filters["from"], filters["to"]))
    return Days(date.fromisoformat(first), date.fromisoformat(last))


def by_a_link(filtered: Question, client: str) -> Principal:
    return Principal("link", "link", frozenset({client}), lock=Shared(filtered.filters).lock)


def check(world: World, preset: Preset, client: str, now: datetime) -> None:
    """All ways to the numbers of one client."""
    store, label = world.store, PRESET_LABELS[preset]
    everyone, filtered, own = asked(label), asked(label, "boss", client), asked(label, client)
    days = filtered.filters.days
    cost = costs(store, filtered)
    assert set(cost) == {client}
    assert own.filters.days == days
    assert costs(store, own) == cost
    if preset != "all":  # all clients begin with the first day of any
        assert everyone.filters.days_of(client) == days
    assert everyone.filters.days_of(client).end == days.end
    assert costs(store, everyone)[client] == cost[client]
    assert costs(store, Question(by_a_link(filtered, client), own.filters)) == cost
    _check_files(store, filtered, client, now)
    for arguments in (("--as", client), ("--client", client)):
        told = said("query", "campaigns", "--range", label, *arguments)
        assert days_told(told["perfdash"]["filters"], client) == days
        assert told["totals"][0]["cost"] == f"{cost[client] / 10**6:.6f}"
    whole = said("query", "campaigns", "--range", label)
    assert days_told(whole["perfdash"]["filters"], client).end == days.end
    (row,) = [row for row in whole["rows"] if row["client"] == client]
    assert row["cost"] == f"{cost[client] / 10**6:.6f}"
    changes = said("restatements", "--client", client, "--range", label, "--since", "2026-02-01")
    assert days_told(changes["perfdash"]["filters"], client) == days
    if preset.startswith("last_") and preset[5:].isdigit():
        assert days == Days(days.end - timedelta(days=int(preset[5:]) - 1), world.complete(client, now))


def _check_files(store: Store, filtered: Question, client: str, now: datetime) -> None:
    """An export holds resolved days, and so does its receipt: the same rows on any later day."""
    found = exports.answer(store, filtered.asked_by(BOSS), "daily", now)
    receipt = exports.write_receipt(store, found, lambda: now)
    (part,) = receipts.receipt_of(store, BOSS, receipt).parts
    later = question_of(BOSS, part.filters, (client,))
    assert later.filters == replace(filtered.filters, clients=(client,))
    assert {row["day"] for row in _rows(found)} == set(filtered.filters.days.each())


def _rows(found: exports.Export) -> Sequence[dict[str, Any]]:
    return [{"day": group.day} for group in found.groups]


@pytest.mark.parametrize("world", [8], indirect=True)
def test_at_some_hours_some_clients_have_the_same_days_and_numbers_whoever_looks(world: World, at) -> None:
    chosen: dict[int, tuple[Preset, int]] = {3: ("last_30", 4), 11: ("this_month", 7), 17: ("all", 0)}
    for hour in range(24):
        now = MIDNIGHT + timedelta(hours=hour)
        world.sync(now)
        if hour in chosen:
            at(now)
            preset, n = chosen[hour]
            check(world, preset, world.clients[n], now)


@pytest.mark.full
@pytest.mark.parametrize("world", [20], indirect=True)
def test_at_every_hour_and_for_every_preset_each_client_has_the_same_days_and_numbers(world: World, at) -> None:
    for hour in range(24):
        now = MIDNIGHT + timedelta(hours=hour)
        world.sync(now)
        at(now)
        for n, preset in enumerate(OFFERED):
            check(world, preset, world.clients[(hour * 7 + n * 3) % 20], now)
