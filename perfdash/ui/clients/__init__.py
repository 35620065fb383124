"""Clients side by side: a row for each."""
