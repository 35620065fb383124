from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdash.domain.accounts import Days
from perfdash.ui.filters.url import KEYS, LinkChoices, parse

TODAY = date(2026, 3, 10)
KNOWN = LinkChoices(("acme", "bolt"), ("Instagram", "TikTok"), ("EUR", "USD"), TODAY)


def test_an_empty_link_asks_for_the_default() -> None:
    asked = parse({}, KNOWN)
    assert (asked.preset, asked.dates, asked.max_cpm, asked.ignored, asked.mended) == ("last_30", None, None, (), False)


def test_a_link_that_is_all_right_is_taken_as_it_is() -> None:
    asked = parse(
        {
            "client": ["acme", "bolt"],
            "range": ["Last 7 days"],
            "platform": ["TikTok"],
            "currency": ["EUR"],
            "max_cpm": ["12.5"],
            "cpm_grain": ["campaign"],
        },
        KNOWN,
    )
    assert (asked.preset, asked.max_cpm, asked.ignored, asked.mended) == ("last_7", 12.5, (), False)


def test_dates_alone_mean_a_custom_range() -> None:
    asked = parse({"dates": ["2026-01-02", "2026-02-03"]}, KNOWN)
    assert (asked.preset, asked.dates) == ("custom", Days(date(2026, 1, 2), date(2026, 2, 3)))
    assert (asked.ignored, asked.mended) == ((), False)


def test_a_preset_wins_over_dates_that_lie_beside_it() -> None:
    assert parse({"dates": ["2026-01-02", "2026-02-03"], "range": ["Last 7 days"]}, KNOWN).preset == "last_7"


@pytest.mark.parametrize(
    "dates",
    [
        ["2026-02-03", "2026-01-02"],
        ["2026-02-03"],
        ["2026-02-03", ""],
        ["x", "y"],
        ["1999-01-01", "2026-01-01"],
        ["2026-03-11", "2026-03-12"],
        ["2026-01-01", "2026-01-02", "2026-01-03"],
        ["2026-02-30", "2026-03-01"],
    ],
)
def test_dates_that_are_no_range_are_named_and_the_default_is_asked(dates: list[str]) -> None:
    asked = parse({"dates": dates, "range": ["Custom"]}, KNOWN)
    assert (asked.preset, asked.dates, asked.mended) == ("last_30", None, True)
    assert asked.ignored == (f"dates “{' to '.join(dates)}”",)


def test_a_range_that_reaches_past_today_is_cut_there() -> None:
    asked = parse({"dates": ["2026-03-01", "2027-01-01"]}, KNOWN)
    assert (asked.dates, asked.mended) == (Days(date(2026, 3, 1), TODAY), True)
    assert asked.ignored == ("dates after 2026-03-10",)


def test_a_custom_range_without_dates_is_the_default_and_said_so() -> None:
    asked = parse({"range": ["Custom"]}, KNOWN)
    assert (asked.preset, asked.mended, asked.ignored) == ("last_30", True, ("range “Custom” without dates",))


def test_a_client_out_of_scope_reads_exactly_like_one_that_does_not_exist() -> None:
    phrases = {parse({"client": [name]}, KNOWN).ignored[0].replace(name, "?") for name in ("secret-client", "nonsense")}
    assert phrases == {"client “?”"}


@pytest.mark.parametrize("limit", ["", "x", "nan", "inf", "-1", "1e999", "12,5", "0.0000001", "1000001", "0x10"])
def test_a_limit_that_is_no_amount_is_named_and_dropped(limit: str) -> None:
    asked = parse({"max_cpm": [limit]}, KNOWN)
    assert (asked.max_cpm, asked.ignored, asked.mended) == (None, (f"max_cpm “{limit}”",), True)


def test_without_money_a_link_cannot_ask_by_money() -> None:
    blind = LinkChoices(("acme",), ("TikTok",), ("EUR",), TODAY, money=False)
    asked = parse({"max_cpm": ["5"], "currency": ["EUR"], "cpm_grain": ["row"]}, blind)
    assert asked.max_cpm is None
    assert set(asked.ignored) == {"max_cpm “5”", "currency “EUR”", "cpm_grain “row”"}


@given(st.dictionaries(st.sampled_from(KEYS), st.lists(st.text(max_size=12) | st.dates().map(str), max_size=3)))
def test_no_link_breaks_it_and_the_answer_can_always_be_asked(raw: dict) -> None:  # type: ignore[type-arg]
    asked = parse(raw, KNOWN)
    assert (asked.preset == "custom") <= (asked.dates is not None)
    if asked.dates:
        assert date(2000, 1, 1) <= asked.dates.start <= asked.dates.end <= TODAY
        assert asked.dates.start - timedelta(days=len(asked.dates)) > date.min
    assert asked.max_cpm is None or 0 <= asked.max_cpm <= 1_000_000
