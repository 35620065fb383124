"""What a first visit moves: Streamlit's files come compressed, may be kept for good, and the page knows its server."""

from __future__ import annotations

import gzip
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from perfdash.ui.runtime import navigation, streamlit_internals
from tests.fixtures.app import AppServer, copy_project, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """An app without any numbers."""
    folder = tmp_path_factory.mktemp("first-load")
    settings = {"PERFDASH_DATABASE_URL": f"sqlite:///{folder / 'store.db'}", "PERFDASH_WATCH": "0"}
    with serving(copy_project(folder / "project"), folder, settings) as running:
        yield running


def asked(server: AppServer, path: str, **headers: str) -> tuple[int, Any, bytes]:
    request = urllib.request.Request(
        f"{server.url}/{path}", headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def page_files(server: AppServer) -> list[str]:
    """The scripts and style sheets that the page names."""
    _, _, body = asked(server, "")
    return re.findall(r'(?:src|href)="/(static/[^"]+\.(?:js|css))"', body.decode())


def test_a_script_comes_compressed_and_much_smaller_and_may_be_kept_for_good(server: AppServer) -> None:
    plain = compressed = 0
    files = page_files(server)
    assert len(files) > 50
    for name in files:
        status, headers, body = asked(server, name, Accept_Encoding="br, gzip;q=0.8")
        assert (status, headers["Content-Encoding"], headers["Vary"]) == (200, "gzip", "Accept-Encoding")
        assert "immutable" in headers["Cache-Control"]
        assert headers["Content-Type"].partition(";")[0] in ("text/javascript", "text/css")
        assert headers["X-Content-Type-Options"] == "nosniff"
        whole = (streamlit_internals.static_folder() / name).read_bytes()
        assert gzip.decompress(body) == whole
        plain, compressed = plain + len(whole), compressed + len(body)
    print(f"the page names {len(files)} files: {plain:,} bytes, compressed {compressed:,}")
    assert compressed < plain * 0.4


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Accept_Encoding": "identity"},
        {"Accept_Encoding": "gzip;q=0"},
        {"Accept_Encoding": "gzip", "Range": "bytes=0-9"},
    ],
)
def test_who_takes_no_gzip_or_asks_for_a_part_gets_the_file_as_it_lies_there(
    server: AppServer, headers: dict[str, str]
) -> None:
    name = page_files(server)[0]
    _, sent, body = asked(server, name, **headers)
    whole = (streamlit_internals.static_folder() / name).read_bytes()
    assert sent["Content-Encoding"] is None
    assert sent["Vary"] == "Accept-Encoding", "a cache between must not mix the two up"
    assert body == (whole[:10] if "Range" in headers else whole)


def test_fonts_are_compressed_already_and_left_alone(server: AppServer) -> None:
    name = next(path for path in streamlit_internals.static_folder().rglob("*.woff2"))
    path = name.relative_to(streamlit_internals.static_folder()).as_posix()
    assert asked(server, path, Accept_Encoding="gzip")[1]["Content-Encoding"] is None


@pytest.mark.parametrize("path", ["", "campaigns", "restatements", "users", "no-such-page"])
def test_a_deep_link_finds_its_files_and_its_server_at_once_and_has_a_name(server: AppServer, path: str) -> None:
    status, headers, body = asked(server, path)
    text = body.decode()
    assert status == 200
    assert headers["Cache-Control"] == "no-cache"
    assert '<meta name="perfdash-root" content="" />' in text
    assert '"./' not in re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    (title,) = re.findall("<title>(.*?)</title>", text)
    known = {page.path: page.title for page in navigation.PAGES if page.needs in ("read", "account")}
    assert title == " - ".join(filter(None, (known.get(path, ""), "perfdash")))


def test_the_name_of_an_address_does_not_tell_which_hidden_pages_there_are(server: AppServer) -> None:
    bodies = {asked(server, path)[2] for path in ("users", "sessions", "audit", "client-links", "no-such-page")}
    assert len(bodies) == 1
