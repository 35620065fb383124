"""Sign-in, cookie, deep links and sign-out, in a real Chromium against the real server."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from perfdash.demo.accounts import DEMO_ACCOUNTS, DEMO_CLIENTS
from perfdash.domain.access import OPERATOR
from perfdash.store import schema
from perfdash.store.auth import users
from perfdash.store.query import catalog
from tests.fixtures.app import AppServer, StartApp
from tests.fixtures.browser import choose
from tests.fixtures.socket_client import cookie_name
from tests.store.builders import given_facts, opened

pytestmark = pytest.mark.browser

ALONE = {"PERFDASH_WATCH": "0", "PERFDASH_DEMO_API": "http://127.0.0.1:9"}  # no children, and no API to ask
IN_FULL = ("/campaign", "/no-such-page", "/campaigns", "/sync-health", "/overview")
"""Left to `make test-full`: tests/isolation asks for every page over the socket."""
PAGES = ["/", *(pytest.param(one, marks=pytest.mark.full) for one in IN_FULL)]
PATIENCE = 120_000  # milliseconds: a cold server on a busy machine


def given_numbers(root: Path) -> str:
    """A demo store with a few facts for each client, so that there would be something to leak; its URL."""
    (root / "data").mkdir(exist_ok=True)
    url = f"sqlite:///{root / 'data' / 'demo.db'}"
    with opened(url) as store:
        catalog.register(store, DEMO_CLIENTS, DEMO_ACCOUNTS, datetime.now(UTC))
        for client in DEMO_CLIENTS:
            days = (date.today() - timedelta(days=n) for n in range(1, 40))
            given_facts(store, *({"client_id": client.slug, "currency": client.currency, "day": day} for day in days))
    return url


@pytest.fixture(scope="module")
def server(module_app_server: StartApp, module_project_copy: Path) -> AppServer:
    """The demo without its child processes, with numbers of our own."""
    given_numbers(module_project_copy)
    return module_app_server(root=module_project_copy, env=ALONE)


def store_url(server: AppServer) -> str:
    return f"sqlite:///{server.root / 'data' / 'demo.db'}"


def form(page: Page) -> None:
    """Wait for the sign-in form, and for the script's run to end."""
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=PATIENCE)


def sign_in(page: Page, name: str = "admin", password: str = "demo-admin") -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    inside(page)


def inside(page: Page) -> None:
    expect(page.get_by_role("button", name="Sign out")).to_be_visible(timeout=PATIENCE)


def cookie(page: Page) -> dict[str, object]:
    """The session's cookie, once the browser has it."""
    for _ in range(100):
        found = [dict(one) for one in page.context.cookies() if one.get("name") == cookie_name(page.url)]
        if found:
            return found[0]
        page.wait_for_timeout(100)
    pytest.fail("the browser never got its cookie")


@pytest.mark.parametrize("path", PAGES)
def test_on_a_cold_server_a_signed_out_visitor_sees_only_the_form(
    app_server: StartApp, project_copy: Path, page: Page, path: str
) -> None:
    given_numbers(project_copy)
    server = app_server(root=project_copy, env=ALONE)
    page.goto(f"{server.url}{path}?client=solvane&range=Last+7+days")
    form(page)
    text = page.content()
    assert page.get_by_test_id("stSidebar").count() == 0
    assert [link.inner_text() for link in page.get_by_role("link").all()] in ([], ["Skip to main content"])
    assert "Solvane" not in text
    assert "solvane" not in page.inner_text("body")
    assert page.get_by_test_id("stMetric").count() == 0
    assert page.get_by_test_id("stDataFrame").count() == 0


def test_a_deep_link_survives_the_sign_in_and_a_reload_shows_no_form(server: AppServer, page: Page) -> None:
    query = "client=solvane&range=Last+7+days&platform=TikTok"
    page.goto(f"{server.url}/campaigns?{query}")
    form(page)
    assert page.url.endswith(f"/campaigns?{query}")
    sign_in(page)
    expect(page.get_by_role("link", name="Campaigns")).to_be_visible()
    assert "/campaigns?" in page.url
    assert set(page.url.partition("?")[2].split("&")) == set(query.split("&"))
    cookie(page)
    page.add_init_script(
        "new MutationObserver(() => { if (document.body && document.body.innerText.includes('User name')) "
        "sessionStorage.setItem('form', 'seen') }).observe(document, {childList: true, subtree: true})"
    )
    page.reload()
    inside(page)
    assert page.evaluate("sessionStorage.getItem('form')") is None
    assert set(page.url.partition("?")[2].split("&")) == set(query.split("&"))


