"""What a body says before its rows are read (pure): an answer, or an error whatever the status was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from perfdash import strict_json
from perfdash.errors import BadAnswer
from perfdash.reported import plain
from perfdash.secret import Secret
from perfdash.sources.pagination import PageInfo

MAX_DETAIL = 200


class NotJson(BadAnswer):
    """The body is not strict JSON, perhaps because it was cut."""


class Envelope(BaseModel):
    """The outside of a `performance_v1` answer; the rows themselves are read by perfdash.rows."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    data: list[Any]
    page_info: PageInfo | None = None


def opened(body: bytes, key: Secret) -> Envelope:
    """The answer in `body`, without the key should the source echo it. BadAnswer for whatever is not an answer."""
    try:
        said = strict_json.loads(key.masked_bytes(body))
    except strict_json.NotStrictJson as error:
        is_page = body.lstrip()[:1] == b"<"
        problem = "the answer is a web page, not JSON" if is_page else f"the answer cannot be read: {error}"
        raise NotJson(problem) from None
    if not isinstance(said, dict):
        raise BadAnswer('the answer is not an object with "data"')
    if _is_error(said):
        raise BadAnswer(f"the answer is an error in spite of its status 200{_quoted(detail_in(said, key))}")
    try:
        return Envelope.model_validate(said)
    except ValidationError as error:
        where = error.errors(include_url=False, include_input=False, include_context=False)[0]["loc"]
    if where[0] == "data":
        found = "missing" if "data" not in said else "null" if said["data"] is None else "not a list"
        raise BadAnswer(f"data must be a list of rows, but it is {found}{_quoted(detail_in(said, key))}")
    raise BadAnswer(f"{'.'.join(str(word) for word in where)} is missing or not a whole number")


def _is_error(said: Mapping[str, Any]) -> bool:
    """Gateways and frameworks report failures under 200 in these ways; empty ones mean that all went well."""
    code = said.get("code")
    return bool(
        said.get("error")
        or said.get("errors")
        or said.get("success") is False
        or (isinstance(code, int) and code not in (0, 200))
        or str(said.get("status", "")).lower() in ("error", "fail", "failed", "failure")
    )


def detail_of(body: bytes, key: Secret) -> str:
    """What the body of a refusal says, fit for an error's text: short, plain, without the key; '' for nothing."""
    try:
        return detail_in(strict_json.loads(body), key)
    except strict_json.NotStrictJson:
        return ""


def detail_in(said: object, key: Secret) -> str:
    """The same for a body that was read already."""
    return key.masked(plain(_text_in(said)))[:MAX_DETAIL].strip()


def _text_in(said: object, depth: int = 4) -> str:
    if isinstance(said, str):
        return said
    if depth and isinstance(said, list):
        return "; ".join(filter(None, (_text_in(one, depth - 1) for one in said[:3])))
    if depth and isinstance(said, dict):
        for name in ("detail", "message", "msg", "error_description", "error", "errors"):
            if text := _text_in(said.get(name), depth - 1):
                return text
    return ""


def _quoted(detail: str) -> str:
    return f' ("{detail}")' if detail else ""
