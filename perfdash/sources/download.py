"""The file of a finished report, at an address that the API names, perhaps at another host: a storage.

The key is never sent to another host; nor is anything asked inside a private network, where such an address could lead.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

import httpx

from perfdash.config.auth_models import is_loopback
from perfdash.config.file_mapping import of_source
from perfdash.config.job_models import JobConfig
from perfdash.config.source import Source
from perfdash.domain.errors import BadAnswer, SourceRefused
from perfdash.ingest.file_table import NO_ROWS
from perfdash.sources.opened_file import FileWish, open_file
from perfdash.sources.origin import origin
from perfdash.sources.pagination import Came
from perfdash.sources.response import PASSING, ParsedPage, failure_of, parsed, records_in
from perfdash.sources.retry import Transient, pause_asked
from perfdash.sources.transport import (
    Deadline,
    DeadlineTransport,
    Gunzip,
    NotPublic,
    Truncated,
    is_public,
    read_body,
)

_UNCLEAR = re.compile("[\x00-\x20\x7f-\uffff\\\\]")
_LONGEST, _LONGEST_HOST = 8_192, 100
_GZIP = b"\x1f\x8b"
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "gzip", "User-Agent": "perfdash"}


def address_in(said: object, place: str, base_url: str) -> str:
    """The address to fetch from. SourceRefused, which names no more than why, for one that is not to be asked."""
    if not isinstance(said, str) or not said:
        raise BadAnswer(f"the report is done, but {place} is no address")
    there = None if _UNCLEAR.search(said) or len(said) > _LONGEST else origin(said)
    if there is None:
        raise SourceRefused(f"{place} is not a web address that can be asked")
    if there == origin(base_url) or (there[0] == "http" and _both_here(there[1], base_url)):
        return said
    if there[0] != "https":
        raise SourceRefused(f"{place} leads to another host without https, so it was not asked")
    if not _both_here(there[1], base_url) and not is_public(there[1]):
        raise SourceRefused(f"{place} leads into a private network, so it was not asked")
    return said


def _both_here(host: str, base_url: str) -> bool:
    return is_loopback(host) and is_loopback(urlsplit(base_url).hostname or "")


class Download:
    """Fetches the files of one fetch: within its time, and no more than a page may have. The key, which `sign` adds, is
    sent only to where the API itself is."""

    def __init__(
        self,
        source: Source,
        job: JobConfig,
        deadline: Deadline,
        *,
        clock: Callable[[], datetime],
        note: Callable[[str], None],
        sign: Callable[[httpx.Request], None],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._source, self._job, self._deadline = source, job, deadline
        self._clock, self._note, self._sign, self._transport = clock, note, sign, transport

    def rows(self, address: str) -> Came:
        """What the file at `address` holds, asked once. Transient for what may pass by itself."""
        host = urlsplit(address).netloc[:_LONGEST_HOST]
        before = self._deadline.remaining
        status, body = self._body(address, host)
        took = before - self._deadline.remaining
        try:
            found = self._read(body)
        except BadAnswer:
            self._note(f"GET the report at {host}: {status} in {took:.2f} s")
            raise
        self._note(f"GET the report at {host}: {status} in {took:.2f} s, {len(found.rows)} rows")
        return Came(found.rows, found.body, "", "", found.objects)

    def _body(self, address: str, host: str) -> tuple[int, bytes]:
        limits = self._source.config.limits
        timeout = httpx.Timeout(limits.read_seconds, connect=limits.connect_seconds)
        cause: Exception
        try:
            asked = httpx.Request("GET", address, headers=_HEADERS)
            if origin(address) == origin(self._source.config.base_url):
                self._sign(asked)
            transport = self._transport or self._own_transport(address)
            with httpx.Client(transport=transport, timeout=timeout, follow_redirects=False, trust_env=False) as http:
                response = http.send(asked, stream=True)
                try:
                    self._refuse(response)
                    return response.status_code, self._unpacked(read_body(response, self._most, self._deadline))
                finally:
                    response.close()
        except (httpx.TransportError, httpx.InvalidURL, Truncated) as error:
            cause = error
        except NotPublic:
            raise SourceRefused(f"{host} is inside a private network, so the report was not asked for there") from None
        raise failure_of(self._source, self._deadline, cause, host)

    def _own_transport(self, address: str) -> httpx.BaseTransport:
        base = self._source.config.base_url
        is_ours = origin(address) == origin(base) or _both_here(urlsplit(address).hostname or "", base)
        return DeadlineTransport(self._deadline, public_only=not is_ours)

    @property
    def _most(self) -> int:
        return int(self._source.config.limits.body_mib * 2**20)

    def _refuse(self, response: httpx.Response) -> None:
        """Without the body, which may hold what was in the address."""
        status = response.status_code
        if status == 200:
            return
        if status == 429 or status in PASSING:
            raise Transient(
                f"the report's file was refused with {status}", pause_asked(response.headers, self._clock())
            )
        why = ", a redirect, which is never followed" if status // 100 == 3 else ""
        raise SourceRefused(f"the report's file was refused with {status}{why}")

    def _unpacked(self, body: bytes) -> bytes:
        """A file may be packed itself, whatever its headers say; once."""
        if not body.startswith(_GZIP):
            return body
        unpack = Gunzip()
        found = unpack.more(body, self._most)
        if len(found) > self._most:
            raise BadAnswer(f"the answer is larger than {self._most / 2**20:g} MiB")
        if not unpack.complete:
            raise Truncated
        return found

    def _read(self, body: bytes) -> ParsedPage:
        config = self._source.config
        if self._job.format == "json":
            return records_in(parsed(body, self._source.key), config, self._source.key)
        masked = self._source.key.masked_bytes(body)
        try:
            found = open_file(masked, "report.csv", FileWish(config, (of_source(config),)))
        except BadAnswer as error:
            if NO_ROWS not in str(error):
                raise
            return ParsedPage([], {})
        return ParsedPage(found.rows, {})
