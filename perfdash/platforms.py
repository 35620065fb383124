"""The open vocabulary of platforms: known ones have one spelling, unknown ones are kept as they came."""

from __future__ import annotations

KNOWN = (
    "TikTok", "Instagram", "Facebook", "YouTube", "X", "Snapchat", "Pinterest", "LinkedIn", "Reddit", "Threads",
    "Twitch",
)  # fmt: skip
MAX_LENGTH = 60
"""Longer names are cut: it is also the width of the stored column."""
_BY_FOLDED = {name.casefold(): name for name in KNOWN}


def spelled(text: str) -> tuple[str, bool]:
    """The platform that `text` names, and whether it is a known one: "tik tok" is TikTok.

    Only case and white space are overlooked; every other difference makes another platform. '' when nothing is left.
    """
    known = _BY_FOLDED.get("".join(text.split()).casefold())
    if known is not None:
        return known, True
    return text.strip()[:MAX_LENGTH].strip(), False
