"""The line that each request leaves in the log of its run, and what is taken of an answer that is a refusal."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from perfdash.domain.errors import RunFailed, SourceRefused
from perfdash.domain.facts import Batch
from perfdash.ingest import rows
from perfdash.ingest.columnar_rows import ColumnarRows
from perfdash.sources import client
from perfdash.sources.exchange import MAX_REFUSAL
from tests.sources.loopback import Hours, Loopback, ask, paged, row, said
from tests.sources.routed import asking, custom

ROWS: dict[str, Any] = {"data": []}
WINDOW = "2026-03-01 to 2026-03-07"


def lines(*answers: bytes, **more: Any) -> list[str]:
    """The log of a fetch, however it ends."""
    log: list[str] = []
    with Loopback(*answers) as server, contextlib.suppress(RunFailed):
        ask(server, progress=log.append, **more)
    return log


def test_a_request_is_a_line_without_its_query() -> None:
    assert lines(said(ROWS)) == [f"GET /v1/performance {WINDOW}: 200 in 0.00 s, 0 rows"]


def test_pages_that_look_like_the_first_are_read_into_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: list[type] = []

    def read(records: Sequence[object], *more: Any) -> Batch:
        kinds.append(type(records))
        return rows.read_rows(records, *more)

    monkeypatch.setattr(client, "rows", SimpleNamespace(read_rows=read))
    pages = [paged([row(campaignId=f"c{n}")], n, 1, 3, 3) for n in (1, 2, 3)]
    with Loopback(*pages) as server:
        found = ask(server)
    assert kinds == [list, ColumnarRows, ColumnarRows]
    assert [key.campaign for key in found.batch.facts] == ["c1", "c2", "c3"]


def test_a_refusal_is_a_line_without_rows() -> None:
    assert lines(said({"detail": "no"}, 403)) == [f"GET /v1/performance {WINDOW}: 403 in 0.00 s"]


@pytest.mark.parametrize("name", ["X-Request-Id", "X-Fb-Request-Id", "X-Fb-Trace-Id", "X-Tt-Logid"])
def test_the_number_that_the_source_gave_a_request_is_kept_short_and_plain(name: str) -> None:
    (line,) = lines(said(ROWS, **{name.replace("-", "_"): "r\t" + "1" * 80}))
    assert line == f"GET /v1/performance {WINDOW}: 200 in 0.00 s, request r {'1' * 58}, 0 rows"


def test_a_long_path_is_cut() -> None:
    with Loopback(said(ROWS)) as server:
        found = ask(f"{server.url}/{'p' * 200}")
    assert found.log == (f"GET /{'p' * 119} {WINDOW}: 200 in 0.00 s, 0 rows",)


def test_the_seconds_of_a_request_are_those_that_it_took() -> None:
    ticks = count(step=0.25)
    with Loopback(said({"items": []})) as server:
        source = custom(server.url, {"type": "none"})
        hours = Hours()
        hours.monotonic = lambda: float(next(ticks))  # type: ignore[method-assign]
        (line,) = asking(source, hours=hours).log
    seconds = float(line.partition("200 in ")[2].partition(" s")[0])
    assert 0 < seconds < 20


def test_a_quota_that_is_nearly_used_up_is_told_behind_the_request() -> None:
    with Loopback(said({"items": []}, X_Quota="97", X_Request_Id="r1")) as server:
        source = custom(server.url, {"type": "none"}, usage={"headers": ["X-Quota"], "pause_seconds": 7.5})
        assert asking(source).log == (
            (
                f"GET /report {WINDOW}: 200 in 0.00 s, request r1, "
                "nearly all of its quota is used: no request for 7.5 s, 0 rows"
            ),
        )


@pytest.mark.parametrize("broken", ["packed otherwise", "no gzip", "too large", "cut"])
def test_a_refusal_whose_body_cannot_be_read_is_told_by_its_status(broken: str) -> None:
    answers = {
        "packed otherwise": said(b"x", 403, Content_Encoding="br"),
        "no gzip": said(b"x", 403, Content_Encoding="gzip"),
        "too large": said(b'{"detail": "' + b"x" * MAX_REFUSAL + b'"}', 403),
        "cut": said(b'{"detail": "no"}', 403)[:-3],
    }

    def answer(connection: Any) -> None:
        connection.sendall(answers[broken])

    with Loopback(answer) as server, pytest.raises(SourceRefused) as caught:
        ask(server)
    assert str(caught.value) == ("agency/acme-eu: the source answered 403; check the key CUSTOM_ANALYTICS_API_KEY.")
