"""However a source hands out its rows (sizes and kinds of pages, windows, splits, order), the ledger ends up the same.

One account, two ledgers: one reads every answer as a single page, the other in the way that hypothesis chose. Between
the syncs values are restated, rows vanish, come back or are refused; some answers hold a campaign that is the sum of
the others, or lack more than is believed.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from perfdash.config.source import Source
from perfdash.domain.accounts import Days
from perfdash.store import schema
from perfdash.sync.run import RunResult
from tests.sources.kept import synced
from tests.sources.loopback import Answer, Asked, said
from tests.sources.routed import Routed, configured
from tests.store.ledger_kit import Ledger, open_ledger

FIRST = date(2026, 3, 1)
PLATFORMS = ("TikTok", "Instagram")
FULL = os.environ.get("PERFDASH_FULL") == "1"
EXAMPLES = 1_000 if FULL else 30
WAYS = ("performance_v1", "page", "offset", "cursor", "next_url", "link_header", "none")
LEFT_OUT = {"run_id", "at", "client_id", "account_id", "ordinal"}
ALL = 1_000_000
"""In millionths: any row may be refused."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Way:
    """How the second ledger reads: kind and size of pages, days a window, how many rows are too much, order of rows.

    Whatever is too much is refused with 413; a day is never too much.
    """

    kind: str
    size: int = 10
    window: int | None = None
    most: int | None = None
    seed: int = 0


