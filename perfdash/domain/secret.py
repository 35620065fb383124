"""A secret that cannot be printed by accident, and the masking of one that somebody else echoes."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

MASK = "***"
SHORTEST_IN_DATA = 8
"""Shorter secrets are not masked inside data: there they would be ordinary words, and masking would change numbers."""
_MOST_COMING = 50
"""Of texts that came in: older ones are worth nothing any more."""
# One pattern for each, as one that begins with a text is found many times faster than one that begins with a choice.
_CODES = {
    b"%": re.compile(rb"%(?:25)*([2-7][0-9a-fA-F])"),
    b"\\u00": re.compile(rb"\\u00([2-7][0-9a-fA-F])"),
    b"&#x": re.compile(rb"&#x0*([2-7][0-9a-fA-F]);"),
    b"&#X": re.compile(rb"&#X0*([2-7][0-9a-fA-F]);"),
    b"&#": re.compile(rb"&#0*()([0-9]{2,3});"),
}
_NAMED = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}


def digest(random: str) -> str:
    """What is kept of a token, which is itself random: enough to recognise it, and nothing to sign in with."""
    return hashlib.sha256(random.encode("utf-8", "surrogatepass")).hexdigest()


class Spellings:
    """Texts that are secret too and come in while the program runs, such as tokens. Threads share it."""

    def __init__(self) -> None:
        self._texts: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def add(self, text: str) -> None:
        """From now on this one too."""
        if text not in self._texts:
            self._texts = (*self._texts[-_MOST_COMING:], text)


@dataclass(frozen=True, slots=True)
class Secret:
    """A named secret. Every way of printing it shows the name only; `reveal` is for the one place that sends it."""

    name: str
    _value: str = field(repr=False)
    _also: tuple[str, ...] = field(default=(), repr=False)
    _coming: Spellings | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"<secret {self.name}>"

    def reveal(self) -> str:
        return self._value

    def sent_as(self, *spellings: str) -> Secret:
        """The same secret, masked in these spellings too: what it looks like once it is encoded for a request."""
        return Secret(self.name, self._value, (*self._also, *spellings), self._coming)

    def beside(self, coming: Spellings) -> Secret:
        """The same secret, masked together with what comes in."""
        return Secret(self.name, self._value, self._also, coming)

    def masked(self, text: str) -> str:
        """`text` without the value in any spelling, for errors and logs."""
        if 0 < len(self._value) < SHORTEST_IN_DATA:
            text = text.replace(self._value, MASK)
        # Host names and header names lose their capitals on the way, and a key without them is half a key.
        pattern = self._pattern()
        return re.sub(pattern, MASK, text, flags=re.IGNORECASE) if pattern else text

    def masked_bytes(self, body: bytes) -> bytes:
        """An answer's body without the value in any spelling, before it is read as data."""
        if not self._long():
            return body
        for spelling in self._spellings():
            body = body.replace(spelling.encode(), MASK.encode())
        return re.sub(self._pattern().encode(), MASK.encode(), body) if self._hides_in(body) else body

    def _hides_in(self, body: bytes) -> bool:
        """Whether it stands there letter by letter in codes: \\u006b, %6b. Looking for that in a large body is slow."""
        plainly = body
        for mark, code in _CODES.items():
            if mark[:1] in plainly and mark in plainly:  # one byte is found many times faster than two
                plainly = code.sub(_decoded, plainly)
        return plainly is not body and any(value.encode() in plainly for value in self._long())

    def _long(self) -> list[str]:
        """Everything that is secret and long enough to be masked inside data."""
        found = (self._value, *self._also, *(self._coming or ()))
        return [value for value in found if len(value) >= SHORTEST_IN_DATA]

    def _pattern(self) -> str:
        """Finds the value, each letter as itself or as JSON, addresses and web pages write it."""
        longest_first = sorted(self._long(), key=len, reverse=True)
        return "|".join("".join(map(_any_way, value)) for value in longest_first)

    def _spellings(self) -> tuple[str, ...]:
        """As it is, and as JSON writers and URLs spell it. Longest first, so that no part is left over."""
        found = {*self._also}
        for value in self._long():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            found |= {value, escaped, escaped.replace("/", "\\/"), quote(value, safe=""), quote_plus(value)}
            found.add(html.escape(value))
        return tuple(sorted((one for one in found if len(one) >= SHORTEST_IN_DATA), key=len, reverse=True))


def _any_way(letter: str) -> str:
    """A pattern for one ASCII letter."""
    code = ord(letter)
    ways = [
        re.escape(letter) if letter.isalnum() else rf"\\*{re.escape(letter)}",
        rf"%(?:25)*{_hex(code, 2)}",
        rf"\\+u{_hex(code, 4)}",
        rf"&#(?:0*{code}|[xX]0*{_hex(code, 1)});",
    ]
    if letter in _NAMED:
        ways.append(f"&{_NAMED[letter]};")
    if letter == " ":
        ways.append(r"\+")
    return f"(?:{'|'.join(ways)})"


def _hex(code: int, digits: int) -> str:
    """Hexadecimal digits, each in any case."""
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in f"{code:0{digits}x}")


def _decoded(found: re.Match[bytes]) -> bytes:
    code = int(found[1], 16) if found[1] else int(found[2])
    return bytes([code]) if code < 128 else found[0]
