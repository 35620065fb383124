"""What every page stands on: the settings, the open store and the clock. One of each per process."""

from __future__ import annotations

import os
import threading
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from perfdash import ROOT
from perfdash.config import settings as configuration
from perfdash.config.settings import Settings
from perfdash.demo.accounts import DEMO
from perfdash.demo.users import add_demo_users
from perfdash.store.engine import Store
from perfdash.store.opening import open_store
from perfdash.store.pulse import Pulse
from perfdash.store.query import catalog

COMMUNITY_CLOUD = "/mount/src"
"""Where Streamlit Community Cloud checks an app out; its disk does not outlive the app."""
_Installation = tuple[Path, str | None]


@dataclass(frozen=True, slots=True)
class AppContext:
    """An app that may be shown: its settings were read and its store is open and up to date."""

    settings: Settings
    store: Store
    pulse: Pulse


_opened: dict[_Installation, AppContext] = {}
_opening = threading.Lock()


def app_context() -> AppContext:
    """This process's settings and store, opened at the first call; ConfigError or StoreError when that fails.

    A failure is not remembered, so that reloading the page is enough once its cause is gone. Not st.cache_resource: any
    socket, even a signed-out one, may ask Streamlit to empty that.
    """
    this = (ROOT, os.environ.get("PERFDASH_DATABASE_URL"))
    found = _opened.get(this)
    if found is None:
        with _opening:  # many sessions may start at once; one opens and migrates
            found = _opened.get(this) or _open()
            _opened[this] = found
    return found


def _open() -> AppContext:
    settings = load_settings()
    store = open_store(settings.database_url)
    if settings.demo or settings.config_path:  # without a file nothing was said about accounts
        catalog.register(store, settings.clients, settings.accounts, now())
    if settings.demo:
        add_demo_users(store, now(), demo=settings.demo)
    return AppContext(settings, store, Pulse(store))


def load_settings() -> Settings:
    """The settings as the configuration, environment and secrets say now, without a store."""
    return configuration.load(ROOT, os.environ, DEMO)


def settings() -> Settings:
    return app_context().settings


def store() -> Store:
    return app_context().store


def beat() -> Hashable:
    """Another value after every commit to the store; see `store/pulse`."""
    return app_context().pulse.beat()


def on_community_cloud() -> bool:
    return ROOT.as_posix().startswith(COMMUNITY_CLOUD)


def now() -> datetime:
    """The moment, aware; the only clock that pages read."""
    return datetime.now(UTC)
