"""What a browser's Markdown makes a link of by itself: made from its grammar, escaped, and found to be none any more.

The grammar is that of mdast-util-gfm-autolink-literal and micromark-extension-gfm-autolink-literal, which Streamlit's
page runs over every text: `www.`, `http://` and `https://` in any mixture of cases, addresses of e-mail with or without
`mailto:` and `xmpp:`, each after any mark that may stand before one.
"""

from __future__ import annotations

import re
from itertools import product
from random import Random

from perfdash.presentation.escaping import escape_markdown

WORD_JOINER = "\u2060"
BEFORE = ("", " ", "(", "*", "_", "~", "[", "|", "- ", "\u00a0", "\u3000", "\u2014", "\u00ab", ".", "\n", "1. ")
STARTS = ("www.", "http://", "https://", "mailto:a@", "xmpp:a@", "a.b+c@", "pay_me-now@", "ftp://www.", "//www.")
HOSTS = (
    "evil.example",
    "evil.example/pay?x=1&y=2",
    "xn--evl-jma.example",
    "1.2.3.4",
    "evil.co.uk:8080",
    "b\u00fccher.example",
)
AFTER = ("", ".", ",", ")", "*", "~~", "]", "&amp;", "!", "?", "<", " now", "\u2026", "/\u202e")
LINKS = (
    re.compile(r"(https?://|www(?=\.))([-.\w]+)([^ \t\r\n]*)", re.IGNORECASE),
    re.compile(r"(?:mailto:|xmpp:)?([-.\w+]+)@([-\w]+(?:\.[-\w]+)+)", re.IGNORECASE),
)
"""As the library finds them in a text whose escapes are resolved."""


def any_case(word: str, chance: Random) -> str:
    return "".join(chance.choice((letter.upper(), letter.lower())) for letter in word)


def payloads(count: int) -> list[str]:
    """The same in every run; every start in many mixtures of cases."""
    chance = Random(6)
    each = list(product(BEFORE, STARTS, HOSTS, AFTER))
    return [
        f"{before}{any_case(start, chance)}{host}{after}" for before, start, host, after in chance.sample(each, count)
    ]


def shown(markdown: str) -> str:
    """What a reader's browser makes links of: the text after Markdown has taken its backslashes away."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown)


def test_two_thousand_addresses_are_links_as_they_come_and_none_once_they_are_escaped() -> None:
    found = payloads(2_000)
    plain = [text for text in found if not any(link.search(text) for link in LINKS)]
    live = [text for text in found if any(link.search(shown(escape_markdown(text, 200))) for link in LINKS)]
    print(f"{len(found)} addresses: {len(found) - len(plain)} links as they come, {len(live)} once they are escaped")
    assert plain == []
    assert live == []


def test_every_character_of_them_stays_to_be_read() -> None:
    for text in payloads(300):
        told = shown(escape_markdown(text, 200)).replace(WORD_JOINER, "")
        assert told == " ".join(text.replace("\u202e", " ").split())


def test_every_mark_that_markdown_knows_is_escaped() -> None:
    marks = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
    bare = re.compile(r"(?<!\\)[!-/:-@\[\]-`{-~]")
    assert [mark for mark in marks if bare.search(escape_markdown(f"a{mark}b").replace("\\\\", ""))] == []
