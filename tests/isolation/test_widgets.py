"""A hostile browser answers for every widget of every page: nothing comes of it that its user may not have."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from sqlalchemy import func, select
from streamlit.proto.WidgetStates_pb2 import WidgetState

from perfdash.domain.access import OPERATOR
from perfdash.store import receipts, schema
from perfdash.store.auth import users
from perfdash.store.engine import Store
from perfdash.store.opening import open_store
from tests.fixtures.app import AppServer, StartApp
from tests.fixtures.command_line import ROOT
from tests.isolation.hostile_store import Hostile, filled, registered
from tests.isolation.tampering import HARMLESS, Tamperer, Widget, hostile, selection, strange_ids, text
from tests.store.builders import ADMIN

pytestmark = pytest.mark.timeout(900)
PASSWORD = "correct horse battery"
OURS = Hostile("ours", "Ours", ["alpha launch", "beta launch", "gamma launch"])
CANARY = "zqcanary"
RIVAL = Hostile("zqcanary-rival", "Zqcanary Rival", ["zqcanary one", "zqcanary two"], source="zqcanary-source")
"""Another client: not a letter of it may come to who is tampering, and not a row of it may change."""
PEOPLE = ("cleo", "ann", "mona")
"""A client, an analyst, and an analyst without money: all of `ours` only."""
ALONE = {"PERFDASH_WATCH": "0"}
CLIENT_TABLES = [table for table in schema.metadata.sorted_tables if "client_id" in table.c]


@dataclass(frozen=True)
class Scene:
    """A running app, its store, a cookie for each user, and what exists that they may not reach."""

    server: AppServer
    url: str
    cookies: dict[str, str]
    foreign: tuple[str, ...]

    def tab(self, who: str, page: str = "", query: str = "") -> Tamperer:
        """A fresh tab of `who` on a page, drawn once."""
        found = Tamperer(self.server.url, query, page, cookie=self.cookies[who])
        found.run()
        assert not found.is_signed_out
        return found


@pytest.fixture(scope="module")
def scene(module_app_server: StartApp, module_project_copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    url = f"sqlite:///{tmp_path_factory.mktemp('widgets') / 'store.db'}"
    store, now = open_store(url), datetime.now(UTC).replace(microsecond=0)
    registered(store, [OURS, RIVAL], now)
    for one in (OURS, RIVAL):
        filled(store, one, now)
    users.add_user(store, OPERATOR, "boss", PASSWORD, "admin", now, rounds=4)
    for name, role, money in (("cleo", "client", True), ("ann", "analyst", True), ("mona", "analyst", False)):
        users.add_user(store, OPERATOR, name, PASSWORD, role, now, clients=("ours",), money=money, rounds=4)  # type: ignore[arg-type]
    theirs = [one.receipt for one in receipts.list_receipts(store, ADMIN, 100) if one.client == RIVAL.slug]
    store.close()
    server = module_app_server(root=module_project_copy, env=ALONE | {"PERFDASH_DATABASE_URL": url})
    cookies = {name: signed_in(server, name) for name in ("boss", *PEOPLE)}
    foreign = (RIVAL.slug, f"{RIVAL.texts[0]} · {RIVAL.slug}", RIVAL.texts[0], theirs[0])
    return Scene(server, url, cookies, foreign)


def signed_in(server: AppServer, name: str) -> str:
    with Tamperer(server.url, page="sync-health") as tab:
        tab.run().sign_in(name, PASSWORD)
        return tab.redeem()


@pytest.fixture
def store(scene: Scene) -> Iterator[Store]:
    found = open_store(scene.url)
    yield found
    found.close()


def ledger(store: Store, *, of: str = "") -> dict[str, list[str]]:
    """Every row of every table that is a client's: all of them, or those of one client."""
    with store.reading() as connection:
        return {
            table.name: sorted(
                map(repr, connection.execute(select(table).where(table.c.client_id == of) if of else select(table)))
            )
            for table in CLIENT_TABLES
        }


