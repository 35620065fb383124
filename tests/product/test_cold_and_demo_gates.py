"""Before anybody has signed in there is nothing to see, and where anything is configured no demo sign-in works.

What a browser shows of it stands in tests/browser/test_sign_in.py. Here nothing stands between the test and the server.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from perfdash.demo.accounts import DEMO_ACCOUNTS, DEMO_CLIENTS
from perfdash.demo.users import DEMO_USERS
from perfdash.domain.access import OPERATOR
from perfdash.store.auth import users
from perfdash.store.query import catalog
from perfdash.ui.runtime import navigation
from tests.fixtures.app import AppServer, StartApp
from tests.fixtures.socket_client import Visitor
from tests.store.builders import given_facts, opened

ALONE = {"PERFDASH_WATCH": "0"}
PAGES = {
    page.path: f"pages/{page.file}"
    for page in (navigation.OVERVIEW, navigation.CAMPAIGNS, navigation.CAMPAIGN, navigation.SYNC_HEALTH)
}
SECRET = "hunter22hunter22"


@pytest.fixture(scope="module")
def demo_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo store with facts of every client and the demo's users."""
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    with opened(f"sqlite:///{path}") as store:
        catalog.register(store, DEMO_CLIENTS, DEMO_ACCOUNTS, datetime.now(UTC))
        for client in DEMO_CLIENTS:
            days = (date.today() - timedelta(days=n) for n in range(1, 40))
            given_facts(store, *({"client_id": client.slug, "currency": client.currency, "day": day} for day in days))
        for one in DEMO_USERS:
            users.add_user(
                store,
                OPERATOR,
                one.username,
                one.password,
                one.role,
                datetime.now(UTC),
                clients=one.clients,
                money=one.money,
                demo=True,
                rounds=4,
            )
        store.checkpoint()
    return path


@pytest.fixture
def project(project_copy: Path, demo_database: Path) -> Path:
    """What a machine has that was a demo until yesterday: the project, and the demo's database with all its users."""
    (project_copy / "data").mkdir(exist_ok=True)
    shutil.copy(demo_database, project_copy / "data" / "demo.db")
    return project_copy


def hashed(text: str) -> str:
    """How Streamlit names a page on the wire: by its address, or, where pages are files, by its path."""
    from streamlit.util import calc_hash

    return calc_hash(text)


def only_the_form(visitor: Visitor) -> None:
    """The form, and nothing of any client in anything that was sent."""
    assert visitor.is_signed_out, (visitor.headings, visitor.data_kinds)
    assert visitor.exceptions == []
    for client in DEMO_CLIENTS:
        assert client.slug.encode() not in visitor.received
        assert client.name.encode() not in visitor.received


@pytest.mark.parametrize(
    "address",
    [pytest.param(one, marks=pytest.mark.full) if one in ("campaigns", "sync-health") else one for one in PAGES],
)
def test_a_cold_server_sends_a_stranger_the_form_whatever_page_is_asked_first(
    app_server: StartApp, project: Path, address: str
) -> None:
    server = app_server(root=project, env=ALONE)
    file = project / PAGES[address]
    # The first of these is the first that this server is ever asked: as a bookmark, as a file, by name only.
    ways = [(hashed(address), ""), (hashed(str(file)), ""), ("", address), ("", file.stem), ("f" * 32, "")]
    start = list(PAGES).index(address)
    for page_hash, name in ways[start % 3 :] + ways[: start % 3]:
        with Visitor(server.url, "client=solvane&range=Last+7+days", name, page_hash=page_hash) as stranger:
            only_the_form(stranger.run())
            only_the_form(stranger.run())  # by now the pages are known to the server
    with Visitor(server.url, page=address) as stranger:
        only_the_form(stranger.run().sign_in("admin", "wrong password"))
        assert "That user name and password do not go together." in stranger.alerts


def test_a_dead_or_made_up_cookie_is_as_good_as_none(app_server: StartApp, project: Path) -> None:
    server = app_server(root=project, env=ALONE)
    for cookie in ("made-up", hashlib.sha256(b"admin").hexdigest(), "1", "%00", "a" * 3000):
        with Visitor(server.url, cookie=cookie) as stranger:
            only_the_form(stranger.run())


