"""Ten ads managers, five ways of downloading each: what is read is pandas' own sum of the same rows, to the micro."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from perfdash.config.models import SourceConfig
from perfdash.domain.accounts import Account
from perfdash.domain.facts import Sheet
from perfdash.ingest import merge_pages
from perfdash.sources.saved_export import NamedFile
from perfdash.sync.import_file import FileRequest, read_files
from tests.fixtures.exports import FORMS, SHAPES, ExportForm, ExportShape, clean_table, exported, sums

ACCOUNT = Account("acme", "export", "1", "EUR", "Europe/Berlin")
AT = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.preset)
def test_an_export_is_read_to_the_micro(shape: ExportShape, form: ExportForm) -> None:
    table = clean_table(shape, random.Random(f"{shape.preset} {form.name}"), form.finer)
    name, body = exported(shape, form, table)
    config = SourceConfig.model_validate({"type": shape.preset})
    saved = read_files([NamedFile(name, body)], config, ACCOUNT, FileRequest(), AT)
    whole = merge_pages.merge([saved.batch])
    assert whole.quarantined == ()
    found = {
        (day, campaign, platform): row[1:4] for (day, campaign, platform, _), row in Sheet.of(whole.facts).rows.items()
    }
    assert found == sums(shape, table)
    assert whole.totals is not None
    totals = whole.totals.closed(Sheet.of(whole.facts).rows.values()).measures
    assert totals["cost"].stored == 10_000 * int(table["cost"].sum())
    assert totals["cost"].left_out in (0, totals["cost"].stored)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.preset)
def test_halves_of_an_export_are_one_report(shape: ExportShape) -> None:
    table = clean_table(shape, random.Random(shape.preset), finer=True)
    files = []
    for part, form in ((table[::2], FORMS[1]), (table[1::2], replace(FORMS[3], finer=True))):
        name, body = exported(shape, form, part)
        files.append(NamedFile(name, body))
    config = SourceConfig.model_validate({"type": shape.preset})
    whole = merge_pages.merge([read_files(files, config, ACCOUNT, FileRequest(), AT).batch])
    assert whole.quarantined == ()
    facts = Sheet.of(whole.facts).rows.items()
    assert {(d, c, p): row[1:4] for (d, c, p, _), row in facts} == sums(shape, table)
