"""Isolation: what takes a principal gives others nothing, and nothing reads client data without a principal."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ForeignKeyConstraint, PrimaryKeyConstraint, UniqueConstraint, select

import perfdash.store
from perfdash.domain.access import OPERATOR, Principal, Role
from perfdash.domain.accounts import Account, Days
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.comparison import Age
from perfdash.domain.control_totals import ControlTotals, MeasureTotals
from perfdash.domain.corrections import Range, Target, WantedValue
from perfdash.domain.errors import AccessDenied, UsageError
from perfdash.domain.facts import FactKey
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question, of_every_day
from perfdash.store import audit, receipts, scope
from perfdash.store.auth import invitations, login, sessions, user_rows, users
from perfdash.store.corrections import read as correction_read
from perfdash.store.corrections import write as correction_write
from perfdash.store.engine import Store
from perfdash.store.ledger import attempts, newer_answers, take_back
from perfdash.store.maintenance import bundle, erase, traces
from perfdash.store.maintenance import check as store_check
from perfdash.store.query import campaigns as campaign_query
from perfdash.store.query import (
    catalog,
    coverage,
    delivery,
    imports,
    overview,
    refused,
    same_age,
    sync_health,
    versions,
)
from perfdash.store.query import cpm_lab as cpm_lab_query
from perfdash.store.query import facts as fact_query
from perfdash.store.receipts import Exported
from perfdash.store.restatements import read as restatement_read
from perfdash.store.restatements import settlement
from perfdash.store.schema import clients, facts, metadata
from perfdash.store.share_links import links
from perfdash.store.share_links import views as link_views
from tests.store.builders import (
    ADMIN,
    MAKER,
    NOON,
    Runs,
    given_campaign,
    given_client,
    given_correction,
    given_creator,
    given_facts,
    given_history,
    given_link,
    given_maker,
    given_overlay,
    given_quarantined,
    given_refusal,
    given_revisions,
    reader,
)

pytestmark = pytest.mark.any_dialect

STRANGER = reader("elsewhere")
EMPTY = Principal("newcomer", "analyst")
OTHER = reader("bolt")
DAY = date(2026, 3, 1)
ALL = Filters(Days(date(2026, 1, 1), date(2026, 12, 31)))
LIMITED = Filters(ALL.days, max_cpm=10**12)
ACCOUNT = Account("acme", "agency", "acme-1", "EUR", "Europe/Berlin", number=1)
NOW = NOON + timedelta(days=1)
AGE = Age(DAY + timedelta(1), NOW)
FILE_RUN, RUN = 1, 2
LINK = "link"
ANALYST: dict[str, Role] = {"client": "analyst"}

Ask = Callable[[Store, Principal], Any]


def condition(found: Callable[[Principal], Any]) -> Ask:
    """Ask a condition on the clients table for the clients it lets through."""

    def ask(store: Store, principal: Principal) -> Any:
        with store.reading() as connection:
            return tuple(connection.scalars(select(clients.c.client_id).where(found(principal))))

    return ask


def rows(statement: Callable[[Any, Principal], Any]) -> Ask:
    """Ask for the rows of a selectable that is made inside an open read."""

    def ask(store: Store, principal: Principal) -> Any:
        with store.reading() as connection:
            made = statement(connection, principal)
            return tuple(connection.execute(made if hasattr(made, "where") else select(made)))

    return ask


def inside(call: Callable[[Any, Principal], Any]) -> Ask:
    """Ask a function that works inside an open read."""

    def ask(store: Store, principal: Principal) -> Any:
        with store.reading() as connection:
            return call(connection, principal)

    return ask


def moment(connection: Any, principal: Principal) -> Any:
    found = versions.moment_of_client(connection, principal, (), NOW.date())
    return select(clients.c.client_id, found).where(scope.in_scope(principal, clients.c.client_id))


def export(store: Store, principal: Principal) -> str:
    part = Exported("acme", 1)
    return receipts.write(store, principal, view="overview", filters="f", parts=(part,), sha256="0", now=NOW)


def bound_view(connection: Any, principal: Principal) -> Any:
    bound = fact_query.view(connection, Question(principal, LIMITED, NOW))
    return fact_query.currencies_in(connection, bound)


ASKED: dict[str, Ask] = {
    "scope.in_scope": condition(lambda p: scope.in_scope(p, clients.c.client_id)),
    "scope.narrowed": condition(lambda p: scope.narrowed(p, clients.c.client_id, ("acme",))),
    "scope.facts_in_scope": rows(lambda _, p: select(facts.c.client_id).where(scope.facts_in_scope(p, facts, ()))),
    "scope.pinned": lambda s, p: overview.revisions_at(s, of_every_day(p, as_of=scope.pinned(p, NOW))),
    "scope.under_lock": lambda s, p: overview.breakdown(s, scope.under_lock(Question(p, LIMITED))),
    "query.versions.cutoffs": inside(lambda c, p: versions.cutoffs(c, p, (), NOW).clients),  # type: ignore[union-attr]
    "query.versions.has_overlays": inside(lambda c, p: versions.has_overlays(c, p, ())),
    "query.versions.moment_of_client": rows(moment),
    "query.versions.fact_versions": rows(
        lambda c, p: versions.fact_versions(p, (), versions.cutoffs(c, p, (), NOW), ("client_id", "day"), lambda _: ())
    ),
    "query.versions.with_facts": condition(lambda p: versions.with_facts(p, (), None, clients.c.client_id)),
    "query.versions.attribute_versions": rows(
        lambda c, p: versions.attribute_versions(p, (), versions.cutoffs(c, p, (), NOW), ("name",))
    ),
    "query.facts.view": inside(bound_view),
    "query.overview.stamp": overview.stamp,
    "query.overview.revisions_at": lambda s, p: overview.revisions_at(s, of_every_day(p, as_of=NOW)),
    "query.overview.runs_stamp": overview.runs_stamp,
    "query.overview.breakdown": lambda s, p: overview.breakdown(s, Question(p, LIMITED), ("client", "day")),
    "query.overview.undefined_cpm": lambda s, p: overview.undefined_cpm(s, Question(p, LIMITED, NOW)),
    "query.overview.left_out": lambda s, p: overview.left_out(s, Question(p, LIMITED, NOW)),
    "query.overview.creator_names": overview.creator_names,
    "query.overview.currencies": lambda s, p: overview.currencies(s, Question(p, ALL)),
    "query.overview.platforms": lambda s, p: (
        *overview.platforms(s, of_every_day(p)),
        *overview.platforms(s, of_every_day(p, as_of=NOW)),
    ),
    "query.overview.first_day": lambda s, p: overview.first_day(s, of_every_day(p)),
    "query.overview.last_day": lambda s, p: overview.last_day(s, of_every_day(p, as_of=NOW)),
    "query.overview.last_revised": lambda s, p: overview.last_revised(s, of_every_day(p)),
    "query.overview.recorded_since": lambda s, p: overview.recorded_since(
        s, of_every_day(p, as_of=NOON - timedelta(days=1))
    ),
    "query.overview.rows_since": lambda s, p: overview.rows_since(s, Question(p, ALL), (("acme", 0), ("bolt", 0))),
    "query.overview.begins": overview.begins,
    "query.overview.any_corrected": overview.any_corrected,
    "query.campaigns.campaign_rows": lambda s, p: (
        *campaign_query.campaign_rows(s, Question(p, ALL, NOW)),
        *campaign_query.campaign_rows(s, Question(p, ALL, only=CampaignRef("acme", 1, "acme-spring"))),
    ),
    "query.catalog.clients": catalog.clients,
    "query.catalog.accounts": catalog.accounts,
    "query.catalog.accounts_in_view": inside(catalog.accounts_in_view),
    "query.coverage.coverage": lambda s, p: coverage.coverage(s, Question(p, Filters(ALL.days))),
    "query.coverage.gaps": lambda s, p: coverage.gaps(s, Question(p, Filters(ALL.days))),
    "query.coverage.uncovered": lambda s, p: coverage.uncovered(s, Question(p, Filters(ALL.days)), NOW),
    "query.coverage.last_complete": lambda s, p: coverage.last_complete(s, of_every_day(p), NOW),
    "query.sync_health.runs": sync_health.runs,
    # Those who only read their own numbers see no logs at all; among the others the scope decides.
    "query.sync_health.run_log": lambda s, p: sync_health.run_log(
        s, replace(p, role=ANALYST.get(p.role, p.role)), "acme", RUN
    ),
    "ledger.newer_answers.newer_answer": lambda s, p: newer_answers.newer_answer(
        s, p, ACCOUNT, Days(DAY, DAY), (), NOON - timedelta(days=1)
    ),
    # Only importers are told of imports; among them the scope decides.
    "query.imports.imported_files": lambda s, p: imports.imported_files(
        s, replace(p, role=ANALYST.get(p.role, p.role), money=True)
    ),
    "query.sync_health.quarantined": lambda s, p: sync_health.quarantined(s, p, "acme", RUN),
    "query.sync_health.control_totals": lambda s, p: sync_health.control_totals(s, p, "acme", RUN).totals.measures,
    "query.sync_health.refusals": lambda s, p: sync_health.refusals(s, p, "acme", RUN),
    "query.sync_health.same_answers": sync_health.same_answers,
    "query.refused.missing": lambda s, p: refused.missing(s, Question(p, ALL)),
    "query.sync_health.freshness": lambda s, p: sync_health.freshness(s, p, (), NOW),
    "corrections.read.list_corrections": lambda s, p: correction_read.list_corrections(s, of_every_day(p)),
    "corrections.read.arrived_later": correction_read.arrived_later,
    "query.same_age.aged": lambda s, p: same_age.aged(s, Question(p, ALL), AGE).groups,
    "query.same_age.unknown": lambda s, p: same_age.unknown(
        s, Question(p, Filters(Days(DAY, DAY + timedelta(1)))), AGE
    ),
    "receipts.write": export,
    # Only who made a report is told of it; among those of that name the scope decides.
    "receipts.last_report": lambda s, p: receipts.last_report(s, replace(p, name=ADMIN.name)),
    "receipts.list_receipts": receipts.list_receipts,
    "receipts.receipt_of": lambda s, p: receipts.receipt_of(s, p, receipts.list_receipts(s, ADMIN)[0].receipt),
    # Those who only read their own numbers make no links; among the others the scope decides.
    "share_links.views.list_links": lambda s, p: link_views.list_links(
        s, replace(p, role=ANALYST.get(p.role, p.role)), NOW
    ),
    "share_links.links.revoke": lambda s, p: (
        links.revoke(s, replace(p, role=ANALYST.get(p.role, p.role)), "acme", LINK, NOW) is None
    ),
    "query.campaigns.campaign_names": campaign_query.campaign_names,
    "auth.user_rows.names_near": user_rows.names_near,
    "restatements.read.events": lambda s, p: restatement_read.events(s, Question(p, ALL), NOON - timedelta(days=1)),
    "restatements.read.movement": lambda s, p: restatement_read.movement(s, Question(p, ALL), NOON - timedelta(days=1)),
    "restatements.settlement.settlement_curves": lambda s, p: settlement.settlement_curves(s, Question(p, ALL), NOW),
    "query.coverage.final_at": inside(lambda c, p: coverage.final_at(c, p, catalog.accounts_in_view(c, p), ALL.days)),
    "query.cpm_lab.comparisons": lambda s, p: cpm_lab_query.comparisons(s, Question(p, ALL, NOW)),
    "query.cpm_lab.misnamed": lambda s, p: cpm_lab_query.misnamed(s, Question(p, ALL)),
    "query.delivery.deliveries": lambda s, p: delivery.deliveries(s, Question(p, ALL), NOW),
    "query.cpm_lab.all_findings": lambda s, p: cpm_lab_query.all_findings(s, Question(p, ALL, NOW)),
    "ledger.attempts.last_attempt": lambda s, p: attempts.last_attempt(s, p, ACCOUNT, Days(DAY, DAY)),
    "ledger.attempts.committed": lambda s, p: attempts.committed(s, p, ACCOUNT),
    "audit.record": lambda s, p: audit.record(s, p, "view", ("acme",), "overview", NOW, kept=timedelta(9)) is None,
}
"""How to ask each callable of the store that takes a principal. One that is missing here fails the test below."""


ROW = Target("acme", 1, FactKey(DAY, "acme-spring", "acme-tv", "acme-ann"))
FOR_ANALYSTS: dict[str, Ask] = {
    "corrections.read.lines": lambda s, p: correction_read.lines(s, p, Range("acme", 1, "acme-spring", Days(DAY, DAY))),
    "corrections.write.require_may_correct": lambda _, p: (
        correction_write.require_may_correct(p, "acme", "cost") is None
    ),
    "share_links.links.require_may_share": lambda _, p: links.require_may_share(p, "acme") is None,
    "share_links.links.make": lambda s, p: links.make(
        s, Question(replace(p, name=MAKER), ALL), "acme", "another", True, NOW, lambda: NOON
    ),
    "share_links.views.views": lambda s, p: link_views.views(s, p, "acme", LINK),
    "corrections.write.correct": lambda s, p: correction_write.correct(
        s, p, [WantedValue(ROW, "cost", 9)], "why not", lambda: NOW
    ),
    "ledger.take_back.take_back": lambda s, p: take_back.take_back(s, p, "acme", FILE_RUN, lambda: NOW),
    "corrections.write.revert": lambda s, p: correction_write.revert(s, p, "acme", [1], "why not", lambda: NOW),
}
"""What corrects: for those who see all, and for the client's analysts, never for its own users."""


