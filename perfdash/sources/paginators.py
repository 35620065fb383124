"""Paging by page number: which page comes next, and whether the source gave the one that was asked for (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import urljoin, urlsplit

from perfdash.config.source_models import CursorPaging, PagePaging
from perfdash.domain.errors import BadAnswer, SourceRefused
from perfdash.domain.values import clean_text
from perfdash.ingest import field_paths
from perfdash.sources.origin import USUAL_PORTS, origin

MOST = 10**12
_DIGITS = re.compile("[0-9]{1,15}")
_NAMES = re.compile(r"(?P<parent>\w+(?:\.\w+)*)\.\w+", re.ASCII)


def whole_number(value: object) -> int | None:
    """A number from 0 to 10^12 that arrived as int, whole Decimal or digits; None for all else, true and false too."""
    if isinstance(value, str):
        value = int(value) if _DIGITS.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    # The bounds come before int(), for which 1E+999999 is a matter of minutes; NaN has none.
    if (isinstance(value, Decimal) and value.is_nan()) or not 0 <= value <= MOST:
        return None
    return int(value) if value == int(value) else None


def number_at(expression: str, body: object) -> int:
    """The whole number that `expression` finds in an answer. BadAnswer, which names the expression, without one."""
    found = whole_number(field_paths.look_up(expression)(body))
    if found is None:
        raise BadAnswer(f"{expression} is missing or not a whole number")
    return found


def parent_path(expression: str) -> str:
    """Of `a.b.c` the object that holds it, `a.b`; of anything else the expression itself."""
    names = _NAMES.fullmatch(expression)
    return names["parent"] if names else expression


class RepeatedTotal:
    """A number that the pages repeat, such as that of all rows. `value` is None until it came."""

    def __init__(self, expression: str | None) -> None:
        self.expression = expression
        self.value: int | None = None

    def read(self, body: object, *, may_be_absent: bool = False) -> None:
        """Take it from the next page. BadAnswer when it changed, is no whole number, or is absent and may not be."""
        if self.expression is None:
            return
        if may_be_absent and field_paths.look_up(self.expression)(body) is None:
            return
        found = number_at(self.expression, body)
        if self.value is not None and found != self.value:
            raise BadAnswer(
                f"the totals changed while the pages were read: {self.expression} was {self.value}, then {found}; "
                "sync again"
            )
        self.value = found


class PageNumbers:
    """The {page} and {page_size} of each request. `total` is that of all rows; `most` pages may be read."""

    def __init__(self, paging: PagePaging, total: RepeatedTotal, most: int, size: int | None) -> None:
        self._paging, self._total, self._most = paging, total, most
        # A first request without a size is answered in pages of the source's own: another one would skip rows.
        self._size = None if paging.first_unasked else size
        self._pages = RepeatedTotal(paging.total_pages)
        self._places = [at for at in (paging.page_at, paging.size_at, paging.total_pages, paging.total_rows) if at]

    def first(self) -> dict[str, str]:
        """The placeholders of the first request."""
        return {} if self._paging.first_unasked else self._values(1)

    def after(self, body: object, came: int, count: int, rows: int) -> dict[str, str] | None:
        """Those of the request after page `count`, which brought `came` of the `rows` so far; None: that was all."""
        if self._says_nothing(body):
            if count > 1:
                raise BadAnswer(f"{parent_path(self._places[0])} is missing on page {count}")
            if self._paging.first_unasked or not came:
                return None  # an empty list alone is a whole answer
        self._check_number(body, count)
        self._pages.read(body)
        self._total.read(body)
        self._check_pages(came, count)
        more = self._more(came, count, rows)
        self._read_size(body, came, count, more)
        return self._values(count + 1) if more else None

    def _says_nothing(self, body: object) -> bool:
        """True when the objects that hold page numbers and totals are absent, not just a line of them."""
        found = (field_paths.look_up(at)(body) for place in self._places for at in (place, parent_path(place)))
        return bool(self._places) and all(value is None for value in found)

    def _check_number(self, body: object, count: int) -> None:
        at = self._paging.page_at
        if at and (found := number_at(at, body)) != (asked := self._number(count)):
            raise BadAnswer(f"page {asked} was asked for, but {at} is {found}")

    def _check_pages(self, came: int, count: int) -> None:
        label, pages = self._pages.expression, self._pages.value
        if pages is None:
            return
        if pages > self._most:
            raise BadAnswer(f"{label} is {pages}, more than the {self._most} that a run may read; ask for fewer days")
        if count == 1 and came and not pages and self._total.value is None:
            raise BadAnswer(f"{label} is 0, but {came} rows came")

    def _more(self, came: int, count: int, rows: int) -> bool:
        if self._pages.value is not None:
            return count < self._pages.value
        return came > 0 and rows != self._total.value

    def _read_size(self, body: object, came: int, count: int, more: bool) -> None:
        at = self._paging.size_at
        if at is None:
            return
        said, asked = number_at(at, body), self._size
        if more and said < 1:
            raise BadAnswer(f"{at} is 0, but there are more pages")
        if asked is not None and said > asked and (count > 1 or (more and came <= asked)):
            # The rows between a page of the size asked for and the next one of the greater size would be lost.
            raise BadAnswer(f"pages of {asked} rows were asked for, but {at} is {said} on page {count}")
        if count == 1:
            self._size = said

    def _number(self, count: int) -> int:
        return self._paging.first + count - 1

    def _values(self, count: int) -> dict[str, str]:
        values = {"page": str(self._number(count))}
        return values if self._size is None else values | {"page_size": str(self._size)}


LONGEST_SHOWN = 40
_MOST_NAMED = 6


class Cursors:
    """The cursors of one answer, in the order in which they were handed out."""

    def __init__(self, paging: CursorPaging) -> None:
        self._paging = paging
        self._seen: dict[str, int] = {}

    def after(self, body: object) -> str | None:
        """The cursor to ask with next; None: that was all. BadAnswer for one that was handed out before."""
        more = self._paging.more
        if more is not None and not says_more(field_paths.look_up(more)(body)):
            return None
        cursor = self._cursor(field_paths.look_up(self._paging.next)(body))
        if cursor is None:
            if more is not None:
                raise BadAnswer(f"{more} says that there is more, but {self._paging.next} is missing")
            return None
        if cursor in self._seen:
            raise BadAnswer(self._circle(cursor))
        self._seen[cursor] = len(self._seen)
        return cursor

    def _cursor(self, found: object) -> str | None:
        if not is_present(found):
            return None
        if isinstance(found, bool) or not isinstance(found, str | int | Decimal):
            raise BadAnswer(f"{self._paging.next} is neither text nor a number")
        text = str(found)
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise BadAnswer(f"{self._paging.next} holds half a character, which cannot be sent back")
        return text

    def _circle(self, cursor: str) -> str:
        names = [_shown(name) for name in list(self._seen)[self._seen[cursor] :]]
        if len(names) == 1:
            return f"the cursor {names[0]} was handed out again for its own next page: the pages would never end"
        if len(names) > _MOST_NAMED:
            names = [*names[: _MOST_NAMED - 2], "...", names[-1]]
        return f"the cursors go round in a circle: {' -> '.join([*names, _shown(cursor)])}"


def is_present(value: object) -> bool:
    """JMESPath's truth: null, false and what is empty are not there; 0 is, as it may well be a cursor."""
    return value is not None and value is not False and value not in ("", [], {})


