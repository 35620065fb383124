from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.client import HTTPConnection, HTTPResponse

import pytest
import uvicorn
from sqlalchemy import text
from starlette.applications import Starlette

from perfdash.domain.access import OPERATOR
from perfdash.store import migrations
from perfdash.store.auth import session_rows, sessions, users
from perfdash.store.engine import Store
from perfdash.ui.runtime import context
from perfdash.ui.server import routes
from tests.fixtures.command_line import ROOT
from tests.ui.conftest import given_user

IDLE = timedelta(hours=2)


@pytest.fixture
def address(store: Store) -> Iterator[str]:
    """The routes on a real socket; gives host:port."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(Starlette(routes=routes.routes()), log_level="critical", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(120)


@pytest.fixture
def session(store: Store) -> session_rows.Session:
    given_user(store, "ann", "admin")
    return sessions.begin(store, users.list_users(store, OPERATOR)[0].user_id, context.now())


def ask(address: str, method: str, body: bytes | None = None, **headers: str) -> tuple[HTTPResponse, str]:
    connection = HTTPConnection(address, timeout=120)
    try:
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, "/session", body, {"Origin": f"http://{address}"} | said)
        answer = connection.getresponse()
        return answer, answer.read().decode()
    finally:
        connection.close()


def post(address: str, ticket: str, **headers: str) -> tuple[HTTPResponse, str]:
    return ask(address, "POST", json.dumps({"ticket": ticket}).encode(), **headers)


def cookie_of(answer: HTTPResponse) -> dict[str, str]:
    name, *parts = (answer.headers.get_all("set-cookie") or ["="])[0].split("; ")
    pairs = [part.partition("=") for part in parts]
    return {"": name.partition("=")[2], **{key.lower(): value for key, _, value in pairs}}


def test_a_ticket_becomes_a_cookie_that_no_script_can_read(
    address: str, store: Store, session: session_rows.Session
) -> None:
    answer, body = post(address, sessions.ticket(store, session.session_id, context.now()))
    cookie = cookie_of(answer)
    assert (answer.status, body) == (204, "")
    assert "httponly" in cookie
    assert (cookie["samesite"], cookie["path"]) == ("lax", "/")
    assert "secure" not in cookie
    assert "domain" not in cookie
    assert sessions.by_token(store, cookie[""], context.now(), idle=IDLE) == session
    assert answer.getheader("cache-control") == "no-store"


def test_under_tls_the_cookie_is_secure_also_behind_a_proxy(
    address: str, store: Store, session: session_rows.Session
) -> None:
    ticket = sessions.ticket(store, session.session_id, context.now())
    answer, _ = post(address, ticket, Origin="https://dash.example.com", Sec_Fetch_Site="same-origin")
    assert answer.status == 204
    assert "secure" in cookie_of(answer)


def test_the_cookie_has_a_name_of_this_installation_and_under_tls_the_prefix_of_its_host(
    address: str, store: Store, session: session_rows.Session
) -> None:
    def names(**headers: str) -> list[str]:
        answer, _ = post(address, sessions.ticket(store, session.session_id, context.now()), **headers)
        return [line.partition("=")[0] for line in answer.headers.get_all("set-cookie") or []]

    port = address.partition(":")[2]
    assert names() == [f"perfdash_session_{port}", f"perfdash_known_{port}"]
    tls = names(Origin="https://dash.example.com", Sec_Fetch_Site="same-origin")
    assert tls == [f"__Host-perfdash_session_{port}", f"__Host-perfdash_known_{port}"]


def test_a_ticket_works_once_and_a_made_up_one_never(address: str, store: Store, session: session_rows.Session) -> None:
    ticket = sessions.ticket(store, session.session_id, context.now())
    assert post(address, ticket)[0].status == 204
    for dead in (ticket, "made-up"):
        answer, body = post(address, dead)
        assert answer.status == 401
        assert answer.getheader("set-cookie") is None
        assert body == "This ticket is unknown, used or too old; sign in again."


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_another_site_can_neither_set_nor_drop_the_cookie(
    address: str, store: Store, session: session_rows.Session, headers: dict[str, str], method: str
) -> None:
    ticket = sessions.ticket(store, session.session_id, context.now())
    answer, _ = ask(address, method, json.dumps({"ticket": ticket}).encode(), **headers)
    assert answer.status == 403
    assert answer.getheader("set-cookie") is None
    assert post(address, ticket)[0].status == 204


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"[]",
        b"null",
        b'{"ticket": 1}',
        b'{"ticket": ""}',
        b"{}",
        b"\xff",
        b"[" * 900,
        b'{"ticket": "' + b"a" * 5000,
    ],
)
def test_a_body_that_is_no_ticket_is_refused(address: str, store: Store, body: bytes) -> None:
    answer, said = ask(address, "POST", body)
    assert (answer.status, said) == (400, 'Expected a JSON object {"ticket": "..."}.')


def test_signing_out_drops_the_cookie(address: str, store: Store) -> None:
    answer, _ = ask(address, "DELETE")
    assert answer.status == 204
    assert (cookie_of(answer)["max-age"], cookie_of(answer)["path"]) == ("0", "/")


def test_other_methods_are_refused_and_health_needs_nothing(address: str, store: Store) -> None:
    assert ask(address, "GET")[0].status == 405
    connection = HTTPConnection(address, timeout=120)
    connection.request("GET", "/healthz")
    assert connection.getresponse().read() == b"ok"
    connection.close()


def ready(address: str) -> tuple[int, str]:
    connection = HTTPConnection(address, timeout=120)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_a_server_is_ready_while_its_database_answers_and_has_the_current_schema(
    address: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "GOOD_FOR_SECONDS", 0.0)
    assert ready(address) == (200, "ok")
    with store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert ready(address) == (503, "The database is not of this version of perfdash.")
    monkeypatch.setenv("PERFDASH_DATABASE_URL", "postgresql://ann:hunter22@127.0.0.1:1/x")
    assert ready(address) == (503, "The database cannot be used right now.")
    monkeypatch.setenv("PERFDASH_CONFIG", "no-such-file.toml")
    assert ready(address) == (503, "The configuration cannot be used; the server's log says why.")


def test_however_many_ask_the_database_is_asked_once(
    address: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Store] = []
    current = migrations.current
    monkeypatch.setattr(migrations, "current", lambda store: asked.append(store) or current(store))
    monkeypatch.setattr(routes, "GOOD_FOR_SECONDS", 1e9)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: ready(address), range(24))) == {(200, "ok")}
    assert len(asked) == 1


def test_while_the_database_is_away_the_answer_says_so_without_details(
    address: str, store: Store, session: session_rows.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERFDASH_DATABASE_URL", "mysql://ann:hunter22@host/x")
    answer, body = post(address, "anything")
    assert (answer.status, body) == (503, "The database cannot be used right now.")


def test_the_server_starts_without_a_warning_of_streamlits() -> None:
    """What declares components or cached reads as it is imported, such as streamlit-authenticator, waits for a page."""
    started = subprocess.run(
        [sys.executable, "-c", "import app"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    assert started.stdout + started.stderr == ""
