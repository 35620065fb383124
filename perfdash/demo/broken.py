"""Answers that travel badly: refusals, redirects, pauses, drips, cut bodies and bodies that explode."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from perfdash.demo.faults import Fault

_HTML = "<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_MEGABYTE = 1 << 20


def instead(fault: Fault | None, request: Request, now: datetime) -> Response | None:
    """The response that stands in for any answer; None when the fault lets the question be answered. `now` is aware."""
    match fault.name if fault else "":
        case "401":
            return refusal(401, "the key was revoked")
        case "429":
            return refusal(429, "too many requests", {"Retry-After": str(_number(fault, 1))})
        case "429-date":
            until = now + timedelta(seconds=_number(fault, 2))
            return refusal(429, "too many requests", {"Retry-After": format_datetime(until, usegmt=True)})
        case "500":
            return refusal(500, "internal server error")
        case "503":
            return refusal(503, "busy", {"Retry-After": fault.argument} if fault and fault.argument else None)
        case "echo-key":
            return refusal(500, f"unexpected header Authorization: {request.headers.get('authorization', '')}")
        case "html":
            return HTMLResponse(_HTML)
        case "foreign-redirect":
            target = fault.argument if fault and fault.argument else "http://reports.elsewhere.invalid/v1/performance"
            return RedirectResponse(target, status_code=302)
        case "gzip-bomb":
            return Response(
                _bomb(_number(fault, 50)), media_type="application/json", headers={"Content-Encoding": "gzip"}
            )
    return None


def _number(fault: Fault | None, default: int) -> int:
    return fault.number(default) if fault else default


def refusal(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An error as the API words it: {"detail": ...}."""
    return JSONResponse({"detail": detail}, status, headers)


async def delivered(fault: Fault | None, body: bytes) -> Response:
    """`body` as a response, travelling as the fault says."""
    match fault.name if fault else "":
        case "stall":
            await asyncio.sleep(_number(fault, 30))
        case "slow":
            pause, _, size = (fault.argument if fault and fault.argument else "200/16").partition("/")
            drops = _drip(body, int(pause) / 1000, max(1, int(size or 16)))
            return StreamingResponse(drops, media_type="application/json", headers={"Content-Length": str(len(body))})
        case "cut":
            return CutResponse(body, media_type="application/json")
    return Response(body, media_type="application/json")


async def _drip(body: bytes, pause: float, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]
        await asyncio.sleep(pause)


class CutResponse(Response):
    """Promises its whole body, sends half of it, and ends; uvicorn then closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": bytes(self.body[: len(self.body) // 2]), "more_body": True})


@lru_cache(maxsize=2)
def _bomb(megabytes: int) -> bytes:
    """Valid JSON of `megabytes` MB, nearly all of it blanks: about a thousandth as gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    parts = [packer.compress(b'{"data": [')]
    parts += [packer.compress(b" " * _MEGABYTE) for _ in range(megabytes)]
    parts += [packer.compress(b"]}"), packer.flush()]
    return b"".join(parts)
