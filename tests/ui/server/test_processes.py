from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from perfdash.ui.server import processes
from perfdash.ui.server.processes import Child
from tests.fixtures.command_line import ROOT

FOREVER = """
import sys, time, pathlib
print("began", flush=True)
pathlib.Path(sys.argv[1]).open("a").write("began\\n")
time.sleep(600)
"""
FAILS = """
import sys, pathlib
pathlib.Path(sys.argv[1]).open("a").write("began\\n")
sys.exit(int(sys.argv[2]))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose `perfdash` command is a script of the test's; the process that starts it is the real one."""
    package = tmp_path / "perfdash" / "ui" / "server"
    package.mkdir(parents=True)
    for name in ("__init__.py", "ui/__init__.py", "ui/server/__init__.py"):
        (tmp_path / "perfdash" / name).touch()
    (package / "child.py").write_text(
        (ROOT / "perfdash" / "ui" / "server" / "child.py").read_text(encoding="utf-8"), "utf-8"
    )
    return tmp_path


def command(folder: Path, text: str) -> None:
    (folder / "perfdash" / "__main__.py").write_text(text, encoding="utf-8")


def starts(folder: Path) -> int:
    marks = folder / "marks"
    return len(marks.read_text(encoding="utf-8").splitlines()) if marks.exists() else 0


async def started(folder: Path) -> None:
    for _ in range(1500):
        if starts(folder):
            return
        await asyncio.sleep(0.02)
    pytest.fail("the child did not start")


def test_a_child_that_fails_is_started_again_after_growing_pauses(folder: Path) -> None:
    command(folder, FAILS)
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 9:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(processes.keep_running(Child("a test", (str(folder / "marks"), "3")), folder, sleep=pause))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert starts(folder) == 9


def test_work_that_is_done_is_not_done_again(folder: Path) -> None:
    command(folder, FAILS)
    asyncio.run(processes.keep_running(Child("a test", (str(folder / "marks"), "0"), forever=False), folder))
    assert starts(folder) == 1


def test_cancelling_stops_the_process(folder: Path) -> None:
    command(folder, FOREVER)

    others = set(psutil.Process().children(recursive=True))  # servers that other tests share

    async def stop_it() -> list[psutil.Process]:
        work = asyncio.create_task(processes.keep_running(Child("a test", (str(folder / "marks"),)), folder))
        await started(folder)
        family = [child for child in psutil.Process().children(recursive=True) if child not in others]
        assert family
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        return family

    assert [child for child in asyncio.run(stop_it()) if child.is_running()] == []


def test_a_child_ends_with_its_parent_however_that_died(folder: Path) -> None:
    command(folder, FOREVER)
    parent = (
        "import asyncio, pathlib; from perfdash.ui.server import processes\n"
        f"child = processes.Child('a test', ({str(folder / 'marks')!r},))\n"
        f"asyncio.run(processes.keep_running(child, pathlib.Path({str(folder)!r})))"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT)
    deadline = time.monotonic() + 120
    while starts(folder) == 0:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    family = psutil.Process(process.pid).children(recursive=True)
    assert family
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    _, alive = psutil.wait_procs(family, timeout=120)
    assert alive == []
