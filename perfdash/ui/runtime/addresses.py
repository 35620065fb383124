"""Where this installation lies: the base path that a proxy may put before every address."""

from __future__ import annotations

import streamlit as st


def base_path() -> str:
    """`server.baseUrlPath` as every address begins: "/reports", or "" at the root."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""
