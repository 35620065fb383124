"""The server around the script: it starts and watches what must run beside it, and answers for errors nobody expected.

A sync inside this process would slow every page through Python's lock, so `sync --watch` is a process of its own, and
in the demo so is the reference API. PERFDASH_WATCH=0 leaves both to an operator who runs them otherwise.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from starlette.concurrency import run_in_threadpool

from perfdash import ROOT
from perfdash.demo.data import DEMO_KEY
from perfdash.demo.roster import SOURCE
from perfdash.errors import ConfigError, PerfdashError, StoreError
from perfdash.settings import Settings
from perfdash.store import first_admin
from perfdash.ui import children, gate_watch, starting, stopping, wiring
from perfdash.ui.calm import told
from perfdash.ui.children import Child

_log = logging.getLogger(__name__)
SCRIPT = str(ROOT / "perfdash" / "ui" / "main.py")
WATCH = "PERFDASH_WATCH"
LOOK_AGAIN_SECONDS = 5.0


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """While the server runs, so do its children and the watch over open pages; they end with it."""
    starting.refuse_unsafe()
    stopping.end_well()
    work = [asyncio.create_task(gate_watch.watch()), asyncio.create_task(_announce_first_admin())]
    if os.environ.get(WATCH, "1") != "0":
        work.append(asyncio.create_task(_look_after_children()))
    try:
        yield
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await run_in_threadpool(_fold_log)


def _fold_log() -> None:
    """What the database's log holds goes into its file, so that what lies on the disk now is whole by itself."""
    try:
        wiring.store().checkpoint()
    except PerfdashError as error:
        _log.error("The database's log could not be folded in: %s", error)


def on_script_error(error: Exception) -> bool:
    """The log gets the traceback, the viewer a calm sentence: ours when we wrote it, a general one otherwise."""
    if isinstance(error, PerfdashError):
        if not isinstance(error, ConfigError | StoreError):  # which `told` writes down itself
            _log.error("%s", error)
        st.error(told(error), icon=":material/error:")
    else:
        _log.error("A page failed.", exc_info=error)
        st.error(
            "This page could not be shown. The numbers are untouched; reload it, or tell whoever runs this server.",
            icon=":material/error:",
        )
    return True


async def _announce_first_admin() -> None:
    """While there is no user at all, who reads this log may make the first one on the sign-in page."""
    settings = await _settings()
    if settings.demo or not settings.security.passwords:
        return
    try:
        line = await run_in_threadpool(lambda: first_admin.announce(wiring.store(), wiring.now()))
    except PerfdashError as error:
        line = str(error)
    if line is not None:
        _log.warning("%s", line)


async def _look_after_children() -> None:
    settings = await _settings()
    async with asyncio.TaskGroup() as group:
        if settings.demo:
            group.create_task(_keep_demo_api(settings.sources[SOURCE].base_url))
            await children.keep(Child("The demo's history", ("demo-history",), forever=False), ROOT)
        if settings.accounts:
            group.create_task(children.keep(Child("The sync", ("sync", "--watch")), ROOT))


async def _settings() -> Settings:
    """The settings, once they can be read and the store opens; until then pages say what is wrong."""
    said = ""
    while True:
        try:
            return (await run_in_threadpool(wiring.wired)).settings
        except PerfdashError as error:
            if str(error) != said:
                said = str(error)
                _log.error("%s", said)
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def _keep_demo_api(base_url: str) -> None:
    """One demo API at `base_url`: ours, or that of another demo on this machine for as long as it answers."""
    address = urlsplit(base_url)
    host, port = address.hostname or "", address.port or 80
    child = Child("The demo's API", ("demo-api", "--host", host, "--port", str(port)), forever=False)
    while True:
        if not await run_in_threadpool(lambda: demo_api_answers(host, port)):
            await children.once(child, ROOT)
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


def demo_api_answers(host: str, port: int) -> bool:
    """True when a demo API with the demo's key listens there; only it knows this path under this key."""
    connection = HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/_control/faults", headers={"Authorization": f"Bearer {DEMO_KEY}"})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
