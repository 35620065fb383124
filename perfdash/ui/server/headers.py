"""What every answer carries: the browser's own rules against foreign scripts, frames and copies."""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from perfdash.ui.runtime import streamlit_internals
from perfdash.ui.server import assets, message_page
from perfdash.ui.server.paths import Kind

RawHeaders = list[tuple[bytes, bytes]]
YEAR_SECONDS = 365 * 24 * 3600
_ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # the way back after a sign-in elsewhere is read from it; no other host sees it
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-robots-tag": "noindex, nofollow",
    "permissions-policy": (
        "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), xr-spatial-tracking=()"
    ),
}
_NOT_OURS = (b"access-control-", b"content-security-policy", b"strict-transport-security")
_NOBODY_FRAMES, _WE_FRAME = "frame-ancestors 'none'", "frame-ancestors 'self'"
_NO_CODE = f"default-src 'none'; {message_page.POLICY}; {_NOBODY_FRAMES}; base-uri 'none'; form-action 'none'; sandbox"


@cache
def static_names() -> frozenset[str]:
    """Streamlit's own files by their path: the only ones that are served. The page itself is no file here."""
    folder = streamlit_internals.static_folder()
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return frozenset(found - {"index.html"})


@cache
def content_security_policy() -> str:
    """Scripts of this server only: its files, what they make (components are blobs), and the page's one inline line.

    'wasm-unsafe-eval' is for the tables' reader, inline styles for Streamlit's own; no other host is ever asked.
    """
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in assets.inline_scripts()]
    scripts = " ".join(f"'sha256-{digest}'" for digest in digests)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'wasm-unsafe-eval' blob: {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            "media-src 'none'",
            "object-src 'none'",
            "frame-src 'none'",
            _NOBODY_FRAMES,
            "base-uri 'none'",
            "form-action 'self'",
        )
    )


def secured(headers: RawHeaders, kind: Kind | None, *, tls: bool, framed: bool = False) -> RawHeaders:
    """The headers of an answer about `kind` (None: a refusal), with ours; with `tls`, cookies travel encrypted only.

    `framed` lets the same host show the page in a frame, as Streamlit Community Cloud does; otherwise nobody may.
    """
    theirs = [(name.lower(), value) for name, value in headers if not name.lower().startswith(_NOT_OURS)]
    ours = dict(_ALWAYS)
    # A worker obeys the policy of its own file, so files carry the page's.
    ours["content-security-policy"] = content_security_policy() if kind in ("page", "static") else _NO_CODE
    if framed:
        ours["content-security-policy"] = ours["content-security-policy"].replace(_NOBODY_FRAMES, _WE_FRAME)
        ours["x-frame-options"] = "SAMEORIGIN"
    if kind not in ("page", "static"):
        ours["cache-control"] = "no-store"
    if kind == "static":
        ours["vary"] = "Accept-Encoding"  # some of them are also there compressed
    if tls:
        ours["strict-transport-security"] = f"max-age={YEAR_SECONDS}"
    if (b"referrer-policy", b"no-referrer") in theirs:  # a route may be stricter: its address may be a secret
        del ours["referrer-policy"]
    replaced = {name.encode() for name in ours}
    kept = [(name, _secure(value) if tls and name == b"set-cookie" else value) for name, value in theirs]
    return [pair for pair in kept if pair[0] not in replaced] + [
        (name.encode(), value.encode()) for name, value in ours.items()
    ]


def _secure(cookie: bytes) -> bytes:
    attributes = [part.strip().lower() for part in cookie.split(b";")[1:]]
    return cookie if b"secure" in attributes else cookie + b"; Secure"
