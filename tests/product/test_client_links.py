"""Client links on the wire: what they show, that nothing sent in their place changes it, and when they end.

What a browser makes of them stands in tests/browser/test_client_links.py.
"""

from __future__ import annotations

import itertools
import os
import re
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select

from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.accounts import Days
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.domain.share_links import Against
from perfdash.store import schema
from perfdash.store.auth import users
from perfdash.store.engine import Store
from perfdash.store.share_links import links
from perfdash.store.share_links import views as link_views
from perfdash.store.share_links.links import Link
from perfdash.ui.runtime import navigation
from perfdash.ui.server import link_route
from tests.fixtures.app import AppServer, copy_project, serving
from tests.fixtures.socket_client import Visitor
from tests.isolation.tampering import Tamperer, hostile
from tests.product.installation import PASSWORD
from tests.store.builders import (
    NOON,
    Runs,
    given_campaign,
    given_client,
    given_creator,
    given_facts,
    given_revisions,
    opened,
)

FULL = os.environ.get("PERFDASH_FULL") == "1"
COOKIE = "perfdash_link"
TODAY = datetime.now(UTC).date()
DAYS = Days(TODAY - timedelta(days=20), TODAY - timedelta(days=11))
BEFORE = Days(DAYS.start - timedelta(days=10), DAYS.start - timedelta(days=1))
CANARY = "Zqxcanary"
CANARIES = (CANARY, "7340033", "7,340,033", "7.34M", "rival", "Rival")
"""In everything that lies outside of the link: names, counts in three spellings, and another client."""
BOSS = Principal("boss", "admin", user_id=1)
PAGES = ("", "campaigns", "campaign", "definitions")
FORBIDDEN = (*(page.path for page in navigation.PAGES if page.path not in PAGES), "no-such-page")


@dataclass(frozen=True)
class Scene:
    """A running app, its store, and the moment its links are pinned to."""

    server: AppServer
    store: Store
    then: datetime


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A client with numbers inside and outside of a link's days, platforms and moment, and another client."""
    folder = tmp_path_factory.mktemp("links")
    root, database = copy_project(folder / "project"), folder / "store.db"
    then = datetime.now(UTC) - timedelta(hours=2)
    with opened(f"sqlite:///{database}") as store:
        for client in ("acme", "rival"):
            given_client(store, client, zone="UTC")
            given_revisions(store, client, then - timedelta(hours=1), then + timedelta(hours=1))
            Runs(store, client).add(BEFORE.start, TODAY, at=then - timedelta(hours=1))
        inside = {"campaign_id": "spring", "creator_id": "ann"}
        given_facts(store, *({"day": day} | inside for day in DAYS.each()))
        given_facts(store, *({"day": day, "impressions": 900} | inside for day in BEFORE.each()))
        given_campaign(store, "spring", name="Spring")
        given_creator(store, "ann", "Ann")
        _outside(store)
        users.add_user(store, OPERATOR, "boss", PASSWORD, "admin", NOON, rounds=4)
        with serving(root, folder, {"PERFDASH_DATABASE_URL": f"sqlite:///{database}", "PERFDASH_WATCH": "0"}) as server:
            yield Scene(server, store, then)


def _outside(store: Store) -> None:
    day = DAYS.start
    other: tuple[dict[str, Any], ...] = (
        {"day": TODAY - timedelta(days=1)},
        {"day": BEFORE.start - timedelta(days=1)},
        {"day": day, "platform": f"{CANARY}-tv"},
        {"day": day, "currency": "USD"},
        {"day": day, "client_id": "rival"},
    )
    for n, row in enumerate(other):
        named = {"campaign_id": f"{CANARY}-{n}", "creator_id": f"{CANARY}-{n}", "impressions": 7_340_033}
        given_facts(store, named | row)
        client = row.get("client_id", "acme")
        given_campaign(store, f"{CANARY}-{n}", name=f"{CANARY} {n}", client=client)
        given_creator(store, f"{CANARY}-{n}", f"{CANARY} {n}", client=client)
    given_facts(store, {"campaign_id": f"{CANARY}-later", "day": day, "impressions": 7_340_033}, revision=2)


