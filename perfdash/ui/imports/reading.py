"""The process that reads a file for the page: started for each file, bounded in time, and never believed blindly.

The page's own process opens no file from outside. What a file does to whoever reads it, it does to a process that knows
no key, and that ends.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import msgspec

from perfdash import ROOT
from perfdash.domain.imports import ImportOrder, ImportPreview, ImportResult

_log = logging.getLogger(__name__)
AT_ONCE = 2
"""Processes in this server, each of which may take as much memory as one file may."""
WAIT_SECONDS = 60.0
READING_SECONDS, STORING_SECONDS = 75.0, 630.0
"""A little more than the process allows itself: by then it has ended by itself."""
LARGEST_ANSWER = 4 * 2**20
BUSY = "Other files are being read right now. Try again in a minute."
ENDED = (
    "This file could not be read: it is damaged, or needs more memory than a file may have here. Export it again, as "
    "CSV if you can, or split it by days."
)
TOO_LONG = "This file takes longer to read than a file may take here. Split it by days and import the parts."
_OUT_OF_TIME = (-signal.SIGALRM, -signal.SIGXCPU, -signal.SIGKILL)
UNSURE = (
    "Storing was broken off before its end was told. Sync health shows whether its run was stored; a run that was not "
    "left nothing behind."
)
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "TEMP", "SYSTEMROOT", "PYTHONPATH", "LD_LIBRARY_PATH")
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
_free = threading.BoundedSemaphore(AT_ONCE)


def looked_at(order: ImportOrder) -> ImportPreview:
    """What storing the file would bring; every failure is its `problem`."""
    said = _asked(replace(order, user_id=None), READING_SECONDS, _bare())
    if isinstance(said, str):
        return ImportPreview(said)
    try:
        return msgspec.json.decode(said, type=ImportPreview)
    except msgspec.DecodeError:
        return ImportPreview(ENDED)


def stored(order: ImportOrder) -> ImportResult:
    """The file as a run, in the name of `order.user_id`, who may import right now or not."""
    said = _asked(order, STORING_SECONDS, dict(os.environ))
    if isinstance(said, str):
        return ImportResult("failed", said if said == BUSY else UNSURE)
    try:
        return msgspec.json.decode(said, type=ImportResult)
    except msgspec.DecodeError:
        return ImportResult("failed", UNSURE)


def _bare() -> dict[str, str]:
    """Neither the address of the database nor any key."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


def _asked(order: ImportOrder, seconds: float, environment: Mapping[str, str]) -> bytes | str:
    """The answer of a process of its own; a sentence when there is none."""
    if not _free.acquire(timeout=WAIT_SECONDS):
        return BUSY
    try:
        with tempfile.TemporaryFile() as errors:
            said, code = _answer(msgspec.json.encode(order), seconds, {**environment, **_ONE_THREAD}, errors)
            if code == 0 and said and len(said) <= LARGEST_ANSWER:
                return said
            errors.seek(max(0, errors.tell() - 2_000))
            told = errors.read(2_000).decode("utf-8", "replace")
            _log.error("Reading a file ended with exit code %s: %s", code, told)
            return TOO_LONG if code in _OUT_OF_TIME else ENDED
    finally:
        _free.release()


def _answer(order: bytes, seconds: float, environment: Mapping[str, str], errors: object) -> tuple[bytes, int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "perfdash", "import-worker"],
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,  # type: ignore[call-overload]
        start_new_session=True,
    )
    clock = threading.Timer(seconds, process.kill)
    clock.start()
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.write(order)
        with suppress(BrokenPipeError):
            process.stdin.close()
        said = process.stdout.read(LARGEST_ANSWER + 1)
        return said, process.wait() if len(said) <= LARGEST_ANSWER else -1
    finally:
        clock.cancel()
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
