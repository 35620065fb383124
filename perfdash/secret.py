"""A secret that cannot be printed by accident, and the masking of one that somebody else echoes."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

MASK = "***"
SHORTEST_IN_DATA = 8
"""Shorter secrets are not masked inside data: there they would be ordinary words, and masking would change numbers."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A named secret. Every way of printing it shows the name only; `reveal` is for the one place that sends it."""

    name: str
    _value: str = field(repr=False)

    def __str__(self) -> str:
        return f"<secret {self.name}>"

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def masked(self, text: str) -> str:
        """`text` without the value in any spelling, for errors and logs."""
        for spelling in self._spellings():
            text = text.replace(spelling, MASK)
        return text

    def masked_bytes(self, body: bytes) -> bytes:
        """An answer's body without the value in any spelling, before it is read as data."""
        if len(self._value) < SHORTEST_IN_DATA:
            return body
        for spelling in self._spellings():
            body = body.replace(spelling.encode(), MASK.encode())
        return body

    def _spellings(self) -> tuple[str, ...]:
        """As it is, and as JSON writers and URLs spell it. Longest first, so that no part is left over."""
        if not self._value:
            return ()
        escaped = self._value.replace("\\", "\\\\").replace('"', '\\"')
        in_html_json = escaped
        for character in "&<>":
            in_html_json = in_html_json.replace(character, f"\\u{ord(character):04x}")
        found = {self._value, escaped, escaped.replace("/", "\\/"), in_html_json, quote(self._value, safe="")}
        return tuple(sorted(found, key=len, reverse=True))
