"""Rows of a `performance_v1` answer -> facts, campaign attributes and creators, or a reason why a row is refused.

What is normalised, flagged, quarantined and fatal stands in docs/sources.md. `read` takes the rows of one page;
`answer.together` joins pages. fetched = facts + quarantined + duplicates in every result.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from perfdash import platforms, reported
from perfdash.accounts import Account, Days
from perfdash.answer import later
from perfdash.payload import Batch, CampaignAttributes, FactKey, FactValues, Quarantined
from perfdash.reported import Refused
from perfdash.row_shape import KeyPart, Row, key_part, payload_of, shaped

CONFLICT = "the same campaign, creator, platform and day came with different values"


def read(rows: Sequence[object], account: Account, days: Days) -> Batch:
    """The rows of one page as a batch. Raises nothing for a bad row, whatever it is: it is quarantined."""
    page = _Page(account, days)
    for raw, row, reason in shaped(rows):
        if row is None:
            page.refuse(reason, page.key_of(key_part(raw)), raw)
        else:
            page.take(row)
    return page.batch(len(rows))


class _Page:
    """What has been read of one page so far. Values that repeat from row to row are converted once."""

    def __init__(self, account: Account, days: Days) -> None:
        self._account, self._range = account, days
        self._asked = {name.casefold(): name for name in account.platforms}
        self._facts: dict[FactKey, FactValues] = {}
        self._rows: dict[FactKey, Row] = {}
        self._repeats: dict[FactKey, int] = {}
        self._conflicts: dict[FactKey, list[Row]] = {}
        self._refused: list[Quarantined] = []
        self._campaigns: dict[str, CampaignAttributes] = {}
        self._creators: dict[str, str] = {}
        self._days: dict[str, date] = {}
        self._ids: dict[str | int, str] = {}
        self._platforms: dict[str, tuple[str, bool]] = {}
        self._attributes: dict[str, tuple[object, ...]] = {}
        self._names: dict[str, object] = {}

    def take(self, row: Row) -> None:
        """One row of the right shape: kept as a fact, counted as a repeat, or refused."""
        key = None
        try:
            key = self._key(row)
            self._check_asked(key)
            values = self._values(row)
            self._note_attributes(key.campaign, row)
            if key.creator:
                self._note_creator(key.creator, row.get("creatorName"))
        except Refused as refusal:
            self.refuse(str(refusal), key, row)
            return
        before = self._facts.get(key)
        if before is None:
            self._facts[key], self._rows[key] = values, row
        elif before == values:
            self._repeats[key] = self._repeats.get(key, 0) + 1
        else:
            self._conflicts.setdefault(key, []).append(row)

    def refuse(self, reason: str, key: FactKey | None, raw: object) -> None:
        """Into quarantine. A key that could be read keeps its current version in the ledger."""
        self._refused.append(Quarantined(reason[:300], key, payload_of(raw)))

    def key_of(self, row: KeyPart | None) -> FactKey | None:
        """The key of a row that is refused anyway, if it can be read."""
        try:
            return None if row is None else self._key(row)
        except Refused:
            return None

    def batch(self, fetched: int) -> Batch:
        """All of it, once rows that contradict each other are out."""
        spoiled = {row.key for row in self._refused if row.key in self._facts} | self._conflicts.keys()
        for key in sorted(key for key in spoiled if key is not None):
            del self._facts[key]
            same = [self._rows[key]] * (1 + self._repeats.pop(key, 0))
            for row in same + self._conflicts.get(key, []):
                self.refuse(CONFLICT, key, row)
        duplicates = sum(self._repeats.values())
        return Batch(self._facts, self._campaigns, self._creators, tuple(self._refused), duplicates, fetched)

    def _key(self, row: KeyPart) -> FactKey:
        campaign = self._id(row.get("campaignId"), "campaignId")
        if not campaign:
            raise Refused("campaignId is missing")
        label = row.get("date")
        day = self._days.get(label) if label else None
        if day is None:
            day = reported.day(label, "date")
            self._days[str(label)] = day
        platform, _ = self._platform(row.get("platform"))
        return FactKey(day, campaign, platform, self._id(row.get("creatorId"), "creatorId"))

    def _id(self, value: str | int | None, field: str) -> str:
        if value is None:
            return ""
        found = self._ids.get(value)
        if found is None:
            found = self._ids[value] = reported.identifier(value, field)
        return found

    def _platform(self, value: str | None) -> tuple[str, bool]:
        """Its one spelling, and whether it is known. An asked one is spelled as the configuration does."""
        found = self._platforms.get(value) if value else None
        if found is None:
            name, known = platforms.spelled(reported.plain(value or ""))
            if not name:
                raise Refused("platform is missing")
            found = self._platforms[value or ""] = (self._asked.get(name.casefold(), name), known)
        return found

    def _check_asked(self, key: FactKey) -> None:
        if not self._range.start <= key.day <= self._range.end:
            raise Refused(f"day {key.day} was not asked for (asked: {self._range})")
        if self._asked and key.platform.casefold() not in self._asked:
            raise Refused("platform was not asked for")

    def _values(self, row: Row) -> FactValues:
        flags: list[str] = [] if self._platform(row.get("platform"))[1] else ["unknown_platform"]
        count, micros, exact = reported.count, reported.micros, reported.exact
        impressions = count(row.get("impressions"), "impressions")
        clicks = count(row.get("clicks"), "clicks")
        cost = micros(row.get("cost"), "cost", flags)
        cpm, roi, revenue, conversions = row.get("cpm"), row.get("roi"), row.get("revenue"), row.get("conversions")
        reach, views, engagements = row.get("reach"), row.get("views"), row.get("engagements")
        self._check_currency(row.get("currency"))
        reported_cpm = None if cpm is None else exact(cpm, "cpm")
        if clicks > impressions:
            flags.append("clicks_over_impressions")
        if reported_cpm is not None and reported.cpm_disagrees(reported_cpm, cost, impressions):
            flags.append("cpm_disagrees")
        return FactValues(
            impressions,
            clicks,
            cost,
            None if reach is None else count(reach, "reach"),
            None if views is None else count(views, "views"),
            None if engagements is None else count(engagements, "engagements"),
            None if conversions is None else micros(conversions, "conversions", flags),
            # Refunds make negative revenue; it is the one measure that can go below zero.
            None if revenue is None else micros(revenue, "revenue", flags, signed=True),
            reported_cpm,
            None if roi is None else exact(roi, "roi"),
            self._account.currency,
            tuple(flags),
        )

    def _check_currency(self, said: str | None) -> None:
        if said is not None and said != self._account.currency and said.strip().upper() != self._account.currency:
            raise Refused(f"currency is not the account's {self._account.currency}")

    def _note_attributes(self, campaign: str, row: Row) -> None:
        name, status = row.get("campaignName"), row.get("status")
        budget, start, end = row.get("budget"), row.get("startDate"), row.get("endDate")
        said = (name, status, budget, start, end)
        if self._attributes.get(campaign) == said:
            return
        found = CampaignAttributes(
            campaign,
            reported.name(name, "campaignName"),
            None if budget is None else reported.micros(budget, "budget", []),
            None if start is None else reported.day(start, "startDate"),
            None if end is None else reported.day(end, "endDate"),
            reported.name(status, "status", longest=40),
        )
        self._attributes[campaign] = said
        self._campaigns[campaign] = later(self._campaigns.get(campaign), found)

    def _note_creator(self, creator: str, said: object) -> None:
        if said is not None and self._names.get(creator) != said:
            name = reported.name(said, "creatorName")
            self._names[creator] = said
            if name is not None:
                self._creators[creator] = name
