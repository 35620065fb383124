"""What well-known clients get wrong, each with the right figure; and each line of what perfdash decides about its own
API's answers, from real sockets into a real ledger: stored, flagged, quarantined, or failed with the old data left."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from perfdash.domain.accounts import Account
from perfdash.domain.errors import BadAnswer, SourceRefused
from perfdash.domain.facts import Fetched
from perfdash.store import schema
from perfdash.sync.run import RunResult
from tests.sources.kept import synced
from tests.sources.loopback import DAYS, KEY, Answer, Asked, Hours, Loopback, paged, row, said
from tests.sources.routed import Routed, asking, configured, custom, entry
from tests.sources.test_tiktok import ADVERTISER_ACCOUNT, FIRST
from tests.sources.tiktok_api import TikTokApi, every_day, failed, reported
from tests.store.ledger_kit import Ledger

CURSOR = {"type": "cursor", "next": "next"}
NEXT_URL = {"type": "next_url", "next": "next"}
LINK = {"type": "link_header"}


def entries(start: int, stop: int) -> list[dict[str, Any]]:
    return [entry(number) for number in range(start, stop)]


# 120 rows, the client asks for 100 a page, the server caps at 50 and says 3 pages: 120


def capped(asked: Asked) -> Answer:
    """Whatever size is asked for, pages of 50 come, and that is what it says."""
    page = int(asked.query["page"])
    rows = entries(0, 120)[(page - 1) * 50 : page * 50]
    return said({"items": rows, "pages": {"number": page, "size": 50, "of": 3, "rows": 120}})


BY_PAGE = {"page": "{page}", "size": "{page_size}"}


@pytest.mark.parametrize(
    "says",
    [
        {"size_at": "pages.size", "total_pages": "pages.of", "total_rows": "pages.rows", "page_at": "pages.number"},
        {"total_pages": "pages.of"},
        {"total_pages": "pages.of", "size_at": "pages.size"},
        {"total_rows": "pages.rows"},
        {},
    ],
)
def test_a_server_that_caps_pages_at_50_where_100_were_asked_for_gives_120_of_120_rows(says: dict[str, str]) -> None:
    with Routed(capped) as server:
        found = asking(custom(server.url, {"type": "page", "size": 100, **says}, BY_PAGE))
        assert len(found.batch.facts) == found.batch.fetched == 120
        assert server.asked[0].query["size"] == "100"
        assert len(server.asked) in (3, 4)


def test_tiktok_capped_at_50_gives_120_of_120_rows() -> None:
    with Routed(TikTokApi(every_day(FIRST, 7, campaigns=18)[:120], cap=50)) as server:
        found = asking(configured("tiktok_business", server.url), ADVERTISER_ACCOUNT)
        assert len(found.batch.facts) == found.batch.fetched == 120
        assert len(server.asked) == 3


def test_performance_v1_capped_at_50_gives_120_of_120_rows() -> None:
    rows = [row(campaignId=f"c{n}") for n in range(120)]
    pages = [paged(rows[n * 50 : n * 50 + 50], n + 1, 50, 120, 3) for n in range(3)]
    with Loopback(*pages) as server:
        assert len(asking(configured("performance_v1", server.url)).batch.facts) == 120


def test_an_offset_grows_by_what_came_so_a_cap_of_50_gives_120_of_120_rows() -> None:
    def serve(asked: Asked) -> Answer:
        begin = int(asked.query["offset"])
        return said({"items": entries(0, 120)[begin : begin + 50]})

    with Routed(serve) as server:
        params = {"offset": "{offset}", "limit": "{page_size}"}
        found = asking(custom(server.url, {"type": "offset", "size": 100}, params))
        assert len(found.batch.facts) == 120


def test_a_page_that_was_left_out_is_noticed_by_the_total() -> None:
    with Routed(lambda _asked: said({"items": entries(0, 50), "pages": {"of": 1, "rows": 120}})) as server:
        paging = {"type": "page", "size": 100, "total_pages": "pages.of", "total_rows": "pages.rows"}
        with pytest.raises(BadAnswer, match=r"incomplete.*50.*120|120.*50"):
            asking(custom(server.url, paging, BY_PAGE))


# An empty page in the middle, with a next cursor: 10


def gapped(
    asked: Asked, following: Callable[[str], dict[str, Any]], headers: Callable[[str], dict[str, str]]
) -> Answer:
    """Rows 0-4, then nothing, then rows 5-9."""
    place = asked.query.get("at", "a")
    rows, after = {"a": (entries(0, 5), "b"), "b": ([], "c"), "c": (entries(5, 10), "")}[place]
    return said({"items": rows} | (following(after) if after else {}), **(headers(after) if after else {}))


def test_an_empty_page_in_the_middle_with_a_next_cursor_gives_10_of_10_rows() -> None:
    with Routed(lambda asked: gapped(asked, lambda after: {"next": after}, lambda _: {})) as server:
        found = asking(custom(server.url, CURSOR, {"at": "{cursor}"}))
        assert len(found.batch.facts) == 10
        assert [asked.query.get("at") for asked in server.asked] == [None, "b", "c"]


def test_an_empty_page_in_the_middle_with_a_next_address_gives_10_of_10_rows() -> None:
    with Routed(lambda asked: gapped(asked, lambda after: {"next": f"?at={after}"}, lambda _: {})) as server:
        assert len(asking(custom(server.url, NEXT_URL)).batch.facts) == 10


def test_an_empty_page_in_the_middle_with_a_next_link_gives_10_of_10_rows() -> None:
    link = lambda after: {"Link": f'</report?at={after}>; rel="next"'}  # noqa: E731
    with Routed(lambda asked: gapped(asked, lambda _: {}, link)) as server:
        assert len(asking(custom(server.url, LINK)).batch.facts) == 10


def test_an_empty_page_in_the_middle_of_counted_pages_gives_10_of_10_rows() -> None:
    rows = [row(campaignId=f"c{n}") for n in range(10)]
    pages = [paged(rows[:5], 1, 5, 10, 3), paged([], 2, 5, 10, 3), paged(rows[5:], 3, 5, 10, 3)]
    with Loopback(*pages) as server:
        assert len(asking(configured("performance_v1", server.url)).batch.facts) == 10


# A cursor cycle A -> B -> A: bounded calls, then an error that names it


def test_a_cursor_cycle_ends_after_3_calls_with_an_error_that_names_it() -> None:
    turn = {None: "A", "A": "B", "B": "A"}
    numbers = iter(range(10**6))

    def serve(asked: Asked) -> Answer:
        return said({"items": [entry(next(numbers))], "next": turn[asked.query.get("at")]})

    with Routed(serve) as server:
        with pytest.raises(BadAnswer, match=r"circle: A -> B -> A"):
            asking(custom(server.url, CURSOR, {"at": "{cursor}"}))
        assert len(server.asked) == 3


@pytest.mark.parametrize("length", [1, 2, 3, 7])
def test_a_cycle_of_any_length_is_left_after_one_round(length: int) -> None:
    def serve(asked: Asked) -> Answer:
        return said({"items": [], "next": (int(asked.query.get("at", 0)) + 1) % length or length})

    with Routed(serve) as server:
        with pytest.raises(BadAnswer, match=r"circle|again"):
            asking(custom(server.url, CURSOR, {"at": "{cursor}"}))
        assert len(server.asked) <= length + 1


@pytest.mark.parametrize("paging", [NEXT_URL, LINK])
def test_a_cycle_of_next_addresses_ends_with_an_error_that_names_it(paging: dict[str, Any]) -> None:
    def serve(asked: Asked) -> Answer:
        there = f"/report?at={'B' if asked.query.get('at') == 'A' else 'A'}"
        return said({"items": [], "next": there}, Link=f'<{there}>; rel="next"')

    with Routed(serve) as server:
        with pytest.raises(BadAnswer, match=r"circle|again|repeat"):
            asking(custom(server.url, paging))
        assert len(server.asked) <= 3


@pytest.mark.parametrize(
    ("paging", "params"),
    [
        ({"type": "page"}, {"page": "{page}"}),
        ({"type": "offset"}, {"offset": "{offset}"}),
        (CURSOR, {"at": "{cursor}"}),
        (NEXT_URL, {}),
        (LINK, {}),
    ],
)
@pytest.mark.parametrize("repeats", [True, False])
def test_pages_that_never_end_are_left_after_as_many_as_a_run_may_read(
    paging: dict[str, Any], params: dict[str, str], repeats: bool
) -> None:
    calls = iter(range(1, 10**6))

    def serve(_asked: Asked) -> Answer:
        number = next(calls)
        rows = [entry(0 if repeats else number)]
        return said({"items": rows, "next": f"?n={number}"}, Link=f'<?n={number}>; rel="next"')

    with Routed(serve) as server:
        with pytest.raises(BadAnswer):
            asking(custom(server.url, paging, params, limits={"pages": 20, "attempts": 1}))
        assert len(server.asked) <= 20


# HTTP 200 with code 40100 once, then good: 3


def test_a_rate_limit_under_status_200_once_and_then_good_gives_3_of_3_rows() -> None:
    api = TikTokApi(every_day(FIRST, 3), deque([failed(40100, "Too many requests")]))
    with Routed(api) as server:
        found = asking(configured("tiktok_business", server.url), ADVERTISER_ACCOUNT)
        assert len(found.batch.facts) == 3
        assert (found.requests, found.retries) == (2, 1)


def test_a_rate_limit_under_status_200_in_the_middle_of_the_pages_gives_3_of_3_rows() -> None:
    api = TikTokApi(every_day(FIRST, 3), cap=1)
    limits = iter([False, True, False, True, True, False])
    with Routed(lambda asked: failed(40100) if next(limits) else api(asked)) as server:
        found = asking(configured("tiktok_business", server.url), ADVERTISER_ACCOUNT)
        assert len(found.batch.facts) == 3


def test_it_gives_3_of_3_rows_in_an_own_api_too_whose_rule_says_what_its_code_means() -> None:
    answers = [said({"code": 40100, "items": []}), said({"code": 0, "items": entries(0, 3)})]
    with Loopback(*answers) as server:
        rule = {"then": "rate_limited", "at": "code", "any_of": [40100]}
        found = asking(custom(server.url, {"type": "none"}, outcomes=[rule]))
        assert len(found.batch.facts) == 3


def test_without_a_rule_a_code_under_status_200_is_a_failed_run_and_never_0_rows() -> None:
    answer = said({"code": 40100, "message": "slow down", "items": []})
    with Loopback(answer) as server, pytest.raises(BadAnswer, match="slow down"):
        asking(custom(server.url, {"type": "none"}))


# A next address on a foreign host: refused, no request made


@pytest.mark.parametrize(
    "spelled",
    [
        "http://{other}/report?at=b",
        "//{other}/report?at=b",
        "http://{ours}@{other}/report",
        "http://user:{ours}@{other}/",
        "http://{other}#@{ours}/report",
        "http://{other}\\@{ours}/report",
        "\\\\{other}\\report",
        "https://{ours}/report",
        "http://{host}:1/report",
        "http://{ours}.evil.example/report",
        "ftp://{ours}/report",
        "http://[::ffff:127.0.0.1]/report",
        "http://localhost:{port}/report",
        "javascript:alert(1)",
        " http://{other}/report",
        "http://{ours}\t@{other}/report",
        "HTTP://{other}/report",
    ],
)
@pytest.mark.parametrize("paging", [NEXT_URL, LINK])
def test_a_next_address_at_a_foreign_origin_is_refused_and_no_request_leaves(
    spelled: str, paging: dict[str, Any]
) -> None:
    with Loopback(said({"items": entries(5, 10)})) as other, Routed(lambda _asked: answer) as server:
        ours = server.url.removeprefix("http://")
        host, port = ours.split(":")
        there = spelled.format(other=other.url.removeprefix("http://"), ours=ours, host=host, port=port)
        answer = said({"items": entries(0, 5), "next": there}, Link=f'<{there}>; rel="next"')
        with pytest.raises((SourceRefused, BadAnswer)) as caught:
            asking(custom(server.url, paging))
        assert len(server.asked) == 1
        assert other.asked == []
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("there", ["{url}/report?at=b", "/report?at=b", "?at=b", "report?at=b", "{URL}/report?at=b"])
@pytest.mark.parametrize("paging", [NEXT_URL, LINK])
def test_a_next_address_at_the_own_origin_is_followed(there: str, paging: dict[str, Any]) -> None:
    def serve(asked: Asked) -> Answer:
        if asked.query.get("at") == "b":
            return said({"items": entries(5, 10)})
        at = there.format(url=server.url, URL=server.url.upper())
        return said({"items": entries(0, 5), "next": at}, Link=f'<{at}>; rel="next"')

    with Routed(serve) as server:
        assert len(asking(custom(server.url, paging)).batch.facts) == 10
        assert server.asked[1].headers["authorization"] == f"Bearer {KEY}"


# What perfdash decides about performance_v1, all the way into the ledger


def told(ledger: Ledger, *rows: object, body: object = None, status: int = 200, **tables: Any) -> RunResult:
    """One run that answers with these rows, or with this body."""
    content = {"data": list(rows)} if body is None else body
    answer = said(content if isinstance(content, bytes) else json.dumps(content).encode(), status)
    # All rows but one may be refused: what becomes of a single row is what is asked here.
    account = replace(ledger.account, refuse_at_most=1_000_000)
    with Loopback(answer) as server:
        return synced(ledger, configured("performance_v1", server.url, **tables), account=account)


def stored(ledger: Ledger) -> dict[str, Any]:
    """The only fact of the ledger, whole."""
    with ledger.store.reading() as connection:
        (found,) = connection.execute(select(schema.facts)).mappings().all()
    return dict(found)


def refused(ledger: Ledger) -> list[tuple[str, str]]:
    """(reason, the fact it is about) of all that is in quarantine."""
    q = schema.quarantine.c
    with ledger.store.reading() as connection:
        return [tuple(r) for r in connection.execute(select(q.reason, q.row_key).order_by(q.run_id, q.ordinal))]


@pytest.mark.parametrize(
    ("said_as", "micros"),
    [("12.50", 12_500_000), ("1,234.5", 1_234_500_000), ("1,234,567", 1_234_567_000_000), (7, 7_000_000), (0, 0)],
)
def test_normalised_numbers_as_text_with_comma_groups_are_stored_exactly(
    ledger: Ledger, said_as: object, micros: int
) -> None:
    result = told(ledger, row(cost=said_as, impressions="1,000", cpm=None))
    assert (result.state, result.counts.new) == ("committed", 1)
    assert (stored(ledger)["cost"], stored(ledger)["impressions"]) == (micros, 1_000)


@pytest.mark.parametrize("name", ["tiktok", "TIKTOK", "Tik Tok", " tik  tok "])
def test_normalised_a_known_platform_has_one_spelling(ledger: Ledger, name: str) -> None:
    told(ledger, row(platform=name))
    assert (stored(ledger)["platform"], stored(ledger)["flags"]) == ("TikTok", "")


@pytest.mark.parametrize(
    ("values", "flag"),
    [
        ({"platform": "Mastodon"}, "unknown_platform"),
        ({"clicks": 1001}, "clicks_over_impressions"),
        ({"cpm": 99}, "cpm_disagrees"),
    ],
)
def test_kept_and_flagged_what_is_odd_is_stored_and_says_so(ledger: Ledger, values: dict[str, Any], flag: str) -> None:
    assert told(ledger, row(**values)).counts.new == 1
    assert flag in stored(ledger)["flags"]


@pytest.mark.parametrize(
    ("cost", "micros"), [("0.0000005", 0), ("0.0000015", 2), ("0.0000025", 2), ("1.0000001", 1_000_000)]
)
def test_kept_and_flagged_cost_beyond_six_decimals_is_rounded_half_even(ledger: Ledger, cost: str, micros: int) -> None:
    told(ledger, row(cost=cost, cpm=None))
    assert stored(ledger)["cost"] == micros
    assert stored(ledger)["flags"] != ""


@pytest.mark.parametrize("absent", [True, False])
@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("reach", "reach"),
        ("views", "views"),
        ("engagements", "engagements"),
        ("conversions", "conversions"),
        ("revenue", "revenue"),
        ("cpm", "reported_cpm"),
        ("roi", "reported_roi"),
    ],
)
def test_not_reported_what_is_missing_or_null_is_null_and_never_0(
    ledger: Ledger, theirs: str, ours: str, absent: bool
) -> None:
    said_row = row(**{theirs: None})
    if absent:
        del said_row[theirs]
    told(ledger, said_row)
    assert stored(ledger)[ours] is None


NO_NUMBERS = (None, "", "--", "1,2345,6", "seven", "n/a", "<10", True, [], {})


@pytest.mark.parametrize(
    "values",
    [
        *({name: value} for name in ("impressions", "clicks", "cost") for value in NO_NUMBERS),
        {"impressions": 1.5},
        {"clicks": "0.5"},
        {"impressions": -1},
        {"clicks": "-1"},
        {"clicks": "1.234,50"},
        {"cost": "1,234"},
        {"cost": "$12.50"},
        {"impressions": 2**63},
        {"cost": 10**13},
        {"date": "01.03.2026"},
        {"date": "2026-02-30"},
        {"date": "2026-W10-1"},
        {"date": None},
        {"date": 20260230},
        {"date": "2026-02-28"},
        {"date": "2026-03-08"},
    ],
    ids=repr,
)
def test_quarantined_a_row_that_cannot_be_trusted_is_not_stored_and_the_others_are(
    ledger: Ledger, values: dict[str, Any]
) -> None:
    result = told(ledger, row(**values), row(campaignId="good"))
    assert (result.state, result.counts.fetched, result.counts.new) == ("incomplete", 2, 1)
    assert result.counts.quarantined == 1
    assert stored(ledger)["campaign_id"] == "good"
    ((reason, _key),) = refused(ledger)
    assert next(iter(values)) in reason or "day" in reason


@pytest.mark.parametrize("name", ["impressions", "clicks", "cost", "date", "platform", "campaignId"])
def test_quarantined_a_row_without_what_every_row_must_have(ledger: Ledger, name: str) -> None:
    lacking = row()
    del lacking[name]
    assert told(ledger, lacking, row(campaignId="good")).counts.quarantined == 1
    assert name in refused(ledger)[0][0]


def test_failed_run_two_rows_of_one_key_alike_or_not_until_the_source_says_by_what_they_differ(ledger: Ledger) -> None:
    for other in (row(impressions=2000, cpm=None, adGroup="g2"), row(adGroup="g2"), row()):
        result = told(ledger, row(), other, row(campaignId="good"))
        assert (result.state, ledger.current()) == ("failed", {})
        assert "campaign c1 on TikTok, 2026-03-01" in result.message
        assert 'records.finer = ["adGroup"]' in result.message or "alike in every column" in result.message


def test_a_row_that_comes_again_is_counted_and_kept_once_where_the_source_says_what_rows_differ_by(
    ledger: Ledger,
) -> None:
    rows = [row(adGroup="g1"), row(adGroup="g1"), row(adGroup="g1"), row(adGroup="g2")]
    result = told(ledger, *rows, records={"finer": ["adGroup"]})
    assert (result.counts.fetched, result.counts.new, result.counts.duplicate, result.counts.added) == (4, 1, 2, 1)
    assert stored(ledger)["impressions"] == 2000


def test_a_quarantined_row_keeps_the_current_version_of_its_fact(ledger: Ledger) -> None:
    told(ledger, row(), row(campaignId="good"))
    result = told(ledger, row(impressions=-1), row(campaignId="good"))
    assert (result.state, result.counts.vanished) == ("incomplete", 0)
    assert {name: said[0] for name, said in ledger.current().items()} == {
        "c1/TikTok/2026-03-01": 1000,
        "good/TikTok/2026-03-01": 1000,
    }


FAILED_BODIES = [
    b"{}",
    b'{"data": null}',
    b'{"data": {}}',
    b'{"data": "none"}',
    b'{"data": 3}',
    b"[]",
    b"null",
    b'"data"',
    b'{"data": [], "error": "no"}',
    b'{"data": [], "errors": [{"message": "no"}]}',
    b'{"data": [], "success": false}',
    b'{"data": [], "code": 40100}',
    b'{"data": [], "status": "error"}',
    b"<!doctype html><html>Sign in</html>",
    b"",
    b"{",
    b'{"data": [',
    b'{"data": [NaN]}',
    b'{"data": [{"cost": Infinity}]}',
    b'{"data": [{"cost": -Infinity}]}',
    b'{"data": [], "data": [1]}',
    b'{"data": [{"clicks": 1, "clicks": 2}]}',
    b'{"data": ' + b"[" * 40 + b"]" * 40 + b"}",
    b'{"data": []} {}',
    b"\xff\xfe{}",
]


@pytest.mark.parametrize("body", FAILED_BODIES, ids=lambda body: body[:40])
def test_failed_run_what_is_no_answer_leaves_the_old_data_in_place(ledger: Ledger, body: bytes) -> None:
    assert told(ledger, row(), row(campaignId="c2")).state == "committed"
    before = ledger.current(), ledger.revisions()
    result = told(ledger, body=body)
    assert result.state == "failed"
    assert result.message.startswith("agency/acme-eu: ")
    assert (ledger.current(), ledger.revisions()) == before
    assert ledger.closed() == []
    assert [state for _, state, _ in ledger.runs()] == ["committed", "failed"]


@pytest.mark.parametrize(
    "answers",
    [
        [paged([row()], 1, 1, 2, 2), said({"detail": "gone"}, 404)],
        [paged([row()], 1, 1, 2, 2), paged([row()], 2, 1, 2, 2)],
        [paged([row()], 1, 1, 2, 2), paged([row(campaignId="c2")], 2, 1, 3, 2)],
        [paged([row()], 1, 1, 3, 2), paged([row(campaignId="c2")], 2, 1, 3, 2)],
    ],
)
def test_failed_run_a_part_of_an_answer_is_never_stored(ledger: Ledger, answers: list[bytes]) -> None:
    told(ledger, row(impressions=5))
    before = ledger.current()
    with Loopback(*answers) as server:
        result = synced(ledger, configured("performance_v1", server.url))
    assert result.state == "failed"
    assert ledger.current() == before


def test_failed_run_an_answer_that_says_it_was_cut_short_leaves_the_old_data_in_place(ledger: Ledger) -> None:
    api = TikTokApi([reported(), reported("2")])
    ledger.account = _renamed(ledger, "7041234567890123456")
    with Routed(api) as server:
        assert synced(ledger, configured("tiktok_business", server.url)).state == "committed"
        api.rows, api.throttled = [reported(impressions="9")], True
        result = synced(ledger, configured("tiktok_business", server.url))
    assert result.state == "failed" and "incomplete" in result.message
    assert {said[0] for said in ledger.current().values()} == {1000}
    assert len(ledger.current()) == 2


def _renamed(ledger: Ledger, external_id: str) -> Account:
    """The kit's account under the name that the API knows; the store knows it by its number."""
    return replace(ledger.account, external_id=external_id)


