"""The gate on the real app, over sockets with exact bytes: whatever form an address takes, a stranger gets the form."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select, update

from perfdash.domain.access import OPERATOR
from perfdash.domain.secret import digest
from perfdash.store import schema
from perfdash.store.auth import users
from perfdash.store.engine import Store
from perfdash.store.schema import tries
from perfdash.ui.server import messages
from tests.fixtures.app import AppServer, copy_project, serving
from tests.fixtures.raw_http import Answer, ask, shake
from tests.fixtures.socket_client import COOKIE, Visitor
from tests.product.installation import PASSWORD
from tests.store.builders import NOON, given_client, given_facts, opened

CANARY = "canary-campaign-5512"
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
PATIENCE = 120.0
# {t} is a path that nobody may have without a sign-in, {f} its first word, {r} the rest, {h} the server's own name.
FORMS = (
    "/{t}",
    "//{t}",
    "///{t}",
    "/./{t}",
    "/x/../{t}",
    "/%2e/{t}",
    "/x/%2e%2e/{t}",
    "/{f}//{r}",
    "/{f}/./{r}",
    "/{t}/",
    "/{t}%00",
    "/{t}%20",
    "/{t}%2f",
    "/{f}%2f{r}",
    "/{f}%252f{r}",
    "/%{x}{f1}/{r}",
    "/{F}/{r}",
    "\\{t}",
    "/%5c{t}",
    "/{f}\\{r}",
    "/{t};x=1",
    "/{t}?x=1",
    "/{t}#x",
    "http://{h}/{t}",
    "http://evil.example/{t}",
    "/static/../{t}",
    "/static/js/..%2f..%2f{t}",
    "/session/../{t}",
    "/%c0%ae%c0%ae/{t}",
    "/_stcore/health/..;/../{t}",
    "/{t}" + "a" * 600,
)
SECRETS = (
    "_stcore/metrics",
    "_stcore/script-health-check",
    "_stcore/upload_file/s/f",
    "imports/upload",
    "_stcore/agent/openapi.json",
    "_stcore/bidi-components/perfdash/x.js",
    "component/x/index.html",
    "app/static/x.css",
)
GIVEN_AWAY = (CANARY, "# TYPE", "openapi", "session_event", "client,account")


@dataclass
class Scene:
    """A running app with two analysts of one client, the cookie of each, and a file that was made for the first."""

    server: AppServer
    store: Store
    cookies: dict[str, str]
    page: Visitor
    file: str

    @property
    def url(self) -> str:
        return self.server.url


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder: Path = tmp_path_factory.mktemp("gate")
    root, database = copy_project(folder / "project"), folder / "store.db"
    (root / "perfdash.toml").write_text('[security]\nallowed_hosts = ["127.0.0.1"]\n', encoding="utf-8")
    with opened(f"sqlite:///{database}") as store:
        given_client(store, "acme")
        days = (date.today() - timedelta(days=n) for n in range(1, 10))
        given_facts(store, *({"client_id": "acme", "day": day, "campaign_id": CANARY} for day in days))
        for name in ("ann", "bob"):
            users.add_user(store, OPERATOR, name, PASSWORD, "analyst", NOON, clients=("acme",), rounds=4)
        env = {"PERFDASH_DATABASE_URL": f"sqlite:///{database}", "PERFDASH_WATCH": "0"}
        with serving(root, folder, env) as server:
            cookies = {name: _cookie_of(server, name) for name in ("ann", "bob")}
            with Visitor(server.url, "client=acme", "campaigns", cookie=cookies["ann"]) as page:
                yield Scene(server, store, cookies, page.run(), page.download("CSV"))


def _cookie_of(server: AppServer, name: str) -> str:
    with Visitor(server.url, page="campaigns") as visitor:
        visitor.run().sign_in(name, PASSWORD)
        return visitor.redeem()


def spelled(form: str, target: str, url: str) -> str:
    """The form for one target: "/{f}%2f{r}" of "media/x" is "/media%2fx"."""
    first, _, rest = target.partition("/")
    words = {"t": target, "f": first, "r": rest, "F": first.upper(), "f1": first[1:], "x": f"{ord(first[0]):02x}"}
    return form.format(**words, h=urlsplit(url).netloc)


def gets_through(answer: Answer) -> bool:
    """True for any answer but a plain refusal."""
    text = answer.body.decode("utf-8", "replace")
    return answer.status not in (400, 404, 405) or any(word in text for word in GIVEN_AWAY) or len(text) > 100


def test_no_form_of_an_address_and_no_method_gets_a_stranger_past_the_gate(scene: Scene, full: bool) -> None:
    targets = (scene.file.lstrip("/"), *(SECRETS if full else SECRETS[:1]))
    assert len(FORMS) == len(set(FORMS)) == 31
    through = [
        (method, target, answer.status)
        for target in (spelled(form, name, scene.url) for name in targets for form in FORMS)
        for method in METHODS
        if gets_through(answer := ask(scene.url, target, method))
    ]
    print(f"{len(FORMS)} path forms x {len(METHODS)} methods x {len(targets)} targets: {len(through)} through")
    assert through == []


def test_the_same_forms_get_nobody_anything_with_the_cookie_of_another(scene: Scene) -> None:
    cookie = {"Cookie": f"{COOKIE}={scene.cookies['bob']}"}
    through = [
        target
        for target in (spelled(form, scene.file.lstrip("/"), scene.url) for form in FORMS)
        if gets_through(ask(scene.url, target, headers=cookie))
    ]
    assert through == []


def test_a_file_is_its_owners_alone(scene: Scene) -> None:
    statuses = {}
    for name, cookie in {**scene.cookies, "nobody": "", "made up": "a" * 43}.items():
        answer = ask(scene.url, scene.file, headers={"Cookie": f"{COOKIE}={cookie}"} if cookie else {})
        statuses[name] = answer.status
        assert (CANARY.encode() in answer.body) == (name == "ann")
        assert answer.header("cache-control") == "no-store"
    assert statuses == {"ann": 200, "bob": 404, "nobody": 404, "made up": 404}


def test_a_stranger_gets_what_the_form_is_made_of(scene: Scene) -> None:
    page = ask(scene.url, "/")
    assert page.status == 200
    assert b"<script" in page.body
    script = page.body.decode().partition('src="./')[2].partition('"')[0]
    open_to_all = (
        "/campaigns?client=acme",
        "/no-such-page",
        "/favicon.png",
        f"/{script}",
        "/_stcore/health",
        "/_stcore/host-config",
        "/healthz",
        "/readyz",
    )
    assert {path: ask(scene.url, path).status for path in open_to_all} == dict.fromkeys(open_to_all, 200)
    assert ask(scene.url, "/healthz").body == ask(scene.url, "/readyz").body == b"ok"
    assert ask(scene.url, "/_stcore/health").body == b"ok"
    with Visitor(scene.url) as stranger:
        assert stranger.run().is_signed_out
        assert b"/media/" not in stranger.received  # or the form would lack something
    assert ask(scene.url, "/campaigns/?client=acme").header("location") == "/campaigns?client=acme"
    closed = ("/auth/login", "/auth/logout", "/oauth2callback")  # no [auth] in the secrets
    assert {path: ask(scene.url, path).status for path in closed} == dict.fromkeys(closed, 404)
    assert ask(scene.url, "/", "POST").header("allow") == "GET, HEAD"


def test_every_answer_carries_the_browsers_rules(scene: Scene) -> None:
    for path in ("/", "/campaigns", "/healthz", "/readyz", "/_stcore/health", "/media/x", "/%2e", "/session"):
        answer = ask(scene.url, path)
        policy = answer.header("content-security-policy")
        assert "default-src 'none'" in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert "'unsafe-eval'" not in policy.replace("'wasm-unsafe-eval'", "")
        assert answer.header("x-content-type-options") == "nosniff", path
        assert answer.header("referrer-policy") == "same-origin"
        assert answer.header("cross-origin-opener-policy") == "same-origin"
        assert "camera=()" in answer.header("permissions-policy")
        assert answer.header("strict-transport-security") == ""
        assert not [name for name, _ in answer.headers if name.startswith("access-control-")]


# Sockets.

SOCKET_FORMS = ("/stream", "//_stcore/stream", "/_stcore/%73tream", "/x/../_stcore/stream", "/_stcore/stream/")


def test_a_socket_is_opened_at_one_address_only(scene: Scene) -> None:
    assert shake(scene.url).status == 101
    through = [target for target in SOCKET_FORMS if shake(scene.url, target).status == 101]
    print(f"{len(SOCKET_FORMS)} socket forms: {len(through)} through")
    assert through == []


def test_text_and_what_is_no_message_end_the_socket(scene: Scene) -> None:
    for nonsense in ("text", b"\xff\xff", b"", b"x" * 100_000):
        with Visitor(scene.url) as stranger:
            stranger.say(nonsense)
            assert stranger.is_closed(PATIENCE), nonsense[:10]


def test_what_a_browser_says_is_kept_in_memory_only_as_far_as_any_page_of_ours_says_it(scene: Scene) -> None:
    address = urlsplit(scene.url)
    with socket.create_connection((address.hostname or "", address.port or 80), PATIENCE) as stranger:
        stranger.sendall(
            f"GET /_stcore/stream HTTP/1.1\r\nHost: {address.netloc}\r\nOrigin: {scene.url}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: streamlit\r\n\r\n".encode()
        )
        assert stranger.recv(4096).startswith(b"HTTP/1.1 101")
        # A message of so many bytes is announced, and never sent.
        stranger.sendall(b"\x82\xff" + (messages.LARGEST + 1).to_bytes(8, "big") + bytes(4))
        answer = stranger.recv(4096)
    assert (answer[0], int.from_bytes(answer[2:4], "big")) == (0x88, 1009)  # closed: too big


def test_nothing_follows_on_a_connection_after_a_request_with_two_lengths(scene: Scene) -> None:
    hidden = b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: " + urlsplit(scene.url).netloc.encode() + b"\r\n\r\n"
    both = {"Transfer-Encoding": "chunked", "Connection": "keep-alive"}
    answer = ask(scene.url, "/session", "POST", both, body=hidden)
    assert answer.status == 400
    assert b"HTTP/1.1" not in answer.body


def takes_over(scene: Scene, cookie: str) -> bool:
    """Names the page of somebody else as one's own, as a browser does that lost its connection."""
    with Visitor(scene.url, page="campaigns", cookie=cookie, protocols=("x", scene.page.session_id)) as thief:
        thief.run()
        return thief.session_id == scene.page.session_id or (not cookie and CANARY.encode() in thief.received)


