"""The next page's address as a source says it: only at the source's own origin, since the key goes there (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from perfdash.errors import BadAnswer, SourceRefused
from perfdash.reported import plain
from perfdash.sources.origin import USUAL_PORTS, origin

# Parsers disagree on these, so that one of them may see another host than the other.
_UNCLEAR = re.compile("[\x00-\x20\x7f-\x9f\\\\\ud800-\udfff]")
_TARGET = re.compile(r"[ \t,]*<([^<>]*)>")
_PARAM = re.compile(r'[ \t]*;[ \t]*([^\s=;,"<>]*)[ \t]*(?:=[ \t]*("(?:[^"\\]|\\.)*"|[^\s;,"<>]*))?')
_END = re.compile(r"[ \t]*(?:,|\Z)")
_LONGEST_HOST = 100


def followed(reference: str, asked: str, base_url: str) -> str:
    """`reference` resolved against the address `asked`, without its fragment, at the origin of `base_url`.

    SourceRefused when it leads anywhere else. The error names the host only: the rest of an address may hold secrets.
    """
    if _UNCLEAR.search(reference):
        raise SourceRefused(
            "the address of the next page holds a blank, a control character or a backslash, so it was not asked"
        )
    try:
        address = urljoin(asked, reference)
        there, ours = origin(address), origin(base_url)
        path, query = urlsplit(address).path, urlsplit(address).query
    except ValueError:
        raise SourceRefused("the address of the next page is not a web address") from None
    if there is None or there != ours:
        raise SourceRefused(
            f"the next page is said to be at {_named(address, there)}, but the key goes to {_named(base_url, ours)} "
            "only, so it was not asked"
        )
    # Put together from the configured origin, so that no reading of the rest can name another host.
    at = urlsplit(base_url)
    return f"{at.scheme}://{at.netloc}{path or '/'}" + (f"?{query}" if query else "")


def _named(address: str, at: tuple[str, str, int] | None) -> str:
    if at is not None:
        scheme, host, port = at
        return f"{scheme}://{_plain(host)}" + ("" if port == USUAL_PORTS[scheme] else f":{port}")
    if "@" in urlsplit(address).netloc:
        return "an address with a user name"
    return "an address without a clear host"


def _plain(host: str) -> str:
    return plain(host)[:_LONGEST_HOST]


def next_link(header: str, asked: str) -> str | None:
    """The target of the `rel="next"` in a `Link` header (RFC 8288) of the answer from `asked`; None without one.

    BadAnswer for a header that cannot be read or that names two next pages: pages could be lost.
    """
    targets = {target for target, rels in _links(header, asked) if "next" in rels}
    if len(targets) > 1:
        raise BadAnswer("the Link header names two different next pages")
    return targets.pop() if targets else None


def _links(header: str, asked: str) -> Iterator[tuple[str, list[str]]]:
    """(target, relation types in lower case) of each link."""
    at = 0
    while target := _TARGET.match(header, at):
        at = target.end()
        params: dict[str, str] = {}
        while param := _PARAM.match(header, at):
            at = param.end()
            params.setdefault(param[1].lower(), _unquoted(param[2] or ""))  # the first one counts, says the RFC
        if not _END.match(header, at):
            break
        # With an anchor a link tells what follows some other page.
        if "anchor" not in params or urljoin(asked, params["anchor"]) == asked:
            yield target[1].strip(), params.get("rel", "").lower().split()
    if header[at:].strip(" \t,"):
        raise BadAnswer("the Link header cannot be read, so it is unknown whether there are more pages")


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text
