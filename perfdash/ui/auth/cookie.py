"""Handing the browser its session cookie, or taking it away, without any script ever seeing the session's token."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import streamlit as st

from perfdash.ui.runtime.addresses import base_path

NAME = "perfdash_session"
LINK = "perfdash_link"
PATH = "/session"

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
