"""What the secrets say about OpenID Connect providers, [auth] and its tables, and what of it cannot be trusted.

Streamlit itself takes whatever stands there: a cookie secret that can be guessed lets anybody sign in as anybody. So
no provider is offered and no identity accepted until these checks pass. No value of a secret is in any sentence.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from perfdash.domain.emails import spelled

CALLBACK = "/oauth2callback"
ITSELF = "default"
"""The name under which st.login knows the provider whose keys stand in [auth] itself."""
REQUIRED = ("client_id", "client_secret", "server_metadata_url")
SHORTEST_SECRET, FEWEST_CHARACTERS = 32, 12
HOW_TO_MAKE_ONE = 'python -c "import secrets; print(secrets.token_urlsafe(48))"'
MANY_TENANTS = ("common", "organizations", "consumers")
_TITLES = {"entra": "Microsoft", "microsoft": "Microsoft", "auth0": "Auth0", ITSELF: "single sign-on"}


@dataclass(frozen=True, slots=True)
class Provider:
    """One way to sign in. `name` is st.login's, `title` what people call it.

    `trusts_email`: the operator vouches for this provider's addresses although it does not say that they are verified.
    """

    name: str
    title: str
    trusts_email: bool = False


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """The providers that may be used, and a sentence for each thing that keeps others, or all of them, from it."""

    providers: tuple[Provider, ...] = ()
    problems: tuple[str, ...] = ()

    def provider(self, name: object) -> Provider | None:
        """The provider of that name, if it may be used."""
        return next((provider for provider in self.providers if provider.name == name), None)


def parse_settings(auth: object) -> OidcSettings:
    """What [auth] of the secrets comes to; None is an installation without OpenID Connect."""
    if auth is None:
        return OidcSettings()
    if not isinstance(auth, Mapping):
        return OidcSettings(problems=("[auth] in the secrets must be a table; docs/sign-in.md shows one.",))
    shared = (*_secret_problems(auth.get("cookie_secret")), *_redirect_problems(auth.get("redirect_uri")))
    providers, problems = [], [*shared]
    tables = dict(_tables(auth))
    for name, table in tables.items():
        wrong = [*_name_problems(name, tables)] or [*_provider_problems(name, table)]
        problems += wrong
        if not wrong:
            providers.append(Provider(name, _title(name, table), table.get("trusts_email") is True))
    if not tables:
        problems.append("[auth] names no provider: add a table such as [auth.clerk]; docs/sign-in.md shows one.")
    return OidcSettings(() if shared else tuple(providers), tuple(problems))


def _tables(auth: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Each provider's keys by its name; those in [auth] itself first."""
    if any(key in auth for key in REQUIRED):
        yield ITSELF, auth
    for name, table in auth.items():
        if isinstance(table, Mapping) and name != "client_kwargs":
            yield name, table


def _title(name: str, table: Mapping[str, object]) -> str:
    said = table.get("display_name")
    if isinstance(said, str) and said.strip():
        return said.strip()[:40]
    return _TITLES.get(name.lower()) or name.replace("-", " ").capitalize()


def _secret_problems(secret: object) -> Iterator[str]:
    mend = f"make one with {HOW_TO_MAKE_ONE}, and keep it to this server"
    if not isinstance(secret, str) or not secret:
        yield f"[auth] cookie_secret is missing: {mend}."
    elif len(secret) < SHORTEST_SECRET or len(set(secret)) < FEWEST_CHARACTERS:
        yield (
            f"[auth] cookie_secret can be guessed, and whoever guesses it signs in as anybody: {mend}. "
            f"At least {SHORTEST_SECRET} random characters are needed."
        )


def _redirect_problems(redirect: object) -> Iterator[str]:
    address = _address(redirect.replace("{port}", "8501") if isinstance(redirect, str) else None)
    if address is None or not address.path.endswith(CALLBACK) or address.query or address.fragment:
        yield f"[auth] redirect_uri must be this app's own address and {CALLBACK}, as in https://reports.example.com{CALLBACK}."
    elif address.scheme != "https" and not _on_this_machine(address):
        yield "[auth] redirect_uri must begin with https:// (only localhost may do without): serve the app behind TLS."


def _name_problems(name: str, all_names: Mapping[str, object]) -> Iterator[str]:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,40}", name):
        yield f"[auth.{name[:40]}] cannot be used: its name may hold letters, digits and '-', but no '_'. Rename it."
    if sum(other.lower() == name.lower() for other in all_names) > 1:
        yield f"[auth.{name[:40]}] differs from another provider only in upper and lower case: rename one."


