"""Sync health and refreshing."""
