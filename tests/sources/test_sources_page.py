"""docs/sources.md and docs/describe-an-api.md: every key is listed with its default, and the worked example works."""

from __future__ import annotations

import json
import random
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from perfdash.config import presets
from perfdash.config.loading import validate
from perfdash.config.models import ClientConfig, SourceConfig
from perfdash.config.request_models import PLACEHOLDERS
from perfdash.config.source import Source
from perfdash.domain.accounts import Days
from perfdash.domain.secret import Secret
from perfdash.sources.check.request_plan import explain
from perfdash.sources.client import fetch
from tests.house.source_tree import ROOT
from tests.sources.loopback import KEY, Hours, Loopback, said

CONNECT = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "docs" / "describe-an-api.md").read_text(encoding="utf-8")
PAGE = CONNECT + REFERENCE
EXAMPLE = REFERENCE[REFERENCE.index("## An unusual API") :]
WEEK = Days(date(2026, 3, 1), date(2026, 3, 7))


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The tables that a key may hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if hasattr(annotation, "__metadata__"):
        return models_in(annotation.__origin__)
    if get_origin(annotation) in (Union, UnionType, tuple):
        return [model for part in get_args(annotation) for model in models_in(part)]
    return []


def keys_of(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key of a table and of the tables in it, by its dotted name."""
    for name, field in model.model_fields.items():
        inside = models_in(field.annotation)
        if prefix == "fields." or not inside:
            yield prefix + name, field
        else:
            many = "[]" if get_origin(field.annotation) is tuple else ""
            for one in inside:
                yield from keys_of(one, f"{prefix}{name}{many}.")
        if prefix == "fields." and name == "campaign":
            yield from keys_of(inside[0], "fields.FIELD.")


def told(field: FieldInfo) -> str:
    """A default as the page writes it."""
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, int | float):
        return f"{default:g}"
    return default if isinstance(default, str) and default else "–"


def expected() -> dict[str, str]:
    found = {f"clients.{name}": told(field) for name, field in keys_of(ClientConfig)}
    for name, field in keys_of(SourceConfig):
        if name == "auth.type":
            found[name] = "bearer"
        elif name == "paging.type":
            found[name] = "none"
        else:
            found[name] = told(field)
    return found


def table(text: str, heading: str) -> list[list[str]]:
    """The cells of the table whose heading begins so."""
    lines = text[text.index(f"| {heading}") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_page_lists_every_key_with_its_default_and_no_other() -> None:
    rows = table(PAGE, "key of `clients.SLUG`") + table(PAGE, "key of `sources.NAME`")
    assert {row[0].strip("` "): row[1] for row in rows} == expected()
    assert len(rows) == len(expected())


def test_the_page_names_every_placeholder_type_and_outcome() -> None:
    asked = "".join(row[0] for row in table(PAGE, "placeholder"))
    assert sorted(re.findall(r"\{(\w+)\}", asked)) == sorted(PLACEHOLDERS)
    for kind in (*presets.PRESETS, "custom"):
        assert f"`{kind}`" in PAGE
    named = {row[0].strip("` ") for row in table(PAGE, "`then`")}
    outcomes = SourceConfig.model_fields["outcomes"].annotation
    assert named == set(get_args(models_in(outcomes)[0].model_fields["then"].annotation))
    kinds = models_in(SourceConfig.model_fields["paging"].annotation)
    paging = {get_args(kind.model_fields["type"].annotation)[0] for kind in kinds}
    assert {row[0].strip("` ") for row in table(PAGE, "`paging.type`")} == paging


CLIENT = """
[clients.acme]
name = "Acme"
currency = "EUR"
time_zone = "Europe/Berlin"
"""


@pytest.mark.parametrize("text", re.findall(r"^```toml\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL))
def test_every_configuration_on_the_page_is_valid(text: str) -> None:
    assert validate(tomllib.loads(text if "[clients." in text else CLIENT + text)).accounts


def the_example(base_url: str | None = None) -> tuple[Source, Any]:
    """The page's own configuration; `base_url` stands in for the made-up host."""
    [text] = re.findall(r"^```toml\n(.*?)^```", EXAMPLE, flags=re.MULTILINE | re.DOTALL)
    document = tomllib.loads(text)
    if base_url:
        document["sources"]["lumen"]["base_url"] = base_url
    found = validate(document)
    [account] = found.accounts
    return Source("lumen", found.sources["lumen"], Secret("LUMEN_TOKEN", KEY)), account


def test_the_worked_example_asks_what_the_page_says() -> None:
    source, account = the_example()
    [request] = explain(source, account, [WEEK]).requests
    assert f"\nGET {request.address}\n" in EXAMPLE


def test_the_worked_example_reads_the_answers_on_the_page_as_the_page_says() -> None:
    limit, *pages = [
        said(json.loads(text)) for text in re.findall(r"^```json\n(.*?)^```", EXAMPLE, flags=re.MULTILINE | re.DOTALL)
    ]
    hours = Hours()
    with Loopback(limit, *pages) as server:
        source, account = the_example(f"{server.url}/v3")
        found = fetch(
            source,
            account,
            WEEK,
            clock=hours.clock,
            sleep=hours.sleep,
            rng=random.Random(1),
            monotonic=hours.monotonic,
        )
        asked = list(server.asked)
    assert [request.query.get("after") for request in asked] == [None, None, "b2Zmc2V0PTI="]
    assert (found.requests, found.retries, len(hours.slept)) == (3, 1, 1)
    facts = [
        [
            str(key.day),
            key.campaign,
            key.platform,
            values.impressions,
            values.clicks,
            *(Decimal(micros or 0) / 10**6 for micros in (values.cost, values.conversions, values.revenue)),
        ]
        for key, values in found.batch.facts.items()
    ]
    assert facts == [[*row[:3], *map(Decimal, row[3:])] for row in table(EXAMPLE, "day | campaign")]
    assert not found.batch.quarantined
    assert {one.campaign: one.name for one in found.batch.campaigns.values()} == {"9001": "Spring", "9002": "Sale"}
