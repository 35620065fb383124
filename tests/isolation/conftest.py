"""The app on a store in which everything of one client can be told from everything else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from perfdash.store.opening import open_store
from tests.fixtures.app import AppServer, copy_project, serving
from tests.isolation.canary import given_world
from tests.isolation.listening import signed_in


@dataclass
class World:
    """A project with its own store; `served` starts its app, `cookie` signs in to the one that runs."""

    root: Path
    server: AppServer | None = None
    _cookies: dict[str, str] = field(default_factory=dict)

    @property
    def database(self) -> str:
        """The store's URL."""
        return f"sqlite:///{self.root / 'data' / 'world.db'}"

    @property
    def env(self) -> dict[str, str | None]:
        """What the app and the command line are started with. No child process asks any source."""
        return {"PERFDASH_DATABASE_URL": self.database, "PERFDASH_WATCH": "0"}

    @property
    def url(self) -> str:
        """The running app's address."""
        assert self.server is not None
        return self.server.url

    def cookie(self, name: str) -> str:
        """The cookie of one sign-in per user; "" for nobody."""
        if name and name not in self._cookies:
            self._cookies[name] = signed_in(self.url, name)
        return self._cookies.get(name, "")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world, with no app running."""
    found = World(copy_project(tmp_path_factory.mktemp("isolation") / "project"))
    (found.root / "data").mkdir(exist_ok=True)
    store = open_store(found.database)
    given_world(store)
    store.checkpoint()
    store.close()
    return found


@pytest.fixture(scope="module")
def world(stored: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The world with its app running, for the tests of one module."""
    with serving(stored.root, tmp_path_factory.mktemp("served"), stored.env) as server:
        stored.server = server
        yield stored
