"""The days that a command is asked about: by name, from and to, or as far as each client is complete."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from perfdash.commands.sync import day_argument
from perfdash.domain.accounts import Days
from perfdash.domain.as_of import day_before, last_day
from perfdash.domain.errors import UsageError
from perfdash.domain.filters import Ranges, joined, range_of
from perfdash.domain.periods import DEFAULT_PRESET, PRESET_LABELS, Preset, resolve
from perfdash.domain.question import Question
from perfdash.store.engine import Store
from perfdash.store.query import catalog, coverage, overview

_DEFAULT_DAYS = 30
_NAMED: dict[str, Preset] = {label.casefold(): preset for preset, label in PRESET_LABELS.items() if preset != "custom"}
_OF_EACH = "each client's own complete days"


def add_options(parser: argparse.ArgumentParser, *, first: str, last: str) -> None:
    """The three options; `first` and `last` say what is taken where none is given."""
    parser.add_argument("--from", dest="start", type=day_argument, metavar="D", help=f"first day; default: {first}")
    parser.add_argument("--to", dest="end", type=day_argument, metavar="D", help=f"last day; default: {last}")
    parser.add_argument(
        "--range", dest="range", metavar="NAME", help=f'as in the Dates of the pages, "Last 7 days": {_OF_EACH}'
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of one call, of which `name` excludes the other two."""

    start: date | None
    end: date | None
    name: str | None

    @classmethod
    def of(cls, args: argparse.Namespace) -> Asked:
        """As they were typed; UsageError for both a name and days."""
        if args.range is not None and (args.start or args.end):
            raise UsageError("--range names all the days; leave --from and --to out.")
        return cls(args.start, args.end, args.range)

    @property
    def preset(self) -> Preset | None:
        """What `name` names; UsageError for none of them."""
        if self.name is None:
            return None
        try:
            return _NAMED[self.name.strip().casefold()]
        except KeyError:
            known = ", ".join(PRESET_LABELS[preset] for preset in _NAMED.values())
            raise UsageError(f"There is no range {self.name!r}; known: {known}.") from None


def resolved(store: Store, question: Question, asked: Asked, now: datetime) -> tuple[Days, Ranges]:
    """The days of each client in view at the question's moment; by default the last thirty complete ones."""
    preset = asked.preset
    if asked.end is not None:
        return range_of(asked.start or day_before(asked.end, _DEFAULT_DAYS - 1), asked.end), ()
    complete = coverage.last_complete(store, question, now)
    today = todays(store, question, now)
    if asked.start is not None:
        last = {client: complete.get(client, day_before(day)) for client, day in today.items()}
        return joined({client: Days(asked.start, max(asked.start, day)) for client, day in last.items()})
    first = overview.first_day(store, question) if preset == "all" else None
    period = resolve(preset or DEFAULT_PRESET, complete, today, first=first)
    return period.days, period.ranges


def todays(store: Store, question: Question, now: datetime) -> dict[str, date]:
    """What each client in view calls today at the question's moment; without any client, what UTC does."""
    named: Sequence[str] = question.clients
    zones = {one.slug: one.time_zone for one in catalog.clients(store, question.principal)}
    in_view = {slug: zone for slug, zone in zones.items() if not named or slug in named} or {"": "UTC"}
    return {slug: last_day(question.as_of, zone, now) for slug, zone in in_view.items()}
