"""Taking turns on an account: who holds it, waiting for them, and keeping it while a slow source is asked."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from perfdash.accounts import Account
from perfdash.errors import StoreError
from perfdash.store import leases
from perfdash.store.engine import Store

POLL_SECONDS = 0.2
Clock = Callable[[], datetime]
Sleep = Callable[[float], object]


def holder() -> str:
    """This process as a lease names it: host and process id."""
    return f"{socket.gethostname()[:30]}:{os.getpid()}"


def _is_dead(token: str) -> bool:
    """True only when the holder ran on this host and its process no longer exists."""
    host, _, rest = token.partition(":")
    pid = rest.partition("/")[0]
    if host != socket.gethostname()[:30] or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def wait_for(store: Store, account: Account, held: leases.Held, clock: Clock, sleep: Sleep) -> None:
    """Until the lease is released, expires, or its process turns out to be gone."""
    while True:
        if _is_dead(held.token):
            leases.release_dead(store, account, held, clock())
            return
        found = leases.holder(store, account, clock())
        if found is None or found.token != held.token:
            return
        sleep(POLL_SECONDS)


@contextmanager
def kept_alive(store: Store, run: leases.OpenRun, clock: Clock) -> Iterator[None]:
    """Renew the lease from a thread while a slow source keeps us waiting."""
    done = threading.Event()

    def renewing() -> None:
        while not done.wait(leases.LEASE.total_seconds() / 3):
            with suppress(StoreError):  # a busy database is asked again; who lost the lease is told at the commit
                leases.renew(store, run, clock())

    thread = threading.Thread(target=renewing, name="perfdash-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
