"""The same number reads the same wherever it stands: a crawl over pages and viewers, one text for a number and place.

A number is known by its measure, whose it is, and what of that client it is about; all pages show the same days.
Tables, sentences, the help of tiles and the tooltips of charts say all of it, as does what `query` answers, put into
the same words; the face of a tile is short, which is a place of its own.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from perfdash import exports
from perfdash.domain.access import Principal
from perfdash.domain.filters import Filters
from perfdash.domain.metrics import METRICS
from perfdash.domain.question import Question
from perfdash.domain.security import Security
from perfdash.presentation import formatting
from perfdash.store.auth import sessions
from perfdash.store.engine import Store
from perfdash.store.share_links import links
from perfdash.ui.auth import session
from tests.pages.conftest import (
    CAMPAIGN,
    CAMPAIGNS,
    NOON,
    OVERVIEW,
    PAGES,
    VIEW,
    YESTERDAY,
    fact,
    fetched,
    shown,
    texts,
)
from tests.store.builders import ADMIN, given_campaign, given_client, given_creator
from tests.ui.conftest import MAIN, _addressed, _page_hashes, given_user

Key = tuple[str, str, tuple[str, ...], str]
"""Measure, whose (a client), what of it (() is all), and where it stands."""
Said = Iterator[tuple[Key, str]]
MEASURES = (
    *("cost", "impressions", "clicks", "views", "engagements", "conversions", "revenue", "reach"),
    *METRICS,
    "cost_per_1000_views",
)
CLIENTS, CREATORS, COMPARE, CHECKS, CHANGED, REPORTED = (
    f"{PAGES}/performance/{name}.py"
    for name in ("clients", "creators", "compare", "checks", "what_changed", "what_we_reported")
)
CURRENCY = {"acme": "EUR", "hoshi": "JPY"}
ROLES = {"boss": ("acme", "hoshi"), "ann": ("acme",), "hoshi-client": ("hoshi",), "desk": ("acme",)}
"""Who looks -> whose numbers they see; the desk sees no money."""
MONEY_FREE = "desk"
_EXACT = re.compile(r"^\u2212?[\d,.]+(?:[×%]|\u00a0[A-Z]{3})?\.$")
"""The line of a tile's help that says the whole number."""