CLIENT = users.Access("client")
FOR_OPERATORS: dict[str, Callable[[Store, Principal, Path], Any]] = {
    "audit.entries": lambda s, p, _: audit.entries(s, p) or overview.stamp(s, p),
    "audit.exported": lambda s, p, _: audit.exported(s, p, audit.AuditFilter(), NOW),
    "auth.users.set_access": lambda s, p, _: users.set_access(s, p, "eve", CLIENT, users.Access("admin"), NOW),
    "auth.login.presence": lambda s, p, _: login.presence(s, p, NOW) is not None,
    "maintenance.bundle.export_bundle": lambda s, p, folder: bundle.export_bundle(s, p, folder / "taken.zip"),
    "maintenance.bundle.import_bundle": lambda s, p, folder: bundle.import_bundle(s, p, folder / "nothing.zip"),
    "maintenance.check.check": lambda s, p, _: store_check.check(s, p),
    "maintenance.check.backup": lambda s, p, folder: store_check.backup(s, p, folder / "taken.db") is None,
    "maintenance.check.restore": lambda _, p, folder: store_check.restore(
        folder / "taken.db", folder / "nothing", p, NOW
    ),
    "maintenance.traces.note_copy": lambda s, p, folder: traces.note_copy(s, p, folder / "taken.db", NOW) is None,
    "maintenance.traces.copies": lambda s, p, _: traces.copies(s, p) is not None,
    "maintenance.traces.came_back": lambda s, p, _: traces.came_back(s, p) is not None,
    "maintenance.erase.purge_client": lambda s, p, _: erase.purge_client(s, p, "acme", NOW),
    "auth.sessions.end": lambda s, p, _: sessions.end(s, "nobody's", NOW, principal=p) is None,
    "auth.sessions.end_all": lambda s, p, _: sessions.end_all(s, 1, NOW, "everywhere", principal=p) == 0,
    "auth.sessions.live_sessions": lambda s, p, _: sessions.live_sessions(s, p, NOW) is not None,
    "auth.users.list_users": lambda s, p, _: users.list_users(s, p) is not None,
    "auth.users.add_user": lambda s, p, _: users.add_user(s, p, "eve", None, "client", NOW),
    "auth.users.set_password": lambda s, p, _: users.set_password(s, p, "eve", "correct horse", NOW, rounds=4),
    "auth.users.set_active": lambda s, p, _: users.set_active(s, p, "eve", False, NOW),
    "auth.users.set_role": lambda s, p, _: users.set_role(s, p, "eve", "admin", NOW),
    "auth.users.set_money": lambda s, p, _: users.set_money(s, p, "eve", True, NOW),
    "auth.users.set_email": lambda s, p, _: users.set_email(s, p, "eve", None, NOW),
    "auth.users.grant": lambda s, p, _: users.grant(s, p, "eve", "acme", NOW),
    "auth.users.revoke": lambda s, p, _: users.revoke(s, p, "eve", "acme", NOW),
    "auth.user_rows.require_admin": lambda _, p, __: user_rows.require_admin(p) is None,
    "auth.user_rows.for_change": lambda s, p, _: inside(lambda c, q: user_rows.for_change(c, q, "eve"))(s, p),
    "auth.invitations.make": lambda s, p, _: invitations.make(s, p, "eve", "invite", NOW),
    "maintenance.erase.erase_user": lambda s, p, _: erase.erase_user(s, p, "eve", NOW),
    "maintenance.erase.erase_creator": lambda s, p, _: erase.erase_creator(s, p, "acme", 1, "acme-ann", NOW),
}
"""What works on the store as a whole, or deletes a client: only for those who see all."""


