"""Passwords: bcrypt over a SHA-256 of the NFKC text.

The pre-hash is there because bcrypt refuses more than 72 bytes: with it a long passphrase counts to its last character.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata

import bcrypt

from perfdash.errors import UsageError

SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 1024
ROUNDS = 12
NOBODYS_HASH = "$2b$12$NK2fMyIQEZbbEvIGU8/ZCusQiFioibQx2r7v69kgi.vvSQ8isb1eC"
"""Checked for names without a user, so that both answers take equally long. It hashes random bytes that nobody has."""


def prehash(password: str) -> str:
    """What bcrypt sees of a password: 44 ASCII characters, whatever its length or script."""
    text = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    return base64.b64encode(hashlib.sha256(text).digest()).decode("ascii")


def hashed(password: str, rounds: int) -> str:
    """What the store keeps of a password; UsageError for one that is too short or too long.

    Length is the whole policy: rules of composition make people choose worse passwords.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise UsageError(f"A password needs {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.")
    return bcrypt.hashpw(prehash(password).encode(), bcrypt.gensalt(rounds)).decode()