def people(store: Store) -> list[str]:
    """Users and their grants."""
    u = schema.users.c
    with store.reading() as connection:
        rows = connection.execute(select(u.username, u.role, u.money, u.active, u.password_hash).order_by(u.username))
        return list(map(repr, rows))


def sessions_alive(store: Store) -> int:
    with store.reading() as connection:
        return int(connection.scalar(select(func.count()).select_from(schema.sessions)) or 0)


def harm(tab: Tamperer, scene: Scene, sent: object, *, spoken: bool = False) -> list[str]:
    """What came of an answer that should not have: a word of another client, a traceback, a path, somebody else's page.

    `spoken`: the page may repeat what was asked of it, and so may name what it does not show.
    """
    told = bytes(tab.told).lower()
    tab.told.clear()
    found = [] if spoken else [f"{CANARY} was sent"] * (CANARY.encode() in told)
    found += [
        f"{mark!r} was sent" for mark in (b"traceback", b'file "', b"perfdash/ui/", b"site-packages") if mark in told
    ]
    found += [f"{scene.server.root} was sent"] * (str(scene.server.root).lower().encode() in told)
    found += [f"exception element: {one}" for one in tab.exceptions if one.strip(": ")]
    found += ["signed out"] * tab.is_signed_out
    return [f"{what} after {str(sent)[:300]}" for what in found]


def pages_of(scene: Scene, who: str) -> dict[str, str]:
    """Every page that the menu or an address knows -> the query with which it has most to show."""
    with scene.tab(who, "sync-health") as tab:
        pages = [name for name in tab.pages if name]
    first = OURS.texts[0]
    ref = urlencode({"campaign": first, "account": "1", "owner": OURS.slug}, quote_via=quote)
    own = f"receipt={_own_receipt(scene)}"
    queries = {"campaign": ref, "corrections": ref, "receipts": own, "restatements": "since=week"}
    return {"": "range=Custom", **{name: queries.get(name, "") for name in pages}}


def _own_receipt(scene: Scene) -> str:
    store = open_store(scene.url)
    try:
        return next(one.receipt for one in receipts.list_receipts(store, ADMIN, 100) if one.client == OURS.slug)
    finally:
        store.close()


def tampered(
    scene: Scene, who: str, page: str, query: str, known: dict[str, Widget], full: bool
) -> tuple[int, list[str]]:
    """Hostile values sent for the widgets of one page that are not `known` yet, and the harm done."""
    there, found = _widgets(scene, who, page, query)
    new = {one.id: one for one in there if one.id not in known}
    sent, first = 0, 4 * PEOPLE.index(who)
    with scene.tab(who, page, query) as tab:
        for n, widget in enumerate(new.values()):
            values = hostile(widget, scene.foreign)
            assert len(values) == 12, widget
            # One at a time: what breaks at one widget would hide what comes of the next.
            for state in values if full else [values[(first + n) % 12]]:
                sent += 1
                tab.send(state)
                found += harm(tab, scene, (widget.label, state), spoken=_echoes(there))
    known.update(new)
    return sent, found


def _widgets(scene: Scene, who: str, page: str, query: str) -> tuple[list[Widget], list[str]]:
    """Everything on a page that can be answered, also what comes with a click on a row of each table."""
    with scene.tab(who, page, query) as tab:
        there = {one.id: one for one in tab.widgets}
        for table in [one for one in tab.widgets if one.kind == "dataframe"]:
            tab.send(selection(table.id, rows=[], columns=[], cells=[[0, "any"]]))
            there |= {one.id: one for one in tab.widgets}
        return [one for one in there.values() if one.label not in HARMLESS], harm(tab, scene, "a click on each table")


def _echoes(widgets: list[Widget]) -> bool:
    """Free text is answered with "nothing speaks of ...", in the words of who asked."""
    return any(widget.kind in ("text_input", "text_area") or widget.label == "As of" for widget in widgets)


