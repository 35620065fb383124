"""perfdash.toml, once parsed -> clients, accounts and sources, or every problem in one error, each with its path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from perfdash.accounts import Account, Client
from perfdash.errors import ConfigError
from perfdash.security import Security
from perfdash.sources.complaints import complaints
from perfdash.sources.config import SLUG, AccountConfig, Document, SourceConfig


@dataclass(frozen=True, slots=True)
class Declared:
    """What a configuration file declares. `sources` by name."""

    clients: tuple[Client, ...] = ()
    accounts: tuple[Account, ...] = ()
    sources: Mapping[str, SourceConfig] = field(default_factory=dict)
    security: Security = field(default_factory=Security)


def declared(document: Mapping[str, Any]) -> Declared:
    """The checked content of a parsed file. ConfigError with one line for each problem."""
    problems = [*_bad_names(document)]
    try:
        found = Document.model_validate(document)
    except ValidationError as error:
        problems += complaints(error)
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
