"""The same rows as a table, as cards for a phone: there a grid shows names or numbers, never both."""

from __future__ import annotations

import html
from collections.abc import Sequence

import streamlit as st

from perfdash.ui.runtime.addresses import app_path

MOST_CARDS = 50
"""More make a page that nobody scrolls; the download holds all rows."""
MOST_FIGURES = 6

Figures = Sequence[tuple[str, str]]
"""What each is called, and how it reads."""


def draw(shown: Sequence[tuple[str, str, Figures]], of: int, *, key: str) -> None:
    """A card per row: its name, the address it leads to (see `navigation.address`; '' for none), and its first figures.

    `of`: so many rows there are.

    They are drawn everywhere; the style sheet shows them on narrow screens only, and the table on the others.
    """
    with st.container(key=f"cards_{key}"):
        st.html(f"<ul>{''.join(_card(*row) for row in shown)}</ul>")
        if of > len(shown):
            st.caption(f"The first {len(shown)} of {of:,}; the CSV holds all of them.")


def _card(name: str, address: str, figures: Figures) -> str:
    pairs = "".join(
        f"<div><dt>{html.escape(label)}</dt><dd>{html.escape(text)}</dd></div>"
        for label, text in figures[:MOST_FIGURES]
    )
    return f"<li>{title(name, address)}<dl>{pairs}</dl></li>"


def title(name: str, address: str) -> str:
    """A name as HTML that leads to an address of ours; in bold where it leads nowhere."""
    if not address:
        return f"<strong>{html.escape(name)}</strong>"
    whole = f"{app_path()}{address.removeprefix('.')}"
    return f'<a href="{html.escape(whole)}" target="_self">{html.escape(name)}</a>'
