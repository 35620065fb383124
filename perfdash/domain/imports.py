"""A file that somebody wants to import: how it is to be read, what would be stored of it, and what came of storing it.

These values travel between the page and the process that reads the file, so they hold nothing but plain data, and not
much of it: a page shows some rows, never the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from perfdash.domain.accounts import Account
from perfdash.domain.control_totals import ControlTotals
from perfdash.domain.reconcile import Counts
from perfdash.domain.refusals import Refusal

MOST_ROWS = 10
"""Rows that a preview shows."""
MOST_COLUMNS = 300
"""Names of columns that a preview holds; no export that people download has more."""
LONGEST_NAME = 200
AS_SOURCE = "source"
"""The mapping of the account's own source."""


@dataclass(frozen=True, slots=True)
class OwnMapping:
    """A mapping that somebody put together on the page. '' leaves a thing to be found by itself.

    `platform` is that of all rows, where no column has it.
    """

    columns: dict[str, str]
    """Our field -> the file's column."""
    platform: str = ""
    numbers: str = ""
    days: str = ""
    finer: tuple[str, ...] = ()
    """Columns by which rows are finer than what is kept; rows that differ in them alone are added up."""


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """Read the file at `path`, which somebody calls `name`, for `account`; with `user_id`, store it in their name.

    `source` is the configuration of the account's source as JSON; it holds no key. `mapping`: '' recognises the export
    by its columns, else the name of a preset, or AS_SOURCE; `own` stands above it.
    """

    path: str
    name: str
    account: Account
    source: str
    mapping: str = ""
    own: OwnMapping | None = None
    exported_at: datetime | None = None
    """When its content held; None is now."""
    user_id: int | None = None
    sha256: str = ""
    accept_vanished: bool = False


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One row as it would be stored. Measures in their own integers, by name; those not reported are not there."""

    day: date
    campaign: str
    platform: str
    creator: str
    name: str
    """The campaign's name, where the file has one."""
    measures: dict[str, int]


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What would be stored, or in `problem` the one sentence why nothing can be; `columns` helps to mend that."""

    problem: str = ""
    mapping: str = ""
    """The mapping that was used: the name of a preset, AS_SOURCE, or '' for one's own or none."""
    recognised: bool = False
    """True when the columns alone told which export it is."""
    said: tuple[str, ...] = ()
    """What was recognised about the file itself: its encoding, the line of its header."""
    columns: tuple[str, ...] = ()
    more_columns: int = 0
    """Columns that are not in `columns`."""
    used: dict[str, str] = field(default_factory=dict)
    """Our field -> the column that it is read from; a value that holds for all rows stands in quotes."""
    finer: tuple[str, ...] = ()
    first_day: date | None = None
    last_day: date | None = None
    rows: tuple[SampleRow, ...] = ()
    facts: int = 0
    """Rows that would be stored."""
    counts: Counts = field(default_factory=Counts)
    """What came and where it goes, as far as the file alone can tell."""
    totals: ControlTotals | None = None
    refused: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()
    toml: str = ""
    """The mapping as text to keep, for `sync --file --mapping`."""

    @property
    def readable(self) -> bool:
        return not self.problem


@dataclass(frozen=True, slots=True)
class ImportResult:
    """How storing ended, in words for the page; `run` is None when none began."""

    state: str
    message: str
    run: int | None = None
    revision: int | None = None
    counts: Counts = field(default_factory=Counts)
    first_day: date | None = None
    last_day: date | None = None
    totals: ControlTotals | None = None
    refused: tuple[Refusal, ...] = ()

    @property
    def stored(self) -> bool:
        """True when the rows are visible now, also when some of them were refused."""
        return self.state in ("committed", "incomplete")
