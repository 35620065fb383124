"""What an answer may cost: no wait passes the deadline, no body is larger than agreed."""

from __future__ import annotations

import gzip
import ssl
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certifi
import httpcore
import httpx
import pytest

from perfdash.domain.errors import BadAnswer
from perfdash.sources import transport
from perfdash.sources.transport import Deadline, DeadlineTransport, Gunzip, Truncated, read_body


class Watch:
    """A clock that somebody moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_wait_is_as_long_as_asked_for_or_as_what_is_left_and_never_nothing() -> None:
    watch = Watch()
    deadline = Deadline(10, watch)
    assert [deadline.within(timeout) for timeout in (0.5, 30, None)] == [0.5, 10, 10]
    watch.seconds += 9.75
    assert [deadline.within(timeout) for timeout in (0.5, 30, None)] == [0.25, 0.25, 0.25]
    assert not deadline.passed
    watch.seconds += 0.25
    assert deadline.passed
    assert [deadline.within(timeout) for timeout in (0.5, None)] == [0.001, 0.001]


# Sockets


class Recorded(httpcore.NetworkStream):
    """A connection that only remembers how it was used."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.calls.append(("read", max_bytes, timeout))
        return b"x"

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.calls.append(("write", buffer, timeout))

    def close(self) -> None:
        self.calls.append(("close",))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        self.calls.append(("tls", ssl_context, server_hostname, timeout))
        return self

    def get_extra_info(self, info: str) -> object:
        return f"{info} of the socket"


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a transport asks httpcore for; its connections are `Recorded`, in the list "made"."""
    asked: dict[str, Any] = {"made": []}

    def connect(_backend: object, *arguments: object) -> Recorded:
        asked["made"].append((arguments, Recorded()))
        return asked["made"][-1][1]  # type: ignore[no-any-return]

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    monkeypatch.setattr(httpcore, "ConnectionPool", lambda **arguments: asked.update(arguments))
    return asked


def test_every_wait_of_a_connection_ends_at_the_deadline(pool: dict[str, Any]) -> None:
    watch, trusted = Watch(), ssl.create_default_context()
    DeadlineTransport(Deadline(10, watch))
    stream = pool["network_backend"].connect_tcp("host", 443, 5, "127.0.0.1", [(1, 2, 3)])
    ((arguments, socket),) = pool["made"]
    assert arguments == ("host", 443, 5, "127.0.0.1", [(1, 2, 3)])
    watch.seconds += 4
    stream.write(b"GET", 5)
    stream.read(9, 30)
    inside = stream.start_tls(trusted, "host", 5)
    watch.seconds += 4
    inside.write(b"GET", 30)
    inside.read(9, 1)
    inside.close()
    assert socket.calls == [
        ("write", b"GET", 5),
        ("read", 9, 6),
        ("tls", trusted, "host", 5),
        ("write", b"GET", 2),
        ("read", 9, 1),
        ("close",),
    ]
    assert inside.get_extra_info("peer") == "peer of the socket"


@pytest.mark.parametrize("step", ["write", "read", "start_tls"])
def test_a_wait_that_nobody_limited_ends_at_the_deadline_too(step: str, pool: dict[str, Any]) -> None:
    DeadlineTransport(Deadline(10, lambda: 0.0))
    stream = pool["network_backend"].connect_tcp("host", 443)
    ((arguments, socket),) = pool["made"]
    arguments_of: dict[str, tuple[Any, ...]] = {"write": (b"",), "read": (1,), "start_tls": (None,)}
    getattr(stream, step)(*arguments_of[step])
    assert (arguments[2], socket.calls[0][-1]) == (10, 10)


def test_nothing_is_read_after_the_deadline(pool: dict[str, Any]) -> None:
    DeadlineTransport(Deadline(0, lambda: 0.0))
    stream = pool["network_backend"].connect_tcp("host", 443)
    with pytest.raises(httpcore.ReadTimeout):
        stream.read(1)
    assert pool["made"][0][1].calls == []


def test_a_server_must_show_a_certificate_for_its_own_name(pool: dict[str, Any]) -> None:
    DeadlineTransport(Deadline(10, lambda: 0.0))
    assert isinstance(pool["ssl_context"], ssl.SSLContext)
    assert pool["ssl_context"].verify_mode == ssl.CERT_REQUIRED
    assert pool["ssl_context"].check_hostname is True
    assert pool["ssl_context"].get_ca_certs()


def test_only_the_shipped_authorities_are_trusted_whatever_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shipped = ssl.create_default_context(cafile=certifi.where()).get_ca_certs(binary_form=True)
    (tmp_path / "one.pem").write_text(ssl.DER_cert_to_PEM_cert(shipped[0]))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "one.pem"))
    assert transport._trusted.__wrapped__().get_ca_certs(binary_form=True) == shipped


# Bodies


class Sent(httpx.SyncByteStream):
    """A body in pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces


