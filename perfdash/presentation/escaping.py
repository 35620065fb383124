"""Text from outside (a URL, an API) as mere text: labels and alerts read Markdown; a name must not become a link."""

from __future__ import annotations

import re
import string
import unicodedata

_WORD_JOINER = "\u2060"
_BREAKS_AFTER = frozenset(":@<>=-")
_PUNCTUATION = frozenset(string.punctuation)
_WWW = re.compile("www", re.IGNORECASE)  # in any mixture of cases, as browsers take it


def escape_markdown(text: str, longest: int = 80) -> str:
    """`text` so that Markdown shows its characters and nothing else: no link, image, formula or directive; one line.

    Every ASCII punctuation mark is escaped, and an invisible word joiner breaks what would be a directive, an address
    or an automatic link.
    """
    line = " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in text).split())
    if len(line) > longest:
        line = line[: longest - 1] + "…"
    return "".join(_escaped(character) for character in _WWW.sub(lambda found: found[0] + _WORD_JOINER, line))


def _escaped(character: str) -> str:
    mark = f"\\{character}" if character in _PUNCTUATION else character
    return mark + _WORD_JOINER if character in _BREAKS_AFTER else mark
