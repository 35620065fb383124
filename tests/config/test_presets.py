"""The presets: each is a whole source, and a file's own lines over it change what they name and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from perfdash.config.file_mapping import of_preset
from perfdash.config.models import SourceConfig
from perfdash.config.presets import EXPORTS, PRESETS, over_preset, preset
from perfdash.config.source_models import Expression, FieldsConfig
from perfdash.ingest.field_paths import look_up, plain_keys
from perfdash.sources.mapping import mapping_of
from perfdash.sources.recognition import recognise
from tests.sources.routed import configured

URL = "https://api.example.com"


def of(kind: str, **tables: Any) -> SourceConfig:
    """With no line but those that every source must have."""
    return SourceConfig.model_validate({"type": kind, "base_url": URL, "key": {"env": "KEY"}, **tables})


def spelled_out(kind: str, **changes: Any) -> dict[str, Any]:
    """Every table of a preset, as a file of type custom would have to write them."""
    return deepcopy(dict(preset(kind))) | changes


def values(model: BaseModel, of_type: object) -> Iterator[str]:
    """Every text in a source that is of this annotated type, wherever it stands."""
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        is_one = field.metadata and list(field.metadata) == list(get_args(of_type)[1:])
        if isinstance(value, str) and is_one:
            yield value
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, BaseModel):
                yield from values(one, of_type)
            elif isinstance(one, str) and name in ("next", "more", "path", "total_rows", "total_pages", "at", "by"):
                yield one


def test_a_type_is_a_preset_or_custom() -> None:
    assert set(PRESETS) == {"performance_v1", "tiktok_business", "meta_insights"}
    assert set(get_args(SourceConfig.model_fields["type"].annotation)) == {*PRESETS, *EXPORTS, "file", "custom"}


@pytest.mark.parametrize("kind", EXPORTS)
def test_an_export_is_a_whole_source_of_one_line_and_has_no_api(kind: str) -> None:
    config = SourceConfig.model_validate({"type": kind})
    assert config.files_only
    assert config.base_url.endswith(".invalid")
    assert mapping_of(config.fields, config.records, kind).fields.keys() >= {"campaign", "day", "platform", "cost"}
    for key in ("base_url", "key", "request", "auth"):
        with pytest.raises(ValidationError, match=f"it has no API: leave out {key}"):
            SourceConfig.model_validate({"type": kind, key: {}})


@pytest.mark.parametrize("kind", EXPORTS)
def test_an_export_is_told_from_every_other_one_by_its_usual_header(kind: str) -> None:
    """Its first names: those of the English export."""
    fields = of_preset(kind).fields
    said = [getattr(fields, name) for name in FieldsConfig.model_fields]
    header = {(plain_keys(one.paths[0]) or ("",))[0].replace("{currency}", "EUR") for one in said if one and one.paths}
    found = recognise([*header, *preset(kind)["signs"][:2]])
    assert found is not None and found.preset == kind


def test_a_file_is_described_by_its_own_tables() -> None:
    fields = dict.fromkeys(("campaign", "day", "platform", "impressions", "clicks", "cost"), "x")
    config = SourceConfig.model_validate({"type": "file", "fields": fields})
    assert config.files_only and config.fields.cost.paths == ("x",)
    with pytest.raises(ValidationError) as caught:
        SourceConfig.model_validate({"type": "file"})
    assert [error["loc"] for error in caught.value.errors()] == [("fields",)]


@pytest.mark.parametrize("kind", PRESETS)
def test_a_preset_is_a_whole_source_that_needs_a_key_and_perhaps_an_address(kind: str) -> None:
    config = of(kind)
    assert config.base_url == URL
    assert mapping_of(config.fields, config.records, config.type).fields
    assert config.request.path.startswith("/")


@pytest.mark.parametrize("kind", ["tiktok_business", "meta_insights"])
def test_a_preset_of_one_vendor_knows_its_address(kind: str) -> None:
    assert configured(kind).config.base_url.startswith("https://")


def test_the_address_of_an_own_api_must_be_named() -> None:
    with pytest.raises(ValidationError, match="base_url"):
        configured("performance_v1")


@pytest.mark.parametrize("kind", PRESETS)
def test_every_expression_of_a_preset_can_be_looked_up(kind: str) -> None:
    found = set(values(of(kind), Expression))
    assert len(found) > 10
    for text in found:
        if not text.startswith("/"):
            look_up(text)({"data": []})
            look_up(text)(None)


@pytest.mark.parametrize("kind", PRESETS)
def test_no_preset_holds_a_key_or_the_name_of_one(kind: str) -> None:
    assert not {"key", "accounts"} & preset(kind).keys()


@pytest.mark.parametrize("kind", PRESETS)
def test_a_custom_source_with_every_table_spelled_out_is_the_preset(kind: str) -> None:
    named, written = of(kind), of("custom", **{k: v for k, v in spelled_out(kind).items() if k != "base_url"})
    assert written.type == "custom"
    assert written.model_copy(update={"type": kind}) == named


@pytest.mark.parametrize("kind", PRESETS)
def test_reading_a_preset_does_not_change_it_for_the_next_source(kind: str) -> None:
    before = deepcopy(preset(kind))
    of(kind, request={"params": {"extra": "1"}}, fields={"roi": "r"}, outcomes=[{"then": "retry", "status": 418}])
    assert preset(kind) == before
    assert of(kind) == of(kind)


def test_the_default_is_performance_v1() -> None:
    said = {"base_url": URL, "key": {"env": "K"}}
    assert SourceConfig.model_validate(said) == SourceConfig.model_validate(said | {"type": "performance_v1"})


# One's own lines over it


@pytest.mark.parametrize("kind", PRESETS)
def test_one_parameter_more_or_another_leaves_the_others(kind: str) -> None:
    usual = of(kind).request.params
    first = next(
        name for name, text in usual.items() if "{" not in text or (kind == "performance_v1" and "size" in name)
    )
    changed = of(kind, request={"params": {first: "mine", "extra": "1"}}).request
    assert changed.params == usual | {first: "mine", "extra": "1"}
    assert changed.path == of(kind).request.path
    assert changed.window_days == of(kind).request.window_days


@pytest.mark.parametrize("kind", PRESETS)
def test_another_line_of_the_request_leaves_the_parameters(kind: str) -> None:
    changed = of(kind, request={"window_days": 5})
    assert changed.request.window_days == 5
    assert changed.request.params == of(kind).request.params
    assert changed.fields == of(kind).fields


@pytest.mark.parametrize("kind", PRESETS)
def test_a_header_more_leaves_the_rest(kind: str) -> None:
    changed = of(kind, request={"headers": {"X-Tenant": "acme"}})
    assert changed.request.headers == {"X-Tenant": "acme"}
    assert changed.request.params == of(kind).request.params


@pytest.mark.parametrize("kind", PRESETS)
def test_another_field_replaces_that_one_whole_and_leaves_the_others(kind: str) -> None:
    usual = of(kind).fields
    changed = of(kind, fields={"conversions": "results", "views": {"path": "seen", "zero_when_missing": True}}).fields
    assert changed.conversions is not None and changed.conversions.paths == ("results",)
    assert changed.conversions.by is None
    assert changed.views is not None and changed.views.zero_when_missing
    assert changed.model_copy(update={"conversions": usual.conversions, "views": usual.views}) == usual


@pytest.mark.parametrize("kind", PRESETS)
def test_an_own_outcome_comes_first_and_the_others_stay(kind: str) -> None:
    usual = of(kind).outcomes
    changed = of(kind, outcomes=[{"then": "fail", "at": "code", "any_of": [40100]}]).outcomes
    assert changed[1:] == usual
    assert (changed[0].then, changed[0].any_of) == ("fail", (40100,))


@pytest.mark.parametrize("kind", PRESETS)
def test_another_page_size_leaves_the_way_of_paging(kind: str) -> None:
    usual, changed = of(kind).paging, of(kind, paging={"size": 33}).paging
    assert changed == usual.model_copy(update={"size": 33})


def test_another_type_of_paging_takes_nothing_of_the_old_one() -> None:
    params = {"page": "", "page_size": "", "at": "{cursor}"}
    changed = of("performance_v1", paging={"type": "cursor", "next": "next"}, request={"params": params})
    assert changed.paging.model_dump(exclude_none=True) == {"type": "cursor", "next": "next"}
    assert changed.request.params["at"] == "{cursor}"


@pytest.mark.parametrize("kind", PRESETS)
def test_another_way_to_sign_in_takes_nothing_of_the_old_one(kind: str) -> None:
    changed = of(kind, auth={"type": "basic", "user": "perfdash"})
    assert changed.auth.model_dump() == {"type": "basic", "user": "perfdash"}
    assert changed.fields == of(kind).fields


def test_the_same_way_to_sign_in_keeps_what_is_not_said() -> None:
    changed = of("tiktok_business", auth={"type": "header", "prefix": "Token"})
    assert changed.auth.model_dump() == {"type": "header", "name": "Access-Token", "prefix": "Token"}


def test_another_pause_leaves_the_headers_of_the_quota() -> None:
    usual, changed = of("meta_insights").usage, of("meta_insights", usage={"pause_at": 80}).usage
    assert usual is not None and changed is not None
    assert changed == usual.model_copy(update={"pause_at": 80.0})


@pytest.mark.parametrize("kind", PRESETS)
def test_another_limit_leaves_the_others(kind: str) -> None:
    assert of(kind, limits={"attempts": 2}).limits == of(kind).limits.model_copy(update={"attempts": 2})


@pytest.mark.parametrize("kind", PRESETS)
def test_days_that_settle_and_that_are_kept_can_be_said_anew(kind: str) -> None:
    changed = of(kind, settlement_days=9, history_days=99)
    assert (changed.settlement_days, changed.history_days) == (9, 99)
    assert changed.model_copy(
        update={"settlement_days": of(kind).settlement_days, "history_days": of(kind).history_days}
    ) == of(kind)


def test_custom_takes_nothing_from_any_preset() -> None:
    with pytest.raises(ValidationError) as caught:
        configured("custom", URL)
    assert {error["loc"][0] for error in caught.value.errors()} == {"request", "records", "fields"}


def test_a_wrong_type_is_the_only_thing_that_is_wrong_about_its_source() -> None:
    with pytest.raises(ValidationError) as caught:
        configured("perfomance_v1", URL)
    assert [error["loc"] for error in caught.value.errors()] == [("type",)]


def test_one_line_of_a_table_leaves_the_other_lines_of_it() -> None:
    tables = {"records": {"decimal_comma": True}, "limits": {"attempts": 9}, "usage": {"pause_at": 80}}
    for kind in PRESETS:
        usual, changed = of(kind), of(kind, **{name: said for name, said in tables.items() if name in preset(kind)})
        for name, said in tables.items():
            if name in preset(kind):
                kept = getattr(usual, name).model_dump() | said
                assert getattr(changed, name).model_dump() == kept


def test_a_source_of_no_preset_of_its_own_is_read_over_the_default_one() -> None:
    assert over_preset({"type": "unheard of"}) == {**preset("performance_v1"), "type": "unheard of"}
    assert over_preset({}) == preset("performance_v1")
    assert over_preset({"type": "custom", "x": 1}) == {"type": "custom", "x": 1}
    own = [{"then": "retry", "status": 418}]
    assert over_preset({"outcomes": own})["outcomes"] == own
    assert (
        over_preset({"type": "meta_insights", "outcomes": own})["outcomes"] == own + preset("meta_insights")["outcomes"]
    )
    assert over_preset({"outcomes": "x"})["outcomes"] == "x"
