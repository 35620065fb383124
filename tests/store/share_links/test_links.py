"""Client links in the store: who makes and ends them, what opens, and when a link stops to."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete, func, insert, select, update

from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.accounts import Days
from perfdash.domain.errors import AccessDenied, UsageError
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.domain.security import Security
from perfdash.domain.share_links import Against
from perfdash.store import audit
from perfdash.store.auth import sessions
from perfdash.store.engine import Store
from perfdash.store.maintenance import erase
from perfdash.store.query import overview
from perfdash.store.schema import grants, link_views, metadata, users
from perfdash.store.schema import links as table
from perfdash.store.share_links import links
from perfdash.store.share_links import views as share_link_views
from perfdash.store.share_links.links import Link
from tests.store.builders import ADMIN, MAKER, NOON, given_client, given_facts, given_maker, given_revisions, reader

pytestmark = pytest.mark.any_dialect

DAYS = Days(date(2026, 2, 1), date(2026, 3, 9))
BEFORE = Days(date(2025, 12, 26), date(2026, 1, 31))
QUESTION = Filters(DAYS, ("acme",), ("TikTok",))
AGAINST = Against("before", DAYS, BEFORE)
MONTH = NOON + timedelta(days=30)
BOSS = Principal(MAKER, "admin", user_id=1)
ANN = Principal("ann", "analyst", frozenset({"acme"}), user_id=2)
BEN = Principal("ben", "analyst", frozenset({"acme"}), user_id=3)
POOR = Principal("poor", "analyst", frozenset({"acme"}), money=False, user_id=4)
EVA = Principal("eva", "analyst", frozenset({"bolt"}), user_id=5)
IDLE = Security().idle


@pytest.fixture
def world(store: Store) -> Store:
    """Two clients, an admin and four analysts."""
    given_client(store, "acme")
    given_client(store, "bolt")
    given_revisions(store, "acme", NOON)
    given_facts(store, {"platform": "TikTok"}, {"platform": "Meta"})
    given_maker(store)
    for who in (ANN, BEN, POOR, EVA):
        given_maker(store, who.name, "analyst", money=who.money)
    granted(store)
    return store


def granted(store: Store) -> None:
    with store.writing() as connection:
        ids = dict(connection.execute(select(users.c.username, users.c.user_id)).all())
        rows = [
            {"client_id": client, "user_id": ids[who.name]} for who in (ANN, BEN, POOR, EVA) for client in who.clients
        ]
        connection.execute(insert(grants), rows)


def made(store: Store, principal: Principal = ANN, **more: object) -> tuple[Link, str]:
    asked = {
        "client": "acme",
        "label": "For the board",
        "money": principal.money,
        "expires_at": MONTH,
        "clock": lambda: NOON,
        "against": AGAINST,
    } | more
    question = Question(principal, asked.pop("filters", QUESTION), asked.pop("as_of", NOON))  # type: ignore[arg-type]
    return links.make(store, question, **asked)  # type: ignore[arg-type]


def came(store: Store, link: Link, token: str, now: datetime = NOON) -> tuple[str, str]:
    """Somebody who opens a link as the route does: the session's name, and its cookie."""
    found = links.open_link(store, token, now)
    assert found == link
    session, cookie = sessions.begin_link(store, link.link_id, now, link.expires_at, Security())
    share_link_views.viewed(store, link, session.session_id, share_link_views.OPENED, now)
    return session.session_id, cookie


def still_opens(store: Store, link: Link, token: str, now: datetime = NOON) -> bool:
    """Both questions about a link must agree."""
    opens, principal = links.open_link(store, token, now), links.principal_of(store, link.link_id, now)
    assert (opens is None) == (principal is None)
    return principal is not None


# --- what a link is


def test_who_comes_by_a_link_is_a_reader_of_one_client_under_its_lock(world: Store) -> None:
    link, token = made(world)
    found = links.principal_of(world, link.link_id, NOON)
    assert found is not None
    assert (found.role, found.name, found.user_id, found.money) == ("link", "link: For the board", None, True)
    assert found.clients == {"acme"}
    assert found.lock is not None
    assert (found.lock.days, found.lock.before, found.lock.platforms) == (DAYS, BEFORE, ("TikTok",))
    assert found.lock.as_of == NOON
    assert links.open_link(world, token, NOON) == link
    assert link.shared.period.previous == BEFORE


