"""The reference Custom API as a Starlette application: `performance_v1`, a test clock, and faults on request.

GET /v1/performance      the contract. For tests: headers X-Demo-Today (a day or an instant), X-Demo-Fault (faults.py)
/_control/clock          POST {"today": "2026-07-01" | null}
/_control/faults         POST {"faults": ["500", "429:2"], "match": {"client_id": ...}, "times": 1}, GET, DELETE
/_control/log            GET what was served, DELETE
Everything needs `Authorization: Bearer KEY`.
"""

from __future__ import annotations

import hmac
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from functools import lru_cache
from json import JSONDecodeError
from typing import Protocol

from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from perfdash.demo import accounts, data, faults
from perfdash.demo.accounts import DEMO_ACCOUNTS, DEMO_KEY, PLATFORMS
from perfdash.demo.data import DEFAULT_SEED, ReportRow
from perfdash.demo.faults import FAULTS, Fault, parse
from perfdash.domain.accounts import today_in
from perfdash.domain.errors import UsageError

DEFAULT_PAGE_SIZE = 1000
MAX_PAGE_SIZE = 5000
_KNOWN = ("start_date", "end_date", "client_id", "platforms", "page", "page_size")


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Inclusive days of one account, some platforms (in the order of PLATFORMS), and one page of the answer."""

    account: str
    start: date
    end: date
    platforms: tuple[str, ...]
    page: int
    page_size: int


def parse_request(query: QueryParams) -> ReportRequest:
    """The request in `query`; HTTPException 404 for an unknown account, 422 for everything that cannot be read."""
    given = [name for name, _ in query.multi_items()]
    if unknown := sorted(set(given) - set(_KNOWN)):
        raise HTTPException(422, f"unknown parameter: {', '.join(unknown)}; known are {', '.join(_KNOWN)}")
    if repeated := sorted({name for name in given if given.count(name) > 1}):
        raise HTTPException(422, f"parameter given more than once: {', '.join(repeated)}")
    start, end = _day(query, "start_date"), _day(query, "end_date")
    if start > end:
        raise HTTPException(422, f"start_date {start} is after end_date {end}")
    return ReportRequest(
        account=_account(query),
        start=start,
        end=end,
        platforms=_platforms(query.get("platforms")),
        page=_count(query, "page", 1, None),
        page_size=_count(query, "page_size", DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE),
    )


def _required(query: QueryParams, name: str) -> str:
    value = query.get(name)
    if not value:
        raise HTTPException(422, f"{name} is required")
    return value


def _day(query: QueryParams, name: str) -> date:
    text = _required(query, name)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    # fromisoformat also reads 20260101 and 2026-W01-1, which the contract does not know.
    if day is None or day.isoformat() != text:
        raise HTTPException(422, f"{name} must be a day as YYYY-MM-DD, not {text!r}")
    return day


def _account(query: QueryParams) -> str:
    account = _required(query, "client_id")
    if all(account != known.external_id for known in DEMO_ACCOUNTS):
        raise HTTPException(404, f"unknown client_id {account!r}")
    return account


def _platforms(text: str | None) -> tuple[str, ...]:
    if text is None:
        return PLATFORMS
    wanted = {name.strip().lower() for name in text.split(",")}
    if unknown := sorted(wanted - {name.lower() for name in PLATFORMS}):
        raise HTTPException(422, f"unknown platform {', '.join(map(repr, unknown))}; known are {', '.join(PLATFORMS)}")
    return tuple(name for name in PLATFORMS if name.lower() in wanted)


def _count(query: QueryParams, name: str, default: int, most: int | None) -> int:
    text = query.get(name)
    if text is None:
        return default
    # Nine digits: more is no page, and int() of a very long text is slow.
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
    if number < 1 or (most is not None and number > most):
        raise HTTPException(422, f"{name} must be a whole number from 1{f' to {most}' if most else ''}, not {text!r}")
    return number


Clock = Callable[[], datetime]
MATCHABLE = ("client_id", "start_date", "end_date", "platforms", "page", "page_size")
LOG_LENGTH = 20_000


@dataclass(slots=True)
class LoggedRequest:
    """One line of the log. `today` is what "today" was for this request, '' when it was refused before that."""

    request_id: str
    time: str
    path: str
    query: dict[str, str]
    status: int = 0
    fault: str = ""
    today: str = ""

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(slots=True)
class Waiting:
    """A fault that waits for `times` requests that match; 0 stays until it is cleared."""

    fault: Fault
    match: Mapping[str, str]
    times: int

    def fits(self, query: Mapping[str, str]) -> bool:
        """True when every named parameter has this value; a request without `page` asks for page 1."""
        return all(query.get(name, "1" if name == "page" else "") == value for name, value in self.match.items())


@dataclass(slots=True)
class Switchboard:
    """The state of one running API. It lives in its event loop's thread only."""

    clock: Clock
    moment: date | datetime | None = None
    """The test clock: one day for all accounts, or an aware instant that each account's zone reads. None: real time."""
    waiting: list[Waiting] = field(default_factory=list)
    log: deque[LoggedRequest] = field(default_factory=lambda: deque(maxlen=LOG_LENGTH))
    count: int = 0

    def today(self, time_zone: str, header: str | None) -> date:
        """The day it is for an account: by the request's header, else the test clock, else the real one."""
        moment = moment_of(header) if header else self.moment
        if moment is None:
            moment = self.clock()
        return today_in(time_zone, moment) if isinstance(moment, datetime) else moment

    def next_fault(self, query: Mapping[str, str]) -> Fault | None:
        """Take the first waiting fault that this request matches."""
        for waiting in self.waiting:
            if waiting.fits(query):
                waiting.times -= 1
                if waiting.times == 0:
                    self.waiting.remove(waiting)
                return waiting.fault
        return None

    def begin(self, path: str, query: dict[str, str]) -> LoggedRequest:
        """Open the log line of a request; it is kept once it has a status."""
        self.count += 1
        return LoggedRequest(f"demo-{self.count:06}", self.clock().isoformat(), path, query)