def clears_caches(scene: Scene, cookie: str) -> bool:
    """The gate says in the log what it dropped; what it passes on is never there."""
    before = scene.server.log().count("sent clear_cache")
    with Visitor(scene.url, page="campaigns", cookie=cookie) as visitor:
        visitor.clear_cache()
        visitor.run()
    return scene.server.log().count("sent clear_cache") == before


IDENTITY = {
    "X-Forwarded-User": "ann",
    "Remote-User": "ann",
    "X-Auth-Request-User": "ann",
    "X-Streamlit-User": "ann",
    "X-Perfdash-User": "ann",
    "X-Remote-User": "ann",
    "X-Forwarded-Email": "ann",
    "Authorization": "Basic YW5uOg==",
}


def is_believed(scene: Scene) -> bool:
    """Says in all the usual headers that it is Ann."""
    with Visitor(scene.url, page="campaigns", headers=IDENTITY) as stranger:
        return not stranger.run().is_signed_out or CANARY.encode() in stranger.received


def counts_elsewhere(scene: Scene, **headers: str) -> bool:
    """A failed sign-in from a made-up address: is it counted under another than this machine's?"""
    known = []
    for said in ({}, {name.replace("_", "-"): value for name, value in headers.items()}):
        with Visitor(scene.url, headers=said) as visitor:
            visitor.run().sign_in("nobody", "wrong password")
        with scene.store.reading() as connection:
            known.append(set(connection.scalars(select(tries.c.address_key))))
    assert known[0], "tries are not counted"
    return known[0] != known[1]


