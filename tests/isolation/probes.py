"""How to ask each function of the store about clients, campaigns, platforms and receipts, whoever they are of."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import select

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Account, Days
from perfdash.domain.as_of import AtRevisions
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.corrections import Range, Target, WantedValue
from perfdash.domain.facts import FactKey
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question, of_every_day
from perfdash.store import audit, receipts, scope
from perfdash.store.auth import login, users
from perfdash.store.corrections import read as correction_read
from perfdash.store.corrections import write as correction_write
from perfdash.store.engine import Store
from perfdash.store.ledger import attempts, newer_answers
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
from perfdash.store.schema import clients, facts
from perfdash.store.share_links import links
from perfdash.store.share_links import views as link_views
from tests.isolation.world import CAMPAIGN, CLIENTS, CREATOR, DAY, PLATFORM, RECEIPT, link_of
from tests.store.builders import ADMIN, MAKER, NOON
from tests.store.test_scope import ACCOUNT, AGE, ALL, ASKED, FOR_ANALYSTS, FOR_OPERATORS, NOW, OF_ONESELF

INJECTED = (
    "' OR 1=1 --",
    "acme' OR '1'='1",
    "acme'; DROP TABLE facts; --",
    'acme") OR ("1"="1',
    "acme' UNION SELECT 'bolt",
    "%",
    "_",
    "*",
    "ac%",
    "a_me",
    "acme*",
    "ACME",
    "Acme",
    "acme ",
    " acme",
    "acme\t",
    "acme\n",
    "acme\u200b",
    "\u0430cme",
    "\uff41cme",
    "a\u0301cme",
    "acme\x00",
    "\x00",
    "acme,bolt",
    "acme/../bolt",
    "../acme",
    "acme\\",
    "acm",
    "acmee",
    "null",
    "None",
    "true",
    "0",
    "1",
    "-1",
    "{}",
    "[]",
    "${acme}",
    ":client_id",
    "?",
    "a" * 5_000,
    "\U0001f600",
    0,
    1,
    -1,
    10**30,
    True,
)
"""What somebody may write where an id is expected: SQL, wildcards, other case, look-alikes, NUL, very long, numbers."""


@dataclass(frozen=True)
class Probe:
    """One question: which clients, and which campaign, platform and receipt of theirs."""

    kind: str
    clients: tuple[Any, ...] = ()
    campaign: Any = CAMPAIGN
    platforms: tuple[Any, ...] = ()
    receipt: Any = RECEIPT
    account: Any = 1
    past: bool = False

    @property
    def client(self) -> Any:
        """The one client that it is about, where a function takes one."""
        return self.clients[0] if self.clients else ""

    @property
    def filters(self) -> Filters:
        """The same as filters."""
        return replace(ALL, clients=self.clients, platforms=self.platforms)

    @property
    def limited(self) -> Filters:
        """The same with a CPM limit that nothing in the world exceeds."""
        return replace(self.filters, max_cpm=10**12)

    @property
    def as_of(self) -> Any:
        """Now, or a moment at which every client had data already: told by revisions that name all clients."""
        return AtRevisions(tuple((name, 1) for name in CLIENTS), NOON) if self.past else None

    @property
    def ref(self) -> CampaignRef:
        """The campaign by its full name."""
        return CampaignRef(self.client, self.account, self.campaign)

    def question(self, principal: Principal) -> Question:
        """About one campaign, where an account is named; with a CPM limit for who may see money."""
        filters = self.limited if principal.money else self.filters
        return Question(principal, filters, self.as_of, self.ref if self.account else None)

    def over(self, principal: Principal, days: int) -> Question:
        """About the clients, over the first days of the world."""
        return Question(principal, Filters(Days(DAY, DAY + timedelta(days)), self.clients))

    @property
    def of_account(self) -> Account:
        """An account that claims to be the client's."""
        return replace(ACCOUNT, client=self.client, number=self.account, settlement_days=3)

    @property
    def range(self) -> Range:
        """The rows of the campaign."""
        return Range(self.client, self.account, self.campaign, Days(DAY, DAY), self.platforms)

    @property
    def row(self) -> Target:
        """One row of the campaign."""
        return Target(self.client, self.account, FactKey(DAY, self.campaign, PLATFORM, CREATOR))


