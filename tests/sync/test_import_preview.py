"""What a page shows before anything is stored: how a file was understood, what it adds up to, or what is in doubt."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

from perfdash.config.file_mapping import parse_mapping
from perfdash.config.models import SourceConfig
from perfdash.domain.accounts import Account, Days
from perfdash.sources.proposed_mapping import propose
from perfdash.sources.saved_export import NamedFile
from perfdash.sync.import_file import FileRequest
from perfdash.sync.import_preview import FilePreview, preview

ACCOUNT = Account("acme", "export", "1", "EUR", "Europe/Berlin")
AT = datetime(2026, 11, 9, tzinfo=UTC)
META = "Day,Campaign ID,Campaign name,Platform,Amount spent (EUR),Impressions,Clicks (all)\n"
LINES = "2026-11-01,1201,Spring,facebook,12.50,1000,10\n2026-11-02,1201,Spring,instagram,7.25,500,5\n"


def shown(text: str, kind: str = "meta_export", **request: Any) -> FilePreview:
    config = SourceConfig.model_validate({"type": kind})
    return preview([NamedFile("r.csv", text.encode())], config, ACCOUNT, FileRequest(**request), AT)


def test_a_good_file_shows_its_rows_as_they_would_be_stored_and_what_they_add_up_to() -> None:
    found = shown(META + LINES)
    assert (found.problem, found.mapping, found.said) == ("", "meta_export", ("r.csv: read as CSV",))
    assert found.columns is not None and found.columns["cost"] == "Amount spent (EUR)"
    assert found.rows[0] == {
        "day": "2026-11-01",
        "campaign": "1201",
        "platform": "Facebook",
        "creator": "",
        "currency": "EUR",
        "impressions": 1000,
        "clicks": 10,
        "cost": "12.500000",
        **dict.fromkeys(("reach", "views", "engagements", "conversions", "revenue")),
    }
    assert found.totals is not None and found.totals["cost"]["read"] == "19.750000"
    assert found.totals["cost"]["stored"] == "19.750000"
    assert found.counts == {"fetched": 2, "stored": 2, "added": 0, "refused": 0, "duplicate": 0, "left_out": 0}
    assert (found.first_day, found.last_day) == ("2026-11-01", "2026-11-02")
    assert found.saved is not None and len(found.saved.batch.facts) == 2


def test_it_can_be_sent_to_another_process() -> None:
    for found in (shown(META + LINES), shown("a,b\n1,2\n"), shown("nothing")):
        assert json.loads(json.dumps(found.as_json()))["problem"] == found.problem


def test_its_mapping_can_be_saved_and_is_read_back_to_the_same() -> None:
    found = shown(META + LINES)
    again = shown(META + LINES, "tiktok_export", mapping=parse_mapping(found.toml, "mine.toml"))
    assert (again.rows, again.totals) == (found.rows, found.totals)


def test_refused_rows_are_counted_by_reason() -> None:
    found = shown(META + LINES + "2026-11-03,1201,Spring,facebook,x,1,1\n2026-11-04,1201,Spring,facebook,y,1,1\n")
    assert [count for _, count in found.problems] == [2]
    assert found.counts is not None and found.counts["refused"] == 2


def test_only_the_first_rows_are_shown() -> None:
    many = "".join(f"2026-11-01,{n},Spring,facebook,1.00,1,1\n" for n in range(50))
    assert len(shown(META + many).rows) == 20


def test_a_choice_of_days_leaves_the_others_out() -> None:
    found = shown(META + LINES, days=Days(date(2026, 11, 1), date(2026, 11, 1)))
    assert len(found.rows) == 1
    assert found.counts is not None and found.counts["left_out"] == 1


def test_what_cannot_be_one_answer_is_a_problem_and_nothing_to_store() -> None:
    found = shown(META + LINES + LINES)
    assert found.saved is None
    assert "both about campaign 1201" in found.problem
    assert found.columns is not None and found.names[0] == "Day"
    assert "is not a day" not in shown(META + LINES.replace("2026", "2031")).problem
    assert shown(META + LINES.replace("2026", "2031")).saved is None


def test_an_unknown_header_is_proposed_a_mapping_with_what_is_in_doubt() -> None:
    text = "Datum;Kampagne;Einblendungen;Klicks;Kosten;Mediakosten\n2026-11-01;Spring;1000;10;12;13\n"
    found = shown(text)
    assert found.saved is None and found.problem
    assert found.proposal is not None
    assert found.proposal.columns["campaign"] == "Kampagne"
    assert "no column looks like the platform" in found.proposal.doubts
    assert 'cost is read from "Kosten", but "Mediakosten" may be meant' in found.proposal.doubts
    mapping = found.proposal.mapping({"platform": "TikTok"})
    assert mapping is not None and found.proposal.mapping() is None
    assert shown(text, mapping=mapping).rows[0]["cost"] == "12.000000"


def test_what_is_no_table_has_no_proposal() -> None:
    assert shown("nothing").proposal is None
    assert shown('{"a": [1]}').proposal is None


def test_a_proposal_reads_names_as_people_write_them() -> None:
    names = [
        "report_date",
        "CampaignID",
        "campaign_name",
        "publisherPlatform",
        "IMPRESSIONS",
        "link clicks",
        "Ad Spend (USD)",
    ]
    found = propose([*names, "Ad Set Name", "Country", "Remark"])
    assert [found.columns[one] for one in ("day", "campaign", "campaign_name", "platform")] == [
        "report_date",
        "CampaignID",
        "campaign_name",
        "publisherPlatform",
    ]
    assert (found.columns["impressions"], found.columns["clicks"], found.columns["cost"]) == tuple(names[4:])
    assert found.finer == ("Ad Set Name", "Country")
    assert found.doubts == ()


def test_a_column_is_proposed_for_one_field_alone_but_for_the_name_of_a_campaign() -> None:
    found = propose(["Date", "Campaign", "Platform", "Impressions", "Clicks", "Cost"])
    assert found.columns["campaign"] == "Campaign"
    assert "campaigns are told apart by their names: no column looks like their ids" in found.doubts
    taken = [column for name, column in found.columns.items() if name != "campaign_name"]
    assert len(set(taken)) == len(taken)
