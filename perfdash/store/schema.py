"""The tables. Every key and unique constraint on client data starts with `client_id`, so tables partition by client.

`facts` holds the current version of each fact and `fact_history` the closed ones, so that a question about now never
walks over history. A version is valid from `from_rev` up to, but not including, `to_rev`, both revisions of its client.
Money is in integer micros, conversions in integer millionths, instants in integer microseconds UTC, days are labels.
Personal data stands only in `creators` and `users`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from perfdash.domain.measures import CORRECTABLE, MEASURES, REPORTED_RATIOS
from perfdash.store.types import Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def client_column() -> Column[str]:
    """`client_id`, a slug; the first column of every table on client data."""
    return Column("client_id", String(63), ForeignKey("clients.client_id"), nullable=False)


def account_key() -> ForeignKeyConstraint:
    """(client, account) names a row of `accounts`."""
    return ForeignKeyConstraint(["client_id", "account_id"], ["accounts.client_id", "accounts.account_id"])


runs = Table(
    "runs",
    metadata,
    client_column(),
    Column("run_id", Integer, nullable=False),
    Column("account_id", Integer, nullable=False),
    Column("state", String(12), nullable=False),  # running committed incomplete failed suspicious aborted reverted
    Column("trigger", String(20), nullable=False),  # cli file import watch page demo
    Column("author", String(100), nullable=False),
    Column("day_from", Date, nullable=False),
    Column("day_to", Date, nullable=False),
    Column("platforms", Text, nullable=False, server_default=""),
    Column("started_at", Instant, nullable=False),
    Column("fetch_began", Instant),
    Column("fetch_ended", Instant),
    Column("finished_at", Instant),
    Column("revision", Integer),
    *(
        Column(name, Integer, nullable=False, server_default="0")
        for name in (
            "fetched",
            "new",
            "restated",
            "reappeared",
            "unchanged",
            "quarantined",
            "duplicate",
            "vanished",
            "added",
            "left_out",
            "requests",
            "retries",
        )
    ),
    Column("message", Text, nullable=False, server_default=""),
    Column("resume_at", Instant),
    Column("log", Text, nullable=False, server_default=""),
    Column("control", Text, nullable=False, server_default=""),  # ControlTotals.as_json
    # Of what the answer said, whoever it was said for: alike for two accounts, one of them got the other's rows.
    Column("content_sha256", String(64), nullable=False, server_default=""),
    Column("file_name", String(200), nullable=False, server_default=""),
    Column("file_sha256", String(64), nullable=False, server_default=""),
    PrimaryKeyConstraint("client_id", "run_id"),
    account_key(),
    Index(None, "client_id", "account_id", "state", "day_to"),
)

leases = Table(
    "leases",
    metadata,
    client_column(),
    Column("account_id", Integer, nullable=False),
    Column("token", String(64), nullable=False),
    Column("run_id", Integer, nullable=False),
    Column("expires_at", Instant, nullable=False),
    PrimaryKeyConstraint("client_id", "account_id"),
    account_key(),
)

quarantine = Table(
    "quarantine",
    metadata,
    client_column(),
    Column("run_id", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("account_id", Integer, nullable=False),
    Column("reason", String(300), nullable=False),
    Column("row_key", String(700), nullable=False, server_default=""),
    Column("payload", Text, nullable=False),
    PrimaryKeyConstraint("client_id", "run_id", "ordinal"),
    ForeignKeyConstraint(["client_id", "run_id"], ["runs.client_id", "runs.run_id"]),
)

# What runs refused, added up: `quarantine` keeps some of the rows for a while, these sums stay complete.
refusals = Table(
    "refusals",
    metadata,
    client_column(),
    Column("run_id", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("account_id", Integer, nullable=False),
    Column("day", Date),  # NULL: it could not be read
    Column("platform", String(60), nullable=False, server_default=""),  # '': it could not be read
    Column("reason", String(300), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("cost", BigInteger, nullable=False),
    Column("without_cost", Integer, nullable=False),  # rows of which the cost could not be read
    PrimaryKeyConstraint("client_id", "run_id", "ordinal"),
    ForeignKeyConstraint(["client_id", "run_id"], ["runs.client_id", "runs.run_id"]),
)


def _fact() -> tuple[Column[Any], ...]:
    return (
        client_column(),
        Column("day", Date, nullable=False),
        Column("account_id", Integer, nullable=False),
        Column("campaign_id", String(200), nullable=False),
        Column("creator_id", String(200), nullable=False),
        Column("platform", String(60), nullable=False),
    )


_FACT = ("client_id", "day", "account_id", "campaign_id", "creator_id", "platform")

corrections = Table(
    "corrections",
    metadata,
    *_fact(),
    Column("correction_id", Integer, nullable=False),
    Column("slot", String(12), nullable=False),
    Column("field", String(12), nullable=False),
    Column("value", BigInteger, nullable=False),
    # What the source reported, and what counted, when the correction was made.
    Column("currency", String(3), nullable=False),
    *(Column(f"raw_{name}", BigInteger, nullable=False) for name in CORRECTABLE),
    Column("before", BigInteger),  # NULL: the CPM of no impressions
    Column("reason", Text, nullable=False),
    Column("author", String(100), nullable=False),
    Column("batch_id", String(32)),
    Column("from_rev", Integer, nullable=False),
    Column("to_rev", Integer),
    Column("ended_as", String(12)),
    Column("ended_by", String(100)),
    Column("ended_reason", Text),
    PrimaryKeyConstraint("client_id", "correction_id"),
    account_key(),
    Index(
        "uq_corrections_active",
        *_FACT,
        "slot",
        unique=True,
        sqlite_where=text("to_rev IS NULL"),
        postgresql_where=text("to_rev IS NULL"),
    ),
    Index(None, "client_id", "batch_id", "day"),
)

correction_ranges = Table(
    "correction_ranges",
    metadata,
    client_column(),
    Column("batch_id", String(32), nullable=False),
    Column("platform", String(60), nullable=False),  # one row per platform; '' is all of them
    Column("account_id", Integer, nullable=False),
    Column("campaign_id", String(200), nullable=False),
    Column("day_from", Date, nullable=False),
    Column("day_to", Date, nullable=False),
    Column("slot", String(12), nullable=False),
    PrimaryKeyConstraint("client_id", "batch_id", "platform"),
    account_key(),
)

overlays = Table(
    "overlays",
    metadata,
    *_fact(),
    Column("from_rev", Integer, nullable=False),
    Column("to_rev", Integer),
    *(Column(name, BigInteger) for name in CORRECTABLE),
    PrimaryKeyConstraint(*_FACT, "from_rev"),
    account_key(),
)

links = Table(
    "links",
    metadata,
    client_column(),
    Column("link_id", String(32), nullable=False),
    Column("token_hash", String(64), nullable=False),
    Column("label", String(200), nullable=False),
    Column("question", Text, nullable=False),  # the filters as `share_links.to_text` writes them, days as dates
    Column("as_of", Instant),  # the pinned moment; NULL follows the present
    Column("money", Boolean, nullable=False),
    Column("author", String(100), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("revoked_by", String(100)),
    PrimaryKeyConstraint("client_id", "link_id"),
    # Not unique: constraints on client data start with the client, and a token is unguessable anyway.
    Index(None, "token_hash"),
    Index(None, "link_id"),
)

link_views = Table(
    "link_views",
    metadata,
    client_column(),
    Column("link_id", String(32), nullable=False),
    Column("session_id", String(32), nullable=False),
    Column("at", Instant, nullable=False),
    Column("what", String(60), nullable=False),  # opened, or the page or export that was asked for
    PrimaryKeyConstraint("client_id", "link_id", "session_id", "at", "what"),
    ForeignKeyConstraint(["client_id", "link_id"], ["links.client_id", "links.link_id"]),
)

users = Table(
    "users",
    metadata,
    Column("user_id", Integer, primary_key=True),
    Column("username", String(100), nullable=False, unique=True),
    Column("name", String(200), nullable=False, server_default=""),
    Column("password_hash", String(100), nullable=False),  # '' while there is no password: invited, or OpenID Connect
    Column("role", String(10), nullable=False),
    Column("money", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("demo", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("email", String(254)),  # as `emails.spelled`; what an OpenID Connect provider must have verified
    Column("erased_at", Instant),
    Index("uq_users_email", "email", unique=True),
)

grants = Table(
    "grants",
    metadata,
    client_column(),
    Column("user_id", Integer, ForeignKey("users.user_id"), nullable=False),
    PrimaryKeyConstraint("client_id", "user_id"),
    Index(None, "user_id"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_id", String(32), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.user_id"), index=True),  # NULL for visitors of a client link
    Column("kind", String(10), nullable=False, server_default="password"),  # password | oidc | link
    Column("link_id", String(32), index=True),
    Column("token_hash", String(64), unique=True),
    Column("created_at", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("ended_as", String(20)),  # why it was revoked: signed out, password, role, grants, deactivated, ...
)

tickets = Table(
    "tickets",
    metadata,
    Column("ticket_hash", String(64), primary_key=True),
    Column("session_id", String(32), ForeignKey("sessions.session_id"), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

invitations = Table(
    "invitations",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.user_id"), nullable=False, index=True),
    Column("purpose", String(10), nullable=False),  # invite | reset
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

saved_views = Table(
    "saved_views",
    metadata,
    Column("user_id", Integer, ForeignKey("users.user_id"), nullable=False),
    Column("name", String(80), nullable=False),
    Column("page", String(60), nullable=False),
    Column("query", String(2000), nullable=False),
    Column("saved_at", Instant, nullable=False),
    PrimaryKeyConstraint("user_id", "name"),
)

# Attempts to sign in that failed or are under way, for throttling. Keys are keyed digests: no names, no addresses.
tries = Table(
    "tries",
    metadata,
    Column("try_id", String(32), primary_key=True),
    Column("account_key", String(64), nullable=False),
    Column("address_key", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "account_key", "address_key", "at"),
    Index(None, "address_key", "at"),
)

# Failed sign-ins of an account in a row, or of one browser that it is known in: keyed digests, no names.
guesses = Table(
    "guesses",
    metadata,
    Column("account_key", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("at", Instant, nullable=False, index=True),
)

# An identity token opens one session and never another: a copied cookie of the provider's sign-in is worth nothing.
spent_identities = Table(
    "spent_identities",
    metadata,
    Column("identity_hash", String(64), primary_key=True),
    Column("spent_at", Instant, nullable=False, index=True),
)

audit = Table(
    "audit",
    metadata,
    Column("audit_id", Integer, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("actor", String(100), nullable=False),
    Column("action", String(40), nullable=False, index=True),
    Column("subject", String(200), nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
)

meta = Table(
    "meta",
    metadata,
    Column("key", String(60), primary_key=True),
    Column("value", Text, nullable=False),
)


def _measures() -> tuple[Column[Any], ...]:
    """Fresh columns for what a fact reports (FactValues); optional ones are NULL when not reported."""
    return (
        Column("currency", String(3), nullable=False),
        *(Column(measure.name, BigInteger, nullable=not measure.always) for measure in MEASURES),
        # Exact decimals as text: what the API says, never mixed with what we compute.
        *(Column(name, String(40)) for name in REPORTED_RATIOS),
        Column("flags", String(200), nullable=False, server_default=""),
    )


def _fact_key() -> tuple[Column[Any], ...]:
    """Client, then day: one client's days lie side by side, which is what nearly every question asks for."""
    return (
        Column("client_id", String(63), nullable=False),
        Column("day", Date, nullable=False),
        Column("account_id", Integer, nullable=False),
        Column("campaign_id", String(200), nullable=False),
        Column("creator_id", String(200), nullable=False),
        Column("platform", String(60), nullable=False),
    )


