"""What an address asks for. Read once, from its bytes as they came, and in one spelling only.

No address of perfdash needs percent-encoding, dots as folders, doubled slashes or a backslash. So nothing is
normalised: a form that some later reader could understand otherwise is refused, and every later
component reads the path the same way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from perfdash.ui.runtime import streamlit_internals, uploads

Kind = Literal["page", "static", "core", "session", "upload", "link", "probe", "auth", "media", "stream"]
LONGEST = 512
_PLAIN = re.compile(rb"/(?:[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*/?)?")
_PAGE = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9-]{0,99}/?)?", re.ASCII)
_LINK = re.compile(r"(link/[A-Za-z0-9_-]{16,200})(?:/(.*))?", re.ASCII)
_IN_LINKS: frozenset[Kind] = frozenset(("page", "static", "core", "media", "stream"))
"""What lies under the address of a client link as it does at the root; its pages open the link first."""
_MEDIA = re.compile(rf"{streamlit_internals.MEDIA}/[0-9a-f]{{32,128}}(?:\.[a-z0-9]{{1,10}})?", re.ASCII)
_EXACT: dict[str, Kind] = {
    streamlit_internals.HEALTH: "core",
    streamlit_internals.HOST_CONFIG: "core",
    streamlit_internals.STREAM: "stream",
    streamlit_internals.LOGIN: "auth",
    streamlit_internals.LOGOUT: "auth",
    streamlit_internals.CALLBACK: "auth",
    "session": "session",
    uploads.PATH: "upload",
    "healthz": "probe",
    "readyz": "probe",
}
_TAKEN = (*streamlit_internals.TAKEN, "link", "imports")
"""First words under which something else lies, so that no page can have them."""
METHODS: dict[Kind, tuple[str, ...]] = {
    "page": ("GET", "HEAD"),
    "static": ("GET", "HEAD"),
    "core": ("GET", "HEAD"),
    "session": ("POST", "DELETE"),
    "upload": ("POST",),
    "link": ("GET",),
    "probe": ("GET", "HEAD"),
    "auth": ("GET",),
    "media": ("GET", "HEAD"),
    "stream": (),
}


@dataclass(frozen=True, slots=True)
class Resource:
    """`path` is the whole path for the app; `name` the same without the server's base path and the first slash.

    `link` is "/link/TOKEN" for what lies under the address of a client link, which is no part of the two.
    """

    kind: Kind
    path: str
    name: str
    link: str = ""


def is_plain(raw: bytes) -> bool:
    """True for a path in the one spelling that is read here."""
    return len(raw) <= LONGEST and b".." not in raw and _PLAIN.fullmatch(raw) is not None


def place(raw: bytes, base: str, static: frozenset[str]) -> Resource | None:
    """What the path `raw` asks for on a server under `base` ("" or "reports"); None when there is no such thing.

    `static` names Streamlit's own files, such as "favicon.png".
    """
    path = raw.decode("ascii")
    if path in ("/healthz", "/readyz"):  # watchers know nothing of base paths
        return Resource("probe", path, path[1:])
    inside = f"/{base}" if base else ""
    if path != inside and not path.startswith(f"{inside}/"):
        return None
    name = path[len(inside) + 1 :]
    if name.removeprefix("link/") in static:  # the page of a link asks for its icon beside its own address
        name = name.removeprefix("link/")
        return Resource("static", f"{inside}/{name}", name)
    if found := _LINK.fullmatch(name):
        return _in_link(inside, found[1], found[2] or "", static)
    kind = _kind(name, static)
    return Resource(kind, path, name) if kind else None


def _in_link(inside: str, link: str, name: str, static: frozenset[str]) -> Resource | None:
    kind = _kind(name, static)
    if kind == "page":
        return Resource("link", f"{inside}/{link}", name, f"/{link}")
    return Resource(kind, f"{inside}/{name}", name, f"/{link}") if kind in _IN_LINKS else None


def _kind(name: str, static: frozenset[str]) -> Kind | None:
    if name in _EXACT:
        return _EXACT[name]
    if name in static:
        return "static"
    if _MEDIA.fullmatch(name):
        return "media"
    return "page" if _PAGE.fullmatch(name) and name.rstrip("/") not in (*_TAKEN, *_EXACT) else None