def made(scene: Scene, **more: object) -> tuple[Link, str]:
    """A link to the inside, pinned before what came later."""
    asked: dict[str, Any] = {
        "client": "acme",
        "label": "For the board",
        "money": True,
        "against": Against("before", DAYS, BEFORE),
        "expires_at": datetime.now(UTC) + timedelta(days=3),
        "clock": lambda: datetime.now(UTC),
    }
    as_of = more.pop("as_of", scene.then)
    filters = more.pop("filters", Filters(DAYS, ("acme",), ("TikTok",), "EUR"))
    return links.make(scene.store, Question(BOSS, filters, as_of), **(asked | more))  # type: ignore[arg-type]


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object) -> None:
        return None


def asked(scene: Scene, path: str, method: str = "GET", **headers: str) -> tuple[int, Any, str]:
    """Status, headers and body of one request; redirects are not followed."""
    request = urllib.request.Request(scene.server.url + path, headers=headers, method=method)
    try:
        with urllib.request.build_opener(_Stay).open(request, timeout=120) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


@dataclass(frozen=True)
class Visit:
    """Somebody who opened the link with this token, and got this cookie."""

    token: str
    cookie: str

    @property
    def path(self) -> str:
        return f"/link/{self.token}"


def visit_of(scene: Scene, token: str) -> Visit:
    """Open a link as a browser does."""
    status, headers, _ = asked(scene, f"/link/{token}")
    assert status == 200
    return Visit(token, SimpleCookie(headers["Set-Cookie"])[COOKIE].value)


