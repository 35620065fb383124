"""Whatever ids a question names, and whoever asks it, only rows of granted clients come back.

Three clients share every id and every name. Each question is put to the store of all three and to a store that never
held anybody else's data: the answers must be the same, to the last character. So also a count, an order, an error or
an emptiness that depended on a foreign row would be found.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from perfdash.domain.access import Principal
from perfdash.domain.errors import AccessDenied, PerfdashError, StoreError
from perfdash.store.engine import Store
from tests.isolation.probes import ALL_NAMES, OPERATORS, TABLE, WRITES, Probe, probes
from tests.isolation.world import CLIENTS, MARK, fill, fingerprint, readers
from tests.store.builders import opened
from tests.store.test_scope import discovered

FULL = os.environ.get("PERFDASH_FULL") == "1"
READERS = readers()
COUNT = (200 if FULL else 20) // len(READERS)
"""Probes of one function by one reader."""
ON_BOTH = ("client of nothing", "analyst of acme and cove", "admin")
REFUSED = "refused"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stores(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """`stores(names)` -> a store that holds these clients, and nobody else ever."""
    with ExitStack() as stack:
        new = stack.enter_context(new_urls(request, tmp_path_factory))
        kept: dict[tuple[str, ...], Store] = {}

        def of(names: tuple[str, ...], fresh: bool = False) -> Store:
            if fresh or names not in kept:
                store = stack.enter_context(opened(new()))
                fill(store, *names)
                if fresh:
                    return store
                kept[names] = store
            return kept[names]

        yield of


def new_urls(request: pytest.FixtureRequest, folders: pytest.TempPathFactory) -> Any:
    """`new()` -> the URL of another migrated, empty database."""
    import shutil
    from contextlib import contextmanager

    from tests.fixtures import databases

    @contextmanager
    def making() -> Iterator[Callable[[], str]]:
        with ExitStack() as stack:

            def new() -> str:
                if request.param == "sqlite":
                    path = folders.mktemp("probed") / "store.db"
                    shutil.copyfile(request.getfixturevalue("_sqlite_template"), path)
                    return f"sqlite:///{path}"
                server = request.getfixturevalue("postgres_server")
                template = request.getfixturevalue("_postgres_template")
                return databases._url_of(server, stack.enter_context(databases._database(server, template)))

            yield new

    return making()


def answer(ask: Callable[..., Any], *arguments: Any) -> Any:
    """What comes back; whatever refuses is the same refusal to who may not know why."""
    try:
        return ask(*arguments)
    except StoreError:  # it names the database, which is another one
        return f"{REFUSED}: the database"
    except PerfdashError as error:
        return f"{REFUSED}: {type(error).__name__}: {error}"
    except (
        TypeError,
        ValueError,
        AttributeError,
        ArithmeticError,
    ) as error:  # a number where an id belongs: no page can send one
        return f"{REFUSED}: {type(error).__name__}"


def granted(principal: Principal) -> tuple[str, ...]:
    return tuple(name for name in CLIENTS if principal.may_see(name))


def foreign_in(shown: str, principal: Principal) -> list[str]:
    """Which other client a text speaks of: by its name as a value, inside of another text, or by one of its numbers.

    A refusal may repeat the name that it was asked for.
    """
    others = [name for name in CLIENTS if not principal.may_see(name)]
    quoted = () if shown[1:].startswith(REFUSED) else ("'{}'", '"{}"')
    traces = (*quoted, " of {}", "by {}", "GET /{}", "{} was")
    return [n for n in others if str(MARK[n])[:9] in shown or any(trace.format(n) in shown for trace in traces)]


def test_every_function_of_the_store_that_takes_a_principal_is_probed() -> None:
    assert sorted(discovered()) == ALL_NAMES


def test_no_probe_gets_a_foreign_row_and_each_function_answers_those_who_may(stores: Any) -> None:
    everybody, wrong, counts = stores(CLIENTS), [], []
    for name, ask in TABLE.items():
        seen = dict.fromkeys(("client", "analyst", "admin"), 0)
        number = 0
        for who, principal, probe in asked(name, everybody.dialect):
            number += 1
            got = answer(ask, everybody, principal, probe)
            alone = got if principal.sees_all else answer(ask, stores(granted(principal)), principal, probe)
            if repr(got) != repr(alone) or foreign_in(repr(got), principal):
                wrong.append(f"{name}, {who}, {probe}: {got!r} but alone {alone!r}"[:900])
            if got and not str(got).startswith(REFUSED):
                seen[principal.role] += 1
        counts.append((name, number, seen))
        if not seen["admin"] or not (seen["analyst"] or seen["client"]):
            wrong.append(f"{name} hides everything from somebody who may see it: {seen}")
    tell(counts, everybody.dialect, len(wrong))
    assert wrong == [], "\n".join(wrong)


def asked(name: str, dialect: str = "sqlite") -> Iterator[tuple[str, Principal, Probe]]:
    """Who asks what of one function: the same in every run, and for each function something else.

    In a smaller run most ask once, and those of ON_BOTH alone on PostgreSQL, where each statement must run too.
    """
    readers = READERS if FULL or dialect == "sqlite" else {who: READERS[who] for who in ON_BOTH}
    for who, principal in readers.items():
        own = (granted(principal) or ("acme",))[0]
        for probe in probes(COUNT if FULL or who in ON_BOTH else 1, own, crc32(f"{name} {who}".encode())):
            yield who, principal, probe


def tell(counts: list[Any], dialect: str, wrong: int) -> None:
    width = max(len(name) for name, _, _ in counts)
    print(f"\n{dialect:{width}}  probes  answered to client analyst admin")
    for name, number, seen in counts:
        print(f"{name:{width}}  {number:6}              {seen['client']:6} {seen['analyst']:7} {seen['admin']:5}")
    print(f"{sum(n for _, n, _ in counts)} probes of {len(counts)} functions, {wrong} with a foreign row")


def test_no_probe_changes_a_foreign_row_and_those_who_may_can_write(stores: Any) -> None:
    store = stores(CLIENTS, fresh=True)
    for name in WRITES:
        done, number = dict.fromkeys(("client", "analyst", "admin"), 0), 0
        for who, principal in READERS.items():
            others = [one for one in CLIENTS if not principal.may_see(one)]
            before = fingerprint(store, *others)
            for _, _, probe in (each for each in asked(name, store.dialect) if each[0] == who):
                number += 1
                got = answer(WRITES[name], store, principal, probe)
                assert not foreign_in(repr(got), principal), (name, principal, probe, got)
                done[principal.role] += not str(got).startswith(REFUSED)
            assert fingerprint(store, *others) == before, (name, principal)
        print(f"\n{store.dialect} {name}: {number} probes, written {done}, 0 foreign rows changed")
        assert done["admin"], name
        assert done["analyst"] or done["client"], name


@pytest.mark.parametrize("name", OPERATORS)
def test_what_serves_operators_is_refused_to_every_other_reader(stores: Any, name: str, tmp_path: Path) -> None:
    store, before = stores(CLIENTS), fingerprint(stores(CLIENTS), *CLIENTS)
    for principal in READERS.values():
        if not principal.sees_all:
            with pytest.raises(AccessDenied):
                OPERATORS[name](store, principal, tmp_path)
    assert fingerprint(store, *CLIENTS) == before
    assert not list(tmp_path.iterdir())


def test_the_probes_are_of_every_kind_and_role() -> None:
    every = {"own", "foreign", "mixed", "empty", "unknown", "injected"}
    found = {name: list(asked(name)) for name in TABLE}
    assert {probe.kind for made in found.values() for _, _, probe in made} == every
    for made in found.values():
        assert len(made) >= (200 if FULL else 10)
        assert {principal.role for _, principal, _ in made} == {"client", "analyst", "admin"}
