"""The outside of an answer: its JSON, whether it is an error in disguise, and where its rows stand (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from perfdash import strict_json
from perfdash.alike import are_rows
from perfdash.errors import BadAnswer
from perfdash.paths import look_up
from perfdash.reported import plain
from perfdash.secret import Secret

MAX_DETAIL = 200
Loads = Callable[[bytes], object]
"""strict_json.loads, or what reads the same faster."""


class NotJson(BadAnswer):
    """The body is not strict JSON, perhaps because it was cut."""


@dataclass(frozen=True, slots=True)
class ParsedPage:
    """One page: its rows as they came, and the whole parsed body, in which paging looks for what comes next."""

    rows: Sequence[object]
    body: object


def parsed(body: bytes, key: Secret, loads: Loads = strict_json.loads) -> object:
    """The JSON of `body`, without the key should the source echo it. NotJson for anything that is not strict JSON."""
    body = key.masked_bytes(body)
    try:
        said = loads(body)
    except strict_json.NotStrictJson as error:
        is_page = body.lstrip()[:1] == b"<"
        problem = "the answer is a web page, not JSON" if is_page else f"the answer cannot be read: {error}"
    else:
        return said
    raise NotJson(problem)


def answered(said: object, path: str, key: Secret) -> ParsedPage:
    """The rows at `path`. BadAnswer when there is no list of rows."""
    rows = look_up(path)(said)
    if are_rows(rows):
        return ParsedPage(rows, said)
    found = "missing" if not _is_there(said, path) else "null" if rows is None else "not a list"
    raise BadAnswer(f"{path} must be a list of rows, but it is {found}{_quoted(detail_in(said, key))}")


def _is_there(said: object, path: str) -> bool:
    """Whether a plain name is present, be it null; for any other path nobody can tell the difference."""
    return (isinstance(said, Mapping) and path in said) or look_up(path)(said) is not None


def refuse_disguised(said: object, key: Secret) -> None:
    """BadAnswer for what gateways and frameworks report as failures under 200; empty fields mean that all went well."""
    if not isinstance(said, Mapping):
        return
    code = said.get("code")
    if (
        said.get("error")
        or said.get("errors")
        or said.get("success") is False
        or (isinstance(code, int) and code not in (0, 200))
        or str(said.get("status")).lower() in ("error", "fail", "failed", "failure")
    ):
        raise BadAnswer(f"the answer is an error in spite of its status 200{_quoted(detail_in(said, key))}")


def detail_in(said: object, key: Secret) -> str:
    """What a body says of itself, fit for an error's text: short, plain, without the key; '' for nothing."""
    return key.masked(plain(_text_in(said)))[:MAX_DETAIL].strip()


def _text_in(said: object, depth: int = 4) -> str:
    if isinstance(said, str):
        return said
    if depth and are_rows(said):
        return "; ".join(filter(None, (_text_in(one, depth - 1) for one in said[:3])))
    if depth and isinstance(said, dict):
        for name in ("detail", "message", "msg", "error_description", "error", "errors"):
            if text := _text_in(said.get(name), depth - 1):
                return text
    return ""


def _quoted(detail: str) -> str:
    return f' ("{detail}")' if detail else ""
