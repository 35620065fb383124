"""The question: what it is narrowed to, what of it reads may share, and how it stands in receipts for good."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.accounts import Days
from perfdash.domain.as_of import END_OF_TIME, AsOf, AtRevisions
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.errors import UsageError
from perfdash.domain.filters import Filters, joined
from perfdash.domain.question import (
    Question,
    as_of_text,
    filters_of,
    filters_record,
    hides_a_limit,
    question_of,
    readable,
)

WEEK = Days(date(2026, 3, 1), date(2026, 3, 7))
FILTERS = Filters(WEEK, ("acme", "böhm"), ("TikTok",), "EUR", 12_500_000, "campaign", raw=True)
SPRING = CampaignRef("acme", 1, "c1")
NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
# As they stand in databases since the first release: never to be written or read otherwise.
STORED = (
    '{"as_of": "2026-03-09T12:00:00Z", "campaign": {"account": 1, "client": "acme", "id": "c1"}, "clients": ["acme"], '
    '"cpm_grain": "campaign", "currency": "EUR", "from": "2026-03-01", "max_cpm": "12.500000", '
    '"platforms": ["TikTok"], "to": "2026-03-07", "values": "raw"}'
)
STORED_PLAIN = (
    '{"as_of": "2026-03-09", "clients": [], "cpm_grain": "row", "currency": null, "from": "2026-03-01", '
    '"max_cpm": "0.000000", "platforms": [], "to": "2026-03-07", "values": "effective"}'
)


def test_a_question_is_written_as_it_has_always_stood_in_receipts() -> None:
    assert Question(OPERATOR, FILTERS, NOON, SPRING).line() == STORED
    assert Question(OPERATOR, Filters(WEEK, max_cpm=0), date(2026, 3, 9)).line() == STORED_PLAIN


def test_a_stored_question_is_asked_again_by_whoever_reads_it() -> None:
    ann = Principal("ann", "analyst", frozenset({"acme"}))
    at = AtRevisions((("acme", 3),), NOON)
    filters = replace(FILTERS, clients=("acme",))
    assert question_of(ann, STORED, ["acme"], at) == Question(ann, filters, at, SPRING)
    assert question_of(ann, STORED_PLAIN, ["acme"]) == Question(ann, Filters(WEEK, ("acme",), max_cpm=0))
    assert filters_of(STORED, ("bolt",)).clients == ("bolt",)


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "not JSON",
        "[1]",
        '{"from": "2026-03-01"}',
        STORED.replace("2026-03-01", "soon"),
        STORED.replace("12.500000", "much"),
        STORED.replace('"account": 1, ', ""),
        STORED.replace('{"account": 1, "client": "acme", "id": "c1"}', '"c1"'),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(line: str) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        question_of(OPERATOR, line, ())


def test_a_reader_learns_no_other_client_and_no_limit_without_money() -> None:
    boss, reader = Principal("boss", "admin"), Principal("r", "client", frozenset({"acme"}), money=False)
    line = Question(boss, FILTERS).line()
    assert readable(boss, line) == line
    assert not hides_a_limit(line)
    shown = readable(reader, line)
    assert json.loads(shown)["clients"] == ["acme"]
    assert "max_cpm" not in json.loads(shown)
    assert hides_a_limit(shown)
    assert question_of(reader, shown, ["acme"]).filters.max_cpm is None
    assert not hides_a_limit(readable(reader, Question(boss, replace(FILTERS, max_cpm=None)).line()))
    assert readable(reader, "not JSON") == readable(reader, "[1]") == ""


@pytest.mark.parametrize(
    ("as_of", "text"),
    [
        (None, None),
        (date(2026, 3, 9), "2026-03-09"),
        (NOON, "2026-03-09T12:00:00Z"),
        (AtRevisions((), NOON), "2026-03-09T12:00:00Z"),
        (AtRevisions((), END_OF_TIME), None),
    ],
)
def test_a_moment_is_told_in_utc_and_a_day_as_a_day(as_of: AsOf | None, text: str | None) -> None:
    assert as_of_text(as_of) == text
    assert json.loads(Question(OPERATOR, FILTERS, as_of).line())["as_of"] == text


def test_a_record_says_whether_corrections_count_and_names_the_clients_it_is_narrowed_to() -> None:
    assert [filters_record(replace(FILTERS, raw=raw))["values"] for raw in (False, True)] == ["effective", "raw"]
    assert Question(OPERATOR, FILTERS).record()["clients"] == ["acme", "böhm"]
    assert Question(OPERATOR, FILTERS, only=CampaignRef("bolt", 1, "c")).record()["clients"] == ["bolt"]


def test_one_campaign_says_its_client_by_itself() -> None:
    question = Question(OPERATOR, FILTERS)
    assert question.clients == ("acme", "böhm")
    assert question.about(CampaignRef("bolt", 1, "c")).clients == ("bolt",)
    assert question.about(SPRING).about(None) == question


def test_what_is_changed_leaves_the_rest_as_it_was() -> None:
    question, later = Question(OPERATOR, FILTERS, NOON, SPRING), Days(date(2026, 4, 1), date(2026, 4, 2))
    assert question.over(later) == Question(OPERATOR, replace(FILTERS, days=later), NOON, SPRING)
    assert question.at(None) == Question(OPERATOR, FILTERS, None, SPRING)
    assert question.filtered(max_cpm=None) == Question(OPERATOR, replace(FILTERS, max_cpm=None), NOON, SPRING)
    ann = Principal("ann", "analyst")
    assert question.asked_by(ann) == Question(ann, FILTERS, NOON, SPRING)


def test_users_with_the_same_grants_share_what_was_read_and_no_others() -> None:
    ann = Principal("a", "client", frozenset({"acme"}), user_id=1)
    twin = replace(ann, name="b", user_id=2)
    others = [
        replace(ann, clients=frozenset({"bolt"})),
        replace(ann, clients=frozenset()),
        replace(ann, money=False),
        replace(ann, role="analyst"),
    ]
    asked = [Question(who, FILTERS).shared() for who in (ann, twin, *others)]
    assert asked[0] == asked[1]
    assert len(set(asked)) == 1 + len(others)
    assert Question(ann, FILTERS).shared() != Question(ann, FILTERS, NOON).shared()


def test_days_that_differ_by_client_are_written_read_again_and_shown_to_nobody_else() -> None:
    own = {"acme": Days(date(2026, 3, 1), date(2026, 3, 6)), "bolt": WEEK}
    days, ranges = joined(own)
    asked = Question(Principal("boss", "admin"), Filters(days, ranges=ranges))
    assert json.loads(asked.line())["ranges"] == {
        "acme": ["2026-03-01", "2026-03-06"],
        "bolt": ["2026-03-01", "2026-03-07"],
    }
    assert filters_of(asked.line(), ()) == asked.filters
    assert filters_of(asked.line(), ("acme",)) == Filters(own["acme"], ("acme",))
    shown = readable(Principal("r", "client", frozenset({"acme"})), asked.line())
    assert json.loads(shown)["ranges"] == {"acme": ["2026-03-01", "2026-03-06"]}
    assert asked.about(SPRING).filters == Filters(own["acme"])


@pytest.mark.parametrize("ranges", ['["acme"]', '{"acme": ["soon", "later"]}', '{"acme": ["2026-03-01"]}', "7"])
def test_days_of_clients_that_cannot_be_read_are_refused_with_a_sentence(ranges: str) -> None:
    line = Question(OPERATOR, FILTERS).line().replace('"to":', f'"ranges": {ranges}, "to":')
    with pytest.raises(UsageError, match="cannot be read"):
        filters_of(line, ("acme",))
