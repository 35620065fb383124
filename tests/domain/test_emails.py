"""E-mail addresses: the same person is recognised however an address is typed, and never taken for another one."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from perfdash.domain.emails import LONGEST, spelled


def like_ascii() -> list[str]:
    """Characters outside of ASCII that some way of folding turns into ASCII, wholly or in part."""
    return [
        character
        for character in map(chr, range(128, sys.maxunicode + 1))
        if unicodedata.category(character) not in ("Cs", "Co", "Cn")  # nothing is known of these but that they are
        if any(
            any(part.isascii() for part in form)
            for form in (
                unicodedata.normalize("NFKC", character),
                unicodedata.normalize("NFC", character),
                character.lower(),
                character.upper(),
                character.casefold(),
            )
        )
    ]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" Ada@Example.COM\n", "ada@example.com"),
        ("jürgen@example.de", "jürgen@example.de"),
        ("ju\u0308rgen@example.de", "jürgen@example.de"),
        ("JÜRGEN@Example.de", "jÜrgen@example.de"),
        ("用户@例子.公司", "用户@例子.公司"),
        ("o'hara+x@sub.example.co.uk", "o'hara+x@sub.example.co.uk"),
    ],
)
def test_an_address_has_one_spelling(text: str, address: str) -> None:
    assert spelled(text) == address
    assert spelled(address) == address


def test_no_character_outside_of_ascii_ever_becomes_one_inside() -> None:
    found = like_ascii()
    assert len(found) > 1_000
    for character in found:
        for text in (f"{character}da@example.com", f"ad{character}@example.com", f"ada@e{character}ample.com"):
            address = spelled(text)
            assert address is None or not address.isascii(), f"U+{ord(character):04X}: {text} becomes {address}"


@pytest.mark.parametrize(
    ("own", "other"),
    [
        ("аda@example.com", "ada@example.com"),  # a Cyrillic a
        ("ａda@example.com", "ada@example.com"),  # a wide one
        ("ada@exampⅼe.com", "ada@example.com"),  # a Roman numeral
        ("mar\u212a@example.com", "mark@example.com"),  # the Kelvin sign
        ("jo\u017fe@example.com", "jose@example.com"),  # a long s
        ("stra\u00dfe@example.com", "strasse@example.com"),
        ("\ufb01ona@example.com", "fiona@example.com"),  # a ligature
        ("\u0130van@example.com", "ivan@example.com"),  # a dotted capital I
        ("\u0131van@example.com", "ivan@example.com"),  # a dotless i
        ("ad\u200ba@example.com", "ada@example.com"),  # a space of no width
        ("ada\u202e@example.com", "ada@example.com"),  # turns the direction
        ("ada@example\u3002com", "ada@example.com"),  # an ideographic full stop
        ("josé@example.com", "jose@example.com"),
        ("jose\u0301@example.com", "jose@example.com"),
        ("Übel@example.com", "übel@example.com"),
    ],
)
def test_what_looks_or_folds_like_an_address_is_not_that_address(own: str, other: str) -> None:
    assert spelled(other) == other
    assert spelled(own) != other


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "a b@example.com",
        "a@b@c.de",
        "ada@example..com",
        "ada@.com",
        "a\0da@example.com",
        "a\x7fda@example.com",
        "ada@exam\u00a0ple.com",
        "ada\u200d@example.com",
        "ada@example.com\u00a0",
        f"{'x' * LONGEST}@a.de",
    ],
)
def test_what_is_no_address_has_no_spelling(text: str) -> None:
    assert spelled(text) is None
