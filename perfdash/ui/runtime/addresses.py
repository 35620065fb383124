"""Where this installation lies: the base path that a proxy may put before every address, and that of client links.

Everything that a client link shows lies under the link's own address: a reload opens it again, it can be passed on as
it stands in the browser's bar, and its cookie goes nowhere else.
"""

from __future__ import annotations

import streamlit as st

from perfdash.ui.runtime import browser

LINK_PATH = "/link"


def base_path() -> str:
    """`server.baseUrlPath` as every address begins: "/reports", or "" at the root."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""


def app_path() -> str:
    """What the address of every page begins with for this visitor: the base path, and that of the link they came by."""
    return f"{base_path()}{browser.link_path()}"


def link_address(page: str, token: str) -> str:
    """The whole address of a client link, given that of any `page` of the app: https://example.com/reports/overview."""
    scheme, _, rest = page.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}{base_path()}{LINK_PATH}/{token}"
