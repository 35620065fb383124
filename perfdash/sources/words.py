"""The words that the configuration's models are made of: closed tables, texts, expressions, formats."""

from __future__ import annotations

import re
from typing import Annotated, Any

import jmespath
import jmespath.exceptions
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError


class Closed(BaseModel):
    """A table whose keys are all known; the values in it never appear in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


def problem(text: str) -> PydanticCustomError:
    """A sentence of ours as a validation error; braces in it are not placeholders."""
    return PydanticCustomError("perfdash", "{text}", {"text": text})


def tuples(value: Any) -> Any:
    """TOML has lists where we keep tuples."""
    return tuple(value) if isinstance(value, list) else value


def _expression(text: str) -> str:
    try:
        jmespath.compile(text)
    except jmespath.exceptions.ParseError as error:
        place = f" (at character {error.lex_position + 1})" if error.lex_position else ""
        raise problem(f"this is not a JMESPath expression{place}") from None
    return text


def day_format(text: str) -> str:
    """A strftime format of whole days: each of year, month and day once, and nothing that depends on a language."""
    if sorted(re.findall("%(.?)", text)) not in (["Y", "d", "m"], ["d", "m", "y"]):
        raise problem("a date format holds %Y, %m and %d, each once, such as %Y-%m-%d")
    return text


Text = Annotated[
    str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Expression = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_expression)]
DayFormat = Annotated[str, StringConstraints(max_length=60), AfterValidator(day_format)]