OF_ONESELF = {"auth.users.set_own_password", "saved_views.forget", "saved_views.save", "saved_views.views"}
"""What is of nobody but who asks; tests/store/auth/test_users.py and tests/store/test_saved_views.py have its tests."""


WHO_ASKS = {"Principal", "Question", "Principal | None"}
BY_KEYWORD = {
    "auth.sessions.end": "whoever signs out ends the own session; only others' need an admin",
    "auth.sessions.end_all": "the same",
    "maintenance.check.restore": "there is no store yet that could stand first",
}


def annotations(function: Callable[..., Any]) -> list[str]:
    return [str(parameter.annotation) for parameter in inspect.signature(function).parameters.values()]


def discovered() -> dict[str, Callable[..., Any]]:
    """Every public function of perfdash.store.* that is told who asks, by module and name."""
    found = {}
    for info in pkgutil.walk_packages(perfdash.store.__path__, "perfdash.store."):
        if ".migrations" in info.name:
            continue
        module = importlib.import_module(info.name)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == info.name and not name.startswith("_") and WHO_ASKS & set(annotations(function)):
                found[f"{info.name.removeprefix('perfdash.store.')}.{name}"] = function
    return found


@pytest.fixture
def world(store: Store) -> Store:
    """Two clients; everything there is to see belongs to acme, and all its names say so."""
    given_client(store, "acme", settlement_days=3, accounts=2)
    given_client(store, "bolt")
    given_revisions(store, "acme", NOON)
    named = {"campaign_id": "acme-spring", "creator_id": "acme-ann", "platform": "acme-tv"}
    said = named | {"reported_cpm": "5.00", "revenue": 10_000_000, "reported_roi": "2"}
    given_facts(store, said, said | {"impressions": 0, "day": DAY + timedelta(1)})
    given_overlay(store, **named, cost=1)
    given_correction(store, **named)
    given_history(store, named | {"from_rev": 0, "to_rev": 1, "impressions": 5})
    given_campaign(store, "acme-spring", name="acme spring", budget=5, flight_start=DAY, flight_end=DAY + timedelta(30))
    given_creator(store, "acme-ann", "acme Ann")
    runs = Runs(store)
    assert runs.add(DAY, DAY, trigger="file") == FILE_RUN
    said_alike = {"content_sha256": "acme", "control": ControlTotals({"clicks": MeasureTotals(1, 1)}).as_json()}
    run = runs.add(
        DAY, DAY, state="incomplete", message="acme was fetched", log="GET /acme", trigger="file", **said_alike
    )
    runs.add(DAY, DAY, account_id=2, **said_alike)
    assert run == RUN
    given_quarantined(store, run)
    given_refusal(store, run)
    export(store, ADMIN)
    given_maker(store)
    given_link(store, LINK)
    return store


