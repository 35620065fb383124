"""What the tables of perfdash.toml are made of: closed tables, how days are written, time zones."""

from __future__ import annotations

import re
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError

from perfdash.domain.day_spelling import LABEL_CODES
from perfdash.domain.values import clean_text


class Closed(BaseModel):
    """A table whose keys are all known; the values in it never appear in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


def validation_error(text: str) -> PydanticCustomError:
    """A sentence of ours as a validation error; braces in it are not placeholders."""
    return PydanticCustomError("perfdash", "{text}", {"text": text})


def tuples(value: Any) -> Any:
    """TOML has lists where we keep tuples."""
    return tuple(value) if isinstance(value, list) else value


def day_format(text: str) -> str:
    """A strftime format of whole days: each of year, month and day once, and nothing that depends on a language."""
    if sorted(re.findall("%(.?)", text)) not in (["Y", "d", "m"], ["d", "m", "y"]):
        raise validation_error("a date format holds %Y, %m and %d, each once, such as %Y-%m-%d")
    return text


_PART = {"Y": "year", "y": "year", "m": "month", "b": "month", "B": "month", "d": "day"}
_SHOWN = "YymbBdHIMSfpzaA"


def label_format(text: str) -> str:
    """A strftime format of days in a row: a year, a month and a day, with a time of day and an offset if they come."""
    codes = re.findall("%(-?.?)", text)
    unknown = next((code for code in codes if code not in LABEL_CODES), None)
    if unknown is not None:
        raise validation_error(f"a date format has no %{unknown}; it may hold {' '.join(f'%{c}' for c in _SHOWN)}")
    kinds = [_PART.get(code.removeprefix("-"), "") for code in codes]
    if sorted(filter(None, kinds)) != ["day", "month", "year"] or len(set(codes)) < len(codes):
        raise validation_error("a date format holds a year, a month and a day, each once, such as %Y-%m-%d or %d %b %Y")
    return text


def time_zone(name: str) -> str:
    """The IANA name of a time zone."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        shown = clean_text(name)[:60]
        raise validation_error(f'there is no time zone "{shown}"; use an IANA name such as "Europe/Berlin"') from None
    return name


TimeZone = Annotated[str, AfterValidator(time_zone)]
DayFormat = Annotated[str, StringConstraints(max_length=60), AfterValidator(day_format)]
LabelFormat = Annotated[str, StringConstraints(max_length=60), AfterValidator(label_format)]
