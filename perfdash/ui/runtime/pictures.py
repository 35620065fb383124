"""Pictures of our own as addresses that need no request: for HTML and style sheets, where Streamlit serves no file."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path


@cache
def source(path: Path) -> str:
    """The SVG file at `path` as a data: address."""
    return f"data:image/svg+xml;base64,{base64.b64encode(path.read_bytes()).decode()}"