def answer(ask: Ask, store: Store, principal: Principal) -> Any:
    try:
        return ask(store, principal)
    except AccessDenied:
        return None
    except UsageError:  # such as a receipt that is none for this principal
        return None


def test_every_callable_that_takes_a_principal_is_asked() -> None:
    found = discovered()
    print(
        f"{len(found)} callables of perfdash.store take a principal; {len(FOR_OPERATORS)} of them serve operators only"
    )
    assert sorted(found) == sorted([*ASKED, *FOR_ANALYSTS, *FOR_OPERATORS, *OF_ONESELF])


def test_who_asks_stands_right_behind_the_store() -> None:
    apart = set()
    for name, function in discovered().items():
        takes = annotations(function)
        place = 1 if takes[0] in ("Store", "Connection") else 0
        if takes[place] not in ("Principal", "Question"):
            apart.add(name)
    assert apart == set(BY_KEYWORD)


def test_what_is_asked_comes_whole_and_never_in_pieces() -> None:
    pieces = {"Principal", "Filters", "CampaignRef", "CampaignRef | None"}
    loose = {name for name, function in discovered().items() if "Filters" in annotations(function)}
    for name, function in discovered().items():
        if "Question" in annotations(function) and pieces & set(annotations(function)):
            loose.add(name)
    assert loose == set()


