"""Signing in through an OpenID Connect provider: a real one, the real app, a real Chromium."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response, Route, WebSocket, expect
from sqlalchemy import select
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from perfdash.demo.accounts import DEMO_ACCOUNTS, DEMO_CLIENTS
from perfdash.domain.access import OPERATOR
from perfdash.store import audit, schema
from perfdash.store.auth import users
from perfdash.store.query import catalog
from tests.fixtures.app import AppServer, StartApp
from tests.fixtures.provider import ProviderServer
from tests.fixtures.socket_client import cookie_name, is_decoration
from tests.store.builders import given_facts, opened

pytestmark = pytest.mark.browser

SECRET = "Zk3vQ9x_7LmP2aTf5RbW8cYd1EgH4jNs6UoX"
PATIENCE = 120_000  # milliseconds: a cold server on a busy machine
DEEP = "/campaigns?client=solvane&range=Last+7+days"
HARMLESS = {
    "heading",
    "markdown",
    "text_input",
    "button",
    "code",
    "alert",
    "empty",
    "space",
    "bidi_component",
    "text",
}


@pytest.fixture(scope="module")
def server(module_app_server: StartApp, module_project_copy: Path, provider: ProviderServer) -> AppServer:
    """An installation with numbers, users and one provider; ada may see everything, bob was deactivated."""
    root = module_project_copy
    (root / "data").mkdir(exist_ok=True)
    (root / ".streamlit" / "secrets.toml").write_text(
        f'[auth]\nredirect_uri = "http://127.0.0.1:{{port}}/oauth2callback"\ncookie_secret = "{SECRET}"\n'
        f'[auth.clerk]\nclient_id = "perfdash"\nclient_secret = "shared with the provider"\n'
        f'server_metadata_url = "{provider.discovery}"\nclient_kwargs = {{ prompt = "login" }}\n',
        encoding="utf-8",
    )
    now = datetime.now(UTC)
    with opened(database(root)) as store:
        catalog.register(store, DEMO_CLIENTS, DEMO_ACCOUNTS, now)
        for client in DEMO_CLIENTS:
            given_facts(store, {"client_id": client.slug, "currency": client.currency, "day": now.date()})
        for name in ("ada", "bob"):
            users.add_user(store, OPERATOR, name, None, "admin", now, email=f"{name}@example.com", rounds=4)
        users.set_active(store, OPERATOR, "bob", False, now)
    environment = {"PERFDASH_WATCH": "0", "PERFDASH_DATABASE_URL": database(root)}
    return module_app_server(root=root, env=environment)


def database(root: Path) -> str:
    return f"sqlite:///{root / 'data' / 'oidc.db'}"


class Received:
    """All that the server sent to the pages of one browser over their sockets, and whom else they asked."""

    def __init__(self, context: BrowserContext) -> None:
        self.frames: list[bytes] = []
        self.elsewhere: list[str] = []
        context.on("page", lambda page: page.on("websocket", self._listen))
        context.route(lambda url: urlsplit(url).hostname not in ("127.0.0.1", "localhost"), self._refuse)

    def _refuse(self, route: Route) -> None:
        """Nothing here needs the internet; the provider's page would wait for a stylesheet from there."""
        self.elsewhere.append(route.request.url)
        route.abort()

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self.frames.append(frame if isinstance(frame, bytes) else b""))

    @property
    def kinds(self) -> set[str]:
        """The kinds of elements that came."""
        found = set()
        for frame in self.frames:
            message = ForwardMsg.FromString(frame)
            if message.WhichOneof("type") == "delta" and message.delta.WhichOneof("type") == "new_element":
                kind = message.delta.new_element.WhichOneof("type")
                if not is_decoration(kind, getattr(message.delta.new_element, kind)):
                    found.add(kind)
        return found

    def assert_no_data(self) -> None:
        """The form came and nothing else: no element that could hold a number, and no client's name."""
        assert "button" in self.kinds
        assert self.kinds <= HARMLESS
        assert not [frame for frame in self.frames if b"solvane" in frame.lower().replace(b"client=solvane", b"")]


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser with cookies of its own."""
    with browser.new_context(viewport={"width": 1440, "height": 900}) as found:
        found.set_default_timeout(120_000)
        yield found


@pytest.fixture
def received(context: BrowserContext) -> Received:
    return Received(context)


@pytest.fixture
def tab(context: BrowserContext, received: Received) -> Page:
    """A tab whose socket is listened to."""
    return context.new_page()


def form(page: Page) -> None:
    """Wait for the sign-in form, and for the script's run to end."""
    expect(page.get_by_role("button", name="Continue with Clerk")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=PATIENCE)


