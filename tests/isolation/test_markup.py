"""Whatever a campaign, creator, client, account, file or person is called, a page shows that text and wakes nothing."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import string
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from perfdash.domain.access import OPERATOR
from perfdash.domain.accounts import Client
from perfdash.store.auth import users
from perfdash.store.opening import open_store
from perfdash.store.query import catalog
from tests.fixtures.app import AppServer, StartApp
from tests.isolation.hostile_store import Hostile, filled
from tests.isolation.markup_payloads import PAYLOADS, read, visible
from tests.isolation.tampering import Tamperer, selection, text

pytestmark = pytest.mark.timeout(900)
PASSWORD = "correct horse battery"
OURS = Hostile("ours", PAYLOADS[0], PAYLOADS)
NAMED = {f"n{n}": payload for n, payload in enumerate(PAYLOADS)}
"""Clients without numbers, one called as each payload."""
USER = "ann+x@www.evil.example"
"""The most hostile name that a user may have."""
PATIENCE = 120_000
ACTIVE = """() => {
  const root = document.querySelector('[data-testid="stApp"]'), found = []
  const say = (e) => found.push(e.outerHTML.slice(0, 200))
  for (const e of root.querySelectorAll('a[href], area[href]')) {
    const to = new URL(e.href, location.href)
    if (to.origin !== location.origin || !/^https?:$/.test(to.protocol)) say(e)
  }
  for (const e of root.querySelectorAll('img, image, source, video, audio, embed, object, iframe, frame')) {
    const src = e.src || e.getAttribute('href') || e.data || ''
    const known = src.startsWith(location.origin) || src.startsWith('data:image/')
    if (!known || e.closest('[data-testid="stMarkdownContainer"]')) say(e)
  }
  for (const e of root.querySelectorAll('use')) if (!(e.getAttribute('href') || '#').startsWith('#')) say(e)
  root.querySelectorAll('script, base, meta, math, .katex, .footnotes, [srcdoc], [data-footnote-ref]').forEach(say)
  for (const e of root.querySelectorAll('*')) for (const a of e.attributes) if (a.name.startsWith('on')) say(e)
  return found
}"""
"""Everything in the app that leads elsewhere, fetches, embeds or runs; the app's own parts have none of it."""


@dataclass
class Visit:
    """A signed-in tab of a real browser, and every address that it asked outside of the app."""

    page: Page
    server: AppServer
    elsewhere: list[str] = field(default_factory=list)
    visits: int = 0
    active: list[str] = field(default_factory=list)

    def open(self, path: str, **query: str | list[str]) -> str:
        """Go there, wait for the page to be drawn, count what is active; what can be read on it."""
        asked = f"?{urlencode(query, doseq=True, quote_via=quote)}" if query else ""
        self.page.goto(f"{self.server.url}/{path}{asked}")
        return self.seen()

    def go(self, path: str) -> str:
        """The same by the menu, which is quicker; by the address for a page that is not in it."""
        link = self.page.get_by_role("navigation", name="App pages").locator(f'a[href="{self.server.url}/{path}"]')
        if not link.count():
            return self.open(path, client="ours")
        before = self.page.get_by_test_id("stMain").get_by_role("heading", level=1).first.inner_text()
        if path != urlsplit(self.page.url).path.strip("/"):
            link.click()
            title = self.page.get_by_test_id("stMain").get_by_role("heading", level=1).first
            expect(title).not_to_have_text(before, timeout=PATIENCE)
        return self.seen()

    def seen(self) -> str:
        """The page as it is once it is drawn."""
        expect(self.page.get_by_role("button", name="Sign out", exact=True)).to_be_visible(timeout=PATIENCE)
        expect(self.page.get_by_test_id("stMain").get_by_role("heading", level=1).first).to_be_visible(timeout=PATIENCE)
        expect(self.page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=PATIENCE)
        self.visits += 1
        self.active += [f"{self.page.url[:120]}: {one}" for one in self.page.evaluate(ACTIVE)]
        assert self.page.title().lower() != "owned"
        return read(self.page.get_by_test_id("stApp").inner_text())


