"""Without money nothing depends on money: with every amount another one, every answer of the store is the same.

That holds for what is told, and for what could be concluded from it: counts, orders, checksums, refusals, emptiness.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, update

from perfdash.domain.access import Principal
from perfdash.domain.control_totals import ControlTotals, MeasureTotals
from perfdash.domain.errors import AccessDenied, UsageError
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.store import schema as s
from perfdash.store.corrections import write as correction_write
from perfdash.store.engine import Store
from perfdash.store.query import campaigns as campaign_query
from perfdash.store.query import cpm_lab as cpm_lab_query
from perfdash.store.query import overview
from tests.isolation.probes import TABLE, Probe
from tests.isolation.test_probes import FULL, answer
from tests.isolation.world import CLIENTS, fill
from tests.store.builders import opened
from tests.store.test_scope import ALL

POOR = {
    "client": Principal("p", "client", frozenset({"acme", "cove"}), money=False),
    "analyst": Principal("p", "analyst", frozenset({"acme", "cove"}), money=False),
    "admin": Principal("p", "admin", money=False),
}
QUESTIONS = [
    Probe("own", clients, past=past)
    for clients in (((), ("acme",), ("cove",), ("acme", "cove")) if FULL else ((), ("cove",)))
    for past in (False, True)
]
REFUSED = {"query.cpm_lab.comparisons", "query.cpm_lab.all_findings"}


@pytest.fixture(scope="module")
def worlds(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    """Two stores on SQLite that differ in nothing but money; they are only read."""
    files = [shutil.copy(_sqlite_template, tmp_path_factory.mktemp("world") / "store.db") for _ in range(2)]
    with opened(f"sqlite:///{files[0]}") as one, opened(f"sqlite:///{files[1]}") as other:
        fill(one, *CLIENTS)
        fill(other, *CLIENTS)
        _make_dearer(other)
        yield one, other


def _make_dearer(store: Store) -> None:
    """Other amounts everywhere, a cost that was never restated, and no correction of any cost."""
    with store.writing() as connection:
        for table in (s.facts, s.fact_history):
            amounts = {"cost": table.c.impressions % 97 + 5, "revenue": 3, "reported_cpm": "9.99", "reported_roi": "1"}
            connection.execute(update(table).values(**amounts))
        connection.execute(update(s.campaigns).values(budget=1))
        connection.execute(update(s.quarantine).values(payload="{}"))
        connection.execute(
            update(s.refusals).values(cost=1, without_cost=0, reason=func.replace(s.refusals.c.reason, "7", "8"))
        )
        other = ControlTotals({"cost": MeasureTotals(7, 7), "clicks": MeasureTotals(5, 5)})
        connection.execute(update(s.runs).values(control=other.as_json()))
        connection.execute(update(s.overlays).values(cost=None))
        connection.execute(delete(s.overlays).where(s.overlays.c.clicks.is_(None), s.overlays.c.impressions.is_(None)))
        connection.execute(delete(s.correction_ranges))
        connection.execute(delete(s.corrections).where(s.corrections.c.field == "cost"))
        question = s.receipts.c.filters
        connection.execute(
            update(s.receipts).values(
                totals='[["cost (EUR)", "3"]]', sha256="7", filters=func.replace(question, '"7310"', '"1"')
            )
        )


def test_with_money_the_two_worlds_are_told_apart_by_every_function_that_tells_money(worlds: Any) -> None:
    rich = Principal("r", "analyst", frozenset({"acme", "cove"}))
    apart = {
        name
        for name, ask in TABLE.items()
        if any(repr(answer(ask, worlds[0], rich, x)) != repr(answer(ask, worlds[1], rich, x)) for x in QUESTIONS)
    }
    print(f"{len(apart)} functions tell the worlds apart: {', '.join(sorted(apart))}")
    assert apart >= {
        "query.overview.breakdown",
        "query.campaigns.campaign_rows",
        "restatements.read.events",
        "receipts.list_receipts",
        "query.sync_health.quarantined",
        "corrections.read.list_corrections",
        "corrections.read.lines",
        "query.same_age.aged",
        "query.overview.any_corrected",
        *REFUSED,
    }


@pytest.mark.parametrize("role", POOR)
def test_without_money_no_function_tells_them_apart(worlds: Any, role: str) -> None:
    told = []
    for name, ask in TABLE.items():
        for x in QUESTIONS:
            got = [repr(answer(ask, store, POOR[role], x)) for store in worlds]
            if got[0] != got[1]:
                told.append(f"{name} {x}\n  {got[0]}\n  {got[1]}")
    print(f"{len(TABLE) * len(QUESTIONS)} questions of {role}: {len(told)} depend on money")
    assert told == [], "\n".join(told)[:6000]


@pytest.mark.parametrize("role", POOR)
def test_without_money_asking_for_it_is_refused(worlds: Any, role: str) -> None:
    store, poor = worlds[0], POOR[role]
    limited = Filters(ALL.days, max_cpm=10**12)
    for ask in (overview.breakdown, campaign_query.campaign_rows, overview.currencies, overview.undefined_cpm):
        if ask is not overview.currencies:  # which does not look at the limit
            with pytest.raises(UsageError, match="not part of your access"):
                ask(store, Question(poor, limited))
    for ask in (cpm_lab_query.comparisons, cpm_lab_query.all_findings):
        with pytest.raises(AccessDenied, match="not part of your access"):
            ask(store, Question(poor, ALL))
    for field in ("cost", "cpm"):
        with pytest.raises(AccessDenied):
            correction_write.require_may_correct(poor, "acme", field)
