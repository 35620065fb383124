"""A page of ours without any script: one sentence for who comes to an address that does not open."""

from __future__ import annotations

import base64
import hashlib
import html

from starlette.responses import HTMLResponse

from perfdash import ROOT

STYLE = """
:root { color-scheme: light dark; --ink: #1c2630; --soft: #4d5965; --paper: #f4f2ec; --card: #ffffff; --line: #dcd8ce }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e9ee; --soft: #a9b5c0; --paper: #12181f; --card: #1b242d; --line: #2e3a46 }
}
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--paper); color: var(--ink);
  font: 16px/1.5 ui-sans-serif, "Segoe UI", "Helvetica Neue", "Liberation Sans", Arial, sans-serif }
main { max-width: 26rem; margin: 1rem; padding: 2rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 0.5rem }
h1 { font-size: 1.4rem; margin: 1rem 0 0.5rem }
p { margin: 0; color: var(--soft) }
"""
POLICY = f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
"""What the Content-Security-Policy of such a page has to allow, and nothing more."""
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - perfdash</title>
<style>{style}</style>
</head>
<body>
<main>
{logo}
<h1>{title}</h1>
<p>{text}</p>
</main>
</body>
</html>
"""


def message_page(title: str, text: str, status: int, headers: dict[str, str] | None = None) -> HTMLResponse:
    """The page, in the browser's own light or dark."""
    logo = (ROOT / "perfdash" / "ui" / "assets" / "logo.svg").read_text(encoding="utf-8")
    filled = _PAGE.format(title=html.escape(title), text=html.escape(text), style=STYLE, logo=logo)
    return HTMLResponse(filled, status, headers)
