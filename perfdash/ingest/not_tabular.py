"""Why a file is no table, in one clear sentence."""

from __future__ import annotations


class NotTabular(ValueError):
    """The bytes are no table, or not only one way of reading them. The text quotes no content."""
