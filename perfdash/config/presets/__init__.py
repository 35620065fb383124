"""What `type = "..."` stands for: the tables of a source that a file need not repeat."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

PRESETS = ("performance_v1", "tiktok_business", "meta_insights")
EXPORTS = (
    "meta_export",
    "tiktok_export",
    "google_ads_export",
    "linkedin_export",
    "pinterest_export",
    "snapchat_export",
    "x_export",
    "reddit_export",
    "microsoft_export",
    "amazon_export",
)
"""What people download from an ads manager. `signs` in such a preset: columns that tell it from other ones."""
FILES_ONLY = (*EXPORTS, "file")
"""The types of sources without an API; `file` is one whose columns its own tables describe."""
ABOUT_AN_API = frozenset(("base_url", "key", "auth", "request", "paging", "outcomes", "rate", "usage", "job"))
"""What such a source cannot say."""
_DEFAULT = PRESETS[0]
# Where one would be asked: a name that never exists (RFC 2606), so that no mistake can send anything anywhere.
_NO_API = {
    "base_url": "https://no-api.invalid",
    "key": {"env": "NO_KEY"},
    "request": {"path": "/", "params": {"from": "{start}", "to": "{end}"}},
    "records": {"path": "data"},
}


def over_preset(said: Mapping[str, Any]) -> dict[str, Any]:
    """The source's own tables over those of its preset; of an unknown type over the default one's, so that only the
    type is wrong about it."""
    kind = said.get("type")
    if kind == "custom":
        return dict(said)
    if kind in FILES_ONLY:
        base = {name: table for name, table in preset(kind).items() if name != "signs"} if kind in EXPORTS else {}
        return _merged(_merged(_NO_API, base), said)
    return _merged(preset(kind if kind in PRESETS else _DEFAULT), said)


@cache
def preset(name: str) -> Mapping[str, Any]:
    """The tables of one preset, as parsed."""
    return tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text(encoding="utf-8"))


@cache
def usual_columns() -> Mapping[str, tuple[str, ...]]:
    """Field -> what the column of such values is usually called, whoever made the file."""
    return {name: tuple(names) for name, names in preset("usual_columns").items()}


def _merged(base: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**base, **said}
    for name in ("auth", "paging"):
        if _is_table(base.get(name), said.get(name)) and said[name].get("type") in (None, base[name].get("type")):
            merged[name] = {**base[name], **said[name]}
    for name in ("request", "records", "fields", "usage", "limits", "job"):
        if _is_table(base.get(name), said.get(name)):
            merged[name] = {**base[name], **said[name]}
    for table in ("request", "job"):
        for name, own in said[table].items() if _is_table(base.get(table), said.get(table)) else ():
            if _is_table(base[table].get(name), own):
                merged[table][name] = {**base[table][name], **own}
    if isinstance(said.get("outcomes"), list):
        merged["outcomes"] = [*said["outcomes"], *base.get("outcomes", [])]
    return merged


def _is_table(one: object, other: object) -> bool:
    return isinstance(one, Mapping) and isinstance(other, Mapping)