def test_the_token_is_random_shown_once_and_kept_nowhere(world: Store) -> None:
    tokens = [made(world, label=f"link {n}")[1] for n in range(3)]
    assert len(set(tokens)) == 3
    assert all(len(token) == 43 for token in tokens), "32 random bytes, as URL-safe text"
    with world.reading() as connection:
        held = "\n".join(str(row) for each in metadata.sorted_tables for row in connection.execute(select(each)))
    assert not [token for token in tokens if token in held]


def test_a_link_without_a_comparison_locks_its_days_only(world: Store) -> None:
    link, _ = made(world, against=None)
    assert link.shared.lock.before is None
    assert link.shared.period.reason


def test_a_link_may_show_less_than_its_maker_sees_and_never_more(world: Store) -> None:
    link, _ = made(world, money=False)
    found = links.principal_of(world, link.link_id, NOON)
    assert found is not None
    assert not found.money
    with pytest.raises(AccessDenied):
        made(world, POOR, money=True)
    assert made(world, POOR)[0].money is False


def test_only_admins_and_the_clients_analysts_make_links(world: Store) -> None:
    nobody_stands_for = OPERATOR
    by_link = Principal("ann", "link", frozenset({"acme"}))
    for who in (reader("acme"), EVA, Principal("new", "analyst"), by_link, nobody_stands_for):
        with pytest.raises(AccessDenied):
            made(world, who)
    with world.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(table)) == 0
    assert audit.entries(world, ADMIN) == ()


def test_a_page_that_was_open_when_its_user_lost_the_client_makes_no_link(world: Store) -> None:
    with world.writing() as connection:
        connection.execute(delete(grants).where(grants.c.client_id == "acme"))
    with pytest.raises(AccessDenied):
        made(world, ANN)


CANNOT_HOLD: tuple[tuple[dict[str, object], str], ...] = (
    ({"label": "  "}, "name"),
    ({"label": "x" * 81}, "name"),
    ({"label": "a\x00b"}, "name"),
    ({"label": "a\u202eb"}, "name"),
    ({"expires_at": NOON}, "expires"),
    ({"expires_at": NOON + timedelta(days=367)}, "expires"),
    ({"expires_at": MONTH.replace(tzinfo=None)}, "expires"),
    ({"as_of": NOON + timedelta(seconds=1)}, "moment"),
    ({"as_of": NOON.replace(tzinfo=None)}, "moment"),
    ({"filters": replace(QUESTION, clients=("acme", "bolt"))}, "one client"),
    ({"filters": replace(QUESTION, clients=("bolt",))}, "one client"),
    ({"filters": replace(QUESTION, raw=True)}, "raw"),
    ({"filters": replace(QUESTION, max_cpm=5)}, "currency"),
    ({"filters": replace(QUESTION, max_cpm=5, currency="EUR"), "money": False}, "CPM limit"),
    ({"as_of": NOON.date()}, "moment"),
    ({"against": Against("same_age", DAYS, BEFORE)}, "age"),
)


def test_what_a_link_cannot_hold_is_refused_with_a_sentence(world: Store) -> None:
    for wrong, says in CANNOT_HOLD:
        with pytest.raises(UsageError, match=says):
            made(world, **wrong)


def test_a_link_holds_its_question_whatever_characters_it_has(world: Store) -> None:
    odd = replace(QUESTION, platforms=("Ti'k\"Tök {}", "%s"), currency="EUR", max_cpm=12_500_000, cpm_grain="campaign")
    link, token = made(world, filters=odd, label="Größe “Q1” — 100 %")
    found = links.open_link(world, token, NOON)
    assert found == link
    assert found.shared.filters == odd
    assert found.shared.lock.max_cpm == 12_500_000
    assert found.shared.lock.cpm_grain == "campaign"


# --- what opens


def test_tokens_that_were_tampered_with_open_nothing(world: Store) -> None:
    link, token = made(world)
    tried = [
        "",
        token[:-1],
        token[1:],
        f"{token}A",
        token.swapcase(),
        f" {token}",
        f"{token}\x00",
        token[::-1],
        links.digest(token),
        link.link_id,
        "%",
        "' OR '1'='1",
        "\ud800",
        "A" * 10_000,
    ]
    assert [text for text in tried if links.open_link(world, text, NOON) is not None] == []
    for text in (links.digest(token), token, "", "%"):
        assert links.principal_of(world, text, NOON) is None


def test_an_expired_link_opens_for_nobody_from_that_moment_on(world: Store) -> None:
    link, token = made(world)
    assert still_opens(world, link, token, MONTH - timedelta(microseconds=1))
    assert not still_opens(world, link, token, MONTH)