def _provider_problems(name: str, table: Mapping[str, object]) -> Iterator[str]:
    where = "[auth]" if name == ITSELF else f"[auth.{name[:40]}]"
    missing = [key for key in REQUIRED if not _is_filled(table.get(key))]
    if missing:
        yield f"{where} lacks {', '.join(missing)}: the provider shows them; docs/sign-in.md says where."
    elif (problem := _metadata_problem(_address(table["server_metadata_url"]))) is not None:
        yield f"{where} server_metadata_url {problem}."
    if not isinstance(table.get("trusts_email", False), bool):
        yield f"{where} trusts_email must be true or false, without quotes."
    arguments = table.get("client_kwargs", {})
    scope = arguments.get("scope", "openid email") if isinstance(arguments, Mapping) else ""
    if not isinstance(scope, str) or not {"openid", "email"} <= set(scope.split()):
        yield f'{where} client_kwargs must be a table whose scope holds openid and email, as in "openid email profile".'


def _metadata_problem(address: SplitResult | None) -> str | None:
    if address is None:
        return "must be the address of the provider's discovery document"
    if address.scheme != "https" and not _on_this_machine(address):
        return "must begin with https://"
    if address.hostname == "login.microsoftonline.com" and address.path.strip("/").split("/")[0] in MANY_TENANTS:
        return "must name your own tenant: in any other one a stranger may give himself your colleague's address"
    return None


def _is_filled(value: object) -> bool:
    return isinstance(value, str) and value.strip(" .") != ""


def _address(text: object) -> SplitResult | None:
    try:
        found = urlsplit(text) if isinstance(text, str) else None
        usable = found is not None and found.scheme in ("http", "https") and found.hostname and found.port != 0
    except ValueError:
        return None
    return found if usable and found is not None and "@" not in found.netloc else None


def _on_this_machine(address: SplitResult) -> bool:
    host = address.hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


FRESH = timedelta(minutes=5)
SKEW = timedelta(minutes=2)
"""How far a provider's clock may be ahead of ours."""
ENTRA = "https://login.microsoftonline.com/"
Why = Literal["over", "unclear", "unverified", "unknown", "deactivated"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who owns `email` (in the spelling of users.email). `mark` names this one sign-in, as a digest."""

    provider: str
    email: str
    mark: str


@dataclass(frozen=True, slots=True)
class RefusedIdentity:
    """Why nobody is let in. `email` is the person's own, where it is known; `mark` as in Identity, '' without one."""

    why: Why
    provider: str
    email: str = ""
    mark: str = ""


def verified_identity(claims: Mapping[str, object], provider: Provider, now: datetime) -> Identity | RefusedIdentity:
    """The identity that `claims` prove. `now` is aware.

    over: issued more than FRESH ago. unclear: something is missing. unverified: the address may be another person's.
    """
    mark, issued = _mark(claims), _moment(claims.get("iat"))
    if mark is None or issued is None:
        return RefusedIdentity("unclear", provider.name)
    if not now - FRESH <= issued <= now + SKEW:
        return RefusedIdentity("over", provider.name, mark=mark)
    address = claims.get("email")
    email = spelled(address) if isinstance(address, str) else None
    if email is None:
        return RefusedIdentity("unclear", provider.name, mark=mark)
    if not _is_verified(claims, provider):
        return RefusedIdentity("unverified", provider.name, email, mark)
    return Identity(provider.name, email, mark)


def _is_verified(claims: Mapping[str, object], provider: Provider) -> bool:
    """The provider's word. Where it says nothing, Entra's word on who owns the domain, or the operator's on all."""
    if "email_verified" in claims:
        return _is_true(claims["email_verified"])
    if "xms_edov" in claims and str(claims.get("iss", "")).startswith(ENTRA):
        return _is_true(claims["xms_edov"])
    return provider.trusts_email


def _is_true(value: object) -> bool:
    return value is True or (value == 1 and not isinstance(value, float)) or value in ("true", "True", "1")


def _mark(claims: Mapping[str, object]) -> str | None:
    """A digest of what no two sign-ins share: the nonce is this app's own random number for one of them."""
    parts = [claims.get(name) for name in ("iss", "sub", "nonce")]
    if not all(isinstance(part, str) and part for part in parts):
        return None
    return hashlib.sha256(json.dumps([*parts, claims.get("iat")]).encode()).hexdigest()


def _moment(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
