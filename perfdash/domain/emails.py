"""E-mail addresses: the one spelling in which two of them are compared."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter

LONGEST = 254
_ADDRESS = re.compile(r"[^@\s\x00-\x20\x7f]+@[^@\s\x00-\x20\x7f.]+(\.[^@\s\x00-\x20\x7f.]+)+")
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def spelled(text: str) -> str | None:
    """The address in `text` as `users.email` has it; None for what is no address.

    Two addresses that may be two mailboxes never become one: only ASCII letters are made lower case, and letters that
    look alike or differ in width stay different.
    """
    address = _composed(text.strip(string.whitespace))
    if len(address) > LONGEST or not _ADDRESS.fullmatch(address) or not address.isprintable():
        return None
    return address.translate(_LOWER)


def _composed(text: str) -> str:
    """Accents written in one way (NFC); `text` itself where that makes ASCII of anything, as of the Kelvin sign."""
    composed = unicodedata.normalize("NFC", text)
    made = Counter(filter(str.isascii, composed)) - Counter(filter(str.isascii, text))
    return text if made else composed
