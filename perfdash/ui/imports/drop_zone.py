"""Where a file is dropped: it goes to a route of ours, and the page learns its token, never its content."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import streamlit as st

from perfdash.domain.values import clean_text
from perfdash.ui.runtime import uploads
from perfdash.ui.runtime.addresses import base_path

LONGEST_NAME = 120
_ENDINGS = ".csv,.tsv,.txt,.tab,.xlsx,.xlsm,.xls,.ods,.json,.jsonl,.ndjson,.gz,.zip"

_HTML = """
<div class="zone" id="zone">
  <svg viewBox="0 0 24 24" width="28" height="28" aria-hidden="true"><path fill="currentColor"
    d="M11 16V7.8L8.4 10.4 7 9l5-5 5 5-1.4 1.4L13 7.8V16h-2zm-5 4q-.8 0-1.4-.6T4 18v-3h2v3h12v-3h2v3q0 .8-.6 1.4T18
    20H6z"/></svg>
  <div class="words">
    <span class="lead">Drop an export here, or
      <label class="choose" for="file">choose a file</label></span>
    <span class="hint" id="hint"></span>
  </div>
  <input id="file" type="file" aria-describedby="hint said">
</div>
<progress id="bar" max="100" value="0" aria-label="Upload" hidden></progress>
<p class="said" id="said" role="status" aria-live="polite"></p>
"""

_CSS = """
:host { display: block; padding-bottom: .5rem }
* { box-sizing: border-box }
.zone {
  position: relative; display: flex; gap: .9rem; align-items: center; padding: 1.1rem 1.25rem;
  border: 1.5px dashed var(--st-border-color); border-radius: var(--st-base-radius);
  background: var(--st-secondary-background-color); color: var(--st-text-color); font-family: var(--st-font);
}
.zone svg { flex: none; color: var(--st-primary-color) }
.zone.over { border-color: var(--st-primary-color); border-style: solid }
.zone:focus-within { outline: 2px solid var(--st-primary-color); outline-offset: 2px }
.words { display: flex; flex-direction: column; gap: .2rem; min-width: 0 }
.lead { font-weight: 600 }
.choose { color: var(--st-link-color); text-decoration: underline; cursor: pointer }
.hint { font-size: .88rem; opacity: .75 }
input { position: absolute; inset: 0; width: 100%; height: 100%; opacity: 0; cursor: pointer }
progress { width: 100%; height: .5rem; margin-top: .6rem; accent-color: var(--st-primary-color) }
progress[hidden] { display: none }
.said { margin: .5rem 0 0; font: inherit; font-family: var(--st-font); color: var(--st-text-color) }
.said:empty { display: none }
.said.wrong { color: var(--st-red-text-color, var(--st-red-color)); font-weight: 600 }
"""

_SCRIPT = """
export default function ({ data, parentElement, setTriggerValue }) {
  const at = (id) => parentElement.querySelector("#" + id)
  const zone = at("zone"), input = at("file"), bar = at("bar"), said = at("said")
  at("hint").textContent = data.hint
  input.accept = data.endings

  const say = (text, wrong) => {
    said.textContent = text
    said.classList.toggle("wrong", Boolean(wrong))
  }
  const ended = (text, wrong) => {
    zone.dataset.busy = ""
    bar.hidden = true
    input.value = ""
    say(text, wrong)
  }
  const reason = (request) => {
    try { return JSON.parse(request.responseText).error } catch { return "" }
  }
  const send = (file) => {
    if (!file || zone.dataset.busy) return
    if (file.size > data.most) return ended(data.large, true)
    if (file.size === 0) return ended("This file is empty.", true)
    zone.dataset.busy = "yes"
    bar.value = 0
    bar.hidden = false
    say("Uploading " + file.name + " …")
    const request = new XMLHttpRequest()
    request.open("POST", data.url)
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) bar.value = Math.round(100 * event.loaded / event.total)
    }
    request.onload = () => {
      if (request.status !== 200) return ended(reason(request) || "The file was not taken. Try again.", true)
      ended("Reading " + file.name + " …")
      setTriggerValue("arrived", {
        upload: JSON.parse(request.responseText).upload, name: file.name, modified: file.lastModified,
      })
    }
    request.onerror = () => ended("The upload was broken off. Check your connection and try again.", true)
    request.send(file)
  }
  if (data.seen && said.textContent.startsWith("Reading")) say("")

  input.onchange = () => send(input.files[0])
  const over = (event, on) => { event.preventDefault(); zone.classList.toggle("over", on) }
  zone.ondragenter = (event) => over(event, true)
  zone.ondragover = (event) => over(event, true)
  zone.ondragleave = (event) => over(event, false)
  zone.ondrop = (event) => {
    over(event, false)
    if (event.dataTransfer.files.length > 1) return ended("One file at a time: each becomes a run of its own.", true)
    send(event.dataTransfer.files[0])
  }
}
"""


@dataclass(frozen=True, slots=True)
class Arrived:
    """What the browser says of a file that it has just sent; nothing of it is more than its word."""

    token: str
    name: str
    modified: datetime | None


def drop_zone(key: str, *, seen: bool) -> Arrived | None:
    """The place for files; a file that has just arrived. `seen`: the page shows one that was dropped before."""
    most = uploads.MOST_BYTES
    mib = most // 2**20
    data = {
        "url": f"{base_path()}/{uploads.PATH}",
        "most": most,
        "hint": f"CSV, TSV, Excel, JSON or JSON lines, also as .gz or .zip; at most {mib} MiB.",
        "large": f"This file is larger than {mib} MiB. Split it by days and import the parts.",
        "endings": _ENDINGS,
        "seen": seen,
    }
    result = _component()(data=data, key=key, on_arrived_change=lambda: None)
    return arrived(result.arrived)


def arrived(said: object) -> Arrived | None:
    """A browser may send any JSON in place of what the component sends."""
    match said:
        case {"upload": str(token), "name": str(name)} if len(token) < 100:
            found = said.get("modified")  # type: ignore[attr-defined]
            return Arrived(token, clean_text(name)[:LONGEST_NAME] or "the file", _moment(found))
    return None


def _moment(milliseconds: object) -> datetime | None:
    if not isinstance(milliseconds, int | float) or isinstance(milliseconds, bool):
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


@cache
def _component() -> Any:
    return st.components.v2.component("perfdash_drop_zone", html=_HTML, css=_CSS, js=_SCRIPT)