def came(scene: Scene, visit: Visit, query: str = "", page: str = "", **more: str) -> Visitor:
    url = f"{scene.server.url}{visit.path}"
    return Visitor(url, query, page, cookie=visit.cookie, cookie_name=COOKIE, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def visit(scene: Scene) -> Visit:
    """Somebody who came by a link which stays as it is."""
    return visit_of(scene, made(scene)[1])


def found_canaries(visitor: Visitor) -> list[str]:
    return [one for one in CANARIES if one.encode() in visitor.received]


# --- the way in


def test_a_link_opens_at_its_own_address_with_a_cookie_for_that_address_only_and_tells_no_other_site(
    scene: Scene,
) -> None:
    token = made(scene)[1]
    status, headers, body = asked(scene, f"/link/{token}")
    assert status == 200
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert re.search(rf"HttpOnly.*Path=/link/{token};.*SameSite=lax", headers["Set-Cookie"], re.IGNORECASE)
    assert "perfdash_session" not in headers["Set-Cookie"]
    assert "<title>For the board - perfdash</title>" in body


def test_who_comes_back_to_a_link_is_the_same_visit(scene: Scene) -> None:
    link, token = made(scene)
    mine = visit_of(scene, token)
    for path in ("", "/", "/campaigns"):
        status, headers, _ = asked(scene, f"{mine.path}{path}", Cookie=f"{COOKIE}={mine.cookie}")
        assert (status, headers["Set-Cookie"]) == (200, None), path
    other = visit_of(scene, made(scene)[1])
    _, headers, _ = asked(scene, mine.path, Cookie=f"{COOKIE}={other.cookie}")
    assert SimpleCookie(headers["Set-Cookie"])[COOKIE].value not in (mine.cookie, other.cookie)
    told = [row.what for row in link_views.views(scene.store, BOSS, "acme", link.link_id)]
    assert told == ["Opened", "Opened"], "the cookie of another link opens none"


def test_at_a_links_address_only_the_links_cookie_counts_and_elsewhere_only_the_accounts(scene: Scene) -> None:
    with Visitor(scene.server.url) as boss:
        boss.run().sign_in("boss", PASSWORD)
        account = boss.redeem()
    mine = visit_of(scene, made(scene)[1])
    both = {"Cookie": f"perfdash_session={account}; {COOKIE}={mine.cookie}"}
    with Visitor(f"{scene.server.url}{mine.path}", headers=both) as visitor:
        visitor.run()
        assert "Sign out" not in visitor.buttons
        assert set(visitor.pages) == set(PAGES)
        assert "Back to perfdash" in visitor.text
    with Visitor(scene.server.url, headers=both) as visitor:
        assert "Sign out" in visitor.run().buttons
    with Visitor(scene.server.url, headers={"Cookie": f"{COOKIE}={mine.cookie}"}) as visitor:
        assert visitor.run().is_signed_out, "a visit is worth nothing at the root"
    with Visitor(f"{scene.server.url}{mine.path}", headers={"Cookie": f"perfdash_session={account}"}) as visitor:
        visitor.run()
        assert visitor.headings == ["This link does not open"], "an account opens no link's address"


@pytest.mark.parametrize("path", ["session", "imports/upload", "healthz", "link/x", "users/x", "_stcore/nothing", ".."])
def test_under_a_links_address_lies_nothing_but_its_page(scene: Scene, visit: Visit, path: str) -> None:
    status, headers, _ = asked(scene, f"{visit.path}/{path}", Cookie=f"{COOKIE}={visit.cookie}")
    assert status in (400, 404)
    assert headers["Set-Cookie"] is None


def test_whatever_does_not_open_reads_the_same(scene: Scene) -> None:
    _, token = made(scene)
    revoked, revoked_token = made(scene)
    links.revoke(scene.store, BOSS, "acme", revoked.link_id, datetime.now(UTC))
    long_ago = NOON + timedelta(minutes=1)
    _, expired = made(scene, expires_at=long_ago, as_of=None, clock=lambda: NOON + timedelta(seconds=1))
    tampered = [token[:-1], token + "A", token.swapcase(), token[::-1], "A" * 43, "a" * 200, revoked.link_id]
    answers = {asked(scene, f"/link/{text}")[::2] for text in (revoked_token, expired, *tampered)}
    assert len(answers) == 1
    ((status, body),) = answers
    assert status == 404
    assert "ask whoever sent it" in body
    print(f"{len(tampered) + 2} links, tampered with, expired or revoked: 0 opened, one answer to all")


def test_nobody_has_looked_before_somebody_looks(scene: Scene) -> None:
    link, token = made(scene)
    for method, headers in (
        ("HEAD", {}),
        ("GET", {"Sec-Purpose": "prefetch;prerender"}),
        ("GET", {"Purpose": "prefetch"}),
    ):
        status, sent, _ = asked(scene, f"/link/{token}", method, **headers)
        assert status >= 400
        assert "Set-Cookie" not in sent
    assert link_views.views(scene.store, BOSS, "acme", link.link_id) == ()


def test_a_link_that_is_opened_by_a_machine_opens_later_and_every_other_one_now(scene: Scene) -> None:
    link, token = made(scene)
    told = [asked(scene, f"/link/{token}")[0] for _ in range(link_route.MOST_FROM_ONE + 3)]
    assert Counter(told) == {200: link_route.MOST_FROM_ONE, 503: 3}
    with scene.store.reading() as connection:
        s = schema.sessions.c
        kept = connection.scalar(select(func.count()).select_from(schema.sessions).where(s.link_id == link.link_id))
    assert kept == link_route.MOST_FROM_ONE
    assert asked(scene, f"/link/{made(scene)[1]}")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_get_opens_a_link(scene: Scene, method: str) -> None:
    link, token = made(scene)
    assert asked(scene, f"/link/{token}", method)[0] == 405
    assert link_views.views(scene.store, BOSS, "acme", link.link_id) == ()


# --- what it shows


def test_a_link_shows_its_question_in_words_and_its_numbers_and_no_filter(scene: Scene, visit: Visit) -> None:
    with came(scene, visit) as visitor:
        visitor.run()
        assert visitor.exceptions == []
        assert visitor.headings[:2] == ["Acme", "Overview"], "whose numbers they are comes first"
        impressions = next(help for label, _, help in visitor.metrics if label == "Impressions")
        assert "10000" in impressions.replace(",", "")
        assert "9000" in impressions.replace(",", "") or "9,000" in impressions
        assert "Acme" in visitor.text
        assert "As it was on" in visitor.text
        kinds = {kind for kind, _ in visitor.elements.values()}
        assert not kinds & {"multiselect", "date_input", "number_input", "text_input", "slider"}
        assert [one.label for one in visitor._of("selectbox")] == ["Measure by day"], "which measure a chart draws"
        assert set(visitor.pages) == set(PAGES)
        assert found_canaries(visitor) == []


def test_every_page_of_a_link_is_logged_once_and_so_is_a_download(scene: Scene) -> None:
    link, token = made(scene)
    mine = visit_of(scene, token)
    for page in ("", "campaigns"):
        with came(scene, mine, page=page) as visitor:
            visitor.run().run()
    with came(scene, mine, page="campaigns") as visitor:
        visitor.run()
        path = visitor.download("CSV")
    status, _, body = asked(scene, f"{mine.path}{path}", Cookie=f"{COOKIE}={mine.cookie}")
    assert status == 200
    assert "spring" in body
    assert not [one for one in CANARIES if one in body]
    assert asked(scene, f"{mine.path}{path}")[0] == 404, "the file is the visit's alone"
    assert asked(scene, path, Cookie=f"{COOKIE}={mine.cookie}")[0] == 404, "and its address too"
    told = [row.what for row in reversed(link_views.views(scene.store, BOSS, "acme", link.link_id))]
    assert told == ["Opened", "Overview", "Campaigns", "Campaigns", "CSV campaigns"]


def test_two_links_to_one_client_share_nothing_that_was_read(scene: Scene, visit: Visit) -> None:
    poor = Filters(BEFORE, ("acme",), ("TikTok",), "EUR")
    other = visit_of(scene, made(scene, filters=poor, against=None)[1])
    said = []
    for one in (visit, other, visit):
        with came(scene, one) as visitor:
            visitor.run()
            help = next(help for label, _, help in visitor.metrics if label == "Impressions")
            said.append(help.replace(",", ""))
    assert "10000" in said[0]
    assert "9000" in said[1]
    assert "10000" not in said[1]
    assert said[2] == said[0]


def test_without_money_none_is_sent(scene: Scene) -> None:
    _, token = made(scene, money=False)
    mine = visit_of(scene, token)
    for page in PAGES[:2]:
        with came(scene, mine, page=page) as visitor:
            visitor.run()
            assert visitor.metrics or visitor.tables, visitor.text
            shown = [label for label, *_ in visitor.metrics] + [name for t in visitor.tables for name in t.column_names]
            assert not [
                name for name in shown if re.search("cost|cpm|cpc|roas|roi|budget|revenue", name, re.IGNORECASE)
            ]


# --- what cannot be changed


def queries() -> Iterator[str]:
    """Every key of the URL, each with what lies outside of the link."""
    day = str(TODAY - timedelta(days=1))
    parts: tuple[dict[str, Any], ...] = (
        {"client": "rival"},
        {"client": ["acme", "rival"]},
        {"range": "All days"},
        {"range": "Last 7 days"},
        {"range": "Custom", "dates": [day, day]},
        {"platform": f"{CANARY}-tv"},
        {"currency": "USD"},
        {"max_cpm": "1000000", "cpm_grain": "campaign"},
        {"as_of": day},
        {"as_of": f"{TODAY}T00:00Z"},
        {"values": "raw"},
        {"compare": "Last year"},
        {"compare": "Same age"},
        {"since": "receipt:1"},
        {"client": "rival", "range": "All days", "platform": f"{CANARY}-tv", "values": "raw", "as_of": day},
    )
    yield from (urlencode(part, doseq=True) for part in parts)


def campaigns() -> Iterator[str]:
    """The address of every campaign outside of the link."""
    for n, owner in itertools.product((*range(5), "later"), ("acme", "rival")):
        yield urlencode({"campaign": f"{CANARY}-{n}", "account": 1, "owner": owner})
    yield urlencode({"campaign": "spring", "account": 2, "owner": "acme"})
    yield urlencode({"campaign": "spring", "account": 1, "owner": "rival"})


def sent_back(visitor: Visitor) -> list[str]:
    """What is shown of the visitor's own URL does not count."""
    received = bytes(visitor.received)
    for own in (visitor.query,):
        received = received.replace(own.encode(), b"")
    return [one for one in CANARIES if one.encode() in received]


def test_no_url_changes_what_a_link_shows(scene: Scene, visit: Visit) -> None:
    pages = PAGES[:2] if FULL else PAGES[:1]
    tried = 0
    for page in pages:
        with came(scene, visit, page=page) as plain:
            plain.run()
            usual, tables = plain.metrics, [table.to_pylist() for table in plain.tables]
        assert usual or tables
        for query in queries():
            with came(scene, visit, query, page) as visitor:
                visitor.run()
                assert visitor.metrics == usual, query
                assert [table.to_pylist() for table in visitor.tables] == tables, query
                assert sent_back(visitor) == [], query
                tried += 1
    with came(scene, visit, page="campaign") as visitor:
        for query in campaigns():
            visitor.query = query
            visitor.run()
            assert not visitor.metrics
            assert "no such campaign" in visitor.text, query
            assert sent_back(visitor) == [], query
            tried += 1
    print(f"{tried} addresses with foreign clients, days, platforms, moments and campaigns: 0 changed what is shown")


def test_no_forbidden_page_runs_by_its_path_or_by_its_hash(scene: Scene, visit: Visit) -> None:
    with Visitor(scene.server.url) as boss:
        boss.run().sign_in("boss", PASSWORD)
        hashes = dict(boss.pages)
        assert "restatements" in hashes
    with came(scene, visit) as plain:
        usual = plain.run().metrics
    others = [page for page in FORBIDDEN if page in hashes][:: 1 if FULL else 3]
    paths = FORBIDDEN[:: 1 if FULL else 3]
    for page, page_hash in [(page, "") for page in paths] + [("", hashes[page]) for page in others]:
        with came(scene, visit, page=page, page_hash=page_hash) as visitor:
            visitor.run()
            assert visitor.exceptions == []
            if page_hash:
                assert visitor.headings[:2] == ["Acme", "Overview"], (page, visitor.headings)
                assert visitor.metrics == usual
            else:
                assert "There is no such page here." in visitor.text, (page, visitor.headings)
                assert not visitor.metrics
            assert found_canaries(visitor) == []
    print(f"{len(paths)} pages by path, {len(others)} by hash: 0 ran for who came by a link")


class LinkTamperer(Tamperer):
    """A tab of a link whose browser answers with whatever it likes."""

    def __init__(self, url: str, visit: Visit, page: str = "") -> None:
        self._come(f"{url}{visit.path}", "", page, cookie=visit.cookie, cookie_name=COOKIE)


def test_no_answer_in_place_of_a_widget_changes_what_a_link_shows(scene: Scene, visit: Visit) -> None:
    with Tamperer(scene.server.url) as boss:
        boss.run()
        boss.sign_in("boss", PASSWORD)
        boss.query = "client=acme"
        boss.run()
        foreign_widgets, foreign_files = boss.widgets, boss.files
    assert {"Clients", "Dates"} <= {widget.label for widget in foreign_widgets}
    foreign, tried = ("rival", f"{CANARY}-tv", "All days"), 0
    for page in PAGES if FULL else PAGES[:1]:
        with LinkTamperer(scene.server.url, visit, page) as visitor:
            visitor.run()
            usual = visitor.metrics
            own = visitor.widgets
            rest = foreign_widgets if FULL else [w for w in foreign_widgets if w.kind != "download_button"]
            for widget in (*own, *(widget for widget in rest if widget.label != "Sign out")):
                states = hostile(widget, foreign)
                for state in states if FULL else states[:1]:
                    visitor.send(state)
                    tried += 1
                    assert visitor.exceptions == [], (page, widget, state)
                    if visitor.headings[:2] == ["Acme", "Overview"]:
                        assert visitor.metrics == usual, (widget, state)
            for file_id in foreign_files.values():
                visitor.say(_download(file_id))
            visitor.send()
            # The search of the definitions repeats what it was asked for; numbers nobody asked for.
            signs = CANARIES if page != "definitions" else [one for one in CANARIES if one[0].isdigit()]
            assert [one for one in signs if one.encode() in visitor.told] == [], page
    print(f"{tried} hostile answers for widgets of the link's and of an admin's pages: 0 effects")


def _download(file_id: str) -> bytes:
    from streamlit.proto.BackMsg_pb2 import BackMsg

    asked = BackMsg()
    request = asked.backend_operation_request
    request.request_id, request.deferred_file.file_id = "x", file_id
    return asked.SerializeToString()


def test_a_cookie_that_was_tampered_with_shows_nothing(scene: Scene, visit: Visit) -> None:
    link, token = made(scene)
    cookie = visit.cookie
    for wrong in (cookie[:-1], cookie + "A", cookie.swapcase(), token, link.link_id, "A" * 43):
        with came(scene, replace(visit, cookie=wrong)) as visitor:
            visitor.run()
            assert visitor.is_signed_out, wrong


# --- the end


@pytest.mark.parametrize("way", ["revoked", "its maker left", "expired"])
def test_a_link_that_ended_shows_nothing_more_on_an_open_page(scene: Scene, way: str) -> None:
    who = replace(BOSS, name=f"maker-{way.replace(' ', '-')}")
    users.add_user(scene.store, OPERATOR, who.name, PASSWORD, "admin", NOON, rounds=4)
    link, token = links.make(
        scene.store,
        Question(who, Filters(DAYS, ("acme",)), scene.then),
        "acme",
        way,
        True,
        datetime.now(UTC) + timedelta(days=1),
        lambda: datetime.now(UTC),
    )
    mine = visit_of(scene, token)
    with came(scene, mine, page="campaigns") as visitor:
        visitor.run()
        path = visitor.download("CSV")
        assert not visitor.is_signed_out
        if way == "revoked":
            links.revoke(scene.store, BOSS, "acme", link.link_id, datetime.now(UTC))
        elif way == "its maker left":
            users.set_active(scene.store, OPERATOR, who.name, False, datetime.now(UTC))
        else:
            _expire(scene.store, link)
        visitor.received.clear()
        assert visitor.ended(10)
        assert b"Spring" not in visitor.received
    assert asked(scene, f"/link/{token}")[0] == 404
    assert asked(scene, f"{mine.path}{path}", Cookie=f"{COOKIE}={mine.cookie}")[0] == 404
    with came(scene, mine) as visitor:
        assert visitor.run().is_signed_out


def _expire(store: Store, link: Link) -> None:
    from sqlalchemy import update

    from perfdash.store.schema import links as table
    from perfdash.store.schema import sessions

    past = datetime.now(UTC) - timedelta(seconds=1)
    with store.writing() as connection:
        connection.execute(update(table).where(table.c.link_id == link.link_id).values(expires_at=past))
        connection.execute(update(sessions).where(sessions.c.link_id == link.link_id).values(expires_at=past))
