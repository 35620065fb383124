"""perfdash.toml, once parsed -> clients, accounts and sources, or every problem in one error, each with its path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from perfdash.config.models import SLUG, AccountConfig, Document, SourceConfig
from perfdash.domain.accounts import Account, Client
from perfdash.domain.errors import ConfigError
from perfdash.domain.security import Security

_SAYS = {
    "string_pattern_mismatch": "this holds characters that are not allowed here",
    "string_too_short": "this must not be empty",
    "string_too_long": "this is too long",
    "string_type": "this must be text in quotes",
    "int_type": "this must be a whole number",
    "bool_type": "this must be true or false",
    "dict_type": "this must be a table",
    "model_type": "this must be a table",
    "model_attributes_type": "this must be a table",
    "tuple_type": "this must be a list",
    "missing": "this line is missing",
}


def problem_lines(error: ValidationError, whole: type[BaseModel] = Document) -> Iterator[str]:
    """One line for each problem: `sources.agency.paging.type: there is no such type; known: none, page, ...`

    `whole` is what was to be made of the file.
    """
    told = set()
    for one in error.errors(include_input=False):
        words, table = _walk(one["loc"], whole)
        line = _said(one, words, table)
        if line not in told:
            told.add(line)
            yield line


def _said(one: ErrorDetails, words: list[int | str], table: type[BaseModel] | None) -> str:
    path = _path(words)
    known = list(table.model_fields) if table else []
    match one["type"]:
        case "extra_forbidden":
            near = get_close_matches(str(words[-1]), known)
            hint = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(known)}"
            return f"{path}: there is no such setting; {hint}"
        case "literal_error":
            return f"{path}: there is no such {words[-1]}; known: {_named(one['ctx']['expected'])}"
        case "union_tag_invalid":
            return f"{path}.type: there is no such type; known: {_named(one['ctx']['expected_tags'])}"
        case "union_tag_not_found":
            return f"{path}.type: this line is missing"
    return f"{path}: {_SAYS.get(one['type']) or re.sub('^Input should be', 'this must be', one['msg'])}"


def _named(expected: str) -> str:
    """pydantic's "'a', 'b' or 'c'" as plain words."""
    return ", ".join(re.findall("'([^']*)'", expected))


def _walk(loc: tuple[int | str, ...], whole: type[BaseModel]) -> tuple[list[int | str], type[BaseModel] | None]:
    """The words of a path as the file has them, and the table that holds the last one.

    pydantic also names which kind of a table it took ("page") and that a key was meant ("[key]"): not in the file.
    """
    here: Any = whole
    table: type[BaseModel] | None = whole
    words: list[int | str] = []
    for word in loc:
        kinds = _kinds(here)
        if word in kinds:
            here = kinds[str(word)]
        elif word != "[key]":
            words.append(word)
            table = _table(here)
            here = _below(here, word)
    return words, table


def _below(here: Any, word: int | str) -> Any:
    """The type of what `word` names inside `here`; None once nothing is known of it."""
    if get_origin(here) in (dict, tuple):
        arguments = get_args(here)
        return _bare(arguments[1] if get_origin(here) is dict else arguments[0])
    table = _table(here)
    found = table.model_fields.get(str(word)) if table else None
    return found.annotation if found else None


def _table(here: Any) -> type[BaseModel] | None:
    """The table that `here` is, or may be: one that can be left out is `RateConfig | None`."""
    return next((part for part in map(_bare, (here, *get_args(here))) if _is_model(part)), None)


def _bare(annotation: Any) -> Any:
    """An annotation without its `Annotated`."""
    return annotation.__origin__ if hasattr(annotation, "__metadata__") else annotation


def _kinds(here: Any) -> dict[str, Any]:
    """The tables that a `type` chooses between, by that type."""
    found = {}
    for part in map(_bare, get_args(_bare(here))):
        if _is_model(part) and "type" in part.model_fields:
            found[get_args(part.model_fields["type"].annotation)[0]] = part
    return found


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _path(words: list[int | str]) -> str:
    """sources.agency.accounts[0].client"""
    text = ""
    for word in words:
        if isinstance(word, int):
            text += f"[{word}]"
        else:
            text += f".{word}" if text else word
    return text or "the file"


@dataclass(frozen=True, slots=True)
class Declared:
    """What a configuration file declares. `sources` by name."""

    clients: tuple[Client, ...] = ()
    accounts: tuple[Account, ...] = ()
    sources: Mapping[str, SourceConfig] = field(default_factory=dict)
    security: Security = field(default_factory=Security)


def validate(document: Mapping[str, Any]) -> Declared:
    """The checked content of a parsed file. ConfigError with one line for each problem."""
    problems = [*_bad_names(document)]
    try:
        found = Document.model_validate(document)
    except ValidationError as error:
        problems += problem_lines(error)
    else:
        problems += _bad_accounts(found)
    if problems:
        raise ConfigError("\n".join(problems))
    return Declared(
        tuple(Client(slug, said.name, said.currency, said.time_zone) for slug, said in found.clients.items()),
        tuple(_accounts(found)),
        found.sources,
        found.security.meant(),
    )


def _accounts(found: Document) -> Iterator[Account]:
    for name, source in found.sources.items():
        for said in source.accounts:
            client = found.clients[said.client]
            yield Account(
                client=said.client,
                source=name,
                external_id=said.account,
                currency=said.currency or source.currency or client.currency,
                time_zone=said.time_zone or source.time_zone or client.time_zone,
                settlement_days=source.settlement_days,
                history_days=source.history_days,
                platforms=said.platforms or (),
                retention_days=source.retention_days,
                refuse_at_most=round(source.refuse_at_most * 10_000),
                files_only=source.files_only,
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
