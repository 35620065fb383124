"""Ten ways in which a sign-in ends x four things that were copied from it before: nothing outlives the next message.

Whoever ends it does so in the database, from another process than the server: nothing may be known only to one of them.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import update
from websockets.exceptions import ConnectionClosed

from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.accounts import Days
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.store import schema
from perfdash.store.auth import sessions, users
from perfdash.store.engine import Store
from perfdash.store.maintenance import erase
from perfdash.store.share_links import links
from tests.fixtures.app import AppServer, copy_project, serving
from tests.fixtures.socket_client import COOKIE, Visitor
from tests.product.installation import PASSWORD
from tests.store.builders import NOON, given_client, given_facts, opened

LINK_COOKIE = "perfdash_link"
SECONDS = 5.0
"""How long an open page may stay that sends nothing."""
CANARY = "canary-campaign-7741"
YESTERDAY = date.today() - timedelta(days=1)
_names = (f"person{number}" for number in count())


@dataclass
class Carried:
    """What was copied while the sign-in lived: where the app lay, the cookie, two open pages, a download's address."""

    url: str
    who: str
    name: str
    cookie: str
    socket: Visitor
    tab: Visitor
    file: str


@dataclass
class Scene:
    """A running app and its store, opened beside it."""

    server: AppServer
    store: Store


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One client with numbers; no source, so that nothing is fetched."""
    folder: Path = tmp_path_factory.mktemp("revocation")
    root, database = copy_project(folder / "project"), folder / "store.db"
    with opened(f"sqlite:///{database}") as store:
        given_client(store, "acme")
        days = (date.today() - timedelta(days=n) for n in range(1, 40))
        given_facts(store, *({"client_id": "acme", "day": day, "campaign_id": CANARY} for day in days))
        users.add_user(store, OPERATOR, "keeper", PASSWORD, "admin", NOON, rounds=4)
        with serving(root, folder, {"PERFDASH_DATABASE_URL": f"sqlite:///{database}", "PERFDASH_WATCH": "0"}) as server:
            yield Scene(server, store)


def now() -> datetime:
    return datetime.now(UTC)


def by_password(scene: Scene) -> Carried:
    """An analyst of acme, signed in by password."""
    who = next(_names)
    users.add_user(scene.store, OPERATOR, who, PASSWORD, "analyst", now(), clients=("acme",), rounds=4)
    with Visitor(scene.server.url, page="campaigns") as visitor:
        visitor.run().sign_in(who, PASSWORD)
        cookie = visitor.redeem()
    return _carried(scene.server.url, who, COOKIE, cookie)


def by_link(scene: Scene) -> Carried:
    """Somebody who came by a client link."""
    asked = Filters(Days(YESTERDAY - timedelta(days=9), YESTERDAY), ("acme",))
    made, token = links.make(
        scene.store,
        Question(Principal("keeper", "admin"), asked),
        "acme",
        "For the board",
        money=True,
        expires_at=now() + timedelta(days=3),
        clock=now,
    )
    url = f"{scene.server.url}/link/{token}"
    answer = _opener().open(url, timeout=120)
    cookie = answer.headers["Set-Cookie"].split(";")[0].partition("=")[2]
    return _carried(url, made.link_id, LINK_COOKIE, cookie)


def _carried(url: str, who: str, name: str, cookie: str) -> Carried:
    pages = [Visitor(url, page="campaigns", cookie=cookie, cookie_name=name).run() for _ in ("socket", "tab")]
    for page in pages:
        assert CANARY.encode() in page.received, page.text
    file = pages[0].download("CSV")
    carried = Carried(url, who, name, cookie, *pages, file)
    status, body = fetched(carried)
    assert status == 200
    assert CANARY in body
    return carried


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def _opener() -> urllib.request.OpenerDirector:
    class _Answers(urllib.request.HTTPErrorProcessor):
        def http_response(self, request: object, response: object) -> object:
            return response

    return urllib.request.build_opener(_Stay, _Answers)


def fetched(carried: Carried) -> tuple[int, str]:
    """What the address of the download answers to the copied cookie."""
    asked = urllib.request.Request(
        f"{carried.url}{carried.file}", headers={"Cookie": f"{carried.name}={carried.cookie}"}
    )
    try:
        with urllib.request.urlopen(asked, timeout=120) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def its_session(store: Store, who: str) -> str:
    """The newest session of a user."""
    (user,) = [user for user in users.list_users(store, OPERATOR) if user.username == who]
    with store.reading() as connection:
        s = schema.sessions.c
        found = schema.sessions.select().where(s.user_id == user.user_id).order_by(s.created_at.desc())
        return str(connection.execute(found).first().session_id)  # type: ignore[union-attr]


def user_id(store: Store, who: str) -> int:
    return next(user.user_id for user in users.list_users(store, OPERATOR) if user.username == who)


def aged(store: Store, who: str, **values: datetime) -> None:
    """As if that time had passed."""
    with store.writing() as connection:
        of_user = schema.sessions.c.user_id == user_id(store, who)
        connection.execute(update(schema.sessions).where(of_user).values(**values))


def signs_out(scene: Scene, carried: Carried) -> None:
    with Visitor(scene.server.url, page="campaigns", cookie=carried.cookie) as third:
        third.run().press("Sign out")


WAYS: dict[str, Callable[[Scene, Carried], object]] = {
    "logout": signs_out,
    "everywhere": lambda s, c: sessions.end_all(s.store, user_id(s.store, c.who), now(), "everywhere"),
    "password": lambda s, c: users.set_password(s.store, OPERATOR, c.who, "another good password", now(), rounds=4),
    "role": lambda s, c: users.set_role(s.store, OPERATOR, c.who, "client", now()),
    "grant": lambda s, c: users.revoke(s.store, OPERATOR, c.who, "acme", now()),
    "deactivate": lambda s, c: users.set_active(s.store, OPERATOR, c.who, False, now()),
    "delete": lambda s, c: erase.erase_user(s.store, OPERATOR, c.who, now()),
    "idle": lambda s, c: aged(s.store, c.who, last_seen=now() - timedelta(hours=3)),
    "absolute": lambda s, c: aged(s.store, c.who, expires_at=now() - timedelta(seconds=1)),
    "link revoked": lambda s, c: links.revoke(s.store, OPERATOR, "acme", c.who, now()),
}


def shows_nothing(visitor: Visitor, ask: Callable[[], object]) -> bool:
    """True when what comes after `ask` is the form, or the end of the connection, and no data."""
    visitor.received.clear()
    try:
        ask()
    except ConnectionClosed:
        return CANARY.encode() not in visitor.received
    return visitor.is_signed_out and CANARY.encode() not in visitor.received


@pytest.mark.parametrize("way", WAYS)
def test_nothing_that_was_copied_outlives_the_end_of_a_sign_in(scene: Scene, way: str) -> None:
    carried = (by_link if way == "link revoked" else by_password)(scene)
    WAYS[way](scene, carried)
    survived = []
    if not shows_nothing(carried.socket, carried.socket.run):
        survived.append("open socket")
    with Visitor(carried.url, page="campaigns", cookie=carried.cookie, cookie_name=carried.name) as copied:
        if not shows_nothing(copied, copied.run):
            survived.append("copied cookie")
    status, body = fetched(carried)
    if status == 200 or CANARY in body:
        survived.append("export URL")
    carried.tab.received.clear()
    if not carried.tab.ended(SECONDS) or CANARY.encode() in carried.tab.received:
        survived.append("second tab")
    carried.socket.close()
    carried.tab.close()
    assert survived == [], f"{way}: {len(survived)} of 4 survived"