def test_a_session_by_a_link_ends_with_the_link_at_the_latest(world: Store) -> None:
    soon = NOON + timedelta(hours=1)
    link, token = made(world, expires_at=soon)
    name, cookie = came(world, link, token)
    assert sessions.by_token(world, cookie, soon - timedelta(seconds=1), idle=IDLE, touch=False) is not None
    assert sessions.by_token(world, cookie, soon, idle=IDLE, touch=False) is None
    assert sessions.alive(world, {name}, soon, IDLE) == frozenset()


@pytest.mark.parametrize("who", [ANN, BOSS, BEN], ids=["its maker", "an admin", "another analyst of the client"])
def test_revoking_ends_the_link_and_all_its_sessions_at_once(world: Store, who: Principal) -> None:
    link, token = made(world)
    other, other_token = made(world, label="Another")
    mine, cookie = came(world, link, token)
    kept, _ = came(world, other, other_token)
    links.revoke(world, who, "acme", link.link_id, NOON)
    assert not still_opens(world, link, token)
    assert sessions.by_token(world, cookie, NOON, idle=IDLE) is None
    assert sessions.alive(world, {mine, kept}, NOON, IDLE) == {kept}
    assert still_opens(world, other, other_token)
    links.revoke(world, who, "acme", link.link_id, NOON)  # changes nothing
    lines = [(line.actor, line.subject) for line in audit.entries(world, ADMIN) if line.action == "link revoke"]
    assert lines == [(who.name, "acme")]


@pytest.mark.parametrize("who", [EVA, reader("acme"), Principal("x", "link", frozenset({"acme"}))])
def test_others_revoke_nothing_and_learn_nothing(world: Store, who: Principal) -> None:
    link, token = made(world)
    said = set()
    for name in (link.link_id, "unknown"):
        with pytest.raises((UsageError, AccessDenied)) as refused:
            links.revoke(world, who, "acme", name, NOON)
        said.add(str(refused.value))
    assert len(said) == 1, "what is not yours reads like what is not there"
    assert still_opens(world, link, token)


def test_whoever_made_a_link_may_end_it_even_without_the_client(world: Store) -> None:
    link, token = made(world)
    links.revoke(world, replace(ANN, clients=frozenset()), "acme", link.link_id, NOON)
    assert not still_opens(world, link, token)


CHANGES = {
    "deactivated": {"active": False},
    "no analyst any more": {"role": "client"},
    "no money any more": {"money": False},
    "erased": {"active": False, "erased_at": NOON, "username": "erased-2"},
    "a demo user, outside of the demo": {"demo": True},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_link_dies_with_its_makers_right_to_make_it(world: Store, change: str) -> None:
    link, token = made(world)
    poor, poor_token = made(world, money=False, label="no money")
    gone = {came(world, link, token)[0]}
    if change != "no money any more":
        gone.add(came(world, poor, poor_token)[0])
    everybody = gone | {came(world, poor, poor_token)[0]}
    assert links.closed_sessions(world, everybody, NOON) == frozenset()
    with world.writing() as connection:
        connection.execute(update(users).where(users.c.username == "ann").values(**CHANGES[change]))
    assert not still_opens(world, link, token)
    assert links.closed_sessions(world, everybody, NOON) >= gone
    assert links.closed_sessions(world, gone, NOON) == gone
    assert links.closed_sessions(world, (), NOON) == frozenset(), "only those that are asked about"
    assert still_opens(world, poor, poor_token) == (change == "no money any more")
    state = {one.link.label: one.state for one in share_link_views.list_links(world, BOSS, NOON)}
    assert state["For the board"] == "stopped"


def test_a_link_dies_when_its_maker_loses_the_client(world: Store) -> None:
    link, token = made(world)
    with world.writing() as connection:
        connection.execute(delete(grants).where(grants.c.client_id == "acme"))
    assert not still_opens(world, link, token)


def test_a_later_user_of_the_same_name_does_not_bring_a_link_back(world: Store) -> None:
    link, token = made(world)
    with world.writing() as connection:
        later = NOON + timedelta(days=1)
        connection.execute(update(users).where(users.c.username == "ann").values(created_at=later))
    assert not still_opens(world, link, token)


def test_purging_a_client_ends_its_links_and_their_sessions(world: Store) -> None:
    link, token = made(world)
    name, cookie = came(world, link, token)
    erase.purge_client(world, ADMIN, "acme", NOON)
    assert not still_opens(world, link, token)
    assert sessions.by_token(world, cookie, NOON, idle=IDLE) is None
    assert sessions.alive(world, {name}, NOON, IDLE) == frozenset()
    share_link_views.viewed(world, link, name, "Overview", NOON)  # a page that was still open
    with world.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(link_views)) == 0


