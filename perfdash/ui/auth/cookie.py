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
  Promise.allSettled(data.urls.map((url) => fetch(url, {
    method: data.ticket ? "POST" : "DELETE",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json" },
    body: data.ticket ? JSON.stringify({ ticket: data.ticket }) : undefined,
  }))).finally(() => setTriggerValue("done", true))
}
"""


def route_path() -> str:
    """Where the /session route lies, under the server's base path if it has one."""
    return f"{base_path()}{PATH}"


def exchange(ticket: str) -> bool:
    """Have the browser redeem `ticket` for its cookie; True once it answered, whatever the answer."""
    return _ask(ticket, ticket, (route_path(),))


def withdraw(request: str) -> bool:
    """Have the browser drop its cookies, also that of a client link; `request` names this one sign-out. True once done.

    Both, or who signs out of an account would find himself in what a link showed.
    """
    return _ask("", request, (route_path(), f"{route_path()}?which=link"))


def withdraw_link(request: str) -> bool:
    """Have the browser drop only the cookie of a client link: who has an account is back in it."""
    return _ask("", request, (f"{route_path()}?which=link",))


def _ask(ticket: str, request: str, urls: tuple[str, ...]) -> bool:
    # A key of its own for each request; hexadecimal, because Streamlit refuses keys with two underscores in a row.
    key = f"cookie-{hashlib.sha256(request.encode()).hexdigest()[:16]}"
    data = {"ticket": ticket, "request": request, "urls": list(urls)}
    result = _component()(data=data, key=key, height=0, on_done_change=lambda: None)
    return bool(result.done)


@cache
def _component() -> Any:
    return st.components.v2.component("perfdash_cookie", js=_SCRIPT)
