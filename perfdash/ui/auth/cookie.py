"""Handing the browser its session cookie, or taking it away, without any script ever seeing the session's token."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from typing import Any

import streamlit as st

from perfdash.ui.runtime.addresses import base_path

NAME = "perfdash_session"
LINK = "perfdash_link"
KNOWN = "perfdash_known"
"""In a browser that has signed in before: it is not turned away with the strangers who guess its user's password."""
STEMS = (NAME, LINK, KNOWN)
"""What the app calls its cookies. Browsers know two of them by `outer_name`; the gate translates."""
PATH = "/session"
_OF_HOST = "__Host-"
_PORT = re.compile(r":([0-9]{1,5})$")


def outer_name(stem: str, host: str, *, tls: bool) -> str:
    """What the browser calls a cookie of the server at `host` (with its port, if that is not the scheme's own).

    Cookies know no port, and these no path: two installations on one machine would sign each other out. Under TLS
    the prefix makes browsers refuse such a cookie from any other host and from a page without TLS.
    """
    port, base = _PORT.search(host), re.sub("[^A-Za-z0-9]", "-", base_path().strip("/"))
    parts = [stem, *([port[1]] if port else []), *([base] if base else [])]
    return (_OF_HOST if tls else "") + "_".join(parts)


def counting_names(stem: str, host: str, *, tls: bool) -> tuple[str, ...]:
    """The names under which a browser may send it, the first that is there counts.

    Without TLS there are also the name under TLS, which only a proxy that says nothing of TLS can bring, and the bare
    one of releases before these names.
    """
    safe = outer_name(stem, host, tls=True)
    return (safe,) if tls else (safe, outer_name(stem, host, tls=False), stem)


def is_ours(name: str) -> bool:
    """True for each cookie of a perfdash, of this installation or another one on the same host."""
    bare = name.removeprefix(_OF_HOST)
    return any(bare == stem or bare.startswith(f"{stem}_") for stem in STEMS)


_SCRIPT = """
const sent = new Set()
export default function ({ data, setTriggerValue }) {
  if (sent.has(data.request)) return
  sent.add(data.request)
  fetch(data.url, {
    method: data.ticket ? "POST" : "DELETE",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json" },
    body: data.ticket ? JSON.stringify({ ticket: data.ticket }) : undefined,
  }).catch(() => undefined).finally(() => setTriggerValue("done", true))
}
"""


def route_path() -> str:
    """Where the /session route lies, under the server's base path if it has one."""
    return f"{base_path()}{PATH}"


def exchange(ticket: str) -> bool:
    """Have the browser redeem `ticket` for its cookie; True once it answered, whatever the answer."""
    return _ask(ticket, ticket)


def withdraw(request: str) -> bool:
    """Have the browser drop its cookie; `request` names this one sign-out. True once done."""
    return _ask("", request)


def _ask(ticket: str, request: str) -> bool:
    # A key of its own for each request; hexadecimal, because Streamlit refuses keys with two underscores in a row.
    key = f"cookie-{hashlib.sha256(request.encode()).hexdigest()[:16]}"
    data = {"ticket": ticket, "request": request, "url": route_path()}
    result = _component()(data=data, key=key, height=0, on_done_change=lambda: None)
    return bool(result.done)


@cache
def _component() -> Any:
    return st.components.v2.component("perfdash_cookie", js=_SCRIPT)