def probes(count: int, own: str, seed: int) -> list[Probe]:
    """`count` probes for somebody who sees `own`: everything, one's own, then foreign ones, mixtures, unknown ones and
    injected text in turn, now and in the past; with another seed others of them."""
    chance = random.Random(seed)
    foreign = [Probe("foreign", (name,)) for name in CLIENTS if name != own]
    others = [Probe("mixed", ("acme", "bolt")), Probe("mixed", CLIENTS), Probe("mixed", (own, "nobody"))]
    others += [Probe("empty", ("",)), Probe("unknown", ("nobody",)), Probe("unknown", (own,), "no", ("no",), "r9", 99)]
    others = [replace(probe, past=past) for probe in others for past in (False, True)]
    bad = [place(text) for text in INJECTED for place in _places(own)]
    chance.shuffle(foreign)
    chance.shuffle(others)
    chance.shuffle(bad)
    others = [*foreign[:1], *others, *foreign[1:]]
    turns = iter(probe for pair in zip(others * len(bad), bad, strict=False) for probe in pair)
    # The few of a smaller run are other ones for each who asks.
    first = [Probe("own", (own,)), *chance.sample([Probe("empty"), *islice(turns, 4)], 5)]
    return [*first, *islice(turns, count)][:count]


def _places(own: str) -> list[Callable[[Any], Probe]]:
    return [
        lambda text: Probe("injected", (text,)),
        lambda text: Probe("injected", (own, text), past=True),
        lambda text: Probe("injected", (own,), campaign=text),
        lambda text: Probe("injected", (own,), platforms=(text,)),
        lambda text: Probe("injected", (own,), receipt=text, campaign=text),
    ]


Ask = Callable[[Store, Principal, Probe], Any]


def reading(call: Callable[[Any, Principal, Probe], Any]) -> Ask:
    """Ask a function that works inside an open read."""

    def ask(store: Store, principal: Principal, x: Probe) -> Any:
        with store.reading() as connection:
            return call(connection, principal, x)

    return ask


def let_through(found: Callable[[Principal, Probe], Any]) -> Ask:
    """The clients that a condition lets through."""
    return reading(lambda c, p, x: tuple(c.scalars(select(clients.c.client_id).where(found(p, x)))))


def _cut(connection: Any, principal: Principal, x: Probe) -> Any:
    return versions.cutoffs(connection, principal, x.clients, x.as_of)


def _facts(connection: Any, principal: Principal, x: Probe) -> Any:
    columns = ("client_id", "day", "impressions", *(("cost",) if principal.money else ()))
    found = versions.fact_versions(principal, x.clients, _cut(connection, principal, x), columns, lambda _: ())
    return sorted(map(tuple, connection.execute(select(found))))


def _named(connection: Any, principal: Principal, x: Probe) -> Any:
    found = versions.attribute_versions(principal, x.clients, _cut(connection, principal, x), ("name",))
    return sorted(map(tuple, connection.execute(found)))


def _moment(connection: Any, principal: Principal, x: Probe) -> Any:
    found = versions.moment_of_client(connection, principal, x.clients, NOW.date())
    chosen = select(clients.c.client_id, found).where(scope.narrowed(principal, clients.c.client_id, x.clients))
    return sorted(map(tuple, connection.execute(chosen)))


def _sums(connection: Any, principal: Principal, x: Probe) -> Any:
    bound = fact_query.view(connection, Question(principal, x.filters, x.as_of, x.ref if x.past else None))
    return fact_query.currencies_in(connection, bound)


def _write(store: Store, principal: Principal, x: Probe) -> Any:
    parts = [Exported(name, 1) for name in x.clients]
    return receipts.write(store, principal, view="v", filters="{}", parts=parts, sha256="0", now=NOW)