def test_only_those_who_were_granted_a_client_see_anything_of_it(world: Store) -> None:
    wrong = [f"{name}: {problem}" for name, ask in ASKED.items() for problem in leaks(world, name, ask)]
    assert wrong == []


def leaks(store: Store, name: str, ask: Ask) -> Iterator[str]:
    """What is wrong with one callable's answers: shown to those who may not see it, or hidden from those who may."""
    for principal in (STRANGER, EMPTY, Principal("x", "analyst", frozenset({"ACME", "acm", "acme "}))):
        if answer(ask, store, principal):
            yield f"shows {answer(ask, store, principal)!r} to {principal.name}"
    # The other client has an account and no data: what its user sees must not name anything of acme.
    seen = answer(ask, store, OTHER)
    if "acme" in repr(seen).lower() or (seen and name not in SHOWS_A_CLIENT):
        yield f"shows {seen!r} to the other client's user"
    for principal in (ADMIN, OPERATOR, reader("acme")):
        if not answer(ask, store, principal):
            yield f"hides everything from {principal.name}"


SHOWS_A_CLIENT = {
    "scope.in_scope",
    "scope.pinned",
    "query.versions.moment_of_client",
    "query.overview.stamp",
    "query.overview.runs_stamp",
    "query.overview.revisions_at",
    "query.catalog.clients",
    "query.catalog.accounts",
    "query.catalog.accounts_in_view",
    "query.coverage.gaps",
    "query.coverage.uncovered",
    "query.sync_health.freshness",
    "query.same_age.unknown",
    "auth.user_rows.names_near",
}
"""What shows a client that has no data yet, so the other client's user sees that client: rightly."""


