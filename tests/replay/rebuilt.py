"""What was known when, rebuilt from the bodies as they came and from what people set. It imports nothing of perfdash.

No versions and no revisions of facts are kept: only, for each row, what was said of it and at which moments.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any, Literal
from zoneinfo import ZoneInfo

from tests.agreement.checker import MEASURES, Exchange, Fact, Known
from tests.replay.bodies import Key, Said, said_in

Moment = datetime | date | Mapping[str, int] | None
"""A moment, the end of a day in each client's zone, each client's revision (none: nothing), or now."""
Named = tuple[str, str, str, str, str, str]
"""(client, account's label, day, campaign, creator, platform)"""
Corrected = dict[Named, frozenset[str]]
"""The fields of a row that a person has set."""
NEVER = datetime.min.replace(tzinfo=UTC)
ALWAYS = datetime.max.replace(tzinfo=UTC)
TICK = timedelta(microseconds=1)
PAIRS = ("cost_of_views", "cost_of_engagements", "cost_of_conversions", "cost_of_revenue", "impressions_of_engagements")


@dataclass(frozen=True)
class Owner:
    """An account, and whose it is."""

    client: str
    number: int
    label: str
    external: str
    currency: str
    zone: str
    settlement: int | None
    refuse_at_most: int = 10_000
    """Millionths of the rows, and of the cost."""


@dataclass(frozen=True)
class Run:
    """One question to the source (inclusive days), what came, when that began and ended, and when the run was over."""

    owner: Owner
    first: str
    last: str
    accept: bool
    exchanges: tuple[Exchange, ...]
    began: datetime
    ended: datetime
    over: datetime


@dataclass
class SetValue:
    """What a person said about a row, from one moment to another (None: still)."""

    client: str
    number: int
    named: Named
    field: str
    value: int
    since: datetime
    until: datetime | None = None

    def at(self, before: datetime) -> bool:
        return self.since < before and (self.until is None or self.until >= before)


@dataclass(frozen=True)
class Judged:
    """How a run ended and what it counted."""

    state: Literal["committed", "incomplete", "failed", "suspicious"]
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def visible(self) -> bool:
        """True when what it said counts."""
        return self.state in ("committed", "incomplete")


@dataclass
class Memory:
    """Everything that was ever said, with its moment."""

    facts: dict[Named, list[tuple[datetime, Mapping[str, Any] | None]]] = field(default_factory=dict)
    campaigns: dict[tuple[str, str, str], list[tuple[datetime, dict[str, Any]]]] = field(default_factory=dict)
    creators: dict[tuple[str, str, str], str] = field(default_factory=dict)
    moments: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    """Of each client: when something changed. The first is revision 1."""
    runs: list[tuple[Run, Judged]] = field(default_factory=list)
    set: list[SetValue] = field(default_factory=list)
    owners: dict[str, Owner] = field(default_factory=dict)
    """By label."""
    repeats: bool = False
    """The sources say by what their rows differ."""
    _final: dict[tuple[str, str], datetime | None] = field(default_factory=dict)
    _known: dict[tuple[str, ...], tuple[Known, Corrected]] = field(default_factory=dict)
    """The last few answers: a question is put in several ways."""

    # --- what comes in

    def hear(self, run: Run) -> Judged:
        """Judge an answer, and remember what it says if it counts."""
        said = said_in(run.exchanges, run.owner.currency, run.first, run.last, repeats=self.repeats)
        judged = Judged("failed") if said is None else self._heard(run, said)
        self.runs.append((run, judged))
        self._final.clear()
        self._known.clear()
        return judged

    def _heard(self, run: Run, said: Said) -> Judged:
        held = self._held(run)
        named = set(said.refused)
        days = {key[0] for key in (*said.rows, *said.refused) if key is not None}
        # What is older than all that came may be no longer kept.
        closable = {key: values for key, values in held.items() if not days or key[0] >= min(days)}
        gone = [] if None in named else [key for key in closable if key not in said.rows and key not in named]
        if _too_much_refused(said, run.owner) or (not run.accept and _too_much_gone(gone, closable)):
            return Judged("suspicious")
        counts = {"fetched": said.fetched, "quarantined": len(said.refused), "duplicate": said.repeated}
        counts |= {"vanished": len(gone), "new": 0, "restated": 0, "reappeared": 0, "unchanged": 0}
        newest = self._newest(run.owner)
        for key, values in said.rows.items():
            before = held.get(key)
            if before is not None:
                counts["unchanged" if before == values else "restated"] += 1
            else:
                counts["reappeared" if self._name(run.owner, key) in self.facts else "new"] += 1
            if before != values:
                self.facts.setdefault(self._name(run.owner, key), []).append((run.over, values))
        for key in gone:
            self.facts[self._name(run.owner, key)].append((run.over, None))
        changed = self._hear_attributes(run, said, newest)
        if changed or gone or counts["new"] + counts["restated"] + counts["reappeared"]:
            self.moments[run.owner.client].append(run.over)
        return Judged("incomplete" if said.refused else "committed", counts)

    def _newest(self, owner: Owner) -> dict[str, str]:
        """The latest day that is known of each campaign of an account."""
        found: dict[str, str] = {}
        for name, story in self.facts.items():
            if name[:2] == (owner.client, owner.label) and story[-1][1] is not None:
                found[name[3]] = max(name[2], found.get(name[3], ""))
        return found

    def _held(self, run: Run) -> dict[Key, Mapping[str, Any]]:
        mine = {
            name[2:]: story[-1][1]
            for name, story in self.facts.items()
            if name[:2] == (run.owner.client, run.owner.label) and run.first <= name[2] <= run.last
        }
        return {key: values for key, values in mine.items() if values is not None}

    @staticmethod
    def _name(owner: Owner, key: Key) -> Named:
        return owner.client, owner.label, *key

    def _hear_attributes(self, run: Run, said: Said, newest: Mapping[str, str]) -> bool:
        changed = False
        for campaign, told in said.told.items():
            attributes = {name: value for name, (_, value) in told.items()}
            story = self.campaigns.setdefault((run.owner.client, run.owner.label, campaign), [])
            before = story[-1][1] if story else {}
            # What is known of a later day stays; an older one only adds to it.
            merged = attributes | before if newest.get(campaign, "") > said.newest[campaign] else before | attributes
            if not story or merged != story[-1][1]:
                story.append((run.over, merged))
                changed = True
        for creator, name in said.creators.items():
            self.creators[run.owner.client, run.owner.label, creator] = name
        return changed

    def correct(self, at: datetime, client: str, wanted: Iterable[tuple[int, Named, str, int]]) -> None:
        """`wanted`: (number, fact, field, value). A value takes the place of what stood there; a CPM that of a cost."""
        for number, named, name, value in wanted:
            places = {"cost", "cpm"} if name in ("cost", "cpm") else {name}
            for one in self.set:
                if one.named == named and one.field in places and one.until is None:
                    one.until = at
            self.set.append(SetValue(client, number, named, name, value, at))
        self.moments[client].append(at)
        self._known.clear()

    def revert(self, at: datetime, client: str, numbers: Sequence[int]) -> None:
        """What the source says counts again."""
        for one in self.set:
            if one.client == client and one.number in numbers:
                assert one.until is None
                one.until = at
        self.moments[client].append(at)
        self._known.clear()

    # --- what is asked

    def before(self, as_of: Moment, client: str, zone: str) -> datetime:
        """The first moment that `as_of` no longer includes."""
        if as_of is None:
            return ALWAYS
        if isinstance(as_of, Mapping):
            revision = min(as_of.get(client, 0), len(self.moments[client]))
            return self.moments[client][revision - 1] + TICK if revision else NEVER
        if isinstance(as_of, datetime):
            return as_of + TICK
        return datetime.combine(as_of + timedelta(days=1), datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)

    def known(self, as_of: Moment, zones: Mapping[str, str], *, raw: bool = False) -> tuple[Known, Corrected]:
        """The rows and campaigns as known then, and of which rows a person has set what. `zones`: by client."""
        key = (repr(as_of), *sorted(zones), str(raw))
        if key not in self._known:
            if len(self._known) > 4:
                self._known.pop(next(iter(self._known)))
            self._known[key] = self._rebuilt(as_of, zones, raw)
        return self._known[key]

    def _rebuilt(self, as_of: Moment, zones: Mapping[str, str], raw: bool) -> tuple[Known, Corrected]:
        until = {client: self.before(as_of, client, zone) for client, zone in zones.items()}
        found, corrected = Known(creators=self.creators), Corrected()
        set_then: dict[Named, dict[str, int]] = defaultdict(dict)
        for one in self.set:
            if not raw and one.client in until and one.at(until[one.client]):
                set_then[one.named][one.field] = one.value
        for named, story in self.facts.items():
            if named[0] not in zones:
                continue
            values = _last(story, until[named[0]])
            if values is None:
                continue
            if named in set_then:
                corrected[named] = frozenset(set_then[named])
                values = effective(values, set_then[named])
            found.facts.append(self._fact(named, values))
        for key, told in self.campaigns.items():
            attributes = _last(told, until.get(key[0], NEVER))
            if attributes is not None:
                found.campaigns[key] = attributes
        return found, corrected

    def _fact(self, named: Named, values: Mapping[str, Any]) -> Fact:
        client, label, day, campaign, creator, platform = named
        return Fact(client, label, campaign, creator, platform, day, self.owners[label].currency, values)

    def final_since(self, owner: Owner, day: str) -> datetime | None:
        """When the run that made the day final was over; None when none did."""
        if (owner.label, day) not in self._final:
            self._final[owner.label, day] = self._settled_by(owner, day)
        return self._final[owner.label, day]

    def _settled_by(self, owner: Owner, day: str) -> datetime | None:
        settled = settles(owner, day)
        good = [
            run.over
            for run, judged in self.runs
            if judged.visible
            and run.owner == owner
            and run.first <= day <= run.last
            and settled is not None
            and run.ended >= settled
        ]
        return min(good, default=None)

    def finality(self, owner: Owner, day: str, then: datetime) -> str:
        """What could be said of the day at `then`, inclusive."""
        settled, since = settles(owner, day), self.final_since(owner, day)
        if settled is None:
            return "provisional"
        if then < settled:
            return "open"
        return "final" if since is not None and since <= then else "unverified"


def _too_much_refused(said: Said, owner: Owner) -> bool:
    refused, cost = len(said.refused), max(said.refused_cost, abs(said.cost))
    if not refused:
        return False
    of_rows, of_cost = Fraction(refused, said.fetched), Fraction(said.refused_cost, cost or 1)
    return of_rows == 1 or max(of_rows, of_cost) > Fraction(owner.refuse_at_most, 10**6)


def _too_much_gone(gone: Sequence[Key], held: Mapping[Key, Mapping[str, Any]]) -> bool:
    """More than a third of the rows or of the cost, or all of a day that had cost."""
    lost, cost = (sum(abs(held[key]["cost"]) for key in keys) for keys in (gone, held))
    emptied = {key[0] for key in gone} - {key[0] for key in held if key not in set(gone)}
    return bool(gone) and (
        3 * len(gone) > len(held) or 3 * lost > cost or any(held[key]["cost"] for key in gone if key[0] in emptied)
    )


def settles(owner: Owner, day: str) -> datetime | None:
    """When the settlement window of a day is over; None when it is not known how long it is."""
    if owner.settlement is None:
        return None
    return starts(date.fromisoformat(day) + timedelta(days=1 + owner.settlement), owner.zone)


def starts(day: date, zone: str) -> datetime:
    """Midnight there."""
    return datetime.combine(day, datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)


def _last(story: Sequence[tuple[datetime, Any]], before: datetime) -> Any:
    at = bisect_left(story, before, key=lambda one: one[0])
    return story[at - 1][1] if at else None


def effective(values: Mapping[str, Any], set_: Mapping[str, int]) -> dict[str, Any]:
    """What counts of a row: a set value, or else the reported one; of a set CPM follows the cost, half-even."""
    found = dict(values) | {name: value for name, value in set_.items() if name != "cpm"}
    if "cpm" in set_:
        found["cost"] = round(Fraction(set_["cpm"] * found["impressions"], 1000))
    return found


SET_BY = {"impressions": {"impressions"}, "clicks": {"clicks"}, "cost": {"cost", "cpm"}}
"""A measure -> the corrections that set it."""


def sums(facts: Sequence[Fact], corrected: Corrected) -> dict[str, int | None]:
    """Everything that is added up of a group, by the names of perfdash; None: no row of it reports that."""
    found: dict[str, int | None] = {"rows": len(facts)}
    for name in MEASURES:
        reported = [fact.measures[name] for fact in facts if fact.measures[name] is not None]
        found[name] = sum(reported) if reported else None
    for pair in PAIRS:
        of, _, over = pair.partition("_of_")
        both = [fact.measures[of] for fact in facts if fact.measures[over] is not None]
        found[pair] = sum(both) if both else None
    found["reach"] = facts[0].measures["reach"] if len(facts) == 1 else None
    found["corrected"] = sum(named_of(fact) in corrected for fact in facts)
    for name, set_by in SET_BY.items():
        found[f"corrected_{name}"] = sum(bool(set_by & corrected.get(named_of(fact), frozenset())) for fact in facts)
    return found


def named_of(fact: Fact) -> Named:
    """The name of a row."""
    return fact.client, fact.account, fact.day, fact.campaign, fact.creator, fact.platform


def without_money(found: Mapping[str, int | None]) -> dict[str, int | None]:
    """The same sums for somebody who may not see money."""
    hidden = {name: None if "cost" in name or "revenue" in name else value for name, value in found.items()}
    return hidden | {"corrected_cost": 0}


def narrowed(known: Known, clients: Iterable[str]) -> Known:
    """What somebody may see who was granted these clients."""
    seen = set(clients)
    return replace(known, facts=[fact for fact in known.facts if fact.client in seen])
