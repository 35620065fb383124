"""What an answer may cost at most: time until its last byte, and bytes once unpacked.

httpx counts its timeouts per read, so a server that sends a byte now and then holds a run for ever; and a small
compressed body may unpack to gigabytes before anyone can look at it.
"""

from __future__ import annotations

import ssl
import zlib
from collections.abc import Callable, Iterable
from functools import cache
from ipaddress import ip_address

import httpcore
import httpx

from perfdash.domain.errors import BadAnswer


class Truncated(Exception):
    """The body ended before its compressed stream did."""


class NotPublic(Exception):
    """The host is inside a private network."""


def is_public(host: str) -> bool:
    """Whether a host that a source has named may be asked: no number of a private network. Of a name see below."""
    try:
        return ip_address(host).is_global
    except ValueError:
        return host != "localhost" and not host.endswith((".localhost", ".local", ".internal"))


class Deadline:
    """A moment on the monotonic clock that no waiting of a run may pass."""

    def __init__(self, seconds: float, monotonic: Callable[[], float]) -> None:
        self.seconds = seconds
        self._monotonic = monotonic
        self._end = monotonic() + seconds

    @property
    def remaining(self) -> float:
        """Seconds left; 0.0 once it has passed."""
        return max(0.0, self._end - self._monotonic())

    @property
    def passed(self) -> bool:
        return self.remaining <= 0

    def within(self, timeout: float | None) -> float:
        """`timeout`, or what is left if that is less; never 0, which would mean "do not wait" to a socket."""
        return max(0.001, self.remaining if timeout is None else min(timeout, self.remaining))


class DeadlineTransport(httpx.HTTPTransport):
    """HTTP/1.1 over sockets whose every wait, for headers too, ends at the deadline. No proxies, no own retries.

    With `public_only` NotPublic is raised, before anything is sent, for a host whose name leads into a private network.
    """

    def __init__(self, deadline: Deadline, public_only: bool = False) -> None:
        backend = _DeadlineBackend(deadline, public_only)
        self._pool = httpcore.ConnectionPool(ssl_context=_trusted(), network_backend=backend)


@cache
def _trusted() -> ssl.SSLContext:
    return httpx.create_ssl_context(verify=True, trust_env=False)


class _DeadlineBackend(httpcore.SyncBackend):
    def __init__(self, deadline: Deadline, public_only: bool = False) -> None:
        super().__init__()
        self._deadline, self._public_only = deadline, public_only

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        stream = super().connect_tcp(host, port, self._deadline.within(timeout), local_address, socket_options)
        # Asked of the connection itself: a name may be looked up differently a moment later.
        if self._public_only and not ip_address(stream.get_extra_info("server_addr")[0].split("%")[0]).is_global:
            stream.close()
            raise NotPublic
        return _DeadlineStream(stream, self._deadline)


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._deadline.passed:
            raise httpcore.ReadTimeout
        return self._stream.read(max_bytes, self._deadline.within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.within(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.within(timeout))
        return _DeadlineStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def read_body(response: httpx.Response, most: int, deadline: Deadline) -> bytes:
    """The body, unpacked, of at most `most` bytes.

    BadAnswer when it is larger or packed in a way that we did not ask for, Truncated when its packing ends too early.
    """
    packing = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packing not in ("identity", "", "gzip", "x-gzip"):
        raise BadAnswer("the answer is packed in a way that was not asked for (only gzip is)")
    unpack = Gunzip() if "gzip" in packing else None
    body = bytearray()
    for chunk in response.iter_raw():
        if deadline.passed:
            raise httpx.ReadTimeout("deadline")
        body += unpack.more(chunk, most - len(body)) if unpack else chunk
        if len(body) > most:
            raise BadAnswer(f"the answer is larger than {most / 2**20:g} MiB")
    if unpack and not unpack.complete:
        raise Truncated
    return bytes(body)


class Gunzip:
    """Unpacks gzip members one after another, never more than asked for at once."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self.complete = True

    def more(self, chunk: bytes, room: int) -> bytes:
        """What `chunk` unpacks to: everything, or room + 1 bytes of it when there is more."""
        found = bytearray()
        try:
            while chunk and len(found) <= room:
                found += self._member.decompress(chunk, room + 1 - len(found))
                self.complete = self._member.eof
                chunk = self._member.unused_data
                if self._member.eof:
                    self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        except zlib.error:
            raise BadAnswer("the answer says that it is gzip, but is not") from None
        return bytes(found)