@pytest.mark.parametrize("name", FOR_ANALYSTS)
@pytest.mark.parametrize("role", ["operator", "admin", "analyst"])
def test_only_analysts_of_the_client_and_those_who_see_all_correct(world: Store, name: str, role: Role) -> None:
    ask = FOR_ANALYSTS[name]
    others = (STRANGER, EMPTY, OTHER, reader("acme"), Principal("a", "analyst", frozenset({"bolt", "ACME"})))
    for principal in others:
        with pytest.raises(AccessDenied):
            ask(world, principal)
    assert ask(world, Principal("a", role, frozenset({"acme"})))


@pytest.mark.parametrize("name", FOR_OPERATORS)
def test_what_serves_operators_is_denied_to_everyone_else(world: Store, name: str, tmp_path: Path) -> None:
    ask = FOR_OPERATORS[name]
    for principal in (STRANGER, EMPTY, OTHER, reader("acme", "bolt"), Principal("a", "analyst", frozenset({"acme"}))):
        with pytest.raises(AccessDenied):
            ask(world, principal, tmp_path)
    assert list(tmp_path.glob("taken*")) == []
    assert overview.breakdown(world, Question(ADMIN, ALL)) != ()
    with suppress(UsageError):  # on PostgreSQL, or about a store that is not empty: past the permission
        assert ask(world, ADMIN, tmp_path)


