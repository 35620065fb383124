from __future__ import annotations

import pytest

from perfdash.presentation.escaping import escape_markdown

VISIBLE = str.maketrans("", "", "\\\u2060")


@pytest.mark.parametrize(
    "text",
    [
        "Solvane Skincare",
        "Pennyroyal & Finch",
        "Espresso N°7",
        "100 % (new)",
        "a_b*c*",
        "$5k$",
        "<b>x</b>",
        "[x](https://example.com)",
        "![x](https://example.com/p.png)",
        ":red[x] :material/home:",
        "www.example.com",
        "a@example.com",
        "`code`",
        "# title",
        "| a | b |",
        "--- ===",
    ],
)
def test_every_character_stays_visible(text: str) -> None:
    assert escape_markdown(text).translate(VISIBLE) == text


def test_what_markdown_reads_is_escaped_and_what_makes_addresses_is_broken() -> None:
    assert escape_markdown("[x](https://y)") == "\\[x\\]\\(https\\:\u2060\\/\\/y\\)"
    assert "www." not in escape_markdown("www.example.com").replace("\\", "")
    assert escape_markdown("a:b@c<d>e=f-g").count("\u2060") == 6


def test_it_is_one_short_line() -> None:
    assert escape_markdown("a\nb\tc\x00d\u202ee  f") == "a b c d e f"
    assert len(escape_markdown("x" * 500)) == 80
    assert escape_markdown("x" * 500).endswith("…")