@pytest.fixture
def world(acme: Store) -> Store:
    """Two clients in two currencies with two campaigns each: large, small and negative amounts, by creator."""
    given_client(acme, "hoshi", currency="JPY", zone="UTC", settlement_days=3, history_days=400)
    fetched(acme, "hoshi")
    given_user(acme, "ann", "analyst", "acme")
    given_user(acme, "hoshi-client", "client", "hoshi")
    given_user(acme, MONEY_FREE, "client", "acme", money=False)
    for n, (client, currency) in enumerate(CURRENCY.items()):
        given_creator(acme, "c-1", f"@zoe.{client}", client=client)
        common = {"client_id": client, "currency": currency}
        for name in ("spring", "autumn"):
            given_campaign(acme, name, name=f"{name.title()} {client}", client_id=client)
        for platform, cost in (("TikTok", 987_654_321_000_000), ("Instagram", 3_141_592)):
            numbers = {"impressions": 1_234_567, "clicks": 7_654 + n, "views": 98_765_432, "conversions": 202_600_000}
            mine = common | numbers | {"campaign_id": "spring", "platform": platform}
            fact(acme, **mine, cost=cost, revenue=cost * 2, day=VIEW.start)
            fact(acme, **mine, cost=cost // 3, revenue=7_000_000, creator_id="c-1")
        refund = {"campaign_id": "autumn", "platform": "TikTok", "impressions": 31, "clicks": 1}
        fact(acme, **common, **refund, cost=-77_123_456, revenue=0, views=3, conversions=1_000_000)
    return acme


def viewed(who: str, page: str, **query: str | list[str]) -> AppTest:
    """A page as one of ROLES sees it, or as the visitor of a client link: "link:" and the session's id."""
    if not who.startswith("link:"):
        return shown(page, who, **query)
    app = _addressed(query)
    app.session_state[session._SESSION] = who.removeprefix("link:")
    app._page_hash = _page_hashes()[(MAIN.parent / page).resolve()]
    app.run()
    assert not app.exception
    return app


def linked(store: Store, client: str) -> str:
    """A visitor of a client's link that follows the present."""
    asked = Question(Principal("boss", "admin", user_id=1), Filters(VIEW, (client,)))
    link, _ = links.make(store, asked, client, "Board", True, NOON + timedelta(days=9), lambda: NOON)
    opened, _ = sessions.begin_link(store, link.link_id, NOON, link.expires_at, Security())
    return f"link:{opened.session_id}"


def plain(text: str) -> str:
    return text.replace("\\", "").replace("\u2060", "")


def bare(text: str) -> str:
    """Without the currency: whether it stands there or in a header is a matter of place."""
    return re.sub(r"\u00a0?(?:EUR|JPY)$", "", plain(text))


def of_tiles(app: AppTest, whose: str, about: tuple[str, ...]) -> Said:
    for metric in app.metric:
        name = re.sub(r" \([A-Z]{3}\)$", "", metric.label.removesuffix(" ✎")).lower().replace(" ", "_")
        if name not in MEASURES or "as it is" in (metric.delta or ""):
            continue
        other = re.search(r"\(([A-Z]{3})\)$", metric.label)
        mine = next((client for client, own in CURRENCY.items() if other and own == other[1]), whose)
        yield (name, mine, about, "short"), metric.value
        exact = [line for line in plain(metric.help or "").split("\n") if _EXACT.match(line.strip())]
        for line in exact[:1]:
            yield (name, mine, about, "full"), bare(line.strip().removesuffix("."))


def of_tables(app: AppTest, whose: str, about: tuple[str, ...]) -> Said:
    for table in app.dataframe:
        for row in texts(table):
            if "measure" in row and "now" in row:  # a total, as it was sent or known and as it is
                of = [client for client, currency in CURRENCY.items() if row["now"].endswith(currency)]
                yield from (((row["measure"].lower(), client, about, "full"), bare(row["now"])) for client in of)
            mine, what = _about(row, whose, about)
            if what is None:
                continue
            for name in MEASURES:
                if row.get(name):
                    yield (name, mine, what, "full"), bare(row[name])


def _about(row: dict[str, Any], whose: str, about: tuple[str, ...]) -> tuple[str, tuple[str, ...] | None]:
    """Whose a row of a table is and what of it; None where it is nothing that another page shows too."""
    if "client_name" in row:
        return row["client_name"].lower(), ()
    for name in ("name", "platform", "creator", "creator_name", "day"):
        if name in row and "measure" not in row:
            return whose, (*about, name.removesuffix("_name").replace("name", "campaign"), row[name])
    return whose, None


def of_sides(app: AppTest, whose: str, kind: str) -> Said:
    """Compare: a row for each measure, a column for each side."""
    (table,) = app.dataframe
    labels = json.loads(table.proto.columns)
    for row in texts(table):
        name = row["measure"].lower().replace(" ", "_").replace("1,000", "1000")
        for key, column in labels.items():
            if key.startswith("side_") and name in MEASURES:
                side = column["label"]
                about = () if side == "These days" else (kind, side)
                yield (name, whose, about, "full"), bare(row[key])


def of_pivot(app: AppTest, whose: str) -> Said:
    """The Overview's platforms: a row for each measure, in Markdown."""
    for block in app.markdown:
        lines = [[cell.strip() for cell in line.strip("| ").split("|")] for line in plain(block.value).split("\n")]
        if len(lines) < 3 or lines[0][-1] != "Difference":
            continue
        names = lines[0][-3:-1]
        for label, *cells in lines[2:]:
            measure = re.sub(r" \([A-Z]{3}\)$", "", label).lower().replace(" ", "_")
            if measure in MEASURES:
                for name, cell in zip(names, cells, strict=False):
                    yield (measure, whose, ("platform", name), "full"), bare(cell)


def of_charts(app: AppTest, whose: str, about: tuple[str, ...], measures: tuple[str, ...]) -> Said:
    """What the tooltips of charts by day say: the day's number, and that of each platform."""
    by_day = [rows for chart in app.get("vega_lite_chart") if (rows := _data(chart)) and "parts" in rows[0]]
    for measure, rows in zip(measures, by_day, strict=False):
        for row in rows:
            day = datetime.fromtimestamp(row["start"] / 1000, UTC).date()
            if row["what"] != "day" or row["total"] == formatting.UNDEFINED:
                continue
            yield (measure, whose, (*about, "day", formatting.day(day)), "full"), bare(row["total"])
            for name, text in re.findall(r"(TikTok|Instagram) (\S+)\u00a0[A-Z]{3}", row["parts"]):
                yield (measure, whose, (*about, "day", formatting.day(day), name), "full"), text


def _data(chart: Any) -> list[dict[str, Any]]:
    packed = chart.proto.data.data or b"".join(one.data.data for one in chart.proto.datasets)
    found: list[dict[str, Any]] = pa.ipc.open_stream(packed).read_all().to_pylist() if packed else []
    return found


def of_sentences(app: AppTest, whose: str) -> Said:
    """12 campaigns · together 28,931.66 EUR · CPM 8.13 EUR · ROAS 1.76×; Cost: sent 40.00 → now 38.00 EUR."""
    said = plain("\n".join(one.value for one in (*app.caption, *app.markdown, *app.header)))
    for line in re.findall(r"together .*", said):
        for name, pattern in (
            ("cost", r"together (\S+?)\u00a0"),
            ("cpm", r"CPM (\S+?)\u00a0"),
            ("roas", r"ROAS (\S+)"),
        ):
            if found := re.search(pattern, line):
                yield (name, whose, (), "full"), found[1]
    for found in re.findall(r"Cost(?:: sent)? [\d.,\u2212]+ → (?:now )?([\d.,\u2212]+)\u00a0", said):
        yield ("cost", whose, (), "full"), found


def of_query(store: Store, whose: str) -> Said:
    """The answers of `query`, whose exact numbers are put into words here; quotients are taken here, too."""
    by = {
        "overview": ("platform",),
        "campaigns": ("name",),
        "creators": ("creator_name",),
        "daily": ("day", "platform"),
    }
    for view, keys in by.items():
        found = exports.answer(store, Question(ADMIN, Filters(VIEW, (whose,))), view, NOON)  # type: ignore[arg-type]
        whole: dict[tuple[str, ...], dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
        rows = json.loads(json.dumps(exports.as_document(found), default=str))["rows"]
        for row in rows:
            about = [keys[0].removesuffix("_name").replace("name", "campaign"), row[keys[0]]]
            if keys[0] == "day":
                about = ["day", formatting.day(date.fromisoformat(row["day"]))]
            parts = [tuple(about), (*about, *(row[key] for key in keys[1:]))]
            for part in {*parts, *([()] if view == "overview" else [])}:
                for name in ("cost", "impressions", "clicks", "views", "conversions", "revenue"):
                    whole[part][name] += Fraction(str(row[name] or 0))
        for about_, sums in whole.items():
            if None not in about_:
                for name, value in (*sums.items(), *_quotients(sums)):
                    unit = "price" if name == "cost_per_1000_views" else formatting.unit_of(name)
                    yield (name, whose, about_, "full"), formatting.digits(value, unit, CURRENCY[whose])
                    if about_ == ():
                        yield (name, whose, (), "short"), formatting.digits(value, unit, CURRENCY[whose], "short")


def _quotients(sums: dict[str, Fraction]) -> Iterator[tuple[str, Fraction]]:
    parts = {"cpc": "clicks", "cpv": "views", "cpa": "conversions"}
    yield from ((name, sums["cost"] / sums[part]) for name, part in parts.items() if sums[part])
    yield "ctr", sums["clicks"] / sums["impressions"]
    yield "cpm", sums["cost"] / sums["impressions"] * 1000
    yield "roas", sums["revenue"] / sums["cost"]
    yield "roi", sums["revenue"] / sums["cost"] - 1
    yield "cost_per_1000_views", sums["cost"] / sums["views"] * 1000


Asked = tuple[str, dict[str, str], tuple[str, ...]]
"""A page, what its address asks, and what of a client it is about."""


def pages_of(who: str, whose: str, receipt: str) -> list[Asked]:
    """All pages with numbers that `who` may see."""
    owned = {"account": "1", "owner": whose}
    every: list[Asked] = [(OVERVIEW, {}, ()), (CAMPAIGNS, {}, ())]
    every.append((CAMPAIGN, owned | {"campaign": "spring"}, ("campaign", f"Spring {whose}")))
    if who.startswith("link:"):
        return every
    every += [(CREATORS, {}, ()), (CREATORS, owned | {"creator": "c-1"}, ("creator", f"@zoe.{whose}"))]
    only = {"client": whose} if who == "boss" else {}
    if who != MONEY_FREE:
        every += [(CHECKS, only, ()), (CHANGED, only | {"since": f"receipt:{receipt}"}, ())]
    return [*every, (CLIENTS, {}, ()), (REPORTED, only | {"receipt": receipt}, ())] if who == "boss" else every


def everything(who: str, whose: str, receipt: str) -> Iterator[tuple[str, tuple[Key, str]]]:
    """(page, number) of all that `who` is shown about `whose`."""
    named = who.partition(":")[0]
    money = who != MONEY_FREE
    chosen = {"shown": CURRENCY[whose]} if money and named != "link" else {}
    for page, query, about in pages_of(who, whose, receipt):
        for one in of_page(viewed(who, page, **chosen, **query), page, whose, about, money=money):
            yield f"{named} on {page.rpartition('/')[2]}", one
    for kind in ("Campaigns", "Platforms", "Creators", "Periods") if named != "link" else ():
        only = {"client": whose} if who == "boss" else {}
        app = viewed(who, COMPARE, compare_by=kind, **chosen, **only)
        for one in of_sides(app, whose, kind.lower().removesuffix("s")) if app.dataframe else ():
            yield f"{named} on compare of {kind}", one


def of_page(app: AppTest, page: str, whose: str, about: tuple[str, ...], *, money: bool) -> Said:
    yield from of_tiles(app, whose, about)
    yield from of_tables(app, whose, about)
    if page in (OVERVIEW, CAMPAIGN):
        yield from of_charts(app, whose, about, ("cost", "cpm") if money else ("impressions", "ctr"))
    if page == OVERVIEW:
        yield from of_pivot(app, whose)
    if not about:
        yield from of_sentences(app, whose)


def test_each_number_has_one_text(world: Store) -> None:
    found: dict[Key, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    asked = Question(ADMIN, Filters(VIEW))
    receipt = exports.write_receipt(world, exports.answer(world, asked, "campaigns", NOON), lambda: NOON)
    viewers = ROLES | {linked(world, client): (client,) for client in CURRENCY}
    for who, clients in viewers.items():
        for whose in clients:
            for page, (key, text) in everything(who, whose, receipt):
                found[key][text].append(page)
    on_pages = {key for key, said in found.items() for text in said}
    for whose in CURRENCY:
        for key, text in of_query(world, whose):
            if key in on_pages:
                found[key][text].append("query")
    several = {key: dict(said) for key, said in found.items() if len(said) > 1}
    assert several == {}
    shared = [pages for said in found.values() for pages in said.values() if len(set(pages)) > 1]
    assert len(shared) > 150, "most numbers stand in several places"
    assert sum("query" in pages for pages in shared) > 100, "and in the answers of `query`"
    for place in ("link on", "on compare", "on creators", "on what_we_reported", "on clients"):
        assert any(place in page for pages in shared for page in pages), place
    assert YESTERDAY in VIEW
