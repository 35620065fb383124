"""Names that somebody hostile gives a campaign: everything that Markdown, HTML, Streamlit or a chart could wake up."""

from __future__ import annotations

import unicodedata

HOST = "evil.example"
PAYLOADS: tuple[str, ...] = (
    f"[link](https://{HOST}/a)",
    f"[script](javascript:fetch('//{HOST}'))",
    "[data](data:text/html;base64,PHNjcmlwdD4=)",
    "[ours](/campaigns?client=ours) [mail](mailto:a@b.example)",
    f"<https://{HOST}/auto>",
    f"https://{HOST}/bare and www.{HOST}/bare",
    f"Www.{HOST}/pay wWw.{HOST} WwW.{HOST}",
    f"write to pay@{HOST} or <pay@{HOST}>",
    f"![pixel](https://{HOST}/p.png)",
    f"[![both](https://{HOST}/i.png)](https://{HOST}/l)",
    f"![ref][r] [r]: https://{HOST}/r.png",
    f"<img src=https://{HOST}/x.png onerror=alert(1)>",
    "<script>document.title='owned'</script>",
    f"<iframe src=https://{HOST}></iframe><base href=//{HOST}>",
    f"<svg><use href='https://{HOST}/u.svg#x'/></svg>",
    "<b onmouseover=alert(1)>bold</b> &lt;i&gt; &#60;u&#62; &amp;",
    "$5k$ and $$\\frac{1}{2}$$ and \\(x\\)",
    f"$\\href{{https://{HOST}}}{{x}} \\includegraphics{{//{HOST}/k.png}}$",
    ":material/delete: :material/home: save",
    ":red[owned] :blue-background[x] :rainbow[y]",
    ":green-badge[paid] :small[tiny] :gray[fine]",
    ":smile: :+1: :streamlit: :shortcode:",
    "# Heading one",
    "Setext heading --- ===",
    "> quoted - item 1. first",
    "| a | b | |---|---| | 1 | 2 |",
    "`code` ```fence``` ~~gone~~ **bold** __b__ _i_ *i*",
    "note[^1] [^1]: the note https://x.example",
    "-> <- <-> >= <= -- --- (c) (tm)",
    "\u202eevil\u202c \u2066abc\u2069 zero\u200bwidth\ufeff",
    "line one\nline two\r\n# three\t| four \x07\x1b[31m",
    'datum[\'x\'] {{x}} {"signal": "1"} {%x%} image',
    f"image.url[https://{HOST}/v.png]:Q a.b[0]\\.c",
    '=HYPERLINK("https://evil.example","x")',
    "-2+3+cmd|' /C calc'!A0 @SUM(1) \\ trailing\\",
    "very long " + f"[x](https://{HOST}) " * 6 + "end",
)
"""Thirty-six; each with a mark that `plain` must escape."""


def visible(payload: str) -> str:
    """What a reader is to see of it: every character, but for control characters, which are blanks."""
    return " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in payload).split())


def read(text: str) -> str:
    """What a reader sees of a page's text: without word joiners, which have no width; blanks are alike."""
    return " ".join(text.replace("\u2060", "").split())
