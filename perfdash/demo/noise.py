"""Repeatable noise from integers. A hash per row costs a microsecond; seeding a random.Random by text costs twenty."""

from __future__ import annotations

from hashlib import blake2b

_MASK = (1 << 64) - 1
STEP = 0x9E3779B97F4A7C15
"""Odd, so that consecutive days land far apart before they are mixed."""


def mix(value: int) -> int:
    """64 well mixed bits of `value` (the finalizer of splitmix64)."""
    value = (value * STEP) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


def seeded(*parts: object) -> int:
    """64 bits that name `parts`, the same on every machine and Python (unlike hash())."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


class Draws:
    """A short series of draws for things that are made once, such as a campaign."""

    def __init__(self, *parts: object) -> None:
        self._state = seeded(*parts)

    def below(self, limit: int) -> int:
        """An integer from 0 to limit - 1."""
        self._state = mix(self._state + 1)
        return self._state % limit

    def between(self, low: float, high: float) -> float:
        """A number from `low` to `high`."""
        return low + (high - low) * self.below(1 << 16) / (1 << 16)

    def chance(self, percent: int) -> bool:
        """True in `percent` of 100 draws."""
        return self.below(100) < percent