@dataclass(frozen=True)
class Case:
    """What is there; what the page then is ("Sign in" or "Perfdash cannot start"), and a word of what it says.

    Of what is broken a stranger learns nothing: the word stands in the log.
    """

    make: Callable[[Path], dict[str, str | None]]
    title: str
    said: str


def written(name: str, content: str) -> Callable[[Path], dict[str, str | None]]:
    """An installation with this file."""

    def write(root: Path) -> dict[str, str | None]:
        (root / name).write_text(content, encoding="utf-8")
        return {}

    return write


def named(name: str, value: str) -> Callable[[Path], dict[str, str | None]]:
    """An installation with this in its environment; {root} is its folder."""
    return lambda root: {name: value.format(root=root)}


def with_an_admin_of_its_own(root: Path) -> dict[str, str | None]:
    """The demo's database in earnest, with a user who is no demo user: so the sign-in form is there to be tried."""
    url = f"sqlite:///{root}/data/demo.db"
    with opened(url) as store:
        users.add_user(store, OPERATOR, "keeper", SECRET, "admin", datetime.now(UTC), rounds=4)
    return {"PERFDASH_DATABASE_URL": url}


CONFIG = """
[clients.acme]
name = "Acme"
currency = "EUR"
time_zone = "Europe/Berlin"
"""
NOBODY = "Nobody can sign in yet"
CASES = {
    "config file": Case(written("perfdash.toml", CONFIG), "Sign in", NOBODY),
    "broken config file": Case(written("perfdash.toml", "[clients.acme\n"), "Perfdash cannot start", "perfdash.toml"),
    "config named but missing": Case(named("PERFDASH_CONFIG", "gone.toml"), "Perfdash cannot start", "gone.toml"),
    "database": Case(named("PERFDASH_DATABASE_URL", "sqlite:///{root}/own.db"), "Sign in", NOBODY),
    "the demo's database": Case(with_an_admin_of_its_own, "Sign in", ""),
    "broken database": Case(
        named("PERFDASH_DATABASE_URL", f"mysql://root:{SECRET}@db/x"), "Perfdash cannot start", "PERFDASH_DATABASE_URL"
    ),
    "key": Case(named("CUSTOM_ANALYTICS_API_KEY", SECRET), "Sign in", NOBODY),
    "empty key": Case(named("CUSTOM_ANALYTICS_API_KEY", ""), "Sign in", NOBODY),
    "secrets file": Case(
        written(".streamlit/secrets.toml", f'CUSTOM_ANALYTICS_API_KEY = "{SECRET}"'), "Sign in", NOBODY
    ),
    "broken secrets file": Case(
        written(".streamlit/secrets.toml", f'CUSTOM_ANALYTICS_API_KEY = "{SECRET}'), "Perfdash cannot start", "secrets"
    ),
}


IN_FULL = (
    "config file",
    "broken config file",
    "config named but missing",
    "database",
    "empty key",
    "broken secrets file",
    "secrets file",
)
"""Left to `make test-full`: near others of these, or looked at in tests/browser too."""


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.full) if n in IN_FULL else n for n in CASES])
def test_where_anything_is_configured_no_demo_sign_in_works(app_server: StartApp, project: Path, name: str) -> None:
    case = CASES[name]
    server = app_server(root=project, env=ALONE | case.make(project))
    with Visitor(server.url) as stranger:
        stranger.run()
        assert stranger.headings == [case.title]
        assert len(stranger.alerts) == bool(case.said)
        assert case.said in (stranger.text if case.title == "Sign in" else server.log())
        if not case.said:
            _no_demo_user_gets_in(stranger)
        elif case.title == "Sign in":
            assert stranger.buttons == ["Make the first admin"], "the first admin needs the code from the log"
        else:
            assert not stranger.buttons and not stranger.data_kinds
        never_said(server, stranger)


def _no_demo_user_gets_in(stranger: Visitor) -> None:
    for user in DEMO_USERS:
        only_the_form(stranger.sign_in(user.username, user.password))
        assert "That user name and password do not go together." in stranger.alerts


def never_said(server: AppServer, stranger: Visitor) -> None:
    """Neither a demo password, nor a secret, nor a traceback: not sent, not logged."""
    for text in (*(user.password for user in DEMO_USERS), SECRET, "Traceback"):
        assert text.encode() not in stranger.received
        assert text not in server.log()
