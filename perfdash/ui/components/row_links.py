"""A click on a link in a table opens its page here, as any link does; Streamlit itself opens only new tabs.

The script takes over what a table does with an address of ours ("./…"): a plain click or Enter asks for that page in
this tab, a middle click or one with Ctrl, Shift or Command opens another. Without the script, links still open in a new
tab.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import streamlit as st

from perfdash.ui.runtime import browser, navigation
from perfdash.ui.runtime.navigation import PageRecord

_LONGEST = 4_000
_SCRIPT = """
let go = null
let elsewhere = false
const ours = (url) => typeof url === "string" && url.startsWith("./")
const open = window.open.bind(window)
const root = document.querySelector("meta[name=perfdash-root]")?.content ?? "."
const whole = (url) => `${root}/${url.slice(2)}`
const follow = (url) => (elsewhere || !go ? open(whole(url), "_blank", "noopener") : go(url))
const modified = (event) => event.button === 1 || event.ctrlKey || event.metaKey || event.shiftKey
window.open = (url, ...rest) => (ours(url) ? (follow(url), null) : open(url, ...rest))
const pressed = (event) => {
  if (!event.isTrusted) return
  elsewhere = modified(event)
  if (event.button !== 1 || !event.target?.closest?.("[data-testid=stDataFrame]")) return
  event.stopImmediatePropagation()  // tables take no notice of the middle button
  const { clientX, clientY, pointerId, pointerType } = event
  const button = { button: 0, buttons: event.type === "pointerdown" ? 1 : 0 }
  event.target.dispatchEvent(
    new PointerEvent(event.type, { clientX, clientY, pointerId, pointerType, ...button, bubbles: true })
  )
}
document.addEventListener("pointerdown", pressed, true)
document.addEventListener("pointerup", pressed, true)
document.addEventListener("keydown", (event) => {
  const cell = document.activeElement
  if (event.key !== "Enter" || !cell?.closest("canvas") || !ours(cell.textContent)) return
  event.preventDefault()
  event.stopImmediatePropagation()
  elsewhere = modified(event)
  follow(cell.textContent)
}, true)
export default function ({ setTriggerValue }) {
  go = (url) => setTriggerValue("open", url)
  return () => { go = null }
}
"""


def follow() -> None:
    """Go where the click of this run leads; to be called on each run, before the page is drawn."""
    clicked = _component()(key="row_links", height=0, on_open_change=lambda: None).open
    found = target(clicked)
    if found is not None:
        navigation.go(*found)


def target(url: object) -> tuple[PageRecord, dict[str, str]] | None:
    """The page and what its address asks besides what is asked already; None for what no table holds.

    A browser may send anything. Whether the page shows something is decided there.
    """
    if not isinstance(url, str) or not url.startswith("./") or len(url) > _LONGEST:
        return None
    parts = urlsplit(url)
    page = navigation.at(parts.path.removeprefix("./"))
    if page is navigation.NOWHERE or (browser.link_path() and not page.in_links):
        return None
    query = dict(parse_qsl(parts.query))
    return page, {key: value for key, value in query.items() if key != "name" and not _in_view(key, value)}


def _in_view(key: str, value: str) -> bool:
    """What is in view already is bound to the filters, and may not be set once more. What things are called is not:
    it belongs to the page that is left, which may be that of a creator of the same account.
    """
    return key not in navigation.THINGS and st.query_params.get(key) == value


@cache
def _component() -> Any:
    return st.components.v2.component("perfdash_row_links", js=_SCRIPT)
