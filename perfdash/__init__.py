"""Perfdash: a campaign performance dashboard that remembers."""

__version__ = "0.1.0"
