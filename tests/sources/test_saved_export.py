"""Files of one account: which mapping reads them, what is said of it, and one sentence where none does."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from typing import Any

import pytest

from perfdash.config.file_mapping import FileMapping, mapping_toml, of_preset, parse_mapping
from perfdash.config.models import SourceConfig
from perfdash.config.presets import EXPORTS
from perfdash.domain.errors import BadAnswer, UsageError
from perfdash.sources.recognition import recognise
from perfdash.sources.saved_export import NamedFile, SavedExport, read_exports
from tests.fixtures.workbooks import workbook
from tests.sources.routed import FIELDS, configured, custom

HEAD = ",".join(FIELDS.values())
LINE = "c1,TikTok,2026-03-01,1,2,3"
META = (
    "Reporting starts,Reporting ends,Day,Campaign name,Campaign ID,Platform,Amount spent (EUR),Impressions,Clicks (all)"
)
META_LINE = "2026-03-01,2026-03-01,2026-03-01,Spring,1202,facebook,12.50,1000,10"


def source(**tables: Any) -> SourceConfig:
    config: SourceConfig = custom("https://api.example.com", {"type": "none"}, **({"fields": FIELDS} | tables)).config
    return config


def saved(*contents: str | bytes, config: SourceConfig | None = None, **how: Any) -> SavedExport:
    files = [
        NamedFile(f"report{n}.csv", one if isinstance(one, bytes) else one.encode())
        for n, one in enumerate(contents, 1)
    ]
    return read_exports(files, config or source(), "EUR", **how)


def refused(*contents: str | bytes, **how: Any) -> str:
    with pytest.raises(BadAnswer) as caught:
        saved(*contents, **how)
    return str(caught.value)


def text(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def test_a_table_is_a_row_for_each_line() -> None:
    assert list(saved(text(HEAD, LINE)).rows) == [
        {"id": "c1", "network": "TikTok", "day": "2026-03-01", "shown": "1", "clicked": "2", "spent": "3"}
    ]


# --- columns that are not there


@pytest.mark.parametrize("field", list(FIELDS))
def test_a_column_that_every_row_needs_is_missed_by_its_own_name(field: str) -> None:
    name = FIELDS[field]
    said = refused(text(HEAD.replace(name, "other"), "1,2,3,4,5,6"))
    assert said.startswith(f'it has no column "{name}", where fields.{field} says that the {field} stands')


@pytest.mark.parametrize("field", ["cost", "revenue", "campaign_name"])
@pytest.mark.parametrize(
    ("written", "there"), [("totals", "total_"), ("Total spent", "Total spend"), ("umsatz", "Umsätze")]
)
def test_a_mapped_column_that_is_not_there_is_an_error_that_names_the_nearest(
    field: str, written: str, there: str
) -> None:
    config = source(fields=FIELDS | {field: json.dumps(written)})
    said = refused(text(f"{HEAD},{there}", f"{LINE},4"), config=config)
    assert f'it has no column "{written}"' in said
    assert f'the nearest is "{there}"' in said


def test_a_column_that_a_preset_names_may_be_missing_but_not_one_of_ones_own() -> None:
    own = SourceConfig.model_validate({"type": "meta_export", "fields": {"views": "ThruPlays"}})
    assert refused(text(META, META_LINE), config=own).startswith('it has no column "ThruPlays"')
    usual = SourceConfig.model_validate({"type": "meta_export"})
    assert saved(text(META, META_LINE), config=usual).mapping.fields.views is None


@pytest.mark.parametrize(
    "cost",
    [
        {"path": "gone", "zero_when_missing": True},
        {"path": "gone", "by": "k", "pick": "x"},
        {"constant": "0"},
        {"path": "gone || spent"},
    ],
)
def test_a_column_that_may_be_missing_is_not_missed(cost: dict[str, Any]) -> None:
    config = source(fields=FIELDS | {"cost": cost})
    assert len(saved(text(HEAD.replace("spent", "other"), "1,2,3,4,5,6"), config=config).rows) == 1


def test_a_column_is_named_by_its_whole_path() -> None:
    config = source(fields=FIELDS | {"cost": "metrics.spend"})
    assert refused(text(HEAD, LINE), config=config).startswith('it has no column "metrics.spend", where fields.cost')
    assert saved(text(HEAD.replace("spent", "metrics.spend"), LINE), config=config).columns["cost"] == "metrics.spend"


@pytest.mark.parametrize("name", ["Spent", " spent ", "SPENT", "\u00a0spent"])
def test_case_and_blanks_of_a_header_do_not_matter(name: str) -> None:
    assert len(saved(text(HEAD.replace("spent", name), LINE)).rows) == 1


def test_of_several_paths_the_first_that_is_there_counts() -> None:
    config = source(fields=FIELDS | {"cost": ["net", "spent", "gross"]})
    found = saved(text(f"{HEAD},gross", f"{LINE},9"), config=config)
    assert found.columns["cost"] == "spent"
    assert saved(text(f"{HEAD},net", f"{LINE},9"), config=config).columns["cost"] == "net"


def test_two_columns_of_one_name_that_differ_are_no_guess() -> None:
    head = f"{HEAD},spent"
    assert 'two of its columns are named "spent" and differ' in refused(text(head, f"{LINE},4"))
    assert len(saved(text(head, f"{LINE},3")).rows) == 1
    second = source(fields=FIELDS | {"cost": '"spent (2)"'})
    assert saved(text(head, f"{LINE},4"), config=second).columns["cost"] == "spent (2)"
    first = source(fields=FIELDS | {"cost": '"spent (1)"'})
    assert saved(text(head, f"{LINE},4"), config=first).columns["cost"] == "spent (1)"


# --- whose export it is


def test_the_export_of_an_ads_manager_is_recognised_where_the_sources_own_columns_are_missing() -> None:
    found = saved(text(META, META_LINE))
    assert found.mapping.name == "meta_export"
    assert found.said == ("report1.csv: read as CSV; its columns are those of meta_export",)
    assert found.columns["cost"] == "Amount spent (EUR)"


def test_one_name_that_is_spelled_in_another_way_does_not_make_it_another_ones_export() -> None:
    lines = text(
        "campaignId,campaignName,platform,date,impressions,clicks,spend,Impr.", "1,a,TikTok,2026-03-01,1,1,1,1"
    )
    config = configured("performance_v1", "https://api.example.com").config
    assert refused(lines, config=config).startswith('it has no column "cost"')
    assert recognise(["Campaign ID", "Campaign name", "Platform", "Date", "Impr.", "Clicks", "Spend"]) is None


def test_what_fits_nothing_is_told_with_the_nearest_preset() -> None:
    said = refused(text(META.replace("Clicks (all)", "Results"), META_LINE))
    assert said.startswith('it has no column "id", where fields.campaign')
    assert said.endswith("it looks most like a meta_export (--mapping meta_export)")


def test_a_header_that_any_of_them_could_have_is_nobodys() -> None:
    assert recognise(["Date", "Campaign name", "Impressions", "Clicks", "Spend"]) is None
    assert recognise(["something", "else"]) is None


def test_amounts_in_another_currency_than_the_accounts_are_refused() -> None:
    config = SourceConfig.model_validate({"type": "meta_export"})
    said = refused(text(META.replace("EUR", "USD"), META_LINE), config=config)
    assert 'it has no column "Amount spent (EUR)"' in said
    assert 'the nearest is "Amount spent (USD)"' in said
    own = source(fields=FIELDS | {"cost": '"spent (USD)"'})
    assert refused(text(HEAD.replace("spent", "spent (USD)"), LINE), config=own) == (
        'its column "spent (USD)" is not in EUR, the currency of the account'
    )


def test_only_the_finer_columns_that_a_file_has_make_its_rows_finer() -> None:
    config = SourceConfig.model_validate({"type": "meta_export"})
    assert saved(text(META, META_LINE), config=config).mapping.records.finer == ()
    found = saved(text(f"{META},Ad name,Age", f"{META_LINE},a1,18-24"), config=config)
    assert found.mapping.records.finer == ('"Ad name"', "Age")


def test_without_a_platform_the_constant_of_the_preset_stands() -> None:
    config = SourceConfig.model_validate({"type": "meta_export"})
    without = saved(text(META.replace("Platform", "Other"), META_LINE), config=config).mapping.fields.platform
    assert (without.paths, without.constant) == ((), "Meta")
    beside = saved(text(META, META_LINE), config=config).mapping.fields.platform
    assert (beside.paths, beside.constant) == (("Platform",), None)


# --- forms


def zipped(name: str, body: bytes, *more: str) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in (name, *more):
            archive.writestr(one, body)
    return found.getvalue()


def test_content_decides_on_the_form_before_the_name() -> None:
    plain = text(HEAD, LINE).encode()
    rows = [dict(zip(HEAD.split(","), LINE.split(","), strict=True))]
    lines = "\n".join(json.dumps(row) for row in rows * 2)
    sheet = workbook({"Report": [HEAD.split(","), LINE.split(",")]})
    for body in (
        plain,
        gzip.compress(plain),
        zipped("x.csv", plain, "__MACOSX/x.csv"),
        json.dumps(rows).encode(),
        lines.encode(),
        lines.encode("utf-16"),
        sheet,
        gzip.compress(sheet),
    ):
        assert [row["id"] for row in saved(body).rows] in (["c1"], ["c1", "c1"])


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"\xd0\xcf\x11\xe0" + b"0" * 100, "it is an old Excel workbook (.xls)"),
        (b"%PDF-1.7", "it is a PDF"),
        (b"<!DOCTYPE html><html>", "it is a web page"),
        (b"PK\x03\x04" + b"0" * 100, "no ZIP archive that can be read"),
        (b"\x1f\x8bxxxx", "no ZIP archive that can be read"),
        (zipped("a.csv", b"x", "b.csv"), "it is an archive of 2 files"),
        (zipped("a.zip", zipped("a.csv", b"x")), "it is an archive inside an archive"),
        (b'{"id": 1}\n[2]\n', "it is not JSON"),
        (b'{"id": 1}\n{"id": 2}, {"id": 3}\n', "each of its lines must be one JSON object"),
    ],
)
def test_what_cannot_be_read_is_one_clear_sentence(body: bytes, says: str) -> None:
    assert says in refused(body)


def test_a_bomb_is_refused_before_it_unpacks() -> None:
    config = source(limits={"body_mib": 1})
    big = b"0" * 30_000_000
    for body in (gzip.compress(big), zipped("a.csv", big), workbook({"A": [["x" * 20_000_000]]})):
        assert "limits.body_mib" in refused(body, config=config)


# --- several files


def test_several_files_are_one_answer_in_which_columns_go_by_what_they_mean() -> None:
    config = SourceConfig.model_validate({"type": "meta_export"})
    german = "Tag;Kampagnen-ID;Kampagnenname;Impressionen;Klicks (alle);Ausgegebener Betrag (EUR);Anzeigenname"
    found = saved(text(META, META_LINE), text(german, "2026-03-02;1203;Herbst;5;1;2,50;a1"), config=config)
    assert [row["Campaign ID"] for row in found.rows] == ["1202", "1203"]
    assert [row["Amount spent (EUR)"] for row in found.rows] == ["12.50", "2,50"]
    assert [row["Anzeigenname"] for row in found.rows] == [None, "a1"]
    assert found.mapping.records.finer == ("Anzeigenname",)
    assert len(found.said) == 2


def test_a_platform_that_only_one_of_the_files_names_is_the_presets_in_the_others() -> None:
    config = SourceConfig.model_validate({"type": "meta_export"})
    found = saved(text(META.replace("Platform", "x"), META_LINE), text(META, META_LINE), config=config)
    assert (found.mapping.fields.platform.paths, found.mapping.fields.platform.constant) == (("Platform",), "Meta")
    assert [row["Platform"] for row in found.rows] == [None, "facebook"]


def test_totals_of_each_file_come_behind_all_rows() -> None:
    found = saved(text(HEAD, LINE, "Total,,,1,2,3"), text(HEAD, LINE.replace("c1", "c2")))
    assert [row["id"] for row in found.rows] == ["c1", "c2", "Total"]


def test_files_of_different_kinds_are_not_one_report() -> None:
    assert refused(text(HEAD, LINE), text(META, META_LINE)).startswith("the files are of different kinds")


def test_a_file_among_several_that_cannot_be_used_is_named() -> None:
    assert refused(text(HEAD, LINE), text("a,b", "1,2")).startswith("report2.csv: it has no column")


# --- a mapping of one's own


def test_a_mapping_that_was_saved_is_read_back() -> None:
    for kind in EXPORTS:
        mapping = of_preset(kind)
        again = parse_mapping(mapping_toml(mapping), kind)
        assert (again.fields, again.records) == (mapping.fields, mapping.records)


def test_a_named_mapping_is_the_only_one_that_is_tried() -> None:
    mapping = parse_mapping(
        '[fields]\ncampaign = "a"\nday = "b"\nplatform = { constant = "X" }\n'
        'impressions = "c"\nclicks = "d"\ncost = "e"\n',
        "mine",
    )
    assert saved(text("a,b,c,d,e", "1,2,3,4,5"), mapping=mapping).mapping.name == "mine"
    assert refused(text(HEAD, LINE), mapping=mapping).startswith('it has no column "a"')


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("[fields", "it is not valid TOML"),
        ("records = 1", "records must be a table"),
        ("[fields]\ncost = 'a b'", "fields.cost.path: this is not a JMESPath expression"),
        ("[fields]\nspend = 'x'", "fields.spend: there is no such setting"),
        ("base_url = 'x'", "there is no such setting"),
    ],
)
def test_a_mapping_that_cannot_be_used_names_its_place(said: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_mapping(said, "mine.toml")
    assert str(caught.value).startswith("The mapping mine.toml cannot be used: ")
    assert says in str(caught.value)


def test_every_part_of_a_mapping_survives_being_saved() -> None:
    text_of_it = mapping_toml(
        parse_mapping(
            '[records]\nfiner = ["\\"Ad \\\\\\"x\\\\\\"\\""]\nmissing = ["-"]\nheader = 3\nsheet = "A \\"b\\""\n'
            '[fields]\ncampaign = "a"\nday = { path = "b", format = "%d.%m.%Y" }\n'
            'platform = { path = ["p", "q"], map = { "x y" = "TikTok", z = "X" } }\n'
            'impressions = "c"\nclicks = { path = "d", zero_when_missing = true }\n'
            'cost = { path = "e", scale = "cents" }\n',
            "mine",
        )
    )
    again: FileMapping = parse_mapping(text_of_it, "mine")
    assert mapping_toml(again) == text_of_it
    assert again.records.header == 3 and again.fields.platform.map == {"x y": "TikTok", "z": "X"}