def says_more(value: object) -> bool:
    """Whether a `more` says yes: a flag, a count, the address of the next page."""
    if isinstance(value, str):
        return value.strip().lower() not in ("", "0", "false")
    return is_present(value) and value != 0


def _shown(cursor: str) -> str:
    return clean_text(cursor)[:LONGEST_SHOWN].strip()


# Parsers disagree on these, so that one of them may see another host than the other.
_UNCLEAR = re.compile("[\x00-\x20\x7f-\x9f\\\\\ud800-\udfff]")
_TARGET = re.compile(r"[ \t,]*<([^<>]*)>")
_PARAM = re.compile(r'[ \t]*;[ \t]*([^\s=;,"<>]*)[ \t]*(?:=[ \t]*("(?:[^"\\]|\\.)*"|[^\s;,"<>]*))?')
_END = re.compile(r"[ \t]*(?:,|\Z)")
_LONGEST_HOST = 100


def resolve_next(reference: str, asked: str, base_url: str, any_scheme: bool = False) -> str:
    """`reference` resolved against the address `asked`, without its fragment, at the origin of `base_url`.

    With `any_scheme` http and https are one at the same host and at the same or both usual ports; base_url's is asked.
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
    if there is None or ours is None or (there != ours and not (any_scheme and _is_same_host(there, ours))):
        raise SourceRefused(
            f"the next page is said to be at {_named(address, there)}, but the key goes to {_named(base_url, ours)} "
            "only, so it was not asked"
        )
    # Put together from the configured origin, so that no reading of the rest can name another host.
    at = urlsplit(base_url)
    return f"{at.scheme}://{at.netloc}{path or '/'}" + (f"?{query}" if query else "")


def _is_same_host(one: tuple[str, str, int], other: tuple[str, str, int]) -> bool:
    """At both usual ports, or at one and the same."""
    usual = all(port == USUAL_PORTS[scheme] for scheme, _, port in (one, other))
    return one[1] == other[1] and (usual or one[2] == other[2])


def _named(address: str, at: tuple[str, str, int] | None) -> str:
    if at is not None:
        scheme, host, port = at
        return f"{scheme}://{_plain(host)}" + ("" if port == USUAL_PORTS[scheme] else f":{port}")
    if "@" in urlsplit(address).netloc:
        return "an address with a user name"
    return "an address without a clear host"


def _plain(host: str) -> str:
    return clean_text(host)[:_LONGEST_HOST]


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
