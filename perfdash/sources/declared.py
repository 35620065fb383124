"""perfdash.toml, once parsed -> clients, accounts and sources, or every problem in one error, each with its path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from perfdash.accounts import Account, Client
from perfdash.errors import ConfigError
from perfdash.sources import config
from perfdash.sources.config import SLUG, AccountConfig, Document, SourceConfig

_TABLES: dict[str, type[BaseModel]] = {
    "clients": config.ClientConfig, "sources": SourceConfig, "accounts": AccountConfig, "limits": config.LimitsConfig,
    "key": config.EnvKey,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Declared:
    """What a configuration file declares. `sources` by name."""

    clients: tuple[Client, ...] = ()
    accounts: tuple[Account, ...] = ()
    sources: Mapping[str, SourceConfig] = field(default_factory=dict)


def declared(document: Mapping[str, Any]) -> Declared:
    """The checked content of a parsed file. ConfigError with one line for each problem."""
    problems = [*_bad_names(document)]
    try:
        found = Document.model_validate(document)
    except ValidationError as error:
        problems += _problems(error)
    else:
        problems += _bad_accounts(found)
    if problems:
        raise ConfigError("\n".join(problems))
    return Declared(
        tuple(Client(slug, said.name, said.currency, said.time_zone) for slug, said in found.clients.items()),
        tuple(_accounts(found)),
        found.sources,
    )


def _accounts(found: Document) -> Iterator[Account]:
    for name, source in found.sources.items():
        for said in source.accounts:
            client = found.clients[said.client]
            yield Account(
                client=said.client,
                source=name,
                external_id=said.account,
                currency=said.currency or client.currency,
                time_zone=said.time_zone or client.time_zone,
                settlement_days=source.settlement_days,
                history_days=source.history_days,
                platforms=said.platforms or (),
            )


def _bad_names(document: Mapping[str, Any]) -> Iterator[str]:
    for table, what in (("clients", "client"), ("sources", "source")):
        names = document.get(table)
        for name in names if isinstance(names, Mapping) else ():
            if not SLUG.fullmatch(name):
                yield (
                    f"{table}.{name}: the name of a {what} is made of a-z, 0-9 and -, begins with a letter or digit, "
                    "and has at most 63 characters"
                )


def _bad_accounts(found: Document) -> Iterator[str]:
    owners: dict[tuple[str, str], str] = {}
    for name, source in found.sources.items():
        for index, said in enumerate(source.accounts):
            path = f"sources.{name}.accounts[{index}]"
            if said.client not in found.clients:
                known = ", ".join(found.clients) or "none"
                yield f'{path}.client: there is no client "{said.client}"; known: {known}'
            owner = owners.setdefault((name, said.account), said.client)
            if any(other.account == said.account for other in source.accounts[:index]):
                yield f'{path}.account: the account "{said.account}" is already bound to client "{owner}"'
    yield from _overlaps(found)


def _overlaps(found: Document) -> Iterator[str]:
    """Two sources that both report a client's platform would count it twice."""
    before: list[tuple[str, SourceConfig, AccountConfig]] = []
    for name, source in found.sources.items():
        for index, said in enumerate(source.accounts):
            for other, other_source, other_said in before:
                shared = _shared(said, other_said)
                if other == name or said.client != other_said.client or shared is None:
                    continue
                if not (source.overlap or other_source.overlap):
                    yield (
                        f'sources.{name}.accounts[{index}]: {shared} of client "{said.client}" already comes from the '
                        f'source "{other}" and would count twice; name the platforms of each, or say overlap = true'
                    )
                    break
            before.append((name, source, said))


def _shared(one: AccountConfig, other: AccountConfig) -> str | None:
    """What both report: platforms, or everything; None when nothing."""
    if one.platforms is None or other.platforms is None:
        return ", ".join(one.platforms or other.platforms or ()) or "every platform"
    folded = {name.casefold() for name in other.platforms}
    return ", ".join(name for name in one.platforms if name.casefold() in folded) or None


def _problems(error: ValidationError) -> Iterator[str]:
    for one in error.errors(include_url=False, include_input=False):
        path, last = _path(one["loc"]), str(one["loc"][-1]) if one["loc"] else ""
        known = list(_table_of(one["loc"]).model_fields)
        if one["type"] == "missing":
            yield f"{path}: this line is missing"
        elif one["type"] == "extra_forbidden":
            near = get_close_matches(last, known, n=1)
            hint = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(known)}"
            yield f"{path}: there is no such setting; {hint}"
        elif one["type"] == "literal_error":
            yield f"{path}: there is no such {last}; known: {', '.join(config.TYPES)}"
        else:
            yield f"{path}: {_said(one['type'], one['msg'])}"


def _said(kind: str, message: str) -> str:
    """pydantic's message in our words: it says what should be there."""
    match kind:
        case "string_pattern_mismatch":
            return "this holds characters that are not allowed here"
        case "string_too_short":
            return "this must not be empty"
        case "string_too_long":
            return "this is too long"
        case "string_type":
            return "this must be text in quotes"
        case "int_type":
            return "this must be a whole number"
        case "bool_type":
            return "this must be true or false"
        case "dict_type" | "model_type":
            return "this must be a table"
        case "tuple_type":
            return "this must be a list"
    return re.sub("^Input should be", "this must be", message)


def _table_of(loc: tuple[int | str, ...]) -> type[BaseModel]:
    """The model that holds the last word of a path."""
    inside = [loc[0], *(word for word in loc[2:-1] if isinstance(word, str))]
    return _TABLES.get(str(inside[-1]), Document) if len(loc) > 1 else Document


def _path(loc: tuple[int | str, ...]) -> str:
    """sources.agency.accounts[0].client"""
    text = ""
    for word in loc:
        if isinstance(word, int):
            text += f"[{word}]"
        elif word != "[key]":
            text += f".{word}" if text else word
    return text or "the file"