@pytest.fixture(scope="module")
def server(
    module_app_server: StartApp, module_project_copy: Path, tmp_path_factory: pytest.TempPathFactory
) -> AppServer:
    url = f"sqlite:///{tmp_path_factory.mktemp('markup') / 'store.db'}"
    store, now = open_store(url), datetime.now(UTC).replace(microsecond=0)
    told = [
        Client("ours", OURS.name, "EUR", "UTC"),
        *(Client(slug, name, "EUR", "UTC") for slug, name in NAMED.items()),
    ]
    catalog.register(store, told, OURS.accounts, now - timedelta(days=70))
    filled(store, OURS, now)
    users.add_user(store, OPERATOR, USER, PASSWORD, "admin", now, rounds=4)
    store.close()
    return module_app_server(root=module_project_copy, env={"PERFDASH_WATCH": "0", "PERFDASH_DATABASE_URL": url})


@pytest.fixture(scope="module")
def cookie(server: AppServer) -> str:
    with Tamperer(server.url, page="definitions") as tab:
        tab.run().sign_in(USER, PASSWORD)
        return tab.redeem()


@pytest.fixture(scope="module")
def visit(browser: Browser, server: AppServer, cookie: str) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "perfdash_session", "value": cookie, "url": server.url}])
    found = Visit(context.new_page(), server)
    host = urlsplit(server.url).netloc

    def asked(address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("data", "blob", "about") and parts.netloc != host:
            found.elsewhere.append(address)

    context.on("request", lambda request: asked(request.url))
    found.page.on("websocket", lambda socket: asked(socket.url))
    context.set_default_timeout(PATIENCE)
    yield found
    context.close()


def quiet(visit: Visit) -> None:
    """Nothing in any page so far was awake, and nobody else was asked for anything."""
    print(f"{visit.visits} pages: {len(visit.active)} active nodes, {len(visit.elsewhere)} remote requests")
    assert visit.active == []
    assert visit.elsewhere == []


def missing(shown: str, payloads: Any = PAYLOADS, longest: int = 60) -> list[str]:
    """The payloads that cannot be read in a page's text; of a longer one its beginning is enough."""
    return [one for one in payloads if visible(one)[:longest].rstrip() not in shown]


# --- in a browser


@pytest.mark.browser
def test_every_page_shows_the_names_as_mere_text(visit: Visit, server: AppServer, cookie: str) -> None:
    with Tamperer(server.url, page="definitions", cookie=cookie) as tab:
        pages = list(tab.run().pages)
    visit.open("definitions", client="ours")
    for name in pages:
        shown = visit.go(name)
        assert "This page could not be shown" not in shown, name
        assert visible(USER) in shown
    quiet(visit)


@pytest.mark.browser
def test_every_failing_account_and_file_name_is_told_as_it_is_written(visit: Visit) -> None:
    shown = visit.open("sync-health", client="ours")
    alerts = [read(one) for one in visit.page.get_by_test_id("stAlert").all_inner_texts()]
    assert missing(shown) == []
    for payload in PAYLOADS:
        named = [one for one in alerts if f"{visible(payload)}"[:60] in one]
        assert named, payload
    quiet(visit)


@pytest.mark.browser
@pytest.mark.full
def test_a_campaigns_page_is_called_as_the_campaign(visit: Visit, full: bool) -> None:
    for payload in PAYLOADS if full else PAYLOADS[7:8]:
        visit.open("campaign", client="ours", campaign=payload, account="1", owner="ours")
        title = read(visit.page.get_by_test_id("stMain").get_by_role("heading", level=1).inner_text())
        assert title == _cut(visible(payload), 200)
    quiet(visit)


def _cut(line: str, longest: int) -> str:
    return line if len(line) <= longest else line[: longest - 1] + "…"


@pytest.mark.browser
@pytest.mark.full
def test_clients_are_called_as_they_are(visit: Visit, full: bool) -> None:
    for slugs in _groups() if full else _groups()[:1]:
        shown = visit.open("campaigns", client=slugs)
        assert missing(shown, [NAMED[slug] for slug in slugs]) == []
    quiet(visit)


def _groups() -> list[list[str]]:
    """Clients whose names fit in the line below the filter together."""
    found: list[list[str]] = [[]]
    for slug, name in NAMED.items():
        if sum(len(NAMED[one]) + 2 for one in found[-1]) + len(name) > 195:
            found.append([])
        found[-1].append(slug)
    return found


@pytest.mark.browser
def test_reasons_of_corrections_are_told_as_they_are_written(visit: Visit) -> None:
    visit.open("restatements", client="ours", since="week")
    visit.page.get_by_text(re.compile("decisions of people in that time")).click()
    told = visit.page.get_by_test_id("stExpanderDetails").last
    expect(told.get_by_text("because").first).to_be_visible()
    shown = visit.seen()
    newest = PAYLOADS[-20:]
    assert missing(read(told.inner_text()), newest, longest=40) == []
    assert shown
    quiet(visit)


@pytest.mark.browser
@pytest.mark.full
def test_what_a_link_asks_for_in_vain_is_told_as_it_was_asked(visit: Visit, full: bool) -> None:
    for payload in PAYLOADS if full else PAYLOADS[5:6]:
        shown = visit.open("campaigns", find=payload, client=payload, platform=payload, as_of=payload)
        assert missing(shown, [payload], longest=30) == []
    quiet(visit)


@pytest.mark.browser
@pytest.mark.full
def test_lists_of_choices_show_mere_text(visit: Visit) -> None:
    visit.open("corrections", client="ours")
    known = {visible(one)[:30] for one in PAYLOADS}
    for label in ("Campaign", "Platforms"):
        box = visit.page.get_by_role("combobox", name=label)
        box.scroll_into_view_if_needed()
        box.hover()  # a list that opens while the sidebar still scrolls closes again
        box.click()
        options = visit.page.get_by_role("option")
        expect(options.first).to_be_visible()
        told = [read(one) for one in options.all_inner_texts()]
        assert len([one for one in told if any(one.startswith(start) for start in known)]) == len(told) > 3
        awake = "a, img, .katex, svg use, iframe, span[style*=color]"
        assert visit.page.get_by_role("listbox").last.locator(awake).count() == 0
        visit.page.keyboard.press("Escape")
    quiet(visit)


@pytest.mark.browser
def test_tables_show_the_names_letter_by_letter(visit: Visit) -> None:
    visit.open("campaigns", client="ours")
    cells = visit.page.get_by_test_id("stDataFrame").first.locator("[role=gridcell]")
    expect(cells.first).to_be_attached()
    linked = [unquote(one).removeprefix("./campaign?name=") for one in cells.all_text_contents()]
    named = {payload for payload in PAYLOADS if any(visible(one).startswith(visible(payload)) for one in linked)}
    assert len(named) > 5
    quiet(visit)


# --- over the socket: everything that a page sends, after every click

SAFE = {
    ("Selectbox", "options"),
    ("Selectbox", "raw_value"),
    ("MultiSelect", "options"),
    ("MultiSelect", "raw_values"),
    ("Code", "code_text"),
    ("VegaLiteChart", "spec"),
    ("TextInput", "value"),
    ("TextInput", "default"),
    ("PageLink", "query_string"),
    ("PageLink", "page"),
    ("Dataframe", "selection_state"),
    ("VegaLiteChart", "alt"),
    ("Dataframe", "alt"),
    ("MultiSelect", "placeholder"),
}
"""What a browser shows as mere text, or not at all; everything else may be read as Markdown."""


def markdown_of(message: Any) -> Iterator[tuple[str, str]]:
    """Every text in an element that a browser may read as Markdown, and where it stands."""
    kind = message.DESCRIPTOR.name
    for one, value in message.ListFields():
        if (kind, one.name) in SAFE or one.name in ("id", "form_id") or one.name.endswith("_id"):
            continue
        for each in value if not isinstance(value, (str, bytes)) and hasattr(value, "__iter__") else [value]:
            if (kind, one.name) == ("Dataframe", "columns"):  # labels are drawn, helps are Markdown
                yield from (("Dataframe.help", column.get("help") or "") for column in json.loads(each).values())
            elif isinstance(each, str):
                yield f"{kind}.{one.name}", each
            elif hasattr(each, "ListFields"):
                yield from markdown_of(each)


def unescaped_in(tab: Tamperer) -> list[str]:
    """The places in which a payload, or a telling part of one, stands as it came."""
    parts = {one[:60] for one in PAYLOADS} | {visible(one)[:60].rstrip() for one in PAYLOADS}
    raw = [
        one for one in parts if any(mark in string.punctuation for mark in one)
    ]  # of some, nothing is left but letters
    markdown = re.compile("|".join(rf"(?<!\\){re.escape(one)}" for one in raw))
    markup = re.compile("|".join(re.escape(one) for one in raw if html.escape(one) != one))
    texts = [pair for _, element in tab.elements.values() for pair in markdown_of(element)]
    return [
        f"{place}: {text[:200]}" for place, text in texts if (markup if place == "Html.body" else markdown).search(text)
    ]


def test_no_page_sends_a_name_where_it_would_be_read_as_markup(server: AppServer, cookie: str, full: bool) -> None:
    with Tamperer(server.url, page="definitions", cookie=cookie) as tab:
        pages = list(tab.run().pages)
    first = urlencode({"campaign": PAYLOADS[0], "account": "1", "owner": "ours"}, quote_via=quote)
    looked, found = 0, []
    for name in pages:
        asked = f"client=ours&{first}&since=week&find={quote(PAYLOADS[3])}&as_of={quote(PAYLOADS[0])}"
        with Tamperer(server.url, asked, name, cookie=cookie) as tab:
            tab.run()
            found += [f"{name}: {one}" for one in unescaped_in(tab)]
            for table in [widget for widget in tab.widgets if widget.kind == "dataframe"]:
                for row in range(len(PAYLOADS) if full else 2):
                    tab.send(selection(table.id, rows=[], columns=[], cells=[[row, "any"]]))
                    looked += 1
                    found += [f"{name}, row {row} of {table.label}: {one}" for one in unescaped_in(tab)]
                    assert tab.exceptions == []
    print(f"{looked} clicks on {len(pages)} pages, {len(found)} unescaped")
    assert found == []
    assert looked > 10


def test_what_is_typed_is_never_read_as_markup(server: AppServer, cookie: str, full: bool) -> None:
    first = urlencode({"campaign": PAYLOADS[0], "account": "1", "owner": "ours"}, quote_via=quote)
    found = []
    for page in ("corrections", "definitions"):
        with Tamperer(server.url, f"client=ours&{first}", page, cookie=cookie) as tab:
            for payload in PAYLOADS if full else PAYLOADS[::8]:
                tab.run()
                answers = [text(one.id, payload) for one in tab.widgets if one.kind == "text_input"]
                pressed = [one.id for one in tab.widgets if one.label == "Preview"]
                assert answers
                tab.send(*answers, *(type(answers[0])(id=one, trigger_value=True) for one in pressed))
                found += unescaped_in(tab)
    assert found == []


def test_tables_and_files_hold_the_names_as_they_are(server: AppServer, cookie: str) -> None:
    files, in_files, in_tables = 0, set(), set()
    with Tamperer(server.url, page="definitions", cookie=cookie) as tab:
        pages = list(tab.run().pages)
    for name in pages:
        with Tamperer(server.url, "client=ours&since=week", name, cookie=cookie) as tab:
            tab.run()
            for table in tab.tables:
                in_tables |= {cell for row in table.to_pylist() for cell in row.values() if isinstance(cell, str)}
            for one in tab.files.values():
                name, body = _downloaded(server, cookie, tab.ask_for_file(one))
                files += 1
                assert re.fullmatch(r'attachment; filename="perfdash-[a-z0-9_-]+\.csv"', name)
                in_files |= {cell.replace("'", "") for row in csv.reader(io.StringIO(body, newline="")) for cell in row}
    print(f"{files} files")
    assert files > 6
    assert set(PAYLOADS) <= in_tables
    assert {one.replace("'", "") for one in PAYLOADS} <= in_files


def _downloaded(server: AppServer, cookie: str, address: str) -> tuple[str, str]:
    """How the file says that it is to be called, and what it holds."""
    asked = urllib.request.Request(server.url + address, headers={"Cookie": f"perfdash_session={cookie}"})
    with urllib.request.urlopen(asked) as answer:
        return answer.headers["Content-Disposition"], answer.read().decode()