def opens(scene: Scene, host: str | None = None, **headers: str) -> bool:
    return shake(scene.url, headers=headers, host=host).status == 101


ATTACKS: dict[str, Callable[[Scene], bool]] = {
    "a stranger takes over a page": lambda s: takes_over(s, ""),
    "another user takes over a page": lambda s: takes_over(s, s.cookies["bob"]),
    "a made-up cookie takes over a page": lambda s: takes_over(s, "a" * 43),
    "a stranger clears the caches": lambda s: clears_caches(s, ""),
    "a signed-in user clears the caches": lambda s: clears_caches(s, s.cookies["bob"]),
    "headers that name somebody": is_believed,
    "X-Forwarded-For": lambda s: counts_elsewhere(s, X_Forwarded_For="203.0.113.9", Forwarded="for=203.0.113.9"),
    "X-Perfdash-Address": lambda s: counts_elsewhere(s, X_Perfdash_Address="203.0.113.9", X_Real_IP="203.0.113.9"),
    "foreign Origin": lambda s: opens(s, Origin="https://evil.example"),
    "no Origin": lambda s: opens(s, Origin=""),
    "foreign Host of a socket": lambda s: opens(s, host="evil.example", Origin="http://evil.example"),
    "foreign Host of a page": lambda s: ask(s.url, "/", host="evil.example").status != 421,
}