# --- the scope itself


def test_nothing_is_seen_by_default(world: Store) -> None:
    ask = ASKED["scope.in_scope"]
    assert ask(world, Principal("new", "client")) == ()
    assert ask(world, Principal("new", "analyst")) == ()
    assert sorted(ask(world, Principal("new", "admin"))) == ["acme", "bolt"]
    assert ask(world, Principal("new", "superuser", frozenset({"acme"}))) == ("acme",)  # type: ignore[arg-type]


def test_a_filter_narrows_and_never_widens(world: Store) -> None:
    def seen(principal: Principal, *names: str) -> list[str]:
        return sorted(condition(lambda p: scope.narrowed(p, clients.c.client_id, names))(world, principal))

    assert seen(ADMIN) == ["acme", "bolt"]
    assert seen(ADMIN, "bolt", "nobody") == ["bolt"]
    assert seen(reader("bolt"), "acme", "bolt") == ["bolt"]
    assert seen(reader("bolt"), "acme") == []
    assert seen(reader(), "acme") == []


def test_a_slug_that_looks_like_sql_is_only_a_slug(world: Store) -> None:
    assert overview.breakdown(world, Question(reader("' OR 1=1 --"), ALL)) == ()
    assert overview.breakdown(world, Question(reader("acme' OR '1'='1"), ALL)) == ()
    assert overview.breakdown(world, Question(ADMIN, Filters(ALL.days, clients=("' OR 1=1 --",)))) == ()


# --- the rule for code


CLIENT_DATA = {t.name for t in metadata.tables.values() if "client_id" in t.c}
WITHOUT_PRINCIPAL = {
    "ledger/writer.py": "the ledger's writes; sync decides for which account, after the permission",
    "ledger/leases.py": "the ledger's writes",
    "ledger/overlays.py": "a part of the ledger's and the corrections' writes",
    "ledger/revisions.py": "a part of the ledger's and the corrections' writes",
    "ledger/current.py": "what a run compares its answer with, for the one account it writes",
    "maintenance/check.py": "`db check`, backup and restore of the whole file, for the operator",
    "maintenance/traces.py": "what is left of the erased in the whole file and its copies, for the operator",
    "maintenance/bundle.py": "export and import of the whole store, for the operator",
    "auth/users.py": "makes principals, and changes what users were granted, for an admin",
    "auth/user_rows.py": "a part of users.py",
    "share_links/links.py": "makes principals too; making and revoking links take one",
    "schema.py": "defines the tables",
}
PARTS_OF_A_SCOPED_QUERY = {
    "auth/login.py:rights": "tells when principals are to be made anew; nobody is shown it",
    "query/delivery.py:_costs": "columns of a subquery that fact_versions has put in scope",
    "query/sync_health.py:_of_account": "a subquery about the accounts that _standing has put in scope",
    "query/sync_health.py:_is_last": "the same",
    "corrections/write.py:supersede": "a part of the corrections' writes; `correct` and `revert` take a principal",
    "corrections/write.py:_where": "the same",
    "ledger/refused.py:forget_refused": "a part of the ledger's writes: deletes what was kept long enough",
    "ledger/newer_answers.py:newer_in": "a part of the ledger's writes; `newer_answer` takes a principal",
    "ledger/take_back.py:_set_run": "a part of take_back, which takes a principal",
    "ledger/take_back.py:_brought": "the same",
    "ledger/take_back.py:_campaigns": "the same",
    "ledger/take_back.py:_close_campaigns": "the same",
    "ledger/take_back.py:_closed_versions": "the same",
    "ledger/take_back.py:_same_run": "the same",
    "ledger/take_back.py:__init__": "the same",
    "ledger/refused.py:store_refused": "the same: writes down what a run refused",
    "maintenance/erase.py:_named_in": "names the tables that hold a person's name; erasing takes a principal",
    "query/catalog.py:register": "takes the configuration over, before anybody asks",
    "query/catalog.py:_client_changes": "the same",
    "query/catalog.py:_account_changes": "the same",
    "query/catalog.py:_at": "the same",
    "share_links/views.py:viewed": "writes down that a link was used, for its visitor",
}


