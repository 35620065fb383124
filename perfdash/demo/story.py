"""What people did in the demo's past: two reports that were sent, a bill that was corrected, and a link to a report.

Each happens while the history is replayed, at the moment it would have happened: Mondays are those before the replay's
end, whenever that is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from fractions import Fraction

from perfdash import exports
from perfdash.demo.users import add_demo_users
from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.accounts import Days, today_in
from perfdash.domain.corrections import Range, WantedValue
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.store import key_values, receipts
from perfdash.store.auth import login, users
from perfdash.store.corrections import read as correction_read
from perfdash.store.corrections import write as correction_write
from perfdash.store.engine import Store
from perfdash.store.query import catalog, overview
from perfdash.store.share_links import links

CLIENT, ZONE = "nordlicht", "Europe/Berlin"
AUTHOR = "analyst"
REPORTED = 30
"""Days of a report: the complete ones before the Monday on which it is sent."""
KEY = "demo_story"
_CENT = 10_000
_BILLED = Fraction(97, 100)

Clock = Callable[[], datetime]


def last_monday(today: date) -> date:
    """The last Monday before `today`, which may be a Monday itself."""
    return today - timedelta(days=(today.weekday() - 1) % 7 + 1)


def go_on(store: Store, clock: Clock, anchor: datetime) -> None:
    """Do what is due at this moment of a replay that ends at `anchor`, each thing once."""
    if CLIENT not in {client.slug for client in catalog.clients(store, OPERATOR)}:
        return
    done: list[str] = json.loads(key_values.get(store, KEY) or "[]")
    here, end = today_in(ZONE, clock()), today_in(ZONE, anchor)
    monday = last_monday(end)
    acts: tuple[tuple[str, date, Callable[[Store, Clock, date], None]], ...] = (
        ("first report", monday - timedelta(days=7), _report),
        ("second report", monday, _report),
        ("correction", end - timedelta(days=1), _correct),
        ("link", end, _share),
    )
    for name, due, act in acts:
        if name not in done and due <= here:
            act(store, clock, monday)
            done.append(name)
            key_values.put(store, KEY, json.dumps(done))


def _report(store: Store, clock: Clock, _monday: date) -> None:
    """The campaigns of the last days, as a file."""
    found = exports.answer(store, _question(store, clock, today_in(ZONE, clock())), "campaigns", clock())
    exports.write_receipt(store, found, clock)


def _correct(store: Store, clock: Clock, monday: date) -> None:
    """The dearest row of a day that was in the last report: less was billed for it than the platform says."""
    asking, day = _author(store, clock), monday - timedelta(days=3)
    question = Question(asking, Filters(Days(day, day), (CLIENT,)))
    dearest = max(
        overview.breakdown(store, question, ("client", "account", "campaign")), key=lambda group: group.sums.cost or 0
    )
    over = Range(CLIENT, dearest.account, dearest.campaign, Days(day, day))
    line = max(correction_read.lines(store, asking, over), key=lambda one: one.raw.cost or 0)
    billed = int((line.raw.cost or 0) * _BILLED) // _CENT * _CENT
    reason = f"The platform's invoice for {day:%B} bills 3 % less for this day."
    correction_write.correct(store, asking, [WantedValue(line.target, "cost", billed)], reason, clock)


def _share(store: Store, clock: Clock, monday: date) -> None:
    """The last report once more, as it was sent, for who has no account."""
    sent = receipts.list_receipts(store, _author(store, clock), 1)[0]
    question = _question(store, clock, monday).at(sent.at)
    label, until = f"Report of {monday.day} {monday:%B}", clock() + timedelta(days=90)
    links.make(store, question, CLIENT, label, True, until, clock, demo=True)


def _question(store: Store, clock: Clock, day: date) -> Question:
    days = Days(day - timedelta(days=REPORTED), day - timedelta(days=1))
    return Question(_author(store, clock), Filters(days, (CLIENT,)))


def _author(store: Store, clock: Clock) -> Principal:
    add_demo_users(store, clock(), demo=True)
    (user,) = [user for user in users.list_users(store, OPERATOR) if user.username == AUTHOR]
    found = login.principal_of(store, user.user_id, demo=True)
    if found is None:  # somebody has locked the analyst out meanwhile
        return OPERATOR
    return found