@pytest.mark.parametrize("who", ["ann", *(pytest.param(one, marks=pytest.mark.full) for one in PEOPLE if one != "ann")])
def test_twelve_hostile_values_for_every_widget_of_every_page_have_no_effect(
    scene: Scene, store: Store, full: bool, who: str
) -> None:
    pages = pages_of(scene, who)
    mine, theirs, staff = ledger(store), ledger(store, of=RIVAL.slug), people(store)
    widgets: dict[str, Widget] = {}
    sent, found = 0, []
    with scene.tab("boss", "campaigns") as bystander:
        before = bystander.text
        for page, query in pages.items():
            values, harmed = tampered(scene, who, page, query, widgets, full)
            sent, found = sent + values, found + [f"{page}: {one}" for one in harmed]
        assert bystander.run().text == before
    print(f"{who}: {len(widgets)} widgets on {len(pages)} pages, {sent} hostile values, {len(found)} effects")
    assert found == []
    assert len(widgets) > 40
    assert ledger(store, of=RIVAL.slug) == theirs
    assert people(store) == staff
    assert {name: rows for name, rows in ledger(store).items() if rows != mine[name]} == {}
    assert scene.server.process.poll() is None
    with scene.tab(who, "campaigns") as after:
        assert after.headings[:1] == ["Campaigns"] and after.tables


def test_no_table_of_any_page_can_be_edited_and_edits_are_not_taken(scene: Scene, store: Store) -> None:
    before = ledger(store)
    edited = 0
    for page, query in pages_of(scene, "ann").items():
        with scene.tab("ann", page, query) as tab:
            for table in tab._of("dataframe"):
                assert table.editing_mode == 0, page  # READ_ONLY
            for widget in [one for one in tab.widgets if one.kind == "dataframe"]:
                for edit in ('{"0": {"cost": 0}}', '{"0": {"client": "zq"}, "-1": {}}'):
                    edited += 1
                    tab.send(text(widget.id, f'{{"edited_rows": {edit}, "added_rows": [{{}}], "deleted_rows": [0]}}'))
    for path in (*(ROOT / "perfdash").rglob("*.py"), *(ROOT / "pages").rglob("*.py")):
        assert "data_editor" not in path.read_text(encoding="utf-8"), path
    print(f"{edited} edits")
    assert edited >= 8
    assert ledger(store) == before


@pytest.mark.parametrize("who", ["cleo", *(pytest.param(one, marks=pytest.mark.full) for one in PEOPLE[1:])])
def test_answers_for_widgets_that_are_not_there_do_nothing(scene: Scene, store: Store, full: bool, who: str) -> None:
    before, alive = ledger(store), sessions_alive(store)
    others: list[str] = []
    for page, query in pages_of(scene, "boss").items():
        with scene.tab("boss", page, query) as tab:
            others += [widget.id for widget in tab.widgets if widget.label not in HARMLESS]
    with scene.tab(who, "campaigns") as own:
        others = [one for one in others if one not in {widget.id for widget in own.widgets}]
    strange = strange_ids(dict.fromkeys(others))
    found = []
    with scene.tab(who, "definitions") as tab:
        for state in strange if full else strange[:20]:
            tab.send(state)
            found += harm(tab, scene, state)
        tab.send(*strange)
        found += harm(tab, scene, "all of them")
    with scene.tab(who, "definitions") as tab:
        assert tab.headings[:1] == ["Definitions"]
    print(f"{who}: {len(strange)} ids, {len(found)} effects")
    assert found == []
    assert ledger(store) == before
    assert sessions_alive(store) <= alive + 1


