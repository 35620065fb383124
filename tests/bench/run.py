"""`make bench`: what perfdash costs, each figure as a ratio beside a yardstick measured in the same run."""

from __future__ import annotations

import sys

from tests.bench import core, live, load, sign_in


def main() -> int:
    """Every figure; 0 when each bound holds and each contestant could be measured."""
    core.main()
    same = sign_in.main()
    followed = live.main()
    return load.main() or same or followed


if __name__ == "__main__":
    sys.exit(main())