def test_the_counts_of_a_run_add_up(ledger: Ledger) -> None:
    finer = {"finer": ["adGroup"]}
    told(ledger, row(), row(campaignId="c2"), row(campaignId="c3"), row(campaignId="c4"), records=finer)
    told(ledger, row(), row(campaignId="c2"), row(campaignId="c3"), records=finer)
    result = told(
        ledger,
        row(),
        row(campaignId="c2", impressions=7, clicks=0, cpm=None),
        row(campaignId="c4"),
        row(campaignId="c5"),
        row(campaignId="c5"),
        row(campaignId="c5", adGroup="g2"),
        row(campaignId="c6", cost=None),
        row(campaignId="c6", cost="?"),
        records=finer,
    )
    c = result.counts
    assert (c.unchanged, c.restated, c.reappeared, c.new) == (1, 1, 1, 1)
    assert (c.duplicate, c.quarantined, c.added) == (1, 2, 1)
    assert c.fetched == c.new + c.restated + c.reappeared + c.unchanged + c.quarantined + c.duplicate + c.added == 8
    assert c.vanished == 1


def test_a_wait_of_the_run_is_on_its_log(ledger: Ledger) -> None:
    with Loopback(said({"detail": "slow down"}, 429, Retry_After="3"), said({"data": [row()]})) as server:
        assert synced(ledger, configured("performance_v1", server.url)).state == "committed"
    with ledger.store.reading() as connection:
        (log, requests, retries) = connection.execute(
            select(schema.runs.c.log, schema.runs.c.requests, schema.runs.c.retries)
        ).one()
    assert (requests, retries) == (2, 1)
    assert "429" in log and "waiting 3.0 s" in log


def test_what_is_asked_again_never_becomes_a_second_row() -> None:
    hours = Hours()
    with Loopback(said(b"", 503), said({"data": [row()]})) as server:
        found: Fetched = asking(configured("performance_v1", server.url), days=DAYS, hours=hours)
    assert found.batch.fetched == 1
