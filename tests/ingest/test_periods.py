"""Rows over several days and rows of other accounts: the run fails, unless the source says how to take them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdash.domain.accounts import Account, Days
from perfdash.domain.errors import BadAnswer
from perfdash.domain.facts import Batch
from perfdash.ingest import rows
from tests.conftest import examples
from tests.ingest.mapping_kit import mapping_from, mapping_of_preset

ACCOUNT = Account("acme", "ads", "17", "EUR", "Europe/Berlin")
DAYS = Days(date(2026, 3, 1), date(2026, 3, 31))
NUMBERS = {"impressions": 100, "clicks": 1, "cost": 5}
PAIRS = [
    ("date_start", "date_stop"),
    ("date_start", "date_end"),
    ("Reporting starts", "Reporting ends"),
    ("Berichtsstart", "Berichtsende"),
    ("Inicio del informe", "Fin del informe"),
    ("Début des rapports", "Fin des rapports"),
    ("Início dos relatórios", "Término dos relatórios"),
    ("start_date", "end_date"),
    ("startDate", "endDate"),
    ("Start", "End"),
    ("from", "to"),
    ("From date", "To date"),
    ("date_from", "date_to"),
    ("period_begin", "period_end"),
    ("von", "bis"),
    ("Datum von", "Datum bis"),
    ("desde", "hasta"),
    ("first_day", "last_day"),
    ("startTime", "endTime"),
]


def read(given_rows: list[dict[str, Any]], day: str, fields: dict[str, Any] | None = None, **records: Any) -> Batch:
    named = {"campaign": "campaign", "platform": {"constant": "TikTok"}, "day": f'"{day}"'}
    recipe = mapping_from(named | {name: name for name in NUMBERS} | (fields or {}), records)
    return rows.read_rows(given_rows, recipe, ACCOUNT, DAYS)


def row(start: str, end: str, first: object = "2026-03-01", last: object = "2026-03-31", **more: Any) -> dict[str, Any]:
    return {start: first, end: last, "campaign": "c1", **NUMBERS, **more}


@pytest.mark.parametrize(("start", "end"), PAIRS)
def test_a_row_over_several_days_fails_the_run_by_the_column_beside_its_start(start: str, end: str) -> None:
    with pytest.raises(BadAnswer) as failure:
        read([row(start, end, last="2026-03-01"), row(start, end, campaign="c2")], start)
    assert str(failure.value).startswith(
        "Row 2 is not about one day but about several days, 2026-03-01 to 2026-03-31, as "
    )
    assert 'records.periods = "first_day" or "last_day"' in str(failure.value)
    for periods, day in (("first_day", 1), ("last_day", 31)):
        assert [key.day.day for key in read([row(start, end)], start, periods=periods).facts] == [day]
    assert len(read([row(start, end, last="2026-03-01")], start).facts) == 1


@pytest.mark.parametrize(("start", "end"), PAIRS)
def test_the_end_of_a_flight_is_none_of_a_row(start: str, end: str) -> None:
    """Where the source maps it, or the day's own column is not called a start."""
    assert len(read([row(start, end)], start, {"flight_end": f'"{end}"'}).facts) == 1
    assert len(read([row(start, end, day="2026-03-02")], "day").facts) == 1


def test_the_last_day_may_be_named_and_has_a_format_of_its_own() -> None:
    field = {"last_day": {"path": "until", "format": "%d.%m.%Y"}}
    with pytest.raises(BadAnswer, match="several days, 2026-03-01 to 2026-03-31, as until says"):
        read([row("day", "until", last="31.03.2026")], "day", field)
    batch = read([row("day", "until", last="soon")], "day", field)
    assert len(batch.facts) == 1 and batch.totals is not None
    assert dict(batch.totals.unread) == {"until": 1}


def test_in_rows_of_rows_the_column_is_looked_for_beside_the_start() -> None:
    recipe = mapping_from(
        {"campaign": "campaign", "platform": {"constant": "TikTok"}, "day": "period.start"}
        | {name: name for name in NUMBERS}
    )
    nested = {"campaign": "c1", "period": {"start": "2026-03-01", "end": "2026-03-02"}, **NUMBERS}
    flat = {"campaign": "c1", "period.start": "2026-03-01", "period.end": "2026-03-02", **NUMBERS}
    for one in (nested, flat):
        with pytest.raises(BadAnswer, match=r"2026-03-01 to 2026-03-02"):
            rows.read_rows([one], recipe, ACCOUNT, DAYS)


