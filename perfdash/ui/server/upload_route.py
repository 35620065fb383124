"""POST /imports/upload: one file for the Import page, streamed to a private file; the answer is its token.

Who may import is settled before the first byte of the file is read, and nothing here looks into it. Streamlit's own
way to upload stays closed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from perfdash.domain.access import Principal
from perfdash.domain.errors import PerfdashError
from perfdash.store import audit
from perfdash.store.auth import login, sessions
from perfdash.ui.runtime import context, uploads
from perfdash.ui.runtime.addresses import base_path
from perfdash.ui.runtime.uploads import Arriving, Upload, UploadRefused
from perfdash.ui.server import page_sessions
from perfdash.ui.server.caller import is_from_own_page

_log = logging.getLogger(__name__)
PIECE_SECONDS = 20.0
"""How long the next piece of a body may take."""
WHOLE_SECONDS = 300.0
"""64 MiB over 2 Mbit/s."""
REMEMBERED = 1_000
_noted: OrderedDict[tuple[str, int], None] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Importer:
    """Who asks: a user who is signed in, and the session."""

    principal: Principal
    session_id: str


def routes() -> list[BaseRoute]:
    """Under the server's base path, if it has one."""
    return [Route(f"{base_path()}/{uploads.PATH}", _upload, methods=["POST"])]


async def _upload(request: Request) -> Response:
    """200 with {"upload": token}; 403 from another site, 404 for who may not import, 413 and others say why."""
    if not is_from_own_page(request.headers):
        return _no("This address answers only to its own pages.", 403)
    try:
        importer = await _importer(request)
        if importer is None:
            return _no("You are not signed in here, or may not import files.", 404)
        return await _taken(request, importer)
    except PerfdashError as error:
        _log.error("A file could not be taken: %s", error)
        return _no("The database cannot be used right now.", 503)


async def _taken(request: Request, importer: Importer) -> Response:
    try:
        upload = await _kept(request, importer.session_id)
    except UploadRefused as error:
        await _note(importer, f"file refused: {error}", error.status)
        return _no(str(error), error.status)
    except TimeoutError:
        await _note(importer, "file refused: it came too slowly", 408)
        return _no("The file came too slowly. Try again over a better connection.", 408)
    except ClientDisconnect:
        return _no("The upload was broken off.", 400)
    except OSError as error:
        _log.error("A file for import could not be written: %s", error)
        return _no("The server cannot keep the file: its disk may be full. Tell whoever runs it.", 507)
    try:
        await run_in_threadpool(_record, importer.principal, f"file received: {upload.size:,} bytes, {upload.sha256}")
    except BaseException:
        uploads.discard(upload.token, upload.session_id)
        raise
    return JSONResponse({"upload": upload.token})


async def _kept(request: Request, session_id: str) -> Upload:
    """The body in a file of ours. Whatever happens, nothing of a file that did not arrive whole stays."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced[:20]) > uploads.MOST_BYTES:
        raise uploads.too_large()
    arriving = uploads.begin(session_id, context.now())
    try:
        async with asyncio.timeout(WHOLE_SECONDS):
            await _write(request, arriving)
        return await run_in_threadpool(arriving.kept, context.now())
    except BaseException:
        arriving.dropped()
        raise


async def _write(request: Request, arriving: Arriving) -> None:
    pieces = request.stream().__aiter__()
    while True:
        try:
            async with asyncio.timeout(PIECE_SECONDS):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        await run_in_threadpool(arriving.add, piece)


async def _importer(request: Request) -> Importer | None:
    """Who of the sessions behind the cookies may import; who is signed in and may not is written down."""
    found = await page_sessions.sessions_of_cookies(request.headers.raw)
    known = await run_in_threadpool(_users, found) if found else ()
    for importer in known:
        if importer.principal.may_import:
            return importer
    for importer in known:
        await _note(importer, "file refused: this user may not import", 404)
    return None


def _users(session_ids: Collection[str]) -> tuple[Importer, ...]:
    """The users of these sessions as they are now; visitors of client links are none."""
    store, now, settings = context.store(), context.now(), context.settings()
    users = []
    for session_id in sorted(session_ids):
        session = sessions.by_id(store, session_id, now, idle=settings.security.idle, touch=True)
        if session is not None and session.user_id is not None:
            principal = login.principal_of(store, session.user_id, demo=settings.demo)
            users += [Importer(principal, session_id)] if principal is not None else []
    return tuple(users)


async def _note(importer: Importer, what: str, status: int) -> None:
    """A line of the audit for a refusal: one of each kind in a session, so that nobody can fill the audit."""
    key = (importer.session_id, status)
    if key in _noted:
        return
    _noted[key] = None
    while len(_noted) > REMEMBERED:
        _noted.popitem(last=False)
    await run_in_threadpool(_record, importer.principal, what)


def _record(principal: Principal, what: str) -> None:
    kept = context.settings().security.audit_kept
    audit.record(context.store(), principal, "import", (), what, context.now(), kept=kept)


def _no(why: str, status: int) -> Response:
    """What still comes of the body is not read, so the connection ends with the answer."""
    return JSONResponse({"error": why}, status, {"Connection": "close", "Cache-Control": "no-store"})
