"""`python -m perfdash`."""

from perfdash.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
