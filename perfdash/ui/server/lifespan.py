"""The server around the script: it starts and watches what must run beside it, and answers for errors nobody expected.

A sync inside this process would slow every page through Python's lock, so `sync --watch` is a process of its own, and
in the demo so is the reference API. PERFDASH_WATCH=0 leaves both to an operator who runs them otherwise.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.client import HTTPConnection, HTTPException
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from starlette.concurrency import run_in_threadpool

from perfdash import ROOT
from perfdash.config.settings import Settings
from perfdash.demo.accounts import DEMO_KEY, SOURCE
from perfdash.domain import security
from perfdash.domain.errors import ConfigError, PerfdashError, StoreError
from perfdash.store.auth import invitations
from perfdash.ui.auth import oidc
from perfdash.ui.components.messages import public_text
from perfdash.ui.runtime import context, streamlit_internals, uploads
from perfdash.ui.server import failures, following, page_sessions, processes, sockets
from perfdash.ui.server.processes import Child

REFUSED = 2
"""The exit code of every command whose configuration is wrong."""


def refuse_unsafe() -> None:
    """End the process with one line for each unsafe setting. Where the configuration cannot be read, pages say so."""
    problems = _problems()
    if not problems:
        return
    for problem in problems:
        sys.stderr.write(f"perfdash does not start: {problem}\n")
    sys.stderr.flush()
    os._exit(REFUSED)  # nothing has begun yet; an exception here would become a traceback and another exit code


def _problems() -> tuple[str, ...]:
    try:
        found = context.load_settings()
    except PerfdashError:
        return ()
    options = {name: st.get_option(name) for name in security.watched()}
    address = str(st.get_option("server.address") or "")
    return security.unsafe(
        security.ServerSetup(found.demo, address, found.security, options, oidc=bool(oidc.settings().providers))
    )


LONGEST_SECONDS = 20.0
"""For what is still at work, such as a page that fetches. The database survives its end at any moment."""


def stop_on_sigterm() -> None:
    """From now on SIGTERM stops the server that runs in this thread; a second one, or too long a stop, ends it at once.

    uvicorn by itself ends with the signal it got, which reads like a crash, and waits for ever for a busy connection.
    """
    server = streamlit_internals.running_server()
    if threading.current_thread() is threading.main_thread() and server is not None:
        signal.signal(signal.SIGTERM, _stopping(server))


def _stopping(server: Any) -> Any:
    def stop(_number: int, _frame: FrameType | None) -> None:
        if server.should_exit:
            os._exit(0)
        server.should_exit = True
        last = threading.Timer(LONGEST_SECONDS, os._exit, (0,))
        last.daemon = True
        last.start()

    return stop


_log = logging.getLogger(__name__)
SCRIPT = str(ROOT / "perfdash" / "ui" / "main.py")
WATCH = "PERFDASH_WATCH"
LOOK_AGAIN_SECONDS = 5.0
TIDY_SECONDS = 30.0


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """While the server runs, so do its children and the watch over open pages; they end with it."""
    refuse_unsafe()
    stop_on_sigterm()
    uploads.sweep()
    work = [asyncio.create_task(sockets.watch()), asyncio.create_task(_announce_first_admin())]
    work += [asyncio.create_task(following.watch()), asyncio.create_task(_tidy_uploads())]
    if os.environ.get(WATCH, "1") != "0":
        work.append(asyncio.create_task(_look_after_children()))
    try:
        yield
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        uploads.remove_all()
        await run_in_threadpool(_fold_log)


async def _tidy_uploads() -> None:
    """Files for import go with the session that brought them, however it ends."""
    while True:
        await asyncio.sleep(TIDY_SECONDS)
        owners = uploads.owners(context.now())
        if owners:
            uploads.discard_all(owners - await page_sessions.alive_sessions(owners))


def _fold_log() -> None:
    """What the database's log holds goes into its file, so that what lies on the disk now is whole by itself."""
    try:
        context.store().checkpoint()
    except PerfdashError as error:
        _log.error("The database's log could not be folded in: %s", error)


def log_script_error(error: Exception) -> bool:
    """The log gets the traceback, the viewer a calm sentence: ours when we wrote it, a general one otherwise."""
    if isinstance(error, PerfdashError):
        if not isinstance(error, ConfigError | StoreError):  # which `public_text` writes down itself
            _log.error("%s", error)
        st.error(public_text(error), icon=":material/error:")
    else:
        page = streamlit_internals.page_id()
        if failures.is_malformed_value(error) and page is not None:
            sockets.close_malformed(page)
        else:
            failures.tell(error)
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
        line = await run_in_threadpool(lambda: invitations.announce(context.store(), context.now()))
    except PerfdashError as error:
        line = str(error)
    if line is not None:
        _log.warning("%s", line)


async def _look_after_children() -> None:
    settings = await _settings()
    async with asyncio.TaskGroup() as group:
        if settings.demo:
            group.create_task(_keep_demo_api(settings.sources[SOURCE].base_url))
            await processes.keep_running(Child("The demo's history", ("demo-history",), forever=False), ROOT)
        if any(not account.files_only for account in settings.accounts):
            group.create_task(processes.keep_running(Child("The sync", ("sync", "--watch")), ROOT))


async def _settings() -> Settings:
    """The settings, once they can be read and the store opens; until then pages say what is wrong."""
    said = ""
    while True:
        try:
            return (await run_in_threadpool(context.app_context)).settings
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
            await processes.run_once(child, ROOT)
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