FACT_KEY = ("client_id", "day", "account_id", "campaign_id", "creator_id", "platform")
VALUES = tuple(column.name for column in _measures())
VISIBLE = ("committed", "incomplete")
"""The states of runs whose numbers count. An incomplete one refused rows, which are missing from its days."""
OF_FILES = ("file", "import")
"""The triggers of runs that read a file that somebody had, instead of asking the source."""
ERASED_NAME = ""
"""In place of a creator's name that must not come back. No source sends it: an empty name is none."""

clients = Table(
    "clients",
    metadata,
    Column("client_id", String(63), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("time_zone", String(60), nullable=False),
    Column("created_at", Instant, nullable=False),
    # The two counters are what serialises writers of one client: each write takes the next number from this row.
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("last_run", Integer, nullable=False, server_default="0"),
)

accounts = Table(
    "accounts",
    metadata,
    client_column(),
    Column("account_id", Integer, nullable=False),
    Column("source", String(63), nullable=False),
    Column("external_id", String(200), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("time_zone", String(60), nullable=False),
    Column("settlement_days", Integer),
    Column("history_days", Integer, nullable=False),
    Column("platforms", Text, nullable=False, server_default=""),
    Column("active", Boolean, nullable=False),
    Column("retention_days", Integer),
    Column("refuse_at_most", Integer, nullable=False, server_default="10000"),  # millionths
    Column("files_only", Boolean, nullable=False, server_default=false()),
    PrimaryKeyConstraint("client_id", "account_id"),
    UniqueConstraint("client_id", "source", "external_id"),
)

revisions = Table(
    "revisions",
    metadata,
    client_column(),
    Column("revision", Integer, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("author", String(100), nullable=False),
    Column("at", Instant, nullable=False),
    Column("run_id", Integer),
    PrimaryKeyConstraint("client_id", "revision"),
    UniqueConstraint("client_id", "at"),
)

facts = Table(
    "facts",
    metadata,
    *_fact_key(),
    Column("from_rev", Integer, nullable=False),
    *_measures(),
    PrimaryKeyConstraint(*FACT_KEY),
    account_key(),
    sqlite_with_rowid=False,
)

fact_history = Table(
    "fact_history",
    metadata,
    *_fact_key(),
    Column("from_rev", Integer, nullable=False),
    Column("to_rev", Integer, nullable=False),
    Column("vanished", Boolean, nullable=False),
    *_measures(),
    PrimaryKeyConstraint(*FACT_KEY, "from_rev"),
    account_key(),
    sqlite_with_rowid=False,
)

campaigns = Table(
    "campaigns",
    metadata,
    client_column(),
    Column("account_id", Integer, nullable=False),
    Column("campaign_id", String(200), nullable=False),
    Column("from_rev", Integer, nullable=False),
    Column("to_rev", Integer),  # NULL while current: few rows, so one table serves both
    Column("name", String(300)),
    Column("budget", BigInteger),
    Column("flight_start", Date),
    Column("flight_end", Date),
    Column("status", String(40)),
    Column("budget_kind", String(10)),  # daily; NULL: for the whole flight
    PrimaryKeyConstraint("client_id", "account_id", "campaign_id", "from_rev"),
    account_key(),
)

creators = Table(
    "creators",
    metadata,
    client_column(),
    Column("account_id", Integer, nullable=False),
    Column("creator_id", String(200), nullable=False),
    Column("name", String(300), nullable=False),
    PrimaryKeyConstraint("client_id", "account_id", "creator_id"),
    account_key(),
)

receipts = Table(
    "receipts",
    metadata,
    # One row per client in the export, so that a client's rows can be read, and purged, by client.
    client_column(),
    Column("receipt_id", String(32), nullable=False),
    Column("at", Instant, nullable=False),
    Column("author", String(100), nullable=False),
    Column("view", String(40), nullable=False),
    Column("filters", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("totals", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    PrimaryKeyConstraint("client_id", "receipt_id"),
)
