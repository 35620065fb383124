"""How an API is asked and read, as tables of a source in perfdash.toml. Closed: an unknown key is an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

import jmespath
import jmespath.exceptions
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    create_model,
    model_validator,
)

from perfdash.config.closed import Closed, LabelFormat, TimeZone, tuples, validation_error
from perfdash.domain.measures import ALWAYS, OPTIONAL

_OF_A_ROW = re.compile(r'(?<![\w"$])\$(?:key|outer_key|value)\b(?!")')


def _expression(text: str) -> str:
    text = _OF_A_ROW.sub(lambda found: f'"{found[0]}"', text)
    try:
        jmespath.compile(text)
    except jmespath.exceptions.ParseError as error:
        place = f" (at character {error.lex_position + 1})" if error.lex_position else ""
        raise validation_error(f"this is not a JMESPath expression{place}") from None
    return text


Text = Annotated[
    str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]*$")
]
LONGEST_PATH, MOST_PATHS = 500, 40
Expression = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_PATH), AfterValidator(_expression)]


def _one_or_more(value: Any) -> Any:
    return tuples(value if isinstance(value, list) else [value])


def _paths(texts: tuple[str, ...]) -> tuple[str, ...]:
    if not texts or not all(texts):
        raise validation_error("this must not be empty")
    if len(texts) > MOST_PATHS or max(map(len, texts)) > LONGEST_PATH:
        raise validation_error("this is too long")
    return tuple(map(_expression, texts))


Expressions = Annotated[tuple[str, ...], BeforeValidator(_one_or_more), AfterValidator(_paths)]
"""One path, or several of which the first counts that is there."""

HTTP_NAME = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$"
HeaderName = Annotated[str, StringConstraints(pattern=HTTP_NAME)]


class _Paging(Closed):
    """What every kind of paging may say: where the answer tells how many rows there are in all."""

    total_rows: Expression | None = None
    size: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Sent as {page_size}; halved when a single day is too much."""


class NoPaging(Closed):
    """paging.type = "none": one request is one answer."""

    type: Literal["none"] = "none"
    total_rows: Expression | None = None


class PagePaging(_Paging):
    """paging.type = "page": {page} counts from `first`. Ends by `total_pages`, else `total_rows`, else an empty page.

    `page_at` and `size_at` say where the answer repeats its page and its own page size, which then is asked for.
    With `first_unasked` the first request carries neither {page} nor {page_size}, and `total_pages` decides on more.
    """

    type: Literal["page"]
    first: Annotated[int, Field(ge=0, le=1)] = 1
    first_unasked: bool = False
    page_at: Expression | None = None
    size_at: Expression | None = None
    total_pages: Expression | None = None


class OffsetPaging(_Paging):
    """paging.type = "offset": {offset} is the number of rows that came. Ends by `total_rows`, else at an empty page."""

    type: Literal["offset"]


class CursorPaging(_Paging):
    """paging.type = "cursor": {cursor} is what `next` found before. Ends when it, or `more`, is absent or false."""

    type: Literal["cursor"]
    next: Expression
    more: Expression | None = None


class NextUrlPaging(_Paging):
    """paging.type = "next_url": `next` finds the address of the next page; it must be at the same origin.

    With `scheme = "any"` it may say http where base_url says https, as behind some proxies; base_url's is used.
    """

    type: Literal["next_url"]
    next: Expression
    scheme: Literal["same", "any"] = "same"


class LinkPaging(_Paging):
    """paging.type = "link_header": `Link: <address>; rel="next"`; it must be at the same origin, as for next_url."""

    type: Literal["link_header"]
    scheme: Literal["same", "any"] = "same"


Paging = Annotated[
    NoPaging | PagePaging | OffsetPaging | CursorPaging | NextUrlPaging | LinkPaging, Field(discriminator="type")
]


def _status(value: Any) -> Any:
    exact = isinstance(value, int) and not isinstance(value, bool) and 200 <= value <= 599
    if not exact and value not in ("2xx", "3xx", "4xx", "5xx"):
        raise validation_error('a status is a number from 200 to 599, or "4xx" or "5xx" for a hundred of them')
    return value


def _scalar(value: Any) -> Any:
    if not isinstance(value, bool | int | str):
        raise validation_error("a value to compare with is true, false, a whole number or a text")
    return value


Scalar = Annotated[Any, AfterValidator(_scalar)]


class OutcomeRule(Closed):
    """[[sources.NAME.outcomes]]: what an answer means. The first rule of which every condition holds decides.

    Conditions: `status` (200 or "5xx", or a list); `header` is present; the value that `at` finds in the body is one of
    `any_of`, lies in `between` (inclusive), `contains` a text in any case, or, with none of these, is there and neither
    null, false nor empty. `says` replaces the source's own message.
    """

    then: Literal["ok", "retry", "rate_limited", "split", "auth", "fail", "incomplete"]
    status: Annotated[tuple[Annotated[Any, AfterValidator(_status)], ...], BeforeValidator(_one_or_more)] | None = None
    header: Annotated[str, StringConstraints(pattern=HTTP_NAME)] | None = None
    at: Expression | None = None
    any_of: Annotated[tuple[Scalar, ...], BeforeValidator(tuples)] | None = None
    between: Annotated[tuple[int, int], BeforeValidator(tuples)] | None = None
    contains: Text | None = None
    says: Text | None = None

    @model_validator(mode="after")
    def _has_conditions(self) -> OutcomeRule:
        if self.status is None and self.header is None and self.at is None:
            raise validation_error("a rule needs a condition: status, header or at")
        tests = [self.any_of, self.between, self.contains]
        if self.at is None and any(test is not None for test in tests):
            raise validation_error("any_of, between and contains look at the value that `at` finds; name it")
        if sum(test is not None for test in tests) > 1:
            raise validation_error("say one of any_of, between and contains")
        return self


