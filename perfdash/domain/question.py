"""The question: who asks, about what, as of when. Also the one place that writes and reads a question as text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Days
from perfdash.domain.as_of import END_OF_TIME, AsOf, AtRevisions, instant, parse
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.errors import UsageError
from perfdash.domain.facts import MICRO
from perfdash.domain.filters import Filters, Ranges
from perfdash.domain.metrics import money

View = Literal["overview", "campaigns", "creators", "daily", "campaign_days"]
VIEWS: tuple[View, ...] = get_args(View)
"""How an answer is grouped: what `query` and the exports are named by."""
EVERY_DAY = Days(date.min, date.max)
"""For questions whose days do not matter. Not to be walked through."""


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks, about what, as of when. The argument of every query and the key of every cached read.

    `as_of` None is now. With `only`, it is about that one campaign and `filters.clients` does not matter. Whatever is
    asked, a query shows what `principal` may see and no more.
    """

    principal: Principal
    filters: Filters
    as_of: AsOf | None = None
    only: CampaignRef | None = None

    @property
    def clients(self) -> tuple[str, ...]:
        """The clients it is narrowed to; empty is all in scope."""
        return self.filters.clients if self.only is None else (self.only.client,)

    def days_of(self, client: str) -> set[date]:
        """The days that are in view of `client`; of a client link only its own."""
        lock = self.principal.lock
        return {day for day in self.filters.days_of(client).each() if lock is None or lock.holds(day)}

    def over(self, days: Days, ranges: Ranges = ()) -> Question:
        """The same about other days."""
        return replace(self, filters=self.filters.over(days, ranges))

    def at(self, as_of: AsOf | None) -> Question:
        """The same as of another moment."""
        return replace(self, as_of=as_of)

    def about(self, campaign: CampaignRef | None) -> Question:
        """The same about one campaign, on its client's own days; None: about all."""
        if campaign is None or not self.filters.ranges:
            return replace(self, only=campaign)
        own = self.filters.over(self.filters.days_of(campaign.client))
        return replace(self, only=campaign, filters=own)

    def asked_by(self, principal: Principal) -> Question:
        """The same, asked by somebody else."""
        return replace(self, principal=principal)

    def filtered(self, **changes: Any) -> Question:
        """The same with other filters; `changes` are fields of Filters."""
        return replace(self, filters=replace(self.filters, **changes))

    def shared(self) -> Question:
        """What of it decides the answer: users with the same grants share what was read."""
        return self.asked_by(replace(self.principal, name="", user_id=None))

    def record(self) -> dict[str, Any]:
        """Its filters as JSON; see `filters_record`."""
        return filters_record(replace(self.filters, clients=self.clients))

    def line(self) -> str:
        """The question as one canonical line, for receipts; who asks stands beside it."""
        written = self.record() | {"as_of": as_of_text(self.as_of)}
        if self.only is not None:
            campaign = self.only
            written["campaign"] = {"client": campaign.client, "account": campaign.account, "id": campaign.campaign}
        return json.dumps(written, ensure_ascii=False, sort_keys=True)


def of_every_day(principal: Principal, clients: Sequence[str] = (), as_of: AsOf | None = None) -> Question:
    """A question whose days do not matter: about all that `principal` may see, or that of some clients."""
    return Question(principal, Filters(EVERY_DAY, tuple(clients)), as_of)


def filters_record(filters: Filters) -> dict[str, Any]:
    """Filters as JSON; the empty list stands for all, a limit is in currency units.

    `ranges`, client -> its first and last day, is there only where they differ.
    """
    own = {client: [str(days.start), str(days.end)] for client, days in filters.ranges}
    return {
        "from": str(filters.days.start),
        "to": str(filters.days.end),
        "clients": list(filters.clients),
        "platforms": list(filters.platforms),
        "currency": filters.currency,
        "max_cpm": _amount(filters.max_cpm),
        "cpm_grain": filters.cpm_grain,
        "values": "raw" if filters.raw else "effective",
    } | ({"ranges": own} if own else {})


def _amount(micros: int | None) -> str | None:
    amount = money(micros)
    return None if amount is None else format(amount, "f")


def as_of_text(as_of: AsOf | None) -> str | None:
    """A moment in UTC, or a bare day; None for now."""
    if isinstance(as_of, AtRevisions):
        return None if as_of.at == END_OF_TIME else instant(as_of.at)
    if isinstance(as_of, datetime):
        return instant(as_of)
    return as_of.isoformat() if isinstance(as_of, date) else None


def as_of_of(line: str) -> AsOf | None:
    """The moment in a written question; None where it asked about now, or cannot be read."""
    try:
        written = _written(line).get("as_of")
        return parse(written) if isinstance(written, str) else None
    except UsageError:
        return None


def readable(principal: Principal, line: str) -> str:
    """A written question as far as `principal` may know it: no other client's name, no limit without money.

    What cannot be read is shown to nobody but those who see all.
    """
    if principal.sees_all and principal.money:
        return line
    try:
        written: dict[str, Any] = json.loads(line)
        written["clients"] = [name for name in written.get("clients") or () if principal.may_see(name)]
        if own := {name: days for name, days in (written.pop("ranges", None) or {}).items() if principal.may_see(name)}:
            written["ranges"] = own
        if not principal.money and written.pop("max_cpm", None) is not None:
            written["by_price"] = True
    except (ValueError, TypeError, AttributeError):
        return line if principal.sees_all else ""
    return json.dumps(written, ensure_ascii=False, sort_keys=True)


def hides_a_limit(line: str) -> bool:
    """True when `readable` left a CPM limit out, of which the reader may not know more, or may have left one out."""
    try:
        return _written(line).get("by_price") is True
    except UsageError:
        return True


def question_of(principal: Principal, line: str, clients: Sequence[str], as_of: AsOf | None = None) -> Question:
    """What `Question.line` wrote, asked by `principal` about `clients`, whatever others it names.

    UsageError when it cannot be read.
    """
    filters, named = filters_of(line, clients), _written(line).get("campaign")
    try:
        only = CampaignRef(str(named["client"]), int(named["account"]), str(named["id"])) if named else None
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable() from error
    return Question(principal, filters, as_of, only)


def filters_of(line: str, clients: Sequence[str]) -> Filters:
    """The filters in a written question, about `clients` whatever it says. UsageError when they cannot be read."""
    written = _written(line)
    try:
        limit, own = written.get("max_cpm"), written.get("ranges") or {}
        found = Filters(
            days=Days(date.fromisoformat(written["from"]), date.fromisoformat(written["to"])),
            ranges=tuple(sorted((name, Days(*map(date.fromisoformat, days))) for name, days in own.items())),
            platforms=tuple(written.get("platforms") or ()),
            currency=written.get("currency"),
            max_cpm=None if limit is None else int(Decimal(limit) * MICRO),
            cpm_grain="campaign" if written.get("cpm_grain") == "campaign" else "row",
            raw=written.get("values") == "raw",
        )
        return found.among(tuple(sorted(clients)))
    except (ValueError, KeyError, TypeError, ArithmeticError, AttributeError) as error:
        raise _unreadable() from error


def _written(line: str) -> Mapping[str, Any]:
    try:
        written = json.loads(line)
    except ValueError as error:
        raise _unreadable() from error
    if not isinstance(written, dict):
        raise _unreadable()
    return written


def _unreadable() -> UsageError:
    return UsageError("The question of this export cannot be read any more.")