HOSTILE_LINKS = {
    "campaign": (
        "campaign={texts}&account=1&owner={slug}",
        "campaign={texts}&account=-1&owner=ours",
        "campaign=alpha+launch&account=1&owner={slug}",
        "campaign=%00&account=1&owner=%00",
    ),
    "corrections": ("campaign={texts}&account=1&owner={slug}", "client={slug}"),
    "receipts": ("receipt={receipt}", "receipt=%27+OR+1%3D1", "receipt=" + "0" * 5_000),
    "restatements": ("since=receipt:{receipt}", "since=9999-99-99", "since=0001-01-01", "client={slug}"),
    "campaigns": (
        "client={slug}&client=ours",
        "client=%25",
        "currency=XXX&max_cpm=nan",
        "max_cpm=-1e999",
        "as_of=%00",
        "dates=9999-12-31&dates=0001-01-01",
        "range=%F0%9F%92%A9&platform={texts}",
    ),
    "sync-health": ("client={slug}", "runs_chosen={slug}"),
    "definitions": ("find=%00%E2%80%AE", "find=" + "x" * 20_000),
}


@pytest.mark.parametrize("who", ["cleo", pytest.param("ann", marks=pytest.mark.full)])
def test_hostile_links_show_nothing_of_another_client(scene: Scene, store: Store, who: str) -> None:
    slug, _, campaign, receipt = scene.foreign
    before, sent, found = ledger(store), 0, []
    for page, queries in HOSTILE_LINKS.items():
        for query in queries:
            asked = query.format(slug=slug, texts=quote(campaign), receipt=receipt)
            with scene.tab(who, page, asked) as tab:
                sent += 1
                found += harm(tab, scene, (page, asked), spoken=True)
                shown = " ".join(map(str, [one.to_pylist() for one in tab.tables]))
                found += [f"rows of another client: {page}?{asked}"] * (CANARY in shown.lower())
                found += [f"{RIVAL.texts[1]} after {asked}"] * (RIVAL.texts[1] in tab.text)
    print(f"{who}: {sent} links, {len(found)} effects")
    assert found == []
    assert ledger(store) == before


def test_what_a_browser_says_of_itself_breaks_nothing(scene: Scene) -> None:
    said = ["../../../etc/passwd", "/etc/localtime", "\0", "x" * 5_000, "Europe/Berlin\n", "\u202e", "zqx", ""]
    with scene.tab("cleo", "sync-health") as tab:
        for one in said:
            tab.send(timezone=one, locale=one, url=one)
            assert harm(tab, scene, one) == []
            assert tab.headings[:1] == ["Sync health"]
        assert tab.run().headings[:1] == ["Sync health"]


def test_files_and_chunks_are_given_only_for_what_the_page_offered(scene: Scene, store: Store) -> None:
    before = ledger(store)
    made_up = ["", "\0", "0" * 32, "../../data/perfdash.db", "x" * 10_000, "%2e%2e/", "' OR '1'='1", *scene.foreign]
    with scene.tab("cleo", "campaigns") as tab:
        assert tab.files
        for one in made_up:
            assert tab.ask_for_file(one) == "", one
            assert tab.ask_for_file(next(iter(tab.files.values())), session_id=one) == "", one
        for source, start, end in (("", 0, 10), ("0" * 32, -5, 2**31 - 1), (CANARY, 0, 1)):
            assert tab.ask_for_chunk(source, start, end) != ""
        tab.told.clear()
    assert ledger(store) == before


def test_a_file_of_somebody_else_never_comes_with_rows_of_theirs(scene: Scene, store: Store) -> None:
    """Names of files cannot be guessed; even who has stolen one from another tab gets none of its rows."""
    with scene.tab("boss", "campaigns", f"client={RIVAL.slug}") as boss, scene.tab("cleo", "campaigns") as cleo:
        stolen = next(iter(boss.files.values()))
        assert CANARY in boss.text.lower()
        address = boss.ask_for_file(stolen)
        assert CANARY.encode() in got(scene, "boss", address).lower()
        assert CANARY.encode() not in got(scene, "cleo", address).lower()
        assert CANARY.encode() not in got(scene, "cleo", cleo.ask_for_file(stolen)).lower()
        assert CANARY.encode() not in got(scene, "cleo", cleo.ask_for_file(stolen, session_id=boss.tab_id)).lower()


