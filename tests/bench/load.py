"""200,000 rows over loopback HTTP into SQLite: perfdash beside a bare httpx + sqlite3 loop, and beside dlt.

Every measured load is a fresh process (its start and imports are not counted), runs alternate, and each contestant's
table is added up afterwards. Ratios are medians of pairs, since the seconds of a machine wander.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench import dlt_environment, loaded

ROOT = Path(__file__).resolve().parents[2]
PAIRS = 3
MOST_TIMES_BARE, MOST_TIMES_FIRST = 1.5, 1.0
DLT_PATIENCE = 5
"""dlt's second load is stopped after this many times its first."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One run of each: seconds, and of the processor's seconds the ratio, which a busy machine bends less. Peak MiB."""

    bare: float
    first: float
    second: float
    busy: float
    mib: float


@contextmanager
def serving() -> Iterator[str]:
    """The address of the loopback API; its process ends with the block."""
    command = [sys.executable, "-m", "tests.bench.server"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None and server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()


def measured(module: str, address: str) -> dict[str, float]:
    """What one contestant says of one run in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", f"tests.bench.{module}", address, folder]
        said = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if said.returncode:
        raise SystemExit(f"{module} failed; why stands above")
    found: dict[str, float] = json.loads(said.stdout)
    return found


def pair(address: str) -> Pair:
    """The bare loop, then perfdash."""
    bare, ours = measured("bare_load", address), measured("perfdash_load", address)
    return Pair(bare["first"], ours["first"], ours["second"], ours["busy"] / bare["busy"], ours["mib"])


def line(name: str, ratios: list[float], what: str, seconds: Sequence[float] = (), most: float | None = None) -> bool:
    """Print one figure; False when it is over its bound."""
    middle = statistics.median(ratios)
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}" + "".join(f"; {s:.2f} s" for s in seconds)
    fine = most is None or middle <= most
    bound = "" if most is None else f"  at most {most:g}: {'held' if fine else 'NOT HELD'}"
    print(f"{name:<44} {middle:6.2f} x {what}  ({spread}){bound}", flush=True)
    return fine


def main() -> int:
    """Print every figure. 0 when both bounds hold and dlt could be measured."""
    print(f"\n{loaded.ROWS:,} rows over loopback HTTP into SQLite, {PAIRS} pairs, each load a fresh process.")
    print("bare: httpx + json + one INSERT a page + one COMMIT, WAL, synchronous=FULL, no checks.", flush=True)
    with serving() as address:
        pairs = [pair(address) for _ in range(PAIRS)]
        bare = [p.bare for p in pairs]
        print(f"{'bare httpx + sqlite3 loop':<44} {statistics.median(bare):6.2f} s", flush=True)
        first = [p.first / p.bare for p in pairs]
        held = line("perfdash, first load", first, "bare", [p.first for p in pairs], MOST_TIMES_BARE)
        line("the same, by the processor's clock", [p.busy for p in pairs], "bare")
        again = [p.second / p.first for p in pairs]
        held &= line("perfdash, the same rows again", again, "its first", [p.second for p in pairs], MOST_TIMES_FIRST)
        print(f"{'perfdash, most memory':<44} {max(p.mib for p in pairs):6.0f} MiB", flush=True)
        return 0 if dlt(address, statistics.median(bare)) and held else 1


def dlt(address: str, bare: float) -> bool:
    """dlt's two loads. False when dlt could not be installed or failed: then nothing is said about it."""
    python = dlt_environment.python()
    if python is None:
        print("dlt could not be installed, so it was not measured", flush=True)
        return False
    with tempfile.TemporaryDirectory() as folder:
        command = [str(python), str(ROOT / "tests/bench/dlt_load.py"), address, folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                return _dlt_lines(process, bare)
            finally:
                process.kill()  # it does not end when asked to


def _dlt_lines(process: subprocess.Popen[str], bare: float) -> bool:
    assert process.stdout is not None
    said = process.stdout.readline()
    if not said:
        print("dlt failed; why stands above", flush=True)
        return False
    first = float(json.loads(said)["first"])
    line("dlt, first load (merge by primary key)", [first / bare], "bare", [first])
    try:
        rest, _ = process.communicate(timeout=DLT_PATIENCE * first)
    except subprocess.TimeoutExpired:
        print(f"{'dlt, the same rows again':<44} did not finish within {DLT_PATIENCE} times its first load", flush=True)
        return True
    second = float(json.loads(rest)["second"])
    line("dlt, the same rows again", [second / first], "its first", [second])
    return True


if __name__ == "__main__":
    sys.exit(main())