def test_no_script_can_read_the_session_and_the_page_talks_to_nobody_else(server: AppServer, page: Page) -> None:
    elsewhere: list[str] = []
    ours = (server.url, server.url.replace("http", "ws"), "data:", "blob:")
    page.on("request", lambda request: None if request.url.startswith(ours) else elsewhere.append(request.url))
    page.goto(server.url)
    form(page)
    sign_in(page)
    found = cookie(page)
    assert (found["httpOnly"], found["sameSite"], found["path"]) == (True, "Lax", "/")
    assert "perfdash" not in page.evaluate("document.cookie")
    assert str(found["value"]) not in page.content()
    page.reload()
    inside(page)
    assert elsewhere == []


def test_signing_out_takes_the_data_from_every_tab_and_kills_a_copied_cookie(
    server: AppServer, page: Page, browser: Browser
) -> None:
    page.goto(f"{server.url}/campaigns?client=solvane")
    form(page)
    sign_in(page)
    copied = cookie(page)
    other = page.context.new_page()
    other.goto(server.url)
    inside(other)
    page.get_by_role("button", name="Sign out").click()
    form(page)
    expect(page.get_by_test_id("stSidebar")).to_have_count(0)
    expect(page).to_have_url(f"{server.url}/campaigns")
    form(other)
    expect(other.get_by_test_id("stDataFrame")).to_have_count(0)
    thief = browser.new_context()
    thief.add_cookies([copied])  # type: ignore[list-item]
    stolen = thief.new_page()
    stolen.goto(server.url)
    form(stolen)
    thief.close()
    expect(page.get_by_label("User name")).to_be_visible()
    page.wait_for_timeout(500)
    assert cookie_name(page.url) not in [one.get("name") for one in page.context.cookies()]
    sign_in(page, "client", "demo-client")
    assert "client=" not in page.url


def test_a_deactivated_user_loses_the_open_page(server: AppServer, page: Page) -> None:
    page.goto(server.url)
    form(page)
    sign_in(page, "analyst", "demo-analyst")
    with opened(store_url(server)) as store:
        users.set_active(store, OPERATOR, "analyst", False, datetime.now(UTC))
        form(page)
        users.set_active(store, OPERATOR, "analyst", True, datetime.now(UTC))


def test_the_demo_shows_its_sign_ins_and_one_press_uses_them(server: AppServer, page: Page) -> None:
    page.goto(server.url)
    form(page)
    for password in ("demo-admin", "demo-analyst", "demo-client", "demo-creators"):
        expect(page.get_by_text(password, exact=True)).to_be_visible()
    page.get_by_role("button", name="Use").nth(2).click()
    inside(page)
    page.get_by_test_id("stSidebar").get_by_role("combobox", name="Clients").click()
    expect(page.get_by_role("option")).to_have_text(["hoshi"])


def test_filters_live_in_the_url_over_menu_back_and_reset(server: AppServer, page: Page) -> None:
    page.goto(server.url)
    form(page)
    sign_in(page)
    sidebar = page.get_by_test_id("stSidebar")
    choose(page, "Dates", "Last 7 days")
    expect(page).to_have_url(re.compile(r"/\?range=Last\+7\+days$"))
    page.get_by_role("link", name="Campaigns", exact=True).first.click()
    expect(page).to_have_url(re.compile(r"/campaigns\?range=Last\+7\+days$"))
    sidebar.get_by_role("button", name="TikTok").click()
    expect(page).to_have_url(re.compile(r"/campaigns\?.*platform=TikTok"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"range=Last\+7\+days$"))
    choose(page, "Dates", "Custom")
    expect(page).to_have_url(re.compile(r"range=Custom&dates=\d{4}-\d\d-\d\d&dates=\d{4}-\d\d-\d\d"))
    sidebar.get_by_role("button", name="Reset filters").click()
    expect(page).not_to_have_url(re.compile("range=|dates="))
    expect(sidebar.get_by_role("combobox", name="Dates")).to_have_value("Last 30 days")