def got(scene: Scene, who: str, address: str) -> bytes:
    """What `who` gets from an address of the server."""
    asked = urllib.request.Request(
        scene.server.url + address, headers={"Cookie": f"perfdash_session={scene.cookies[who]}"}
    )
    try:
        with urllib.request.urlopen(asked) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.read()


# --- who may correct


def corrected(store: Store) -> set[tuple[str, str]]:
    c = schema.corrections.c
    with store.reading() as connection:
        return {(row.client_id, row.field) for row in connection.execute(select(c.client_id, c.field))}


FORM = urlencode({"campaign": OURS.texts[0], "account": "1", "owner": OURS.slug}, quote_via=quote)
VALUES = ("0", "-1", "1e9", "NaN", "9" * 40, "１２", "\0", "x" * 5_000, "=1+1", "1;2", "", "0x10")
FIELDS = ("Cost", "CPM", "Total cost", "Cost × factor", "cost", "revenue", "budget", "\0")


@pytest.mark.parametrize("who", [pytest.param("ann", marks=pytest.mark.full), "mona"])
def test_the_form_of_corrections_sets_nothing_out_of_scope(scene: Scene, store: Store, full: bool, who: str) -> None:
    theirs, before, found, sent = ledger(store, of=RIVAL.slug), corrected(store), [], 0
    values = VALUES if full else VALUES[:2]
    aims = [scene.foreign[1], f"{OURS.texts[0]} · {RIVAL.slug}", scene.foreign[2], "0", "-1", "\0"]
    with scene.tab(who, "corrections", FORM) as tab:
        for value in values:
            for field in FIELDS if full else FIELDS[:3]:
                for aim in aims if full else aims[:1]:
                    sent += 1
                    _forge(tab, aim, field, value)
                    found += harm(tab, scene, (aim, field, value), spoken=True)
    print(f"{who}: {sent} forged corrections, {len(found)} effects")
    assert found == []
    assert ledger(store, of=RIVAL.slug) == theirs
    new = corrected(store) - before
    assert {client for client, _ in new} <= {OURS.slug}
    if who == "mona":
        assert {field for _, field in new} <= {"clicks", "impressions"}


def _forge(tab: Tamperer, aim: str, field: str, value: str) -> None:
    """Aim the form at another campaign, row and field than it offers, preview, and apply whatever came of it."""
    tab.run()
    answers: list[WidgetState] = []
    for widget in tab.widgets:
        if widget.label == "Campaign":
            answers.append(text(widget.id, aim))
        elif widget.label == "What to set":
            found = WidgetState(id=widget.id)
            found.string_array_value.data.append(field)
            answers.append(found)
        elif widget.kind == "text_input":
            answers.append(text(widget.id, "hostile reason" if widget.label == "Reason" else value))
        elif widget.kind == "dataframe":
            answers.append(selection(widget.id, rows=[], columns=[], cells=[[0, "any"], [-1, "any"], [10**6, "any"]]))
    for label in ("Preview", "Apply"):
        press = [one.id for one in tab.widgets if one.label == label]
        tab.send(*answers, *(WidgetState(id=one, trigger_value=True) for one in press))


def test_a_client_who_forges_the_form_of_corrections_sets_nothing(scene: Scene, store: Store) -> None:
    before = ledger(store)
    with scene.tab("ann", "corrections", FORM) as ann:
        offered = ann.widgets
    with scene.tab("cleo", "corrections", FORM) as cleo:
        assert not [one for one in cleo.widgets if one.label in ("Preview", "Apply", "Reason", "Campaign")]
        answers = [
            text(one.id, "11") if one.kind == "text_input" else WidgetState(id=one.id, trigger_value=True)
            for one in offered
            if one.label not in HARMLESS and one.kind in ("text_input", "button")
        ]
        for _ in range(3):
            cleo.send(*answers)
        assert harm(cleo, scene, "the analyst's answers") == []
    assert ledger(store) == before
