"""POST /imports/upload over raw HTTP: who may, how much, how slowly; and what stays of a file afterwards."""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware

from perfdash.domain.access import OPERATOR, UserRole
from perfdash.store import audit
from perfdash.store.auth import login, sessions
from perfdash.store.engine import Store
from perfdash.ui.auth import cookie
from perfdash.ui.runtime import context, uploads
from perfdash.ui.server import gate, routes, upload_route
from tests.store.builders import given_client
from tests.ui.conftest import given_user

HEAD = b"day,campaign,platform,impressions,clicks,cost\n"


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Uploads of this test alone, in a temporary folder of its own."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(uploads.tempfile, "tempdir", str(folder))
    upload_route._noted.clear()
    yield
    uploads.remove_all()


@dataclass
class Server:
    store: Store
    host: str

    def signed_in(self, name: str, role: UserRole, *clients: str, money: bool = True) -> tuple[str, str]:
        """(cookie, session) of a new user."""
        given_user(self.store, name, role, *clients, money=money)
        user = login.login_of(self.store, name, demo=False).user_id
        assert user is not None
        session = sessions.begin(self.store, user, context.now())
        redeemed = sessions.redeem(
            self.store, sessions.ticket(self.store, session.session_id, context.now()), context.now()
        )
        assert redeemed is not None
        return f"{cookie.NAME}={redeemed.token}", session.session_id

    def raw(self, *pieces: bytes, wait: float = 20) -> tuple[int, str]:
        """Send exactly these bytes; status and body. An answer may come before all was sent."""
        host, _, port = self.host.partition(":")
        with socket.create_connection((host, int(port)), timeout=wait) as wire:
            try:
                for piece in pieces:
                    wire.sendall(piece)
            except OSError:
                pass  # answered and closed meanwhile
            answer = b""
            try:
                while piece := wire.recv(65_536):
                    answer += piece
                    if _is_whole(answer):
                        break
            except ConnectionResetError:
                pass
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]) if head else 0, body.decode()

    def head(self, cookies: str, *lines: str, method: str = "POST", target: str = "/imports/upload") -> bytes:
        said = (f"Host: {self.host}", "Connection: close", *([f"Cookie: {cookies}"] if cookies else []), *lines)
        return "\r\n".join((f"{method} {target} HTTP/1.1", *said, "", "")).encode()

    def post(self, cookies: str, body: bytes, *lines: str) -> tuple[int, str]:
        origin = (
            () if any(line.startswith(("Origin", "Sec-Fetch")) for line in lines) else (f"Origin: http://{self.host}",)
        )
        return self.raw(self.head(cookies, f"Content-Length: {len(body)}", *origin, *lines) + body)


def _is_whole(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), b":0")
    return bool(found) and len(body) >= int(length.partition(b":")[2])


@pytest.fixture
def server(store: Store) -> Iterator[Server]:
    """The gate and the routes on a real socket."""
    given_client(store, "acme")
    listener = socket.create_server(("127.0.0.1", 0))
    app = Starlette(routes=routes.routes(), middleware=[Middleware(gate.Gate)])
    config = uvicorn.Config(app, log_level="critical", lifespan="off", ws="none")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    yield Server(store, f"127.0.0.1:{listener.getsockname()[1]}")
    running.should_exit = True
    thread.join(120)


def files() -> list[Path]:
    return [path for folder in uploads._folders for path in folder.iterdir()]


def noted(store: Store) -> list[str]:
    return [line.detail for line in audit.entries(store, OPERATOR) if line.action == "import"]


