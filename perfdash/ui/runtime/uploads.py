"""Files that somebody dropped on the Import page: kept for an hour at most, each for one sign-in session alone.

They lie in a folder of this process that nobody else may enter, under names of our own, and nothing here looks into
them. Whoever has an upload's token and the session it belongs to may have it read; everybody else gets nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import stat
import tempfile
import threading
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from perfdash.domain.errors import UsageError

PATH = "imports/upload"
"""Where the route lies, under the server's base path."""
MOST_BYTES = 64 * 2**20
"""Of one file. 200,000 rows of a daily export are about 30 MiB."""
MOST_OF_A_SESSION = 3
MOST_KEPT = 12
"""Files of everybody: at most 768 MiB of disk."""
KEPT_FOR = timedelta(hours=1)
_PREFIX = "perfdash-imports-"
_FOLDER = re.compile(rf"{_PREFIX}([0-9]{{1,10}})-[A-Za-z0-9_]+")


class UploadRefused(UsageError):
    """The file is not taken; the text says why. `status` is that of the HTTP answer."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that arrived whole. `session_id` is the sign-in session that it belongs to."""

    token: str
    session_id: str
    path: Path
    size: int
    sha256: str
    at: datetime


class Arriving:
    """A file while it comes, piece by piece; `kept` makes an Upload of it, `dropped` forgets it."""

    def __init__(self, session_id: str, path: Path) -> None:
        self.session_id, self.path, self.size = session_id, path, 0
        self._sum = hashlib.sha256()
        # 0600 from its first byte, and never through a link or over a file that is there already.
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)

    def add(self, piece: bytes) -> None:
        """Write one piece down; UploadRefused once the file has become too large."""
        self.size += len(piece)
        if self.size > MOST_BYTES:
            raise too_large()
        self._sum.update(piece)
        while piece:
            piece = piece[os.write(self._file, piece) :]

    def kept(self, now: datetime) -> Upload:
        """It has arrived whole. UploadRefused for an empty one."""
        if not self.size:
            raise UploadRefused("This file is empty.", 422)
        upload = Upload(secrets.token_urlsafe(24), self.session_id, self.path, self.size, self._sum.hexdigest(), now)
        with _lock:
            self.close()
            _kept[upload.token] = upload
            of_session = [one for one in _kept.values() if one.session_id == self.session_id]
            for old in of_session[:-MOST_OF_A_SESSION]:
                _forget(old.token)
        return upload

    def dropped(self) -> None:
        """It will not be used."""
        with _lock:
            self.close()
            self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """No piece comes any more, and another file of the session may. Under the lock."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            _arriving.discard(self.session_id)


_lock = threading.Lock()
_kept: dict[str, Upload] = {}
_arriving: set[str] = set()
_folders: list[Path] = []


def too_large() -> UploadRefused:
    """Whatever tells first that it is: the length that was announced, or the bytes that came."""
    most = MOST_BYTES // 2**20
    return UploadRefused(f"This file is larger than {most} MiB. Split it by days and import the parts.", 413)


def begin(session_id: str, now: datetime) -> Arriving:
    """Room for one file of this session; UploadRefused while another of it is coming, or when there are too many."""
    with _lock:
        _drop_old(now)
        if session_id in _arriving:
            raise UploadRefused("Another file of yours is still being uploaded. Wait for it, or reload the page.", 429)
        if len(_kept) + len(_arriving) >= MOST_KEPT:
            raise UploadRefused("Too many files are being looked at right now. Try again in a few minutes.", 503)
        arriving = Arriving(session_id, _folder() / secrets.token_hex(16))
        _arriving.add(session_id)
        return arriving


def find(token: object, session_id: str, now: datetime) -> Upload | None:
    """The upload of that token, if it is this session's and still kept."""
    with _lock:
        _drop_old(now)
        found = _kept.get(token) if isinstance(token, str) else None
        return found if found is not None and found.session_id == session_id else None


def discard(token: str, session_id: str) -> None:
    """Remove a file of this session; nothing happens for any other."""
    with _lock:
        found = _kept.get(token)
        if found is not None and found.session_id == session_id:
            _forget(token)


def owners(now: datetime) -> frozenset[str]:
    """The sessions that have files here; what is too old is removed on this occasion."""
    with _lock:
        _drop_old(now)
        return frozenset(one.session_id for one in _kept.values())


def discard_all(ended: Collection[str]) -> None:
    """Remove the files of these sessions: they have ended."""
    with _lock:
        for upload in list(_kept.values()):
            if upload.session_id in ended:
                _forget(upload.token)


def sweep() -> None:
    """Remove the folders of processes that are gone: they were killed before they could do so themselves."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        named = _FOLDER.fullmatch(folder.name)
        if named and _is_ours(folder) and not _is_running(int(named[1])):
            shutil.rmtree(folder, ignore_errors=True)


def remove_all() -> None:
    """At the end of the process."""
    with _lock:
        _kept.clear()
        while _folders:
            shutil.rmtree(_folders.pop(), ignore_errors=True)


def _folder() -> Path:
    if not _folders:
        _folders.append(Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")))  # 0700
    return _folders[0]


def _forget(token: str) -> None:
    _kept.pop(token).path.unlink(missing_ok=True)


def _drop_old(now: datetime) -> None:
    for upload in [one for one in _kept.values() if now - one.at > KEPT_FOR]:
        _forget(upload.token)


def _is_ours(folder: Path) -> bool:
    """A folder, no link to one, that this very user made: the temporary folder is open to everybody."""
    try:
        about = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid()


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return process != os.getpid()  # a folder of ours at our start was that of another, whose number we have now
