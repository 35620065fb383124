"""The endpoints under /_control: JSON in, JSON out, behind the same key as the data."""

from __future__ import annotations

from collections.abc import Callable
from json import JSONDecodeError

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from perfdash.demo.control import MATCHABLE, Switchboard, Waiting, moment_of
from perfdash.demo.faults import FAULTS, parse

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
