from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from sqlalchemy import event

from perfdash.domain.accounts import Account, Client
from perfdash.store.engine import Store
from perfdash.store.query import catalog
from tests.store.builders import ADMIN, NOON, opened, reader

ACME = Client("acme", "Acme", "EUR", "Europe/Berlin")
BOLT = Client("bolt", "Bolt", "JPY", "Asia/Tokyo")
EU = Account("acme", "agency", "acme-eu", "EUR", "Europe/Berlin", settlement_days=7, platforms=("TikTok", "Snap"))
US = Account("acme", "agency", "acme-us", "USD", "America/New_York", history_days=30)
JP = Account("bolt", "agency", "bolt-jp", "JPY", "Asia/Tokyo")


def register(store: Store, clients: list[Client], accounts: list[Account]) -> None:
    catalog.register(store, clients, accounts, NOON)


def test_clients_and_accounts_come_back_as_they_were_registered(store: Store) -> None:
    register(store, [BOLT, ACME], [EU, US, JP])
    assert catalog.clients(store, ADMIN) == (ACME, BOLT)
    numbered = (replace(EU, number=1), replace(US, number=2), replace(JP, number=1))
    assert catalog.accounts(store, ADMIN) == numbered
    assert catalog.accounts(store, ADMIN, ("bolt",)) == numbered[2:]


def test_registering_the_same_again_writes_nothing(store: Store) -> None:
    register(store, [ACME, BOLT], [EU, US, JP])
    written = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("SELECT"):
            written.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    register(store, [ACME, BOLT], [EU, US, JP])
    assert [s for s in written if s.startswith(("INSERT", "UPDATE", "DELETE")) or "IMMEDIATE" in s] == []


def test_a_changed_setting_is_taken_over_and_the_number_stays(store: Store) -> None:
    register(store, [ACME], [EU, US])
    moved = replace(ACME, currency="CHF", time_zone="Europe/Zurich", name="Acme AG")
    slower = replace(US, settlement_days=28, platforms=("Meta",), time_zone="UTC", currency="CAD")
    register(store, [moved], [slower, EU])
    assert catalog.clients(store, ADMIN) == (moved,)
    assert catalog.accounts(store, ADMIN) == (replace(EU, number=1), replace(slower, number=2))


def test_an_account_that_left_the_configuration_is_inactive_and_can_come_back(store: Store) -> None:
    register(store, [ACME], [EU, US])
    register(store, [ACME], [US])
    assert [a.number for a in catalog.accounts(store, ADMIN)] == [2]
    assert [a.number for a in catalog.accounts(store, ADMIN, inactive=True)] == [1, 2]
    new = replace(EU, external_id="acme-uk")
    register(store, [ACME], [EU, US, new])
    assert [(a.external_id, a.number) for a in catalog.accounts(store, ADMIN)] == [
        ("acme-eu", 1),
        ("acme-us", 2),
        ("acme-uk", 3),
    ]


def test_a_client_that_left_the_configuration_keeps_its_row(store: Store) -> None:
    register(store, [ACME, BOLT], [EU, JP])
    register(store, [BOLT], [JP])
    assert [c.slug for c in catalog.clients(store, ADMIN)] == ["acme", "bolt"]
    assert [a.client for a in catalog.accounts(store, ADMIN)] == ["bolt"]


def test_a_reader_sees_only_what_was_granted(store: Store) -> None:
    register(store, [ACME, BOLT], [EU, US, JP])
    assert catalog.clients(store, reader("bolt")) == (BOLT,)
    assert [a.client for a in catalog.accounts(store, reader("bolt"), ("acme", "bolt"))] == ["bolt"]
    assert catalog.accounts(store, reader("bolt"), ("acme",)) == ()
    assert catalog.clients(store, reader()) == ()


def test_two_processes_that_start_at_once_agree(migrated_url: str) -> None:
    def start(_: int) -> None:
        with opened(migrated_url) as store:
            register(store, [ACME, BOLT], [EU, US, JP])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(start, range(8)))
    with opened(migrated_url) as store:
        assert [(a.client, a.number) for a in catalog.accounts(store, ADMIN)] == [("acme", 1), ("acme", 2), ("bolt", 1)]
