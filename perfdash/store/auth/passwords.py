"""Passwords as NIST SP 800-63B wants them: long enough, not a known one, and otherwise whatever people like.

There are no rules of composition, which make people choose worse passwords, and none expires. bcrypt refuses more than
72 bytes, so it sees a SHA-256 of the NFKC text: a long passphrase counts to its last character.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path

import bcrypt

from perfdash.domain.errors import UsageError

SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 1024
ROUNDS = 12
NOBODYS_HASH = "$2b$12$NK2fMyIQEZbbEvIGU8/ZCusQiFioibQx2r7v69kgi.vvSQ8isb1eC"
"""Checked for names without a user, so that both answers take equally long. It hashes random bytes that nobody has."""
PRODUCT = "perfdash"
_COMMON = Path(__file__).with_name("common_passwords.txt")
_FEW = 4
"""Different characters, or characters beside known names, that are not yet a password."""


def prehash(password: str) -> str:
    """What bcrypt sees of a password: 44 ASCII characters, whatever its length or script."""
    return base64.b64encode(hashlib.sha256(_meant(password).encode("utf-8", "surrogatepass")).digest()).decode("ascii")


def hashed(password: str, rounds: int, *, names: Iterable[str] = ()) -> str:
    """What the store keeps of a password; UsageError for one that is too short, too long or known.

    `names` are words that anybody would try here: the user's names and the clients'.
    """
    require_usable(password, names)
    return bcrypt.hashpw(prehash(password).encode(), bcrypt.gensalt(rounds)).decode()


def require_usable(password: str, names: Iterable[str] = ()) -> None:
    """UsageError, one sentence, for a password that nobody should have."""
    text = _meant(password)
    # Counted both ways: one character may stand for many, and many may be one.
    if min(len(password), len(text)) < SHORTEST_PASSWORD or len(password) > LONGEST_PASSWORD:
        raise UsageError(f"A password needs {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.")
    text = text.casefold()
    if text in _common():
        raise UsageError("This is one of the most used passwords, which are tried first; choose another.")
    if _is_monotonous(text):
        raise UsageError("This password only repeats itself or counts; choose another.")
    if _is_little_more_than(text, names):
        raise UsageError("This password is little more than your name, a client's or the product's; choose another.")


def _meant(password: str) -> str:
    """The same accent typed in two ways is one password."""
    return unicodedata.normalize("NFKC", password)


@cache
def _common() -> frozenset[str]:
    lines = _COMMON.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("# "))


def _is_monotonous(text: str) -> bool:
    """True for runs such as 23456789 and hgfedcba, and for the same few characters again and again."""
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    return len(set(text)) < _FEW or steps in ({1}, {-1})


def _is_little_more_than(text: str, names: Iterable[str]) -> bool:
    rest = text
    for word in sorted({_meant(name).casefold() for name in (PRODUCT, *names)}, key=len, reverse=True):
        if len(word) >= _FEW - 1:
            rest = rest.replace(word, " ")
    own = "".join(filter(str.isalnum, rest))
    return rest != text and (len(own) <= _FEW or _is_monotonous(own))