def inside(page: Page) -> None:
    expect(page.get_by_role("button", name="Sign out")).to_be_visible(timeout=PATIENCE)


def to_provider(server: AppServer, page: Page, path: str = "/") -> None:
    """Open the app and press the provider's button."""
    page.goto(server.url + path)
    form(page)
    page.get_by_role("button", name="Continue with Clerk").click()
    expect(page.get_by_role("heading", name="Authorize Client")).to_be_visible(timeout=PATIENCE)


def come_as(server: AppServer, page: Page, who: str, path: str = "/") -> Response:
    """Sign in at the provider; the answer of the app's callback to it."""
    to_provider(server, page, path)
    with page.expect_response(re.compile(r"/oauth2callback\?")) as answer:
        page.get_by_role("button", name=who, exact=True).first.click()
    return answer.value


def refused(page: Page, said: str) -> None:
    """The form, with this sentence."""
    form(page)
    expect(page.get_by_test_id("stAlert")).to_contain_text(said)


def names(context: BrowserContext) -> set[str]:
    return {str(one.get("name")) for one in context.cookies()}


def until_cookie(page: Page) -> None:
    """Wait until the browser has its session, and nothing of the provider's any more."""
    for _ in range(100):
        if cookie_name(page.url) in names(page.context) and "_streamlit_user" not in names(page.context):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"the cookies never settled: {names(page.context)}")


def identity_of(answer: Response) -> str:
    """The identity that Streamlit gave the browser in its answer, as somebody who reads along has it."""
    found = [one["value"] for one in answer.headers_array() if one["name"].lower() == "set-cookie"]
    return next(value for value in found if value.startswith("_streamlit_user=")).split(";")[0].split("=", 1)[1]


def carrying(browser: Browser, server: AppServer, **cookies: str) -> BrowserContext:
    """Another browser, with these cookies."""
    found = browser.new_context()
    found.add_cookies([{"name": name, "value": value, "url": server.url} for name, value in cookies.items()])
    return found


def forged(server: AppServer, secret: str, age: float) -> str:
    """An identity of ada in Streamlit's own cookie format, issued `age` seconds ago."""
    claims: dict[str, Any] = {
        "iss": "http://localhost",
        "sub": "ada",
        "nonce": f"n{age}{secret}",
        "iat": int(time.time() - age),
        "email": "ada@example.com",
        "email_verified": True,
        "is_logged_in": True,
        "provider": "clerk",
        "origin": server.url,
    }
    return create_signed_value(secret, "_streamlit_user", json.dumps(claims)).decode()


def audited(server: AppServer) -> list[tuple[str, str, str]]:
    """The audit about signing in, newest first."""
    with opened(database(server.root)) as store:
        lines = audit.entries(store, OPERATOR)
    return [(line.actor, line.action, line.detail) for line in lines if line.action.startswith("sign in")]


def test_success_leads_back_to_the_page_and_filters_that_were_asked_for(server: AppServer, tab: Page) -> None:
    answer = come_as(server, tab, "ada", DEEP)
    inside(tab)
    expect(tab.get_by_role("heading", name="Campaigns")).to_be_visible()
    assert tab.url.startswith(f"{server.url}/campaigns?")
    assert set(urlsplit(tab.url).query.split("&")) == set(urlsplit(DEEP).query.split("&"))
    until_cookie(tab)
    assert (
        names(tab.context) & {"_streamlit_user", "_streamlit_user_tokens", "perfdash_return", "perfdash_oidc"} == set()
    )
    set_cookies = [one["value"] for one in answer.headers_array() if one["name"].lower() == "set-cookie"]
    assert not [value for value in set_cookies if "tokens" in value]
    assert all("HttpOnly" in value or "httponly" in value for value in set_cookies)
    with opened(database(server.root)) as store, store.reading() as connection:
        assert connection.execute(select(schema.sessions.c.kind)).scalars().all()[-1] == "oidc"
    assert audited(server)[0] == ("ada", "sign in", "oidc: clerk")
    tab.reload()
    inside(tab)


def test_cancel_leads_back_to_the_form_of_that_page_and_says_so(
    server: AppServer, tab: Page, received: Received
) -> None:
    to_provider(server, tab, DEEP)
    tab.get_by_role("button", name="Deny").click()
    refused(tab, "was cancelled")
    assert tab.url == server.url + DEEP
    received.assert_no_data()


