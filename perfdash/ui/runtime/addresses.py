"""Where this installation lies: the base path that a proxy may put before every address, and that of client links."""

from __future__ import annotations

import streamlit as st

LINK_PATH = "/link"


def base_path() -> str:
    """`server.baseUrlPath` as every address begins: "/reports", or "" at the root."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""


def link_address(page: str, token: str) -> str:
    """The whole address of a client link, given that of any `page` of the app: https://example.com/reports/overview."""
    scheme, _, rest = page.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}{base_path()}{LINK_PATH}/{token}"