STORE = Path(perfdash.store.__path__[0])


def place(path: Path) -> str:
    return str(path.relative_to(STORE))


def mentions(node: ast.AST) -> set[str]:
    """The client-data tables that a piece of code names, imported or through the schema module."""
    return {name for part in ast.walk(node) if (name := table_named(part)) is not None and name in CLIENT_DATA}


def table_named(node: ast.AST) -> str | None:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "schema":
        return node.attr
    # `facts.c...`, `select(facts)`, `insert(facts)`: a table that was imported by name.
    return node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) else None


def functions() -> Iterator[tuple[Path, ast.FunctionDef]]:
    for path in sorted(path for path in STORE.rglob("*.py") if "migrations" not in path.parts):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                yield path, node
            if isinstance(node, ast.ClassDef):
                yield from ((path, part) for part in node.body if isinstance(part, ast.FunctionDef))


def carries_a_principal(function: ast.FunctionDef) -> bool:
    arguments = [*function.args.args, *function.args.kwonlyargs]
    return any(
        a.arg == "principal" or (a.annotation and ast.unparse(a.annotation) in ("Question", "FactsView", "Between"))
        for a in arguments
    )


def imports_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in ("perfdash.store.schema", "perfdash.store")
        for alias in node.names
    }


def test_no_function_names_a_table_of_client_data_without_a_principal() -> None:
    bare = [
        f"{place(path)}:{function.name}"
        for path, function in functions()
        if place(path) not in WITHOUT_PRINCIPAL
        and (mentions(function) & imports_of(path) or ("schema" in imports_of(path) and mentions(function)))
        and not carries_a_principal(function)
    ]
    assert sorted(bare) == sorted(PARTS_OF_A_SCOPED_QUERY)


def test_the_exceptions_are_still_there() -> None:
    names = {place(path) for path, _ in functions()} | {"schema.py"}
    assert set(WITHOUT_PRINCIPAL) <= names


# --- the rule for tables


def test_every_key_on_client_data_starts_with_the_client() -> None:
    checked = 0
    for table in metadata.tables.values():
        if table.name not in CLIENT_DATA:
            continue
        for constraint in table.constraints:
            if isinstance(constraint, ForeignKeyConstraint) and constraint.referred_table.name not in CLIENT_DATA:
                continue  # to a table that is nobody's client data: a grant names its user
            if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint | ForeignKeyConstraint):
                assert next(iter(constraint.columns)).name == "client_id", (table.name, constraint)
                checked += 1
    print(f"{checked} keys of {len(CLIENT_DATA)} tables start with client_id")
    assert checked > 20
    assert next(iter(facts.primary_key.columns)).name == "client_id"
