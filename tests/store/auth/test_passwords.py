"""What may be a password, and that it is one thing when it is set and when it is said."""

from __future__ import annotations

import bcrypt
import pytest

from perfdash.domain.errors import UsageError
from perfdash.store.auth import passwords

GOOD = None
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
# What it is -> the password, and a part of the sentence that refuses it.
ODD: dict[str, tuple[str, str | None]] = {
    "empty": ("", "8 to 1024"),
    "seven characters": ("kX9#mQ2", "8 to 1024"),
    "eight characters": ("kX9#mQ2v", GOOD),
    "eight blanks": (" " * 8, "repeats itself"),
    "72 bytes": ("tram quiet ember " * 4 + "1234", GOOD),
    "73 bytes": ("tram quiet ember " * 4 + "12345", GOOD),
    "1,024 bytes": ("tram quiet ember " * 60 + "1234", GOOD),
    "1,025 bytes": ("tram quiet ember " * 60 + "12345", "8 to 1024"),
    "1,024 characters of four bytes": ("\U0001f600\U0001f98a\U0001f30d\U0001f680" * 256, GOOD),
    "emoji": ("\U0001f600\U0001f98a\U0001f30d\U0001f680\U0001f3b8\U0001f9c1\U0001f4da\U0001f3d4", GOOD),
    "one emoji of five code points": (FAMILY, "8 to 1024"),
    "composed accents": ("caf\u00e9 noir\u00e9", GOOD),
    "decomposed accents": ("cafe\u0301 noire\u0301", GOOD),
    "one sign that stands for eighteen": ("\ufdfa", "8 to 1024"),
    "wide letters of a common one": ("\uff50assword", "most used"),
    "a NUL inside": ("secret\x00tail of mine", GOOD),
    "NULs only": ("\x00" * 12, "repeats itself"),
    "half a character": ("tram\ud800 quiet ember", GOOD),
    "right to left": ("\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd\u202e!", GOOD),
    "a line break and a tab": ("tram\nquiet\tember", GOOD),
    "a common one": ("Password1", "most used"),
    "one that counts": ("bcdefghijk", "repeats itself or counts"),
    "the product and a year": ("PerfDash-2026!", "little more than"),
    "the user's name": ("ada.lovelace1", "little more than"),
    "a client's slug": ("99nordlicht99", "little more than"),
    "a name within a longer one": ("nordlicht tram quiet", GOOD),
}
NAMES = ("ada.lovelace", "nordlicht", "ad")


@pytest.mark.parametrize(("password", "refused"), ODD.values(), ids=list(ODD))
def test_every_odd_password_has_one_answer_when_it_is_set_and_when_it_is_said(
    password: str, refused: str | None
) -> None:
    said = passwords.prehash(password)
    assert len(said) == 44
    if refused is not None:
        with pytest.raises(UsageError, match=refused):
            passwords.hashed(password, 4, names=NAMES)
        return
    kept = passwords.hashed(password, 4, names=NAMES).encode()
    assert bcrypt.checkpw(said.encode(), kept)
    for other in (password[:-1], password + "x", password[:-1] + "#", "x" + password, password.split("\0")[0] + "?"):
        assert not bcrypt.checkpw(passwords.prehash(other).encode(), kept)


def test_there_are_more_than_twenty_odd_ones() -> None:
    print(f"{len(ODD)} odd passwords, each with a defined answer")
    assert len(ODD) >= 20


def test_the_two_ways_to_write_an_accent_are_one_password() -> None:
    assert passwords.prehash(ODD["composed accents"][0]) == passwords.prehash(ODD["decomposed accents"][0])


@pytest.mark.parametrize("password", ["correct horse", "demo-admin", "all small letters", "12 and 34 and 56"])
def test_there_are_no_rules_of_composition(password: str) -> None:
    passwords.require_usable(password)


def test_the_list_holds_thousands_and_none_that_is_too_short_anyway() -> None:
    listed = passwords._common()
    assert len(listed) > 8_000
    assert min(map(len, listed)) >= passwords.SHORTEST_PASSWORD
    assert {"12345678", "qwertyuiop", "iloveyou1"} <= listed
