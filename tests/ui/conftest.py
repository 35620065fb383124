"""The app in Streamlit's own test harness, on a store of the test's own: no browser, no server, no demo."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from perfdash.domain.access import OPERATOR, UserRole
from perfdash.store.auth import login, sessions, users
from perfdash.store.engine import Store
from perfdash.ui.auth import session
from perfdash.ui.runtime import context
from tests.fixtures.command_line import ROOT
from tests.store.builders import NOON

MAIN = ROOT / "perfdash" / "ui" / "main.py"
PASSWORD = "correct horse"
OpenApp = Callable[..., AppTest]

# Each AppTest looks through all installed packages for components of theirs: 0.2 s, and what it meets never changes.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, so that tests need not migrate each."""
    from perfdash.store.opening import open_store

    path = tmp_path_factory.mktemp("ui") / "template.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def store(tmp_path: Path, _template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The store of the app under test: an installation without configuration, but with a database, so not the demo."""
    shutil.copy(_template, tmp_path / "app.db")
    monkeypatch.setattr(context, "ROOT", tmp_path)
    monkeypatch.setattr(context, "_opened", {})
    monkeypatch.setenv("PERFDASH_DATABASE_URL", f"sqlite:///{tmp_path / 'app.db'}")
    found = context.store()
    yield found
    found.close()


def given_user(store: Store, name: str, role: UserRole, *clients: str, money: bool = True) -> None:
    """A user who signs in with PASSWORD."""
    users.add_user(store, OPERATOR, name, PASSWORD, role, NOON, clients=clients, money=money, rounds=4)


def opened(query: dict[str, str | list[str]] | None = None) -> AppTest:
    """The app as somebody with a link sees it first."""
    return _addressed(query).run()


def entered(name: str, query: dict[str, str | list[str]] | None = None, page: Path | None = None) -> AppTest:
    """A page, the first one without `page`, as `name` sees it who has signed in elsewhere: no form, one run."""
    user = login.login_of(context.store(), name, demo=False).user_id
    assert user is not None
    app = _addressed(query)
    app.session_state[session._SESSION] = sessions.begin(context.store(), user, context.now()).session_id
    if page is not None:
        app._page_hash = _page_hashes()[page]
    return app.run()


def _addressed(query: dict[str, str | list[str]] | None) -> AppTest:
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    for key, value in (query or {}).items():
        app.query_params[key] = value
    return app


@cache
def _page_hashes() -> dict[Path, str]:
    """Page file -> what Streamlit knows it by, learned from the sign-in page, which names them all."""
    pages = opened()._registered_pages
    return {Path(str(page["script_path"])): page_hash for page_hash, page in pages.items()}


def press(app: AppTest, label: str) -> AppTest:
    """Click the button with this label."""
    next(button for button in app.button if button.label == label).click()
    return app.run()


def sign_in(app: AppTest, name: str, password: str = PASSWORD) -> AppTest:
    """Fill in the form and send it."""
    app.text_input[0].set_value(name)
    app.text_input[1].set_value(password)
    return press(app, "Sign in")


def signed_out(app: AppTest) -> bool:
    """True when there is the form and nothing of the app."""
    titles = [title.value for title in app.title]
    return titles == ["Sign in"] and not app.multiselect and not app.metric and not app.dataframe
