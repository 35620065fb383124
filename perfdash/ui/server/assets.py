"""Streamlit's page and its files, as this server gives them out: the page under a base path and a title, files small.

Streamlit leaves its files uncompressed because it would compress them anew for everybody. Here each is compressed once
for a process, on its first request, and kept: a first visit then moves about a quarter of the bytes. Nothing else is
compressed by us: these files hold no secret, and whether a secret stands beside what an attacker writes could be read
from the length of a compressed answer (BREACH).
"""

from __future__ import annotations

import gzip
import html
from functools import cache
from pathlib import PurePosixPath

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response

from perfdash.ui.runtime import navigation, streamlit_internals
from perfdash.ui.runtime.addresses import base_path

_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".json": "application/json",
}
"""What is worth compressing, by the ending of its name, and the type it is served as."""
_HASHED = "static/"
"""Names under it carry a hash of their content: they may be kept for good."""
_KEPT = "public, immutable, max-age=31536000"
_ROOT = """<meta name="perfdash-root" content="{root}" />
    <script>{script}</script>
    <title>{title}</title>"""
_SCRIPT = (
    "window.__streamlit = { BACKEND_BASE_URL: location.origin + "
    "document.querySelector('meta[name=perfdash-root]').content }"
)
"""Without it the page asks for the server under its own address first, such as /campaigns/_stcore/health."""


async def compressed(name: str, headers: Headers) -> Response | None:
    """Streamlit's file `name` for who takes gzip; None where it is to be served as it lies there, such as in part."""
    kind = _TYPES.get(PurePosixPath(name).suffix)
    if kind is None or not name.startswith(_HASHED) or "range" in headers or not _takes_gzip(headers):
        return None
    body = await run_in_threadpool(_smaller, name)
    sent = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding", "Cache-Control": _KEPT, "Content-Type": kind}
    return Response(body, headers=sent)


def page(path: str) -> Response:
    """The page at `path` within this server, before its script has run; its title tells no page that is not for all."""
    found = {one.path: one for one in navigation.PAGES if one.needs in ("read", "account")}.get(path)
    title = navigation.title(found.title if found else "", ())
    return HTMLResponse(shell(base_path(), title), headers={"Cache-Control": "no-cache"})


def shell(root: str, title: str) -> str:
    """Streamlit's page for a browser that asks everything under `root`: "", or "/reports", or that of a client link."""
    text = streamlit_internals.page_text().replace('"./', f'"{base_path()}/')
    head = _ROOT.format(root=html.escape(root), script=_SCRIPT, title=html.escape(title))
    return text.replace(streamlit_internals.TITLE, head, 1)


@cache
def inline_scripts() -> tuple[str, ...]:
    """The scripts that stand in the page itself."""
    return (*streamlit_internals.inline_scripts(), _SCRIPT)


def _takes_gzip(headers: Headers) -> bool:
    for said in ",".join(headers.getlist("accept-encoding")).split(","):
        name, _, weight = said.partition(";")
        if name.strip().lower() == "gzip":
            return weight.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


@cache
def _smaller(name: str) -> bytes:
    return gzip.compress((streamlit_internals.static_folder() / name).read_bytes(), 9, mtime=0)
