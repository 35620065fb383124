"""What a provider says of a person who has just come from it, and whether that is enough to let somebody in.

The claims are those of an ID token whose signature, issuer, audience and nonce were checked when it came. Then they lie
in a signed cookie for as long as its copy is kept, so an identity counts for minutes only, and once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from perfdash.emails import spelled
from perfdash.oidc_settings import Provider

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


def judged(claims: Mapping[str, object], provider: Provider, now: datetime) -> Identity | RefusedIdentity:
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
