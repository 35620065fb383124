"""Perfdash: a campaign performance dashboard that remembers."""

from pathlib import Path

__version__ = "0.1.0"
ROOT = Path(__file__).resolve().parent.parent
"""The project's folder: its pages, its configuration and its data lie in it."""