def test_none_of_twelve_attacks_succeeds(scene: Scene) -> None:
    assert opens(scene)
    succeeded = [name for name, attack in ATTACKS.items() if attack(scene)]
    print(f"{len(ATTACKS)} attacks: {len(succeeded)} succeed")
    assert len(ATTACKS) == 12
    assert succeeded == []


def test_the_same_sign_in_gets_its_page_back_after_a_lost_connection(scene: Scene) -> None:
    ann = scene.cookies["ann"]
    with Visitor(scene.url, page="campaigns", cookie=ann) as lost:
        lost.run()
    with Visitor(scene.url, page="campaigns", cookie=ann, protocols=("x", lost.session_id)) as back:
        assert back.run().session_id == lost.session_id


def test_a_download_is_made_only_for_the_page_that_offers_it(scene: Scene) -> None:
    with Visitor(scene.url, "client=acme", "campaigns", cookie=scene.cookies["bob"]) as other:
        other.run()
        for place, (kind, _) in list(other.elements.items()):
            if kind == "download_button":
                other.elements[place] = next(found for found in scene.page.elements.values() if found[0] == kind)
        with pytest.raises(PermissionError, match="not available"):
            other.download("CSV")


def test_an_open_page_shows_the_form_when_its_session_ends_without_anybody_doing_anything(scene: Scene) -> None:
    with Visitor(scene.url, page="campaigns") as visitor:
        visitor.run().sign_in("bob", PASSWORD)
        assert CANARY.encode() in visitor.received
        _end_sessions(scene, but=scene.cookies)
        visitor.received.clear()
        assert visitor.ended(PATIENCE)
        assert CANARY.encode() not in visitor.received


def _end_sessions(scene: Scene, but: Mapping[str, str]) -> None:
    """End every session that has none of these cookies."""
    kept = [digest(cookie) for cookie in but.values()]
    s = schema.sessions.c
    with scene.store.writing() as connection:
        others = s.token_hash.is_(None) | s.token_hash.not_in(kept)
        connection.execute(update(schema.sessions).where(others).values(revoked_at=datetime.now(UTC)))