# --- the log


def test_every_look_is_logged_and_the_audit_says_made_opened_revoked(world: Store) -> None:
    link, token = made(world)
    name, _ = came(world, link, token)
    for n, what in enumerate(("Overview", "Campaigns", "CSV campaigns", "Overview"), 1):
        share_link_views.viewed(world, link, name, what, NOON + timedelta(minutes=n))
    share_link_views.viewed(world, link, name, "Overview", NOON + timedelta(minutes=4))  # the very same look
    came(world, link, token, NOON + timedelta(hours=1))
    (one,) = share_link_views.list_links(world, ANN, NOON)
    assert (one.opened, one.views, one.state) == (2, 4, "active")
    assert one.last == NOON + timedelta(hours=1)
    rows = share_link_views.views(world, ANN, "acme", link.link_id)
    assert [row.what for row in rows] == ["Opened", "Overview", "CSV campaigns", "Campaigns", "Overview", "Opened"]
    assert len({row.visit for row in rows}) == 2
    links.revoke(world, BOSS, "acme", link.link_id, NOON)
    said = [(line.action, line.subject, line.actor) for line in reversed(audit.entries(world, ADMIN))]
    by_link = "link: For the board"
    assert said == [
        ("link make", "acme", "ann"),
        ("link open", "acme", by_link),
        ("link open", "acme", by_link),
        ("link revoke", "acme", MAKER),
    ]
    assert token not in str(audit.entries(world, ADMIN))


def test_makers_see_the_links_of_their_clients_and_readers_none(world: Store) -> None:
    link, _ = made(world)
    for who in (ANN, BEN, BOSS, OPERATOR):
        assert [one.link for one in share_link_views.list_links(world, who, NOON)] == [link]
    assert share_link_views.list_links(world, BOSS, NOON, ("bolt",)) == ()
    for who in (EVA, reader("acme"), Principal("x", "link", frozenset({"acme"}))):
        assert share_link_views.list_links(world, who, NOON) == ()
        with pytest.raises(AccessDenied):
            share_link_views.views(world, who, "acme", link.link_id)
    assert share_link_views.views(world, EVA, "bolt", link.link_id) == ()


def test_a_link_s_price_limit_is_not_told_without_money(world: Store) -> None:
    limited = replace(QUESTION, max_cpm=7_770_000, currency="EUR")
    made(world, filters=limited)
    blind = replace(ANN, money=False)
    assert [one.link.shared.filters.max_cpm for one in share_link_views.list_links(world, ANN, NOON)] == [7_770_000]
    assert [one.link.shared.filters.max_cpm for one in share_link_views.list_links(world, blind, NOON)] == [None]


def test_states_are_told_apart(world: Store) -> None:
    made(world, label="short", expires_at=NOON + timedelta(hours=1))
    revoked, _ = made(world, label="revoked")
    made(world, label="long")
    links.revoke(world, ANN, "acme", revoked.link_id, NOON)
    found = {one.link.label: one.state for one in share_link_views.list_links(world, ANN, NOON + timedelta(hours=2))}
    assert found == {"short": "expired", "revoked": "revoked", "long": "active"}


# --- together with the lock


def test_a_link_made_and_opened_shows_its_question_and_no_more(world: Store) -> None:
    link, _ = made(world)
    who = links.principal_of(world, link.link_id, NOON)
    assert who is not None
    wide = Filters(Days(date(2020, 1, 1), date(2030, 1, 1)))
    assert [g.platform for g in overview.breakdown(world, Question(who, wide), ("platform",))] == ["TikTok"]
    assert len(overview.breakdown(world, Question(BOSS, wide), ("platform",))) == 2


def test_of_two_that_revoke_at_once_one_writes_the_line(world: Store) -> None:
    link, _ = made(world)
    both = [threading.Thread(target=links.revoke, args=(world, who, "acme", link.link_id, NOON)) for who in (ANN, BOSS)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sum(line.action == "link revoke" for line in audit.entries(world, ADMIN)) == 1


def test_nothing_of_a_link_depends_on_the_clock_of_the_database(world: Store) -> None:
    link, token = made(world, expires_at=datetime(2026, 3, 11, tzinfo=UTC))
    assert still_opens(world, link, token, datetime(2026, 3, 10, 23, 59, tzinfo=UTC))
