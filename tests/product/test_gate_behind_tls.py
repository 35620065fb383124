"""Behind a real proxy that ends TLS: cookies travel encrypted only, and the visitor's own address is what counts."""

from __future__ import annotations

import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, update
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from perfdash.domain.access import OPERATOR
from perfdash.store import schema
from perfdash.store.auth import users
from perfdash.store.engine import Store
from perfdash.store.schema import tries
from tests.conftest import NGINX
from tests.fixtures.app import AppServer, copy_project, free_port, serving
from tests.fixtures.socket_client import Visitor, cookie_name
from tests.product.installation import PASSWORD
from tests.store.builders import NOON, given_client, given_facts, opened

pytestmark = pytest.mark.nginx
HOST = "reports.localhost"
PROXY = "127.0.0.2"
"""From where the proxy asks: not from where the visitor of the test does."""
CONFIGURATION = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        server_name {host};
        ssl_certificate {folder}/cert.pem;
        ssl_certificate_key {folder}/key.pem;
{location}
    }}
}}
"""


@dataclass
class Scene:
    """The proxy's address, the app behind it, and its store."""

    url: str
    server: AppServer
    store: Store
    folder: Path

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.folder / "cert.pem"))

    def get(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        with httpx.Client(verify=self.tls, trust_env=False) as client:
            return client.request(method, self.url + path, headers=said, timeout=30)


def documented() -> str:
    """The location block that docs/deploy.md tells operators to copy."""
    text = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text(encoding="utf-8")
    return text[text.index("    location / {") : text.index("    }\n", text.index("    location / {"))] + "    }\n"


def make_certificate(folder: Path) -> None:
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            f"/CN={HOST}",
            "-addext",
            f"subjectAltName=DNS:{HOST},DNS:localhost,IP:127.0.0.1",
            "-keyout",
            folder / "key.pem",
            "-out",
            folder / "cert.pem",
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )


@contextmanager
def proxy(folder: Path, app: str) -> Iterator[str]:
    """nginx with TLS before the app, as docs/deploy.md says; its address."""
    make_certificate(folder)
    port = free_port()
    location = documented().replace("http://127.0.0.1:8501;", f"{app}; proxy_bind {PROXY};")
    path = folder / "nginx.conf"
    path.write_text(CONFIGURATION.format(folder=folder, port=port, host=HOST, location=location), encoding="utf-8")
    assert NGINX, "nginx is not installed (Debian: apt-get install nginx-light)"
    process = subprocess.Popen(
        [NGINX, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"https://localhost:{port}"
        _wait_for(url, folder, process)
        yield url
    finally:
        process.terminate()
        process.wait(120)


def _wait_for(url: str, folder: Path, process: subprocess.Popen[bytes]) -> None:
    context = ssl.create_default_context(cafile=str(folder / "cert.pem"))
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, (folder / "error.log").read_text()
        try:
            if httpx.get(f"{url}/healthz", verify=context, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail(f"nginx does not answer: {(folder / 'error.log').read_text()}")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("tls")
    root, database = copy_project(folder / "project"), folder / "store.db"
    (root / "perfdash.toml").write_text(
        f'[security]\nallowed_hosts = ["localhost", "127.0.0.1"]\ntrusted_proxies = ["{PROXY}"]\n', encoding="utf-8"
    )
    with opened(f"sqlite:///{database}") as store:
        given_client(store, "acme")
        given_facts(store, {"client_id": "acme", "day": NOON.date()})
        users.add_user(store, OPERATOR, "ann", PASSWORD, "analyst", NOON, clients=("acme",), rounds=4)
        env = {"PERFDASH_DATABASE_URL": f"sqlite:///{database}", "PERFDASH_WATCH": "0"}
        with serving(root, folder, env) as server, proxy(folder, server.url) as url:
            yield Scene(url, server, store, folder)


def test_every_answer_asks_the_browser_to_stay_with_tls(scene: Scene) -> None:
    for path in ("/", "/_stcore/health", "/healthz", "/nothing/here"):
        assert scene.get(path).headers["strict-transport-security"].startswith("max-age=31536000"), path
    assert "secure" in scene.get("/_stcore/health").headers["set-cookie"].lower()
    assert scene.get("/healthz", Host="evil.example").status_code == 421


@pytest.mark.browser
def test_a_sign_in_through_tls_gives_only_secure_cookies_and_a_working_page(scene: Scene, browser: Browser) -> None:
    context = browser.new_context(ignore_https_errors=True)
    page: Page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{scene.url}/campaigns")
    page.get_by_label("User name").fill("ann")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Campaigns")).to_be_visible()
    for _ in range(100):
        cookies = {cookie["name"]: cookie for cookie in context.cookies()}
        if cookie_name(scene.url) in cookies:
            break
        page.wait_for_timeout(100)
    flags = {name: (cookie["secure"], cookie["sameSite"]) for name, cookie in cookies.items()}
    print(f"cookies behind TLS: {flags}")
    assert set(flags.values()) == {(True, "Lax")}
    assert {cookie_name(scene.url), "_streamlit_xsrf"} <= set(flags)
    assert cookie_name(scene.url).startswith("__Host-")
    assert cookies[cookie_name(scene.url)]["httpOnly"]
    for name, heading in (("restatements", "What changed"), ("definitions", "Definitions"), ("", "Overview")):
        page.goto(f"{scene.url}/{name}")  # charts, formulas, tables
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    assert [line for line in said if "Content Security Policy" in line] == []
    _the_page_ends_with_the_session(scene, page)
    context.close()


def _the_page_ends_with_the_session(scene: Scene, page: Page) -> None:
    with scene.store.writing() as connection:
        connection.execute(update(schema.sessions).values(revoked_at=datetime.now(UTC)))
    expect(page.get_by_label("User name")).to_be_visible()
    expect(page.get_by_role("heading", name="Overview")).to_have_count(0)
    assert page.get_by_test_id("stMetric").count() == 0
    assert page.get_by_text("Connecting").count() == 0


def test_the_address_that_counts_is_the_visitors_whatever_it_says(scene: Scene) -> None:
    known = []
    for headers in (
        {},
        {"X-Forwarded-For": "203.0.113.7"},
        {"X-Forwarded-For": "127.0.0.1", "X-Perfdash-Address": "x"},
    ):
        with Visitor(scene.url, headers=headers, tls=scene.tls) as visitor:
            visitor.run().sign_in("nobody", "wrong password")
        with scene.store.reading() as connection:
            known.append(set(connection.scalars(select(tries.c.address_key))))
    assert known[0]
    assert known[0] == known[1] == known[2]


def test_a_socket_is_opened_only_for_an_encrypted_page(scene: Scene) -> None:
    address = scene.url.replace("https://", "wss://") + "/_stcore/stream"
    with connect(address, ssl=scene.tls, origin=scene.url, subprotocols=["streamlit"], proxy=None):  # type: ignore[arg-type, list-item]
        pass
    for origin in (scene.url.replace("https://", "http://"), "https://evil.example", None):
        with pytest.raises(InvalidStatus):
            connect(address, ssl=scene.tls, origin=origin, subprotocols=["streamlit"], proxy=None)  # type: ignore[arg-type, list-item]