WRITES: dict[str, Ask] = {
    "receipts.write": _write,
    "share_links.links.revoke": lambda s, p, x: links.revoke(s, p, x.client, link_of(x.client), NOW) is None,
    "share_links.links.require_may_share": lambda _s, p, x: links.require_may_share(p, x.client) is None,
    "share_links.links.make": lambda s, p, x: links.make(
        s,
        Question(replace(p, name=MAKER), replace(x.filters, clients=())),
        x.client,
        "more",
        p.money,
        NOW,
        lambda: NOON,
    ),
    "audit.record": lambda s, p, x: (
        audit.record(s, p, "view", x.clients, "a page", NOW, kept=timedelta(days=9)) is None
    ),
    "corrections.write.revert": lambda s, p, x: correction_write.revert(
        s, p, x.client, [2 if p.sees_all else 1], "why not", lambda: NOW
    ),
    "corrections.write.require_may_correct": lambda _s, p, x: (
        correction_write.require_may_correct(p, x.client, "cost") is None
    ),
    "corrections.write.correct": lambda s, p, x: correction_write.correct(
        s, p, [WantedValue(replace(x.row, client=name), "cost", 9) for name in x.clients], "why not", lambda: NOW
    ),
}
"""What writes: asked of a store that changes, and of what it may not change."""
SINCE = NOON - timedelta(minutes=30)
TABLE: dict[str, Ask] = {
    **{name: (lambda s, p, _x, ask=ask: ask(s, p)) for name, ask in ASKED.items() if name not in WRITES},
    "scope.in_scope": let_through(lambda p, _: scope.in_scope(p, clients.c.client_id)),
    "scope.narrowed": let_through(lambda p, x: scope.narrowed(p, clients.c.client_id, x.clients)),
    "scope.facts_in_scope": reading(
        lambda c, p, x: sorted(c.scalars(select(facts.c.client_id).where(scope.facts_in_scope(p, facts, x.clients))))
    ),
    "query.versions.cutoffs": reading(lambda c, p, x: versions.cutoffs(c, p, x.clients, NOW).clients),  # type: ignore[union-attr]
    "query.versions.has_overlays": reading(lambda c, p, x: versions.has_overlays(c, p, x.clients)),
    "query.versions.moment_of_client": reading(_moment),
    "query.versions.fact_versions": reading(_facts),
    "query.versions.attribute_versions": reading(_named),
    "query.facts.view": reading(_sums),
    "query.overview.revisions_at": lambda s, p, x: overview.revisions_at(s, of_every_day(p, x.clients, x.as_of)),
    "query.overview.breakdown": lambda s, p, x: overview.breakdown(s, x.question(p), ("client", "campaign", "day")),
    "query.overview.undefined_cpm": lambda s, p, x: overview.undefined_cpm(s, Question(p, x.limited, x.as_of)),
    "query.overview.left_out": lambda s, p, x: overview.left_out(s, Question(p, x.limited, x.as_of)),
    "query.overview.creator_names": lambda s, p, x: overview.creator_names(s, p, x.clients),
    "query.overview.currencies": lambda s, p, x: overview.currencies(s, Question(p, x.filters, x.as_of)),
    "query.overview.platforms": lambda s, p, x: overview.platforms(s, of_every_day(p, x.clients, x.as_of)),
    "query.overview.first_day": lambda s, p, x: overview.first_day(s, of_every_day(p, x.clients, x.as_of)),
    "query.overview.last_day": lambda s, p, x: overview.last_day(s, of_every_day(p, x.clients, x.as_of)),
    "query.overview.last_revised": lambda s, p, x: overview.last_revised(s, of_every_day(p, x.clients, x.as_of)),
    "query.overview.recorded_since": lambda s, p, x: overview.recorded_since(
        s, of_every_day(p, x.clients, x.as_of or SINCE)
    ),
    "query.overview.rows_since": lambda s, p, x: overview.rows_since(
        s, Question(p, x.filters, x.as_of), tuple((name, 0) for name in CLIENTS)
    ),
    "query.overview.begins": lambda s, p, x: overview.begins(s, p, x.clients),
    "query.overview.any_corrected": lambda s, p, x: overview.any_corrected(s, p, x.clients),
    "query.campaigns.campaign_rows": lambda s, p, x: (
        *campaign_query.campaign_rows(s, Question(p, x.filters, x.as_of)),
        *campaign_query.campaign_rows(s, Question(p, x.filters, x.as_of, x.ref)),
    ),
    "query.catalog.accounts": lambda s, p, x: catalog.accounts(s, p, x.clients),
    "query.catalog.accounts_in_view": reading(lambda c, p, x: catalog.accounts_in_view(c, p, x.clients, inactive=True)),
    "query.coverage.coverage": lambda s, p, x: coverage.coverage(s, Question(p, Filters(ALL.days, x.clients))),
    "query.coverage.gaps": lambda s, p, x: coverage.gaps(s, x.over(p, 3)),
    "query.coverage.uncovered": lambda s, p, x: coverage.uncovered(s, x.over(p, 3), NOW),
    "query.coverage.last_complete": lambda s, p, x: coverage.last_complete(s, of_every_day(p, x.clients, x.as_of), NOW),
    "query.delivery.deliveries": lambda s, p, x: delivery.deliveries(s, Question(p, x.filters, x.as_of), NOW),
    "query.cpm_lab.misnamed": lambda s, p, x: cpm_lab_query.misnamed(s, Question(p, x.filters)),
    "query.sync_health.runs": lambda s, p, x: sync_health.runs(s, p, x.clients),
    "query.sync_health.run_log": lambda s, p, x: sync_health.run_log(s, p, x.client, 1),
    "ledger.newer_answers.newer_answer": lambda s, p, x: newer_answers.newer_answer(
        s, p, replace(ACCOUNT, client=x.client, number=x.account), Days(DAY, DAY), (), NOON - timedelta(days=1)
    ),
    "query.imports.imported_files": lambda s, p, x: imports.imported_files(s, p, x.clients),
    "query.sync_health.quarantined": lambda s, p, x: sync_health.quarantined(s, p, x.client, 1),
    "query.sync_health.control_totals": lambda s, p, x: sync_health.control_totals(s, p, x.client, 1).totals.measures,
    "query.sync_health.refusals": lambda s, p, x: sync_health.refusals(s, p, x.client, 1),
    "query.sync_health.same_answers": lambda s, p, _x: sync_health.same_answers(s, p),
    "query.refused.missing": lambda s, p, x: refused.missing(s, Question(p, x.filters)),
    "query.sync_health.freshness": lambda s, p, x: sync_health.freshness(s, p, x.clients, NOW),
    "corrections.read.list_corrections": lambda s, p, x: correction_read.list_corrections(
        s, of_every_day(p, x.clients, x.as_of)
    ),
    "corrections.read.arrived_later": lambda s, p, x: correction_read.arrived_later(s, p, x.clients),
    "corrections.read.lines": lambda s, p, x: correction_read.lines(s, p, x.range),
    "query.same_age.aged": lambda s, p, x: same_age.aged(s, Question(p, x.filters), AGE),
    "query.same_age.unknown": lambda s, p, x: same_age.unknown(s, x.over(p, 4), AGE),
    "receipts.last_report": lambda s, p, x: (
        (last := receipts.last_report(s, replace(p, name=ADMIN.name), x.clients)) and last.parts
    ),
    "receipts.receipt_of": lambda s, p, x: receipts.receipt_of(s, p, x.receipt).parts,
    "share_links.views.list_links": lambda s, p, x: link_views.list_links(s, p, NOW, x.clients),
    "share_links.views.views": lambda s, p, x: link_views.views(
        s, p, x.client, link_of(x.campaign if x.past else x.client)
    ),
    "query.campaigns.campaign_names": lambda s, p, x: campaign_query.campaign_names(s, p, x.clients),
    "restatements.read.events": lambda s, p, x: restatement_read.events(
        s, Question(p, x.filters), x.as_of or SINCE - timedelta(days=9)
    ),
    "restatements.read.movement": lambda s, p, x: restatement_read.movement(
        s, Question(p, x.filters), x.as_of or SINCE - timedelta(days=9)
    ),
    "restatements.settlement.settlement_curves": lambda s, p, x: settlement.settlement_curves(
        s, Question(p, x.filters), NOW
    ),
    "query.coverage.final_at": reading(
        lambda c, p, x: (
            coverage.final_at(c, p, (x.of_account,), ALL.days)
            if x.clients
            else coverage.final_at(c, p, catalog.accounts_in_view(c, p), ALL.days)
        )
    ),
    "query.cpm_lab.comparisons": lambda s, p, x: cpm_lab_query.comparisons(s, Question(p, x.filters, x.as_of)),
    "query.cpm_lab.all_findings": lambda s, p, x: cpm_lab_query.all_findings(s, Question(p, x.filters, x.as_of)),
    "ledger.attempts.last_attempt": lambda s, p, x: attempts.last_attempt(s, p, x.of_account, Days(DAY, DAY)),
    "ledger.attempts.committed": lambda s, p, x: attempts.committed(s, p, x.of_account),
}
"""What reads. What of `tests/store/test_scope.py` takes no client is asked as it is asked there."""


ACCESS = users.Access("client", True, ())
OPERATORS: dict[str, Callable[[Store, Principal, Path], Any]] = {
    "audit.exported": lambda s, p, _: audit.exported(s, p, audit.AuditFilter(), NOW),
    "auth.users.set_access": lambda s, p, _: users.set_access(s, p, "eve", ACCESS, ACCESS, NOW),
    "auth.login.presence": lambda s, p, _: login.presence(s, p, NOW),
    **FOR_OPERATORS,
}
"""What is only for those who see all."""
ALL_NAMES = sorted({*TABLE, *WRITES, *OPERATORS, *FOR_ANALYSTS, *OF_ONESELF})