@pytest.mark.parametrize("role", ["analyst", "admin"])
def test_who_may_import_gets_a_token_and_the_file_lies_private_under_a_name_of_ours(
    server: Server, role: UserRole
) -> None:
    cookies, session = server.signed_in("ann", role, "acme")
    status, said = server.post(cookies, HEAD)
    assert status == 200
    upload = uploads.find(json.loads(said)["upload"], session, context.now())
    assert upload is not None
    assert upload.path.read_bytes() == HEAD
    assert stat.S_IMODE(upload.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(upload.path.parent.stat().st_mode) == 0o700
    assert (upload.size, len(upload.sha256)) == (len(HEAD), 64)
    assert noted(server.store) == [f"file received: {len(HEAD)} bytes, {upload.sha256}"]


def test_a_stranger_and_who_may_not_get_the_same_answer_before_any_byte_of_the_file_was_read(server: Server) -> None:
    viewer, _ = server.signed_in("vic", "client", "acme")
    poor, _ = server.signed_in("pat", "analyst", "acme", money=False)
    for cookies in ("", f"{cookie.NAME}=made-up", viewer, poor, f"{cookie.LINK}=made-up"):
        head = server.head(cookies, f"Origin: http://{server.host}", "Content-Length: 1000000")
        assert server.raw(head) == (404, '{"error":"You are not signed in here, or may not import files."}')
    assert files() == []
    assert noted(server.store) == ["file refused: this user may not import"] * 2


def test_each_kind_of_refusal_is_written_down_once_in_a_session(server: Server) -> None:
    viewer, _ = server.signed_in("vic", "client", "acme")
    for _ in range(5):
        server.post(viewer, HEAD)
    assert noted(server.store) == ["file refused: this user may not import"]


@pytest.mark.parametrize(
    "lines",
    [
        ("Origin: https://evil.example",),
        ("Origin: null",),
        ("Sec-Fetch-Site: cross-site",),
        ("Sec-Fetch-Site: same-site",),
        ("Sec-Fetch-Site: none",),
        ("Origin:",),
    ],
)
def test_another_site_can_send_no_file(server: Server, lines: tuple[str, ...]) -> None:
    cookies, _ = server.signed_in("ann", "admin")
    assert server.post(cookies, HEAD, *lines)[0] == 403
    assert files() == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_no_other_method_does_anything(server: Server, method: str) -> None:
    cookies, _ = server.signed_in("ann", "admin")
    assert server.raw(server.head(cookies, f"Origin: http://{server.host}", method=method))[0] == 405


@pytest.mark.parametrize("target", ["/imports/upload/", "/imports/upload/x", "/imports", "/_stcore/upload_file/a/b"])
def test_no_other_address_takes_a_file_streamlits_own_among_them(server: Server, target: str) -> None:
    cookies, _ = server.signed_in("ann", "admin")
    for method in ("PUT", "POST"):
        head = server.head(cookies, f"Origin: http://{server.host}", "Content-Length: 0", method=method, target=target)
        assert server.raw(head)[0] in (404, 405)


def test_a_file_that_says_it_is_too_large_is_refused_at_once(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    cookies, _ = server.signed_in("ann", "admin")
    head = server.head(cookies, f"Origin: http://{server.host}", f"Content-Length: {200 * 2**20}")
    status, said = server.raw(head)
    assert (status, "larger than 64 MiB" in said) == (413, True)
    for length in ("9" * 400, str(2**63)):
        assert server.raw(server.head(cookies, f"Origin: http://{server.host}", f"Content-Length: {length}"))[0] in (
            400,
            413,
        )
    assert files() == []


def test_a_file_that_does_not_say_how_large_it_is_ends_at_the_limit(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", 100_000)
    cookies, _ = server.signed_in("ann", "admin")
    head = server.head(cookies, f"Origin: http://{server.host}", "Transfer-Encoding: chunked")
    piece = b"4e20\r\n" + b"x" * 20_000 + b"\r\n"
    assert server.raw(head, *([piece] * 20), b"0\r\n\r\n")[0] in (413, 0)  # 0: the rest of it broke the connection
    assert files() == []
    assert server.raw(head, *([piece] * 5), b"0\r\n\r\n")[0] == 200


def test_a_slow_body_and_one_that_is_broken_off_leave_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_route, "PIECE_SECONDS", 0.3)
    cookies, _session = server.signed_in("ann", "admin")
    head = server.head(cookies, f"Origin: http://{server.host}", "Content-Length: 1000")
    status, said = server.raw(head, b"half of it")
    assert (status, "too slowly" in said) == (408, True)
    assert files() == []
    assert server.post(cookies, HEAD)[0] == 200, "the next one has its turn"


def test_an_empty_file_is_no_file(server: Server) -> None:
    cookies, _ = server.signed_in("ann", "admin")
    assert server.post(cookies, b"") == (422, '{"error":"This file is empty."}')
    assert files() == []


def test_one_file_at_a_time_and_no_more_than_are_kept(server: Server) -> None:
    cookies, session = server.signed_in("ann", "admin")
    arriving = uploads.begin(session, context.now())
    assert server.post(cookies, HEAD)[0] == 429
    arriving.dropped()
    for _ in range(uploads.MOST_OF_A_SESSION + 2):
        assert server.post(cookies, HEAD)[0] == 200
    assert len(files()) == uploads.MOST_OF_A_SESSION


def test_there_is_room_for_a_bounded_number_of_files(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_KEPT", 2)
    for name in ("ann", "bob"):
        assert server.post(server.signed_in(name, "admin")[0], HEAD)[0] == 200
    assert server.post(server.signed_in("cid", "admin")[0], HEAD)[0] == 503


def test_a_file_is_its_sessions_alone_and_not_for_ever(server: Server) -> None:
    cookies, session = server.signed_in("ann", "admin")
    _, other = server.signed_in("bob", "admin")
    token = json.loads(server.post(cookies, HEAD)[1])["upload"]
    now = context.now()
    assert uploads.find(token, other, now) is None
    uploads.discard(token, other)
    assert uploads.find(token, session, now) is not None
    for wrong in (None, 1, "", [token], token[:-1]):
        assert uploads.find(wrong, session, now) is None
    assert uploads.find(token, session, now + uploads.KEPT_FOR + timedelta(seconds=1)) is None
    assert files() == []


def test_files_go_with_their_session(server: Server) -> None:
    cookies, session = server.signed_in("ann", "admin")
    server.post(cookies, HEAD)
    assert uploads.owners(context.now()) == {session}
    uploads.discard_all({session})
    assert (uploads.owners(context.now()), files()) == (frozenset(), [])


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    folder = Path(uploads.tempfile.gettempdir())
    dead, alive = folder / "perfdash-imports-2147483000-abc", folder / f"perfdash-imports-{os.getppid()}-abc"
    other, target = folder / "perfdash-imports-x", tmp_path / "target"
    for one in (dead, alive, other, target):
        one.mkdir()
        (one / "file").write_text("rows")
    (folder / "perfdash-imports-2147483001-abc").symlink_to(target)
    uploads.sweep()
    assert not dead.exists()
    assert all((one / "file").exists() for one in (alive, other, target))


def test_a_file_is_never_written_over_another_or_through_a_link(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="exists"):
        uploads.Arriving("s", link)
    assert not (tmp_path / "elsewhere").exists()