class RateConfig(Closed):
    """[sources.NAME.rate]: at most `requests` in any `seconds`, over all accounts that share host and key."""

    requests: Annotated[int, Field(ge=1, le=100_000)]
    seconds: Annotated[float, Field(gt=0, le=86_400)] = 1.0


class UsageConfig(Closed):
    """[sources.NAME.usage]: headers (JSON or a bare number) that say how much of a quota is used, in percent.

    At `pause_at` or above nobody with that host and key asks for `pause_seconds`, or for as long as `minutes` or
    `seconds` (names inside those headers, with their unit) say.
    """

    headers: Annotated[tuple[HeaderName, ...], BeforeValidator(tuples)]
    percent: Annotated[tuple[Text, ...], BeforeValidator(tuples)] = ()
    minutes: Annotated[tuple[Text, ...], BeforeValidator(tuples)] = ()
    seconds: Annotated[tuple[Text, ...], BeforeValidator(tuples)] = ()
    pause_at: Annotated[float, Field(gt=0, le=100)] = 95.0
    pause_seconds: Annotated[float, Field(gt=0, le=86_400)] = 60.0


class FieldConfig(Closed):
    """One field of a row: `path` (JMESPath, from the row) or `constant`, and how its value is to be understood.

    Several paths: the first of them that the file, or the row of an API, has. A constant beside a path stands where
    there is none of them. In a file `{currency}` inside a path is the account's currency.
    `scale`: numbers are units, cents, micros (millionths) or percent. `format`: how a day is written,
    one or several ways; without any, every spelling that has one reading is understood. `zone`: stamps without an
    offset are of this time zone; without it they are labels.
    `map`: other spellings of a platform or status. `by`, `pick` and `value`: of a list of objects, the `value` of the
    one whose `by` is `pick`. `zero_when_missing`: the API leaves out what is 0; of a list, that item, not the list.
    """

    path: Expressions | None = None
    constant: Text | None = None
    scale: Literal["units", "cents", "micros", "percent"] = "units"
    format: Annotated[tuple[LabelFormat, ...], BeforeValidator(_one_or_more)] = ()
    zone: TimeZone | None = None
    map: dict[str, Text] = Field(default_factory=dict)
    by: Expression | None = None
    pick: Text | None = None
    value: Expression = "value"
    zero_when_missing: bool = False

    @model_validator(mode="after")
    def _one_of(self) -> FieldConfig:
        if self.path is None and self.constant is None:
            raise validation_error("say path or constant")
        if (self.by is None) != (self.pick is None):
            raise validation_error("by and pick go together: the one of the list whose `by` is `pick`")
        return self

    @property
    def paths(self) -> tuple[str, ...]:
        """In the order in which they are tried; none where the constant is all."""
        return self.path or ()


def _short(value: Any) -> Any:
    """`cost = "spend"` is short for `cost = { path = "spend" }`."""
    return {"path": value} if isinstance(value, str | list) else value


OneField = Annotated[FieldConfig, BeforeValidator(_short)]


class _KeyFields(Closed):
    campaign: OneField
    day: OneField
    platform: OneField


if TYPE_CHECKING:
    _MeasureFields = _KeyFields  # who checks types cannot know what is made below, and nobody names these fields
else:
    _MeasureFields = create_model(
        "_MeasureFields",
        __base__=_KeyFields,
        **dict.fromkeys(ALWAYS, OneField),
        **dict.fromkeys(OPTIONAL, (OneField | None, None)),
    )


class FieldsConfig(_MeasureFields):
    """[sources.NAME.fields]: where each field of ours stands in a row of theirs. Money in units of the currency."""

    creator: OneField | None = None
    account: OneField | None = None
    last_day: OneField | None = None
    cpm: OneField | None = None
    roi: OneField | None = None
    currency: OneField | None = None
    campaign_name: OneField | None = None
    creator_name: OneField | None = None
    status: OneField | None = None
    budget: OneField | None = None
    budget_kind: OneField | None = None
    flight_start: OneField | None = None
    flight_end: OneField | None = None


NumbersWritten = Literal["1,234.56", "1.234,56", "1 234,56", "1 234.56", "1'234.56", "1,23,456.78"]
"""How numbers are written in text, as an example of one."""


class RecordsConfig(Closed):
    """[sources.NAME.records]: where the rows stand in an answer, by what they are finer, and which are none.

    `each`: the list of days inside each row at `path`; a day sees the fields of the row around it, and `$key` is the
    key of a day that hangs under one (`$value` its value, if that is no object; `$outer_key` the key around it).
    `finer`: the fields of theirs by which rows are finer than a fact. `where`: a
    JMESPath condition; rows of which it does not hold are left out. `account = false`: what looks like the account of
    a row means something else. `periods`: on which of its days a row over several days is booked. `numbers`: how
    numbers are written, when a column leaves it in doubt. `missing`: texts that mean "not reported". `header`: the line
    of a file in which its header stands, counted from 1. `sheet`: the name of a workbook's sheet.
    """

    path: Expression
    each: Expression | None = None
    finer: Annotated[tuple[Expression, ...], BeforeValidator(tuples)] = ()
    where: Expression | None = None
    account: bool = True
    periods: Literal["refuse", "first_day", "last_day"] = "refuse"
    numbers: NumbersWritten | None = None
    missing: Annotated[tuple[Annotated[str, StringConstraints(max_length=40)], ...], BeforeValidator(tuples)] = ()
    decimal_comma: bool = False
    header: Annotated[int, Field(ge=1, le=1000)] | None = None
    sheet: Text | None = None
