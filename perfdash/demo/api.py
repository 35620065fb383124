"""The reference Custom API as a Starlette application: `performance_v1`, a test clock, and faults on request.

GET /v1/performance      the contract. For tests: headers X-Demo-Today (a day or an instant), X-Demo-Fault (faults.py)
/_control/clock          POST {"today": "2026-07-01" | null}
/_control/faults         POST {"faults": ["500", "429:2"], "match": {"client_id": ...}, "times": 1}, GET, DELETE
/_control/log            GET what was served, DELETE
Everything needs `Authorization: Bearer KEY`.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from perfdash.demo import asked, broken, data, faults, switches
from perfdash.demo.control import Clock, LoggedRequest, Switchboard
from perfdash.demo.data import DEFAULT_SEED, DEMO_KEY, ReportRow
from perfdash.errors import UsageError

PATH = "/v1/performance"
_ANSWERS_KEPT = 8


class _Answers(Protocol):
    def __call__(
        self, account: str, start: date, end: date, today: date, platforms: tuple[str, ...]
    ) -> tuple[ReportRow, ...]: ...


def create_app(*, seed: int = DEFAULT_SEED, clock: Clock, key: str = DEMO_KEY) -> Starlette:
    """The application. `clock` gives the aware time that decides what "today" is, in each account's zone."""
    board = Switchboard(clock)
    answers = _answers(seed)

    def guard(request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), key.encode()):
            raise HTTPException(401, "missing or invalid key", {"WWW-Authenticate": "Bearer"})

    async def performance(request: Request) -> Response:
        guard(request)
        header = request.headers.get("x-demo-fault")
        fault = faults.parse(header) if header else board.next_fault(request.query_params)
        served: LoggedRequest = request.scope["served"]
        served.fault = str(fault or "")
        if response := broken.instead(fault, request, clock()):
            return response
        ask = asked.read(request.query_params)
        today = board.today(data.account_of(ask.account).time_zone, request.headers.get("x-demo-today"))
        served.today = today.isoformat()
        rows = answers(ask.account, ask.start, ask.end, today, ask.platforms)
        return await broken.delivered(fault, _page(fault, ask, list(rows)))

    return Starlette(
        routes=[Route(PATH, performance), *switches.routes(board, guard)],
        middleware=[Middleware(Recorder, board=board)],
        exception_handlers={HTTPException: _refused, UsageError: _misused},
    )


def _answers(seed: int) -> _Answers:
    """Rows by question. The few latest are kept, so that the pages of one answer are made of one generation."""

    @lru_cache(maxsize=_ANSWERS_KEPT)
    def rows(account: str, start: date, end: date, today: date, platforms: tuple[str, ...]) -> tuple[ReportRow, ...]:
        return tuple(row for row in data.rows(account, start, end, today, seed) if row["platform"] in platforms)

    return rows


def _page(fault: faults.Fault | None, ask: asked.ReportRequest, rows: list[ReportRow]) -> bytes:
    rows = faults.in_rows(fault, rows)
    info = {
        "page": ask.page,
        "page_size": ask.page_size,
        "total_number": len(rows),
        "total_page": max(1, -(-len(rows) // ask.page_size)),
    }
    first = 0 if fault and fault.name == "endless" else (ask.page - 1) * ask.page_size
    return faults.as_json(fault, rows[first : first + ask.page_size], info)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    headers: Mapping[str, str] | None = getattr(error, "headers", None)
    return broken.refusal(getattr(error, "status_code", 500), getattr(error, "detail", "error"), headers)


async def _misused(_: Request, error: Exception) -> JSONResponse:
    """A test header or a control request that cannot be understood."""
    return broken.refusal(400, str(error))


class Recorder:
    """Gives every response its X-Request-Id, and every request outside /_control a line in the log."""

    def __init__(self, app: ASGIApp, board: Switchboard) -> None:
        self._app, self._board = app, board

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        served = self._board.begin(request.url.path, dict(request.query_params))
        scope["served"] = served

        async def record(message: Message) -> None:
            if message["type"] == "http.response.start":
                served.status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", served.request_id.encode())]
                if not served.path.startswith("/_control"):
                    self._board.log.append(served)
            await send(message)

        await self._app(scope, receive, record)
