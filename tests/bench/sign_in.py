"""Does the time of a refusal tell whether there is such a user? Known and unknown names, in turns, as a ratio.

`python -m tests.bench.sign_in [GUESSES]`, a part of `make bench`. Measured is the whole way of a guess: counting it,
the hash, the line in the audit.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from streamlit.logger import set_log_level

from perfdash.domain.access import OPERATOR
from perfdash.store.auth import users
from perfdash.store.auth.throttling import PER_PAIR
from perfdash.ui.auth import credentials
from perfdash.ui.runtime import context

MOST = 0.05
GUESSES = 40
"""Of each kind; a bcrypt of this cost takes some 0.2 s."""
_PASSWORD = "tram quiet ember"


def main(guesses: int = GUESSES) -> int:
    """0 when the medians of both differ by at most MOST."""
    set_log_level("error")  # Streamlit misses its page, and says so at each step
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PERFDASH_DATABASE_URL"] = f"sqlite:///{Path(folder) / 'bench.db'}"
        known, unknown = _measured(guesses)
        context.store().close()
    ratio = statistics.median(known) / statistics.median(unknown)
    print(
        f"sign-in refused, known name : unknown name = {ratio:.3f} in time "
        f"({statistics.median(known) * 1e3:.1f} ms : {statistics.median(unknown) * 1e3:.1f} ms, medians of {guesses}; "
        f"at most {1 + MOST:.2f})"
    )
    return 0 if abs(ratio - 1) <= MOST else 1


def _measured(guesses: int) -> tuple[list[float], list[float]]:
    """Seconds of each guess: in pairs of random order, so that what slows the machine slows both."""
    accounts = -(-guesses // PER_PAIR) + 1
    for number in range(accounts):
        users.add_user(context.store(), OPERATOR, f"known{number}", _PASSWORD, "client", context.now())
    times: dict[str, list[float]] = {"known": [], "nobody": []}
    for number in range(guesses + 1):
        for kind in random.sample(sorted(times), 2):
            began = time.perf_counter()
            answer = credentials.sign_in(f"{kind}{number // PER_PAIR}", f"wrong horse {number}")
            times[kind].append(time.perf_counter() - began)
            assert answer is credentials.PasswordCheck.WRONG
    return times["known"][1:], times["nobody"][1:]  # the first of each also loads what is imported late


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else GUESSES))