def body_of(*pieces: bytes, packing: str | None = None, most: int = 100, seconds: float = 10) -> bytes:
    headers = {} if packing is None else {"Content-Encoding": packing}
    return read_body(httpx.Response(200, headers=headers, stream=Sent(*pieces)), most, Deadline(seconds, lambda: 0.0))


@pytest.mark.parametrize("packing", [None, "", "identity", " Identity "])
def test_a_plain_body_is_taken_as_it_is(packing: str | None) -> None:
    assert body_of(b"one ", b"two", packing=packing) == b"one two"


@pytest.mark.parametrize("packing", ["gzip", "x-gzip", "GZIP"])
def test_a_packed_body_is_unpacked(packing: str) -> None:
    packed = gzip.compress(b"one two")
    assert body_of(packed[:5], packed[5:], packing=packing) == b"one two"


@pytest.mark.parametrize("packing", ["br", "deflate", "gzip, gzip", "zstd", "XX"])
def test_another_packing_was_not_asked_for(packing: str) -> None:
    with pytest.raises(BadAnswer, match=r"^the answer is packed in a way that was not asked for \(only gzip is\)$"):
        body_of(b"", packing=packing)


def test_a_body_of_exactly_the_agreed_size_is_taken_and_one_byte_more_is_not() -> None:
    assert body_of(b"x" * 60, b"x" * 40) == b"x" * 100
    assert body_of(gzip.compress(b"x" * 100), packing="gzip") == b"x" * 100
    for pieces, packing in (((b"x" * 60, b"x" * 41), None), ((gzip.compress(b"x" * 101),), "gzip")):
        with pytest.raises(BadAnswer, match="is larger than 9"):
            body_of(*pieces, packing=packing)


def test_no_more_is_unpacked_than_one_byte_over_the_agreed_size(monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked: list[int] = []
    more = Gunzip.more

    def counted(self: Gunzip, chunk: bytes, room: int) -> bytes:
        unpacked.append(len(found := more(self, chunk, room)))
        return found

    monkeypatch.setattr(Gunzip, "more", counted)
    pieces = gzip.compress(b"x" * 90), gzip.compress(b"x" * 1000)
    with pytest.raises(BadAnswer, match="is larger than"):
        body_of(*pieces, packing="gzip")
    assert unpacked == [90, 11]


def test_a_packed_body_that_ends_too_early_was_cut_and_an_empty_one_was_not() -> None:
    packed = gzip.compress(b"one two")
    with pytest.raises(Truncated):
        body_of(packed[:-1], packing="gzip")
    with pytest.raises(Truncated):
        body_of(packed + packed[:-1], packing="gzip")
    assert body_of(packing="gzip") == b""


def test_a_body_that_comes_after_the_deadline_is_not_read() -> None:
    with pytest.raises(httpx.ReadTimeout):
        body_of(b"x", seconds=0)


@pytest.mark.parametrize(
    "body",
    [b"plain", zlib.compress(b"x"), gzip.compress(b"x", mtime=0) + zlib.compress(b"x")],
    ids=["plain", "zlib", "gzip, then zlib"],  # without names their bytes would name them
)
def test_what_says_that_it_is_gzip_must_be(body: bytes) -> None:
    with pytest.raises(BadAnswer, match=r"^the answer says that it is gzip, but is not$"):
        body_of(body, packing="gzip")


def test_unpacking_ends_inside_a_member_or_between_two() -> None:
    two = gzip.compress(b"ab") + gzip.compress(b"c" * 50)
    assert Gunzip().more(two, 1) == b"ab"
    assert Gunzip().more(two, 2) == b"abc"
    assert Gunzip().more(two, 9) == b"ab" + b"c" * 8
    assert Gunzip().more(two, 52) == b"ab" + b"c" * 50