def moment_of(text: str) -> date | datetime:
    """A day (YYYY-MM-DD) or an instant with an offset, between 2000 and 2100; UsageError otherwise."""
    try:
        moment = date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if isinstance(moment, datetime) and moment.tzinfo is None:
        moment = None
    if moment is None or not 2000 <= moment.year <= 2100:
        raise UsageError(
            f"Today must be a day as YYYY-MM-DD or an instant with its offset, 2000 to 2100, not {text!r}."
        )
    return moment


KeyCheck = Callable[[Request], None]


def routes(board: Switchboard, guard: KeyCheck) -> list[Route]:
    """GET|POST|DELETE /_control/faults, GET|POST /_control/clock, GET|DELETE /_control/log. `guard` raises 401."""

    async def faults(request: Request) -> JSONResponse:
        guard(request)
        if request.method == "POST":
            board.waiting += _waiting(await _json(request))
        elif request.method == "DELETE":
            board.waiting.clear()
        lines = [{"fault": str(w.fault), "match": dict(w.match), "times": w.times} for w in board.waiting]
        return JSONResponse({"waiting": lines, "faults": FAULTS})

    async def clock(request: Request) -> JSONResponse:
        guard(request)
        if request.method == "POST":
            today = (await _json(request)).get("today")
            if not (today is None or isinstance(today, str)):
                raise HTTPException(422, "`today` must be text or null")
            board.moment = moment_of(today) if today is not None else None
        return JSONResponse({"today": board.moment.isoformat() if board.moment else None})

    async def log(request: Request) -> JSONResponse:
        guard(request)
        if request.method == "DELETE":
            board.log.clear()
        return JSONResponse({"requests": [served.as_dict() for served in board.log]})

    return [
        Route("/_control/faults", faults, methods=["GET", "POST", "DELETE"]),
        Route("/_control/clock", clock, methods=["GET", "POST"]),
        Route("/_control/log", log, methods=["GET", "DELETE"]),
    ]


async def _json(request: Request) -> dict[str, object]:
    try:
        body = await request.json()
    except (JSONDecodeError, UnicodeDecodeError):
        body = None
    if not isinstance(body, dict):
        raise HTTPException(422, "the body must be a JSON object")
    return body


def _waiting(body: dict[str, object]) -> list[Waiting]:
    names, match, times = body.get("faults"), body.get("match", {}), body.get("times", 1)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise HTTPException(422, "`faults` must be a list of names")
    if not isinstance(match, dict) or not set(match) <= set(MATCHABLE):
        raise HTTPException(422, f"`match` must be an object with some of {', '.join(MATCHABLE)}")
    if not isinstance(times, int) or times < 0:
        raise HTTPException(422, "`times` must be a whole number; 0 is until cleared")
    expected = {name: str(value) for name, value in match.items()}
    return [Waiting(parse(name), expected, times) for name in names]


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
        if response := faults.replacement(fault, request, clock()):
            return response
        ask = parse_request(request.query_params)
        today = board.today(accounts.account_of(ask.account).time_zone, request.headers.get("x-demo-today"))
        served.today = today.isoformat()
        rows = answers(ask.account, ask.start, ask.end, today, ask.platforms)
        return await faults.faulty_response(fault, _page(fault, ask, list(rows)))

    return Starlette(
        routes=[Route(PATH, performance), *routes(board, guard)],
        middleware=[Middleware(Recorder, board=board)],
        exception_handlers={HTTPException: _refused, UsageError: _misused},
    )


def _answers(seed: int) -> _Answers:
    """Rows by question. The few latest are kept, so that the pages of one answer are made of one generation."""

    @lru_cache(maxsize=_ANSWERS_KEPT)
    def rows(account: str, start: date, end: date, today: date, platforms: tuple[str, ...]) -> tuple[ReportRow, ...]:
        return tuple(row for row in data.rows(account, start, end, today, seed) if row["platform"] in platforms)

    return rows


def _page(fault: faults.Fault | None, ask: ReportRequest, rows: list[ReportRow]) -> bytes:
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
    return faults.error_response(getattr(error, "status_code", 500), getattr(error, "detail", "error"), headers)


async def _misused(_: Request, error: Exception) -> JSONResponse:
    """A test header or a control request that cannot be understood."""
    return faults.error_response(400, str(error))


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