def test_filters_are_out_of_sight_where_they_change_nothing_and_stay_in_the_url(server: AppServer, page: Page) -> None:
    page.goto(f"{server.url}/definitions?range=Last+7+days")
    form(page)
    sign_in(page)
    page.get_by_role("heading", name="Definitions").wait_for()
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_test_id("stSelectbox").first).to_be_attached()
    expect(sidebar.get_by_test_id("stSelectbox").first).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/definitions\?range=Last\+7\+days$"))
    page.get_by_role("link", name="Campaigns", exact=True).first.click()
    expect(sidebar.get_by_role("combobox", name="Dates")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/campaigns\?range=Last\+7\+days$"))


def test_a_link_with_nonsense_is_mended_in_the_url_too(server: AppServer, page: Page) -> None:
    page.goto(f"{server.url}/?client=nobody&range=Custom&dates=2026-03-05&dates=2026-03-01")
    form(page)
    sign_in(page)
    line = page.get_by_test_id("stAlert").filter(has_text="Not applied")
    expect(line).to_contain_text("client “nobody”")
    expect(line).to_contain_text("dates")
    expect(page).to_have_url(f"{server.url}/")  # the usual range stands in no URL
    expect(page.get_by_test_id("stSidebar").get_by_role("combobox", name="Dates")).to_have_value("Last 30 days")


def test_an_open_page_follows_the_store_and_keeps_its_place(server: AppServer, page: Page) -> None:
    page.set_viewport_size({"width": 1000, "height": 400})
    page.goto(f"{server.url}/?client=solvane")
    form(page)
    sign_in(page)
    impressions = page.get_by_test_id("stMetric").filter(has_text="Impressions").get_by_test_id("stMetricValue")
    expect(impressions).to_have_text(re.compile(r"\d"), timeout=PATIENCE)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=PATIENCE)
    shown, main = impressions.inner_text(), page.get_by_test_id("stMain")
    main.evaluate("main => main.scrollTo(0, 60)")
    with opened(store_url(server)) as store, store.writing() as connection:
        connection.execute(update(schema.facts).where(schema.facts.c.client_id == "solvane").values(impressions=5_000))
        client = schema.clients.c
        connection.execute(
            update(schema.clients).where(client.client_id == "solvane").values(revision=client.revision + 1)
        )
    expect(impressions).not_to_have_text(shown)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=PATIENCE)
    assert main.evaluate("main => main.scrollTop") == 60


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (".streamlit/secrets.toml", 'CUSTOM_ANALYTICS_API_KEY = "hunter22', "secrets"),
        pytest.param("perfdash.toml", "[clients.acme\n", "perfdash.toml", marks=pytest.mark.full),
    ],
)
def test_a_broken_file_is_one_sentence_and_no_demo(
    app_server: StartApp, project_copy: Path, page: Page, name: str, content: str, said: str
) -> None:
    (project_copy / name).write_text(content, encoding="utf-8")
    server = app_server(root=project_copy, env=ALONE)
    page.goto(server.url)
    expect(page.get_by_role("heading", name="Perfdash cannot start")).to_be_visible()
    expect(page.get_by_test_id("stAlert")).to_contain_text("in the server's log")
    assert said in server.log()
    assert page.get_by_label("User name").count() == 0
    for secret in ("demo-admin", "hunter22", "Traceback"):
        assert secret not in page.content()
        assert secret not in server.log()


def test_a_page_that_fails_shows_a_calm_sentence_and_no_details(
    app_server: StartApp, project_copy: Path, page: Page
) -> None:
    broken = project_copy / "pages" / "performance" / "campaigns.py"
    broken.write_text("raise RuntimeError('https://api.example.com/?api_key=hunter22')\n", encoding="utf-8")
    server = app_server(root=project_copy, env=ALONE)
    page.goto(f"{server.url}/campaigns")
    form(page)
    sign_in(page)
    expect(page.get_by_test_id("stAlert").filter(has_text="could not be shown")).to_be_visible()
    for detail in ("hunter22", "RuntimeError", "Traceback"):
        assert detail not in page.content()
    assert "RuntimeError" in server.log()
