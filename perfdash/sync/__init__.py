"""Fetching and committing: one run, a pool of runs, a saved export."""
