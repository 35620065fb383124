"""[sources.NAME.request] and what its templates may hold: the words for one HTTP request."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from perfdash.config.closed import Closed, DayFormat, tuples, validation_error
from perfdash.config.source_models import HTTP_NAME

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_DAYS = ("start", "end", "after_end")
_PARTS = ("epoch", "epoch_ms", "time", "year", "month", "day")
MOMENTS = tuple(f"{day}_{part}" for day in _DAYS for part in _PARTS)
PLACEHOLDERS = (
    *_DAYS,
    *MOMENTS,
    *("account", "platforms", "page", "page_size", "offset", "cursor", "job"),
)
"""{after_end} is the day after {end}, for an API whose last day is exclusive. A moment is that when a day begins."""
WHOLE_NUMBERS = frozenset(
    (
        *("page", "page_size", "offset"),
        *(name for name in PLACEHOLDERS if re.search("_(epoch|epoch_ms|year|month|day)$", name)),
    )
)
"""Placeholders that are sent as a number in a JSON body, when a text is nothing else."""
FIRST_DAY = frozenset(name for name in PLACEHOLDERS if name.startswith("start"))
LAST_DAY = frozenset(name for name in PLACEHOLDERS if name.startswith(("end", "after_end")))
OURS = (
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "cookie",
    "accept",
    "accept-encoding",
    "user-agent",
)
"""Headers that perfdash sets itself."""
_DEEPEST, _MOST = 8, 1_000
_MOMENTS = "those of days with " + ", ".join(f"_{part}" for part in _PARTS)


def _template(text: str) -> str:
    for name in PLACEHOLDER.findall(text):
        if name not in PLACEHOLDERS:
            known = ", ".join(name for name in PLACEHOLDERS if name not in MOMENTS)
            raise validation_error(f"there is no placeholder {{{name}}}; known: {known}, and {_MOMENTS}")
    return text


def _path(text: str) -> str:
    if not text.startswith("/") or re.search(r"[\x00-\x20\x7f\\?#]", text) or not text.isascii():
        raise validation_error("a path begins with / and holds no blank, ? or #; parameters go into params")
    if "//" in text or {"..", "."} & set(text.split("/")):
        raise validation_error("a path has no empty, . or .. parts")
    return _template(text)


def _header(name: str) -> str:
    if name.lower() in (*OURS, "authorization"):
        raise validation_error("this header is not for you to set; the key is sent by auth")
    return name


def _parsed(value: Any) -> Any:
    """A body may be written as a table, or as JSON in a text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise validation_error("a body is a table, or a text of JSON") from None


def _body(value: Any) -> Any:
    if not isinstance(value, dict | list):
        raise validation_error("a body is a table, or a text of JSON that is an object or a list")
    for count, (inner, depth) in enumerate(_values(value, 1)):
        if depth > _DEEPEST or count > _MOST:
            raise validation_error(f"a body is at most {_DEEPEST} levels deep and holds at most {_MOST} values")
        if isinstance(inner, str):
            _template(inner)
        elif not isinstance(inner, bool | int | float | dict | list | None) or _is_endless(inner):
            raise validation_error("a body holds texts, numbers, true, false, lists and tables; write a day as text")
    return value


def _is_endless(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _values(value: Any, depth: int) -> Iterator[tuple[Any, int]]:
    """Every value of a body, with its depth; none below the deepest that is allowed."""
    yield value, depth
    if isinstance(value, dict | list) and depth <= _DEEPEST:
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _values(inner, depth + 1)


def _plain_name(name: str) -> str:
    if re.search("[\x00-\x20&=#+%\x7f-\uffff]", name):
        raise validation_error("the name of such a parameter is sent as it stands: no blank, &, =, #, + or %")
    return name


Template = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_template)]
Path = Annotated[str, StringConstraints(max_length=500), AfterValidator(_path)]
RequestHeader = Annotated[str, StringConstraints(pattern=HTTP_NAME), AfterValidator(_header)]
HeaderValue = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e][\x20-\x7e]{0,199}$")]
ParamName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Body = Annotated[Any, BeforeValidator(_parsed), AfterValidator(_body)]


class RequestConfig(Closed):
    """[sources.NAME.request]: what is sent. A parameter, or a key of the body, whose placeholder has no value in a
    request is left out of that request.

    `body` is sent as JSON, `form` as a web form; both belong to a POST. `raw_params` names parameters whose text is
    sent as it stands, brackets, colons and commas too; only what is filled in is encoded.
    """

    method: Literal["GET", "POST"] = "GET"
    path: Path
    params: dict[ParamName, Template] = Field(default_factory=dict)
    raw_params: Annotated[tuple[Annotated[str, AfterValidator(_plain_name)], ...], BeforeValidator(tuples)] = ()
    body: Body | None = None
    form: dict[ParamName, Template] = Field(default_factory=dict)
    headers: dict[RequestHeader, HeaderValue] = Field(default_factory=dict)
    dates: DayFormat = "%Y-%m-%d"
    platforms_joined_by: Annotated[str, StringConstraints(min_length=1, max_length=3)] = ","
    window_days: Annotated[int, Field(ge=1, le=3660)] | None = None

    @model_validator(mode="after")
    def _fits_the_method(self) -> RequestConfig:
        if self.method == "GET" and (self.body is not None or self.form):
            raise validation_error('a body or a form is sent with method = "POST"')
        if self.body is not None and self.form:
            raise validation_error("say either body or form")
        for name in self.raw_params:
            if name not in self.params:
                raise validation_error(f"raw_params names {name}, which is not in params")
        return self

    def used(self) -> set[str]:
        """The placeholders that this request carries."""
        texts = (self.path, *self.params.values(), *self.form.values())
        inside = (value for value, _ in _values(self.body, 1) if isinstance(value, str))
        return {name for text in (*texts, *inside) for name in PLACEHOLDER.findall(text)}
