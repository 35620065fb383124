"""`python -m perfdash.demo`: the reference API alone, without the rest of the command line."""

from __future__ import annotations

from perfdash.demo.process import main

if __name__ == "__main__":
    raise SystemExit(main())
