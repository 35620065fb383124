"""`python -m perfdash.ui.server.child COMMAND ...`: one `perfdash` command that ends with the process that started it.

The parent holds the other end of our standard input and writes nothing; when it is gone, however it died, reading ends.
That needs no process ids, which are reused, and works on every system.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading

GRACE_SECONDS = 10.0


def _follow_parent() -> None:
    try:
        while os.read(0, 1024):
            pass
    except OSError:
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(GRACE_SECONDS)
    os._exit(1)  # the store survives this at any moment; an orphan that syncs for ever is worse


def main() -> None:
    """Run the command line with our own arguments, watching the parent beside it."""
    threading.Thread(target=_follow_parent, name="parent", daemon=True).start()
    sys.argv = ["perfdash", *sys.argv[1:]]
    runpy.run_module("perfdash", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
