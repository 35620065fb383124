"""How a row of theirs becomes a row of ours, as tables of a source in perfdash.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, create_model, model_validator

from perfdash.domain.measures import ALWAYS, OPTIONAL
from perfdash.sources.words import Closed, DayFormat, Expression, Text, problem, tuples


class FieldConfig(Closed):
    """One field of a row: `path` (JMESPath, from the row) or `constant`, and how its value is to be understood.

    `scale`: numbers are units, cents, micros (millionths) or percent. `format`: how a day is written.
    `map`: other spellings of a platform or status. `by`, `pick` and `value`: of a list of objects, the `value` of the
    one whose `by` is `pick`. `zero_when_missing`: the API leaves out what is 0.
    """

    path: Expression | None = None
    constant: Text | None = None
    scale: Literal["units", "cents", "micros", "percent"] = "units"
    format: DayFormat | None = None
    map: dict[str, Text] = Field(default_factory=dict)
    by: Expression | None = None
    pick: Text | None = None
    value: Expression = "value"
    zero_when_missing: bool = False

    @model_validator(mode="after")
    def _one_of(self) -> FieldConfig:
        if (self.path is None) == (self.constant is None):
            raise problem("say either path or constant")
        if (self.by is None) != (self.pick is None):
            raise problem("by and pick go together: the one of the list whose `by` is `pick`")
        return self


def _short(value: Any) -> Any:
    """`cost = "spend"` is short for `cost = { path = "spend" }`."""
    return {"path": value} if isinstance(value, str) else value


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
    cpm: OneField | None = None
    roi: OneField | None = None
    currency: OneField | None = None
    campaign_name: OneField | None = None
    creator_name: OneField | None = None
    status: OneField | None = None
    budget: OneField | None = None
    flight_start: OneField | None = None
    flight_end: OneField | None = None


class RecordsConfig(Closed):
    """[sources.NAME.records]: where the list of rows stands in an answer, and which texts mean "not reported"."""

    path: Expression
    missing: Annotated[tuple[Annotated[str, StringConstraints(max_length=20)], ...], BeforeValidator(tuples)] = ()
    decimal_comma: bool = False
