"""Tests of the project itself: who imports what, sizes, names, documents."""
