"""An hour of people and of abuse at once: memory stays flat, and nothing is left open. `make soak MINUTES=60`.

Everybody is there all the time: readers who open pages and go, a flood that changes every minute, downloads, links.
Memory counts after the first sixth of the time; handles and threads are counted in the quiet before and after.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path

import psutil

from tests.flood.scene import Scene, scene
from tests.flood.test_flood import WAYS

FLAT = 1.15
"""The last part of the time may need so many times the memory of the first that counts."""
MORE_HANDLES, MORE_THREADS = 10, 8
"""Over those of the start: pools of threads and of connections fill up to their size."""
REST_SECONDS = 75.0
"""Until Streamlit has forgotten pages that were closed."""
EACH_SECONDS = 30.0


def main(minutes: float) -> int:
    """0 when all of it holds."""
    with tempfile.TemporaryDirectory(prefix="perfdash-soak-") as folder, scene(Path(folder)) as found:
        for _ in range(5):
            found.look()
        process = psutil.Process(found.server.process.pid)
        before = (process.num_fds(), process.num_threads())
        memory, looks = _lived(found, minutes * 60)
        time.sleep(REST_SECONDS)
        found.look()  # pages that are over go when another one is
        time.sleep(5)
        after = (process.num_fds(), process.num_threads())
    counted = memory[len(memory) // 6 :]
    tenth = max(1, len(counted) // 10)
    ratio = statistics.mean(counted[-tenth:]) / statistics.mean(counted[:tenth])
    print(f"memory {ratio:.2f} times, from {counted[0] / 1e6:.0f} to {counted[-1] / 1e6:.0f} MB; limit {FLAT}")
    print(f"handles {before[0]} -> {after[0]}, threads {before[1]} -> {after[1]}")
    print(f"{len(looks)} pages of another user: median {statistics.median(looks):.2f} s, slowest {max(looks):.2f} s")
    leaked = after[0] > before[0] + MORE_HANDLES or after[1] > before[1] + MORE_THREADS
    return 1 if leaked or ratio > FLAT else 0


def _lived(found: Scene, seconds: float) -> tuple[list[int], list[float]]:
    """Memory after each flood, and how long a page of Ann's took all the while."""
    memory, looks = [], []
    ways = list(WAYS)
    random.Random(15).shuffle(ways)
    began, rounds = time.monotonic(), cycle(ways)
    while time.monotonic() - began < seconds:
        who, what = next(rounds)
        with found.attack(who, what, sockets=10, seconds=EACH_SECONDS).under_way() as attack:
            while attack.poll() is None:
                looks.append(found.look())
                time.sleep(0.5)
        memory.append(found.memory)
        print(f"{(time.monotonic() - began) / 60:5.1f} min {who}, {what}: {memory[-1] / 1e6:.0f} MB", flush=True)
    return memory, looks


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 60))
