"""A button that copies a text; what Streamlit has for that shows itself only under a mouse."""

from __future__ import annotations

from functools import cache
from typing import Any

import streamlit as st

_HTML = '<button type="button"></button><span role="status"></span>'
_CSS = """
:host { display: block }
button {
  font: inherit; font-size: 0.95em; color: var(--st-text-color); background: var(--st-background-color);
  border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius); padding: 0.35rem 0.9rem;
  min-height: 2.4rem; cursor: pointer;
}
button:hover { border-color: var(--st-primary-color); color: var(--st-primary-color) }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px }
span { font-size: 0.9em; color: var(--st-text-color); padding-left: 0.75rem }
"""
_SCRIPT = """
const copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text)
  } catch {  // over plain HTTP a browser keeps its clipboard to itself
    const area = document.createElement("textarea")
    area.value = text
    document.body.append(area)
    area.select()
    const done = document.execCommand("copy")
    area.remove()
    if (!done) throw new Error("no clipboard")
  }
}
export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("button")
  const said = parentElement.querySelector("span")
  button.textContent = data.label
  button.onclick = () => copy(data.text).then(
    () => { said.textContent = "Copied." },
    () => { said.textContent = "This browser does not let it be copied here; mark and copy it by hand." },
  )
}
"""


def copy_button(label: str, text: str, *, key: str) -> None:
    """A button called `label` that copies `text` in the reader's browser; it says whether that worked."""
    _component()(data={"label": label, "text": text}, key=key)


@cache
def _component() -> Any:
    return st.components.v2.component("perfdash_copy", html=_HTML, css=_CSS, js=_SCRIPT)
