"""Pages in Streamlit's test harness, signed in, on a store and at a moment of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from perfdash.domain.accounts import Account, Days
from perfdash.domain.facts import Fetched
from perfdash.store.engine import Store
from perfdash.ui.runtime import cache, context
from tests.store.builders import NOON, Runs, given_client, given_facts
from tests.store.ledger_kit import batch
from tests.ui.conftest import MAIN, _template, entered, given_user, store

__all__ = ["_template", "store"]

PAGES = "../../pages"
OVERVIEW, CAMPAIGNS, CAMPAIGN, HEALTH = (
    f"{PAGES}/{name}.py"
    for name in ("performance/overview", "performance/campaigns", "performance/campaign", "operations/sync_health")
)
YESTERDAY = NOON.date() - timedelta(days=1)
VIEW = Days(YESTERDAY - timedelta(days=29), YESTERDAY)
"""The days that the default preset shows."""
BEFORE = Days(VIEW.start - timedelta(days=30), VIEW.start - timedelta(days=1))


@dataclass
class Source:
    """What the pages' syncs ask: an answer or an error, and the account ranges it was asked for."""

    answer: Callable[[Account, Days], Fetched] | Exception
    asked: list[tuple[str, Days]] = field(default_factory=list)

    def __call__(self, account: Account, days: Days) -> Fetched:
        self.asked.append((account.client, days))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer(account, days)


@pytest.fixture(autouse=True)
def moment(monkeypatch: pytest.MonkeyPatch) -> Iterator[datetime]:
    """NOON of 2026-03-10 on the clock that pages read; nothing kept from another test."""
    monkeypatch.setattr(context, "now", lambda: NOON)
    st.cache_data.clear()
    cache.kept.clear()
    yield NOON
    st.cache_data.clear()
    cache.kept.clear()


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Source:
    """A source that knows of no fact at all."""
    found = Source(lambda _account, _days: Fetched(batch({}), context.now(), context.now(), requests=1))
    monkeypatch.setattr(cache, "fetcher", lambda _settings: found)
    return found


@pytest.fixture
def acme(store: Store, source: Source) -> Store:
    """A client with everything in view and before it fetched just now, and an admin."""
    given_client(store, "acme", settlement_days=3, history_days=400)
    fetched(store, "acme")
    given_user(store, "boss", "admin")
    return store


def fetched(store: Store, client: str, first: date = BEFORE.start, **more: object) -> Runs:
    """A committed run over the days in view and before."""
    runs = Runs(store, client)
    runs.add(first, NOON.date(), at=NOON - timedelta(minutes=5), **more)
    return runs


def fact(store: Store, **row: object) -> None:
    """A fact of yesterday, unless it says otherwise."""
    given_facts(store, {"day": YESTERDAY} | row)


def shown(page: str = OVERVIEW, name: str = "boss", **query: str | list[str]) -> AppTest:
    """`page` as `name` sees it after signing in."""
    app = entered(name, query, (MAIN.parent / page).resolve())
    assert not app.exception
    return app


def tiles(app: AppTest) -> dict[str, str]:
    """Label -> what the tile shows; the first of a label, since cards further down have figures of their own."""
    found: dict[str, str] = {}
    for metric in app.metric:
        found.setdefault(metric.label, metric.value)
    return found


def tile(app: AppTest, label: str):
    """The tile with this label."""
    return next(metric for metric in app.metric if metric.label == label)


def texts(table: Any) -> list[dict[str, str]]:
    """Each row of a table as it reads on screen: column -> text, where the cells have texts of their own."""
    displayed = pa.ipc.open_stream(table.proto.arrow_data.styler.display_values).read_all()
    return [dict(row) for row in displayed.to_pylist()]


def said(app: AppTest) -> str:
    """All captions, with what stands behind their question marks, and alerts, without what breaks links."""
    parts = [*app.caption, *app.info, *app.warning, *app.error, *app.success, *app.markdown]
    texts = [*(part.value for part in parts), *(part.proto.help for part in app.caption)]
    return "\n".join(texts).replace("\u2060", "").replace("\\", "").replace("\u00a0", " ")