def test_an_answer_with_another_state_is_refused(server: AppServer, tab: Page, received: Received) -> None:
    to_provider(server, tab)
    tab.route(
        re.compile(r"/oauth2/authorize\?"),
        lambda route: route.continue_(url=re.sub(r"state=[^&]+", "state=madeup", route.request.url)),
    )
    tab.get_by_role("button", name="ada", exact=True).first.click()
    refused(tab, "did not come to an end")
    received.assert_no_data()


@pytest.mark.parametrize(
    ("who", "said", "line"),
    [
        ("stranger", "nobody here has the address stranger@example.com", ("", "unknown")),
        ("impostor", "Clerk has not verified that ada@example.com is yours", ("", "unverified")),
        pytest.param(
            "bob", "The account of bob@example.com is deactivated", ("bob", "deactivated"), marks=pytest.mark.full
        ),
        pytest.param(
            "silent", "Clerk has not verified that ada@example.com is yours", ("", "unverified"), marks=pytest.mark.full
        ),
        pytest.param("nameless", "Clerk did not say which e-mail address", ("", "unclear"), marks=pytest.mark.full),
    ],
)
def test_who_is_no_active_user_with_a_verified_address_stays_outside(
    server: AppServer, tab: Page, received: Received, who: str, said: str, line: tuple[str, str]
) -> None:
    come_as(server, tab, who, DEEP)
    form(tab)
    expect(tab.get_by_test_id("stAlert")).to_be_visible()
    shown = tab.get_by_test_id("stAlert").inner_text().replace("\u2060", "")
    assert said in shown
    assert tab.get_by_test_id("stAlert").get_by_role("link").count() == 0
    received.assert_no_data()
    assert audited(server)[0] == (line[0], "sign in failed", f"oidc: clerk, {line[1]}")
    expect(tab).to_have_url(server.url + DEEP)


def test_after_a_sign_out_nothing_signs_in_again_neither_here_nor_with_copies(
    server: AppServer, tab: Page, browser: Browser
) -> None:
    answer = come_as(server, tab, "ada")
    inside(tab)
    until_cookie(tab)
    identity = identity_of(answer)
    session = next(str(one.get("value")) for one in tab.context.cookies() if one.get("name") == cookie_name(server.url))
    # Spent: in a second browser it opens nothing while the first is still signed in.
    _stays_outside(browser, server, "That sign-in is over", _streamlit_user=identity)
    tab.get_by_role("button", name="Sign out").click()
    form(tab)
    expect(tab.get_by_test_id("stAlert")).to_have_count(0)
    _stays_outside(browser, server, "That sign-in is over", _streamlit_user=identity, perfdash_session=session)
    tab.goto(answer.url)  # the callback once more
    refused(tab, "did not come to an end")
    tab.reload()
    form(tab)
    assert names(tab.context) & {"_streamlit_user", cookie_name(server.url)} == set()


def _stays_outside(browser: Browser, server: AppServer, said: str, **cookies: str) -> None:
    with carrying(browser, server, **cookies) as other:
        listening = Received(other)
        page = other.new_page()
        page.goto(server.url + DEEP)
        form(page)
        if said:
            expect(page.get_by_test_id("stAlert")).to_contain_text(said)
        else:
            assert page.get_by_test_id("stAlert").count() == 0
        listening.assert_no_data()


def test_made_up_and_old_identities_open_nothing(server: AppServer, browser: Browser) -> None:
    before = len(audited(server))
    _stays_outside(browser, server, "", _streamlit_user=forged(server, "x" * 40, 0))
    assert len(audited(server)) == before
    _stays_outside(browser, server, "That sign-in is over", _streamlit_user=forged(server, SECRET, 301))
    assert audited(server)[0] == ("", "sign in failed", "oidc: clerk, over")


@pytest.mark.full  # what may be planted stands in tests/ui/test_oidc_callback.py
def test_nothing_leads_to_another_site_after_the_sign_in(server: AppServer, tab: Page, received: Received) -> None:
    to_provider(server, tab, "/?next=https://evil.example/")
    tab.context.add_cookies(
        [{"name": "perfdash_return", "value": "%2F%2Fevil.example%2F", "url": server.url, "httpOnly": True}]
    )
    tab.get_by_role("button", name="ada", exact=True).first.click()
    inside(tab)
    assert tab.url.startswith(f"{server.url}/")
    assert not [url for url in received.elsewhere if "evil" in url]
