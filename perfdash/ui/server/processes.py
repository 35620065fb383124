"""Child processes of the server: started, watched, started again after a pause that grows, and stopped with it."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

_log = logging.getLogger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
STEADY_SECONDS = 60.0
STOP_SECONDS = 8.0
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Child:
    """One `perfdash` command. `forever` ones are started again when they end; others only when they fail."""

    name: str
    arguments: tuple[str, ...]
    forever: bool = True


async def keep_running(child: Child, folder: Path, *, sleep: Sleep = asyncio.sleep) -> None:
    """Run `child` until it has done its work, or for ever; cancelling this stops the process."""
    pause = FIRST_PAUSE
    clock = asyncio.get_running_loop().time
    while True:
        began = clock()
        code = await run_once(child, folder)
        if code == 0 and not child.forever:
            return
        if clock() - began >= STEADY_SECONDS:
            pause = FIRST_PAUSE
        _log.warning("%s ended with exit code %s; it is started again in %.0f s.", child.name, code, pause)
        await sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def run_once(child: Child, folder: Path) -> int:
    """Run `child` to its end and give its exit code; cancelling this stops the process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "perfdash.ui.server.child", *child.arguments, cwd=folder, stdin=asyncio.subprocess.PIPE
    )
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            await asyncio.shield(_stop(process))


async def _stop(process: asyncio.subprocess.Process) -> None:
    try:
        process.terminate()
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
    except ProcessLookupError:
        pass
