"""The process that reads a file: what it gets to know, what it may take, and what is left when it takes more."""

from __future__ import annotations

import gzip
import os
import sys
import threading
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from perfdash.commands import import_worker
from perfdash.config.file_mapping import parse_mapping
from perfdash.config.models import SourceConfig
from perfdash.domain.accounts import Account
from perfdash.domain.imports import ImportOrder, OwnMapping
from perfdash.sync import import_file, import_preview
from perfdash.ui.imports import reading

ACCOUNT = Account("acme", "agency", "acme-1", "EUR", "Europe/Berlin", number=1)
HEAD = "Day,Campaign ID,Campaign name,Impressions,Clicks (all),Amount spent (EUR)\n"
MIB = 2**20


def order(path: Path, name: str = "", **more: object) -> ImportOrder:
    source = SourceConfig.model_validate(
        {"type": "performance_v1", "base_url": "https://api.example.com", "key": {"env": "AGENCY_KEY"}}
    )
    return ImportOrder(str(path), name or path.name, ACCOUNT, import_preview.as_json(source), **more)  # type: ignore[arg-type]


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["performance_v1", "tiktok_business", "meta_insights", "file", "meta_export"])
def test_a_source_comes_through_to_the_process_as_it_is(kind: str) -> None:
    said = {"type": kind, "base_url": "https://api.example.com", "key": {"env": "AGENCY_KEY"}}
    if kind in ("file", "meta_export"):
        said = {"type": kind}
    if kind == "file":
        names = ("campaign", "day", "platform", "impressions", "clicks", "cost")
        said["fields"] = {name: name for name in names}  # type: ignore[assignment]
    found = SourceConfig.model_validate(said)
    again = SourceConfig.model_validate_json(import_preview.as_json(found))
    assert (again.fields, again.records, again.type, again.limits) == (
        found.fields,
        found.records,
        found.type,
        found.limits,
    )


def test_the_process_knows_neither_the_database_nor_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PERFDASH_DATABASE_URL", "CUSTOM_ANALYTICS_API_KEY", "AGENCY_KEY", "PERFDASH_CONFIG"):
        monkeypatch.setenv(name, "secret")
    assert "secret" not in reading._bare().values()
    assert "PATH" in reading._bare()


def test_a_zip_bomb_is_one_sentence_and_ends_soon(tmp_path: Path) -> None:
    workbook, packed = tmp_path / "bomb.xlsx", tmp_path / "bomb.csv.gz"
    names = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>',
    }
    with zipfile.ZipFile(workbook, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for name, text in names.items():
            file.writestr(name, text)
        with file.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            for _ in range(700):
                sheet.write(b"a" * MIB)
    with gzip.open(packed, "wb", compresslevel=1) as file:
        for _ in range(200):
            file.write(b"1,2\n" * (MIB // 4))
    for path in (workbook, packed):
        began = time.monotonic()
        found = reading.looked_at(order(path))
        assert "unpack" in found.problem
        assert found.rows == ()
        assert time.monotonic() - began < 60


@pytest.mark.full
def test_who_takes_too_much_memory_or_time_is_ended_and_the_page_gets_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "report.csv", HEAD + "2026-03-01,1,Spring,10,1,1.00\n")
    real = reading.subprocess.Popen

    def instead(code: str) -> None:
        monkeypatch.setattr(
            reading.subprocess, "Popen", lambda _arguments, **rest: real([sys.executable, "-c", code], **rest)
        )

    limits = "from perfdash.commands.import_worker import limit; "
    instead(f"{limits}limit(30, 2**30); b = bytearray(2**31)")
    assert reading.looked_at(order(path)).problem == reading.ENDED
    instead(f"{limits}limit(1, 2**30)\nwhile True: pass")
    assert reading.looked_at(order(path)).problem == reading.TOO_LONG
    monkeypatch.setattr(reading, "READING_SECONDS", 1.0)
    instead("import time; time.sleep(60)")
    assert reading.looked_at(order(path)).problem == reading.TOO_LONG
    monkeypatch.setattr(reading, "READING_SECONDS", 30.0)
    instead("import os; os.abort()")
    assert reading.looked_at(order(path)).problem == reading.ENDED
    instead("print('x' * 10_000_000)")
    assert reading.looked_at(order(path)).problem in (reading.ENDED, reading.TOO_LONG)
    instead("print('{\"problem\": 1}')")
    assert reading.looked_at(order(path)).problem == reading.ENDED
    assert reading.stored(order(path, user_id=1)).message == reading.UNSURE


def test_more_files_than_there_is_room_for_wait_their_turn_and_are_then_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_free", threading.BoundedSemaphore(1))
    monkeypatch.setattr(reading, "WAIT_SECONDS", 0.1)
    reading._free.acquire()
    path = written(tmp_path / "report.csv", HEAD)
    assert reading.looked_at(order(path)).problem == reading.BUSY
    assert reading.stored(order(path, user_id=1)).message == reading.BUSY


@pytest.mark.full
def test_a_preview_is_small_however_large_the_file_is(tmp_path: Path, full: bool) -> None:
    rows = 200_000 if full else 20_000
    lines = (f"2026-03-{1 + n % 28:02d},{n},{'Name ' * 30},10,1,1.00" for n in range(rows))
    found = reading.looked_at(order(written(tmp_path / "report.csv", HEAD + "\n".join(lines))))
    assert found.problem == ""
    assert found.counts.fetched == rows
    assert found.totals is not None
    assert found.totals.measures["cost"].read == rows * 1_000_000
    assert len(found.rows) == 10


def test_the_mapping_that_is_offered_reads_the_same_file_alike_from_the_command_line(tmp_path: Path) -> None:
    path = written(
        tmp_path / "r.csv", 'When,Camp "x",Spend,Seen,Taps,Ad\n01/03/2026,a,"1,5",10,1,p\n01/03/2026,a,"2,5",20,2,q\n'
    )
    own = OwnMapping(
        {"day": "When", "campaign": 'Camp "x"', "cost": "Spend", "impressions": "Seen", "clicks": "Taps"},
        platform="TikTok",
        numbers="1.234,56",
        days="%d/%m/%Y",
        finer=("Ad",),
    )
    found = reading.looked_at(order(path, own=own))
    assert found.problem == ""
    assert found.rows[0].measures["cost"] == 4_000_000
    config = import_preview.source_of(order(path))
    request = import_file.FileRequest(parse_mapping(found.toml, "mapping.toml"))
    saved = import_file.read_paths([path], config, ACCOUNT, request, datetime.now(UTC))
    assert [(key.day.isoformat(), values.cost) for key, values in saved.batch.facts.items()] == [
        ("2026-03-01", 4_000_000)
    ]


def test_the_limits_are_set_on_this_system() -> None:
    if os.name != "posix":
        pytest.skip("there are none")
    assert import_worker.MEMORY < 4 * 2**30
    assert reading.READING_SECONDS > import_worker.READING_SECONDS
    assert reading.STORING_SECONDS > import_worker.STORING_SECONDS
