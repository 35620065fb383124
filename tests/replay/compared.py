"""What perfdash lists as changed, beside what the rebuilding lists: each change once, and none that was not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

from perfdash.domain.access import OPERATOR
from perfdash.domain.accounts import Days
from perfdash.domain.as_of import AsOf, AtRevisions
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.domain.restatements import ADDED, Event, Moved
from perfdash.domain.restatements import RESTATED_FIELDS as THEIRS
from perfdash.store.restatements import read as restatement_read
from tests.replay.listed import FIELDS, Listed, View, added_up, listed
from tests.replay.rebuilt import Moment
from tests.replay.scene import Scene


def same_changes(scene: Scene, view: View, since: Moment, until: Moment, *, while_open: bool) -> int:
    """Compare both lists and what they add up to; how many changes there were."""
    assert (*FIELDS[:-2], "reported_cpm", "reported_roi", "currency") == THEIRS
    filters = Filters(
        Days(date.fromisoformat(view.first), date.fromisoformat(view.last)), view.clients, view.platforms, view.currency
    )
    moments = (_when(since or {}) if since is not None else None, _when(until))
    if moments[0] is None:  # nothing changes after now
        return 0
    found = restatement_read.events(
        scene.store, Question(OPERATOR, filters, moments[1]), moments[0], while_open=while_open
    )
    wanted = listed(scene.memory, view, since, until, scene.zones, while_open=while_open)
    told = Counter(_event(scene, event) for event in found)
    expected = Counter(_listed(one) for one in wanted)
    assert told - expected == Counter(), ("invented", view, since, until, while_open)
    assert expected - told == Counter(), ("not told", view, since, until, while_open)
    assert [event.at for event in found] == sorted((event.at for event in found), reverse=True)
    moved = restatement_read.movement(
        scene.store, Question(OPERATOR, filters, moments[1]), moments[0], while_open=while_open
    )
    assert {_key(scene, one): _moved(one) for one in moved} == added_up(wanted)
    return len(wanted)


def _when(moment: Moment) -> AsOf | None:
    return AtRevisions(tuple(sorted(moment.items()))) if isinstance(moment, Mapping) else moment


def _event(scene: Scene, event: Event) -> tuple[Any, ...]:
    label = scene.of(event.client, event.account).label
    named = (event.client, label, str(event.day), event.campaign, event.creator, event.platform)
    sides = [None if side[0] is None else side[:-1] for side in (event.then, event.now)]
    return named, event.kind, event.at, event.revision, event.timing, *sides


def _listed(one: Listed) -> tuple[Any, ...]:
    sides = [None if side is None else tuple(side[name] for name in FIELDS) for side in (one.then, one.now)]
    return one.named, one.kind, one.at, one.revision, one.timing, *sides


def _key(scene: Scene, one: Moved) -> tuple[Any, ...]:
    return one.client, scene.of(one.client, one.account).label, one.campaign, str(one.day), one.revision


def _moved(one: Moved) -> dict[str, Any]:
    found: dict[str, Any] = {"events": one.events, "vanished": one.vanished, "reappeared": one.reappeared}
    found |= {f"changed {name}": count for name, count in zip(FIELDS, one.changed, strict=False)}
    return found | dict(zip(ADDED, one.differences, strict=True))
