"""Creators across campaigns."""
