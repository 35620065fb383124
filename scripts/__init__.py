"""What the Makefile runs before the app or the tests can start."""
