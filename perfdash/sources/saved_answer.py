"""An answer of an API that somebody saved, read as the source's own answers are (pure). Its texts quote no content."""

from __future__ import annotations

from collections.abc import Sequence

from perfdash.config.models import SourceConfig
from perfdash.config.source_models import CursorPaging, NextUrlPaging, PagePaging
from perfdash.domain.errors import BadAnswer
from perfdash.domain.secret import Secret
from perfdash.ingest import json_reader
from perfdash.ingest.field_paths import look_up
from perfdash.ingest.file_table import NO_ROWS
from perfdash.ingest.nested_rows import rows_of
from perfdash.sources.paginators import is_present, says_more, whole_number
from perfdash.sources.response import ParsedPage, first_met, records_in

_NO_KEY = Secret("", "")
_MANY_PAGES = "save the rows of all pages as one list"


def rows_in(body: bytes, config: SourceConfig) -> Sequence[object]:
    """The rows of a JSON list of rows, or of a JSON object that is one whole answer.

    BadAnswer for anything else, an error that was saved and one page of several among it.
    """
    try:
        said = json_reader.loads(body)
    except json_reader.NotStrictJson as error:
        problem = str(error)
    else:
        found = _listed(said, config) if isinstance(said, list) else _whole_answer(said, config)
        if found:
            return found
        problem = NO_ROWS
    raise BadAnswer(problem)


def _listed(said: list[object], config: SourceConfig) -> Sequence[object]:
    return said if config.records.each is None else rows_of(said, config.records.each)


def _whole_answer(said: object, config: SourceConfig) -> Sequence[object]:
    rule = first_met(config.outcomes, 200, {}, said)
    if rule is not None and rule.then != "ok":
        raise BadAnswer(f"it is no report but an answer that means {rule.then!r} (sources.NAME.outcomes)")
    found = records_in(said, config, _NO_KEY, allowed=rule is not None)
    _refuse_a_part(found, config)
    return found.rows


def _refuse_a_part(found: ParsedPage, config: SourceConfig) -> None:
    """What is missing from a part would look as if the source had taken it back."""
    paging, rows = config.paging, len(found.rows)
    total = whole_number(look_up(paging.total_rows)(found.body)) if paging.total_rows else None
    if total is not None and total != rows:
        raise BadAnswer(f"it holds {rows} of {total} rows; {_MANY_PAGES}")
    if isinstance(paging, PagePaging) and paging.total_pages:
        pages = whole_number(look_up(paging.total_pages)(found.body))
        if pages is not None and pages > 1:
            raise BadAnswer(f"it holds one page of {pages}; {_MANY_PAGES}")
    if isinstance(paging, CursorPaging | NextUrlPaging):
        more = paging.more if isinstance(paging, CursorPaging) else None
        if says_more(look_up(more)(found.body)) if more else is_present(look_up(paging.next)(found.body)):
            raise BadAnswer(f"it is not the last page, so there are more; {_MANY_PAGES}")