@dataclass
class AnyApi:
    """Serves `rows` of the asked days in `way`; the order of rows is shuffled anew for each range that is asked."""

    rows: list[Row] = field(default_factory=list)
    way: Way = field(default_factory=lambda: Way("none"))

    def __call__(self, asked: Asked) -> Answer:
        query, way = asked.query, self.way
        begin, end = query["start_date"], query["end_date"]
        wanted = [row for row in self.rows if begin <= row["date"] <= end]
        if way.most is not None and len(wanted) > way.most and begin != end:
            return said({"detail": "too much"}, 413)
        random.Random(f"{way.seed} {begin} {end}").shuffle(wanted)
        size = way.size if way.kind != "none" else len(wanted) or 1
        at = (int(query["page"]) - 1) * size if "page" in query else int(query.get("at", 0))
        return self._page(wanted, at, size, asked)

    def _page(self, wanted: list[Row], at: int, size: int, asked: Asked) -> Answer:
        body: dict[str, Any] = {"data": wanted[at : at + size]}
        headers = {}
        if self.way.kind == "performance_v1":
            body["page_info"] = {
                "page": at // size + 1,
                "page_size": size,
                "total_number": len(wanted),
                "total_page": max(1, -(-len(wanted) // size)),
            }
        if at + size < len(wanted):
            after = str(at + size)
            days = f"start_date={asked.query['start_date']}&end_date={asked.query['end_date']}"
            body["next"] = after if self.way.kind == "cursor" else f"?{days}&at={after}"
            headers["Link"] = f'<{asked.path}?{days}&at={after}>; rel="next"'
        return said(body, **(headers if self.way.kind == "link_header" else {}))


def source_for(way: Way, url: str) -> Source:
    """The configuration with which the client reads it."""
    tables: dict[str, Any] = {"request": {"window_days": way.window} if way.window else {}}
    tables["outcomes"] = [{"then": "split", "status": 413}]
    if way.kind in ("performance_v1", "none"):
        return configured("performance_v1", url, **tables)
    params = {"page": "", "page_size": ""}
    paging = {
        "page": ({"type": "page", "first_unasked": False, "size": way.size}, {"page": "{page}"}),
        "offset": ({"type": "offset"}, {"at": "{offset}"}),
        "cursor": ({"type": "cursor", "next": "next"}, {"at": "{cursor}"}),
        "next_url": ({"type": "next_url", "next": "next"}, {}),
        "link_header": ({"type": "link_header"}, {}),
    }[way.kind]
    tables["request"]["params"] = params | paging[1]
    return _of_its_own(url, paging[0], tables)


def _of_its_own(url: str, paging: dict[str, Any], tables: dict[str, Any]) -> Source:
    """Type custom, with the rows of performance_v1."""
    usual = configured("performance_v1", url).config
    request = {
        "path": usual.request.path,
        "params": {"start_date": "{start}", "end_date": "{end}"}
        | {n: t for n, t in tables["request"]["params"].items() if t},
    } | {name: value for name, value in tables["request"].items() if name != "params"}
    fields = usual.fields.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return configured(
        "custom",
        url,
        paging=paging,
        request=request,
        records={"path": "data"},
        fields=fields,
        outcomes=tables["outcomes"],
    )


# The account


APART = (1, 2, 4, 8)
"""Sizes of campaigns of which none is the sum of the others."""
A_SUM = (1, 2, 3, 4)


@st.composite
def histories(
    draw: st.DrawFn, sizes: tuple[tuple[int, ...], ...] = (APART, A_SUM), kept: bool = False
) -> list[list[Row]]:
    """What the account reports at each of some syncs: numbers are restated, rows vanish, come back, cannot be read.

    `kept`: the first campaign is on its first platform every day and can be read, so that no day goes empty.
    """
    days = draw(st.integers(1, 9))
    of = draw(st.sampled_from(sizes))
    chance = random.Random(draw(st.integers(0, 2**32)))
    keys = [(c, p, d) for c in range(draw(st.integers(1, 4))) for p in PLATFORMS for d in range(days)]
    return [
        [
            _row(*key, of[key[0]], chance, good=stays)
            for key in keys
            if (stays := kept and key[:2] == (0, PLATFORMS[0])) or chance.random() < 0.8
        ]
        for _ in range(draw(st.integers(1, 3)))
    ]


def _row(campaign: int, platform: str, day: int, size: int, chance: random.Random, good: bool) -> Row:
    impressions = 1_000 * size + chance.choice((0, 0, 0, 1))
    row = {
        "campaignId": f"c{campaign}",
        "campaignName": f"Campaign {campaign}",
        "platform": platform,
        "date": (FIRST + timedelta(days=day)).isoformat(),
        "impressions": impressions,
        "clicks": day * size,
        "cost": f"{impressions / 7:.7f}",
        "revenue": chance.choice((None, "1,234.50", 12)),
        "status": "active",
    }
    if chance.random() < 0.05 and not good:
        row[chance.choice(("clicks", "cost", "impressions"))] = chance.choice((None, -1, "n/a"))
    return row


ways = st.builds(
    Way,
    kind=st.sampled_from(WAYS),
    size=st.integers(1, 20),
    window=st.none() | st.integers(1, 10),
    most=st.none() | st.integers(1, 60),
    seed=st.integers(0, 99),
)
PLAINLY = Way("none")


KEPT = (schema.facts, schema.fact_history, schema.campaigns, schema.creators, schema.revisions, schema.refusals)


# The two ledgers


@pytest.fixture(scope="module")
def api() -> AnyApi:
    return AnyApi()


@pytest.fixture(scope="module")
def server(api: AnyApi) -> Iterator[Routed]:
    with Routed(api) as running:
        yield running


@pytest.fixture(scope="module")
def ledgers(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ledger, Ledger]]:
    """Two ledgers in files of their own. Opening one takes longer than a whole example, so they are emptied instead."""
    folder = tmp_path_factory.mktemp("same")
    opened = []
    for name in ("whole", "parts"):
        shutil.copyfile(_sqlite_template, folder / f"{name}.db")
        opened.append(open_ledger(f"sqlite:///{folder / name}.db"))
    yield opened[0], opened[1]
    for one in opened:
        one.store.close()


def emptied(*ledgers: Ledger) -> None:
    """As they were before the first sync."""
    for ledger in ledgers:
        with ledger.store.writing() as connection:
            for table in reversed(schema.metadata.sorted_tables):
                if table.name not in ("meta", "clients", "accounts"):
                    connection.execute(delete(table))
            connection.execute(update(schema.clients).values(revision=0, last_run=0))


def kept(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    """Everything the ledger holds of the account, without numbers of runs and times."""
    found = {}
    with ledger.store.reading() as connection:
        for table in KEPT:
            columns = [column for column in table.c if column.name not in LEFT_OUT]
            found[table.name] = sorted((tuple(row) for row in connection.execute(select(*columns))), key=repr)
        q, r = schema.quarantine.c, schema.runs.c
        found["quarantine"] = sorted(tuple(row) for row in connection.execute(select(q.reason, q.row_key)))
        found["runs"] = sorted(tuple(row) for row in connection.execute(select(r.state, r.control, r.content_sha256)))
    return found


def told(result: RunResult) -> tuple[Any, ...]:
    return result.state, result.counts, result.revision


def days_of(history: list[list[Row]]) -> Days:
    last = max((row["date"] for rows in history for row in rows), default=FIRST.isoformat())
    return Days(FIRST, date.fromisoformat(last))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=histories(), way=ways, refusing=st.sampled_from((10_000, ALL)), accepting=st.booleans())
@example(history=[[]], way=Way("cursor"), refusing=ALL, accepting=False)
def test_any_pages_windows_splits_and_order_give_the_ledger_of_one_big_page(
    history: list[list[Row]],
    way: Way,
    refusing: int,
    accepting: bool,
    api: AnyApi,
    server: Routed,
    ledgers: tuple[Ledger, Ledger],
) -> None:
    days, (whole, parts) = days_of(history), ledgers
    order: dict[str, Any] = {
        "account": replace(whole.account, refuse_at_most=refusing),
        "accept_vanished": accepting,
    }
    emptied(whole, parts)
    for rows in history:
        api.rows = rows
        api.way = PLAINLY
        at_once = synced(whole, source_for(PLAINLY, server.url), days, **order)
        api.way = way
        in_parts = synced(parts, source_for(way, server.url), days, **order)
        assert told(in_parts) == told(at_once), in_parts.message
        assert_counted(at_once, rows)
    assert kept(parts) == kept(whole)


def assert_counted(result: RunResult, rows: list[Row]) -> None:
    """Every row of an answer is counted once; one with a campaign that is a sum is no answer."""
    c = result.counts
    if result.state == "failed":
        assert "looks like a total" in result.message
    else:
        assert c.fetched == len(rows), result.message
    if result.state in schema.VISIBLE:
        stored = c.new + c.restated + c.reappeared + c.unchanged
        assert c.fetched == stored + c.quarantined + c.duplicate + c.added + c.left_out


@settings(
    max_examples=EXAMPLES // 3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=histories(sizes=(APART,), kept=True), way=ways, cut=st.integers(1, 8))
def test_runs_of_any_lengths_give_the_same_current_facts(
    history: list[list[Row]], way: Way, cut: int, api: AnyApi, server: Routed, ledgers: tuple[Ledger, Ledger]
) -> None:
    """A range that is synced in several runs takes more revisions, but what is current is the same."""
    days, (whole, parts) = days_of(history), ledgers
    emptied(whole, parts)
    cuts = [Days(start, min(days.end, start + timedelta(days=cut - 1))) for start in list(days.each())[::cut]]
    order: dict[str, Any] = {"account": replace(whole.account, refuse_at_most=ALL), "accept_vanished": True}
    for rows in history:
        api.rows, api.way = rows, PLAINLY
        results = [synced(whole, source_for(PLAINLY, server.url), days, **order)]
        api.way = way
        results += [synced(parts, source_for(way, server.url), one, **order) for one in cuts]
        assert {one.state for one in results} <= set(schema.VISIBLE), [one.message for one in results]
    values = [column for column in schema.facts.c if column.name not in LEFT_OUT | {"from_rev"}]
    found = []
    for ledger in (whole, parts):
        with ledger.store.reading() as connection:
            found.append(sorted((tuple(row) for row in connection.execute(select(*values))), key=repr))
    assert found[0] == found[1]