def test_a_row_that_is_left_out_or_has_no_day_is_not_judged() -> None:
    several = row("start", "end", level="all")
    assert (
        read([several, row("start", "end", last="2026-03-01", level="x")], "start", where="level == 'x'").left_out == 1
    )
    assert len(read([row("start", "end", first="soon")], "start").quarantined) == 1


@examples(100)
@given(st.lists(st.tuples(st.integers(0, 25), st.integers(0, 5)), min_size=1, max_size=8), st.sampled_from(PAIRS))
def test_periods_are_booked_on_the_day_that_is_said(spans: list[tuple[int, int]], pair: tuple[str, str]) -> None:
    days = [(DAYS.start + timedelta(first), DAYS.start + timedelta(first + more)) for first, more in spans]
    given_rows = [row(*pair, str(first), str(last), campaign=f"c{number}") for number, (first, last) in enumerate(days)]
    if all(first == last for first, last in days):
        assert len(read(given_rows, pair[0]).facts) == len(days)
    else:
        with pytest.raises(BadAnswer, match="is not about one day"):
            read(given_rows, pair[0])
    for periods, place in (("first_day", 0), ("last_day", 1)):
        found = {key.campaign: key.day for key in read(given_rows, pair[0], periods=periods).facts}
        assert found == {f"c{number}": span[place] for number, span in enumerate(days)}


# Whose rows

OURS = mapping_of_preset("performance_v1")


def said(**more: Any) -> dict[str, Any]:
    return {"campaignId": "c1", "platform": "TikTok", "date": "2026-03-01", **NUMBERS, **more}


@pytest.mark.parametrize("name", ["clientId", "client_id", "accountId", "account_id"])
@pytest.mark.parametrize("theirs", ["beta-1", 18, "17x", {"id": "17"}, [17], True])
def test_a_row_of_another_account_fails_the_run(name: str, theirs: Any) -> None:
    given_rows = [said(), said(campaignId="c2", **{name: "17"}), said(campaignId="c3", **{name: theirs})]
    with pytest.raises(BadAnswer, match=r"Row 3 is of another account than 17, which was asked for"):
        rows.read_rows(given_rows, OURS, ACCOUNT, DAYS)
    off = mapping_of_preset("performance_v1", account=False)
    assert len(rows.read_rows(given_rows, off, ACCOUNT, DAYS).facts) == 3
    left = mapping_of_preset("performance_v1", where="campaignId != 'c3'")
    assert rows.read_rows(given_rows, left, ACCOUNT, DAYS).left_out == 1


@pytest.mark.parametrize("ours", ["17", 17, " 17 ", None, ""])
def test_a_row_that_names_the_account_or_none_is_taken(ours: Any) -> None:
    given_rows = [said(clientId=ours), said(campaignId="c2")]
    assert len(rows.read_rows(given_rows, OURS, ACCOUNT, DAYS).facts) == 2


def test_the_first_name_that_a_row_has_decides() -> None:
    below = [said(clientId="17", accountId="sub-account"), said(campaignId="c2", accountId="17")]
    assert len(rows.read_rows(below, OURS, ACCOUNT, DAYS).facts) == 2
    with pytest.raises(BadAnswer, match="Row 2 is of another account"):
        rows.read_rows([*below[:1], said(campaignId="c2", clientId=None, accountId="sub")], OURS, ACCOUNT, DAYS)


def test_other_sources_are_checked_where_they_say_so() -> None:
    named = {"campaign": "campaignId", "platform": "platform", "day": "date"} | {name: name for name in NUMBERS}
    unsaid, explicit = mapping_from(named), mapping_from(named | {"account": "ad_account.id"})
    given_rows = [said(clientId="someone", ad_account={"id": "18"})]
    assert len(rows.read_rows(given_rows, unsaid, ACCOUNT, DAYS).facts) == 1
    with pytest.raises(
        BadAnswer, match=r"Row 1 is of another account than 17, which was asked for: ad_account.id says so"
    ):
        rows.read_rows(given_rows, explicit, ACCOUNT, DAYS)
