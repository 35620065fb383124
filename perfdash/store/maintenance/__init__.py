"""Checks, bundles and erasing."""
