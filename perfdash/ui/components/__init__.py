"""Widgets that know nothing of any page: tables, charts, tiles, messages."""
