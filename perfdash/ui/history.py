"""The browser's Back and Forward: one entry for each change of a filter, and the place that a page was scrolled to."""

from __future__ import annotations

from functools import cache
from typing import Any

import streamlit as st

from perfdash import ROOT
from perfdash.domain.comparison import DEFAULT_KIND, LABELS
from perfdash.domain.periods import DEFAULT_PRESET, PRESET_LABELS

SCRIPT = ROOT / "perfdash" / "ui" / "assets" / "history.js"

_USUAL = (
    ("range", PRESET_LABELS[DEFAULT_PRESET]),
    ("compare", LABELS[DEFAULT_KIND]),
    ("cpm_grain", "row"),
    ("values", "counted"),
)
"""What the filters ask while nobody has chosen anything: the server writes some of it into the address by itself."""


def keep() -> None:
    """From the first page on; to be called on each run."""
    _component()(data={"usual": [list(pair) for pair in _USUAL]}, key="history", height=0)


@cache
def _component() -> Any:
    return st.components.v2.component("perfdash_history", js=SCRIPT.read_text(encoding="utf-8"))
