"""ZIP and gzip, opened with bounds: what a directory declares is not believed, all is counted as it unpacks."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from perfdash.ingest.not_tabular import NotTabular

MOST_MEMBERS = 2_000
_STEP = 1 << 18
_LOCAL_HEADER, _END = 30, 22
NO_ZIP = "it is no ZIP archive that can be read: it is damaged, or has a password"


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """One file in an archive; `start` and `size` are those of its packed bytes."""

    name: str
    start: int
    size: int
    unpacked: int
    packed: bool


def members(body: bytes, most: int) -> dict[str, ArchivedFile]:
    """The files in a ZIP by name. NotTabular when they are, or declare to be, more than `most` bytes together.

    Only one way of reading the archive is allowed, since what reads it later is another program: nothing stands before
    or after it, no name is there twice, nothing is encrypted.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise NotTabular(NO_ZIP) from None
    names = {info.filename for info in infos}
    plain = all(info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in infos)
    if body[-_END:-18] != b"PK\x05\x06" or len(names) < len(infos) or not plain or any(i.flag_bits & 1 for i in infos):
        raise NotTabular(NO_ZIP)
    if len(infos) > MOST_MEMBERS or sum(info.file_size for info in infos) > most:
        raise NotTabular(_too_large(most))
    return {info.filename: _member(body, info) for info in infos}


def _member(body: bytes, info: zipfile.ZipInfo) -> ArchivedFile:
    """Its own header stands before it, with a name and an extra field of its own lengths."""
    head = body[info.header_offset : info.header_offset + _LOCAL_HEADER]
    if len(head) < _LOCAL_HEADER or head[:4] != b"PK\x03\x04":
        raise NotTabular(NO_ZIP)
    skipped = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    start = info.header_offset + _LOCAL_HEADER + skipped
    packed = info.compress_type == zipfile.ZIP_DEFLATED
    return ArchivedFile(info.filename, start, info.compress_size, info.file_size, packed)


def unpack(body: bytes, member: ArchivedFile) -> Iterator[bytes]:
    """Its content in pieces, never more than it declares. NotTabular when it is anything else than that."""
    packed = memoryview(body)[member.start : member.start + member.size]
    found = 0
    for piece in _inflated(packed, -zlib.MAX_WBITS) if member.packed else _pieces(packed):
        found += len(piece)
        if found > member.unpacked:
            break
        yield piece
    if found != member.unpacked:
        raise NotTabular(NO_ZIP)


def _pieces(packed: memoryview) -> Iterator[bytes]:
    for at in range(0, len(packed), _STEP):
        yield bytes(packed[at : at + _STEP])


def _inflated(packed: memoryview, window: int) -> Iterator[bytes]:
    """Piece by piece, so that whoever counts can stop. NotTabular for what is damaged, or not at its end."""
    stream = zlib.decompressobj(window)
    try:
        for at in range(0, len(packed), _STEP):
            waiting = bytes(packed[at : at + _STEP])
            while waiting and not stream.eof:
                yield stream.decompress(waiting, _STEP)
                waiting = stream.unconsumed_tail
        while not stream.eof and (piece := stream.decompress(stream.unconsumed_tail, _STEP)):
            yield piece
    except zlib.error:
        raise NotTabular(NO_ZIP) from None
    if not stream.eof:
        raise NotTabular(NO_ZIP)


def one_report(body: bytes, most: int) -> tuple[str, bytes]:
    """The name and content of the one report in a ZIP. What an archive's maker adds for itself is passed over."""
    found = [
        member
        for name, member in members(body, most).items()
        if not name.startswith("__MACOSX/") and not name.rsplit("/", 1)[-1].startswith(".")
    ]
    if len(found) != 1:
        raise NotTabular(f"it is an archive of {len(found)} files: unpack it, and name the report")
    return found[0].name, b"".join(unpack(body, found[0]))


def gunzip(body: bytes, most: int) -> bytes:
    """The content of a gzip file."""
    found, size = [], 0
    for piece in _inflated(memoryview(body), zlib.MAX_WBITS | 16):
        found.append(piece)
        size += len(piece)
        if size > most:
            raise NotTabular(_too_large(most))
    return b"".join(found)


def _too_large(most: int) -> str:
    return f"it unpacks to more than {most / 2**20:,.0f} MiB; split it, or raise limits.body_mib of the source"
