"""When a provider's word lets somebody in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from perfdash.domain.oidc import FRESH, SKEW, Identity, Provider, RefusedIdentity, verified_identity

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLERK, ENTRA = Provider("clerk", "Clerk"), Provider("entra", "Microsoft", trusts_email=True)


def claims(**changes: Any) -> dict[str, Any]:
    """What a good provider says just now, with `changes`; None takes a claim away."""
    found = {
        "iss": "https://clerk.example.com",
        "sub": "user-1",
        "nonce": "n-1",
        "iat": int(NOW.timestamp()),
        "email": "Ada@Example.com",
        "email_verified": True,
        "is_logged_in": True,
        "provider": "clerk",
    }
    return {name: value for name, value in (found | changes).items() if value is not None}


def why(provider: Provider = CLERK, now: datetime = NOW, **changes: Any) -> str:
    found = verified_identity(claims(**changes), provider, now)
    return found.why if isinstance(found, RefusedIdentity) else "let in"


def test_a_fresh_verified_address_is_an_identity_in_the_spelling_of_the_users() -> None:
    found = verified_identity(claims(), CLERK, NOW)
    assert isinstance(found, Identity)
    assert (found.provider, found.email, len(found.mark)) == ("clerk", "ada@example.com", 64)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(0), "let in"),
        (FRESH, "let in"),
        (FRESH + timedelta(seconds=1), "over"),
        (timedelta(days=29), "over"),
        (-SKEW, "let in"),
        (-SKEW - timedelta(seconds=1), "over"),
    ],
)
def test_an_identity_counts_for_minutes_only(age: timedelta, expected: str) -> None:
    assert why(now=NOW + age) == expected


@pytest.mark.parametrize("verified", [False, "false", 0, "", [], {}, "yes", 1.0, float("nan")])
def test_an_address_that_the_provider_calls_unverified_is_nobodys_even_where_the_operator_vouches(
    verified: Any,
) -> None:
    assert why(ENTRA, email_verified=verified) == "unverified"
    assert why(CLERK, email_verified=verified) == "unverified"


@pytest.mark.parametrize("verified", [True, "true", "True", 1, "1"])
def test_the_ways_in_which_providers_say_yes(verified: Any) -> None:
    assert why(email_verified=verified) == "let in"


def test_a_provider_that_says_nothing_of_verification_needs_the_operators_word() -> None:
    assert why(CLERK, email_verified=None) == "unverified"
    assert why(ENTRA, email_verified=None) == "let in"


@pytest.mark.parametrize(
    ("word", "expected"), [(True, "let in"), ("1", "let in"), (False, "unverified"), ("0", "unverified")]
)
def test_entra_says_it_of_the_domain(word: Any, expected: str) -> None:
    tenant = "https://login.microsoftonline.com/5ad1/v2.0"
    assert why(CLERK, iss=tenant, email_verified=None, xms_edov=word) == expected
    assert why(ENTRA, iss=tenant, email_verified=None, xms_edov=word) == expected


def test_nobody_else_says_it_with_entras_claim() -> None:
    assert why(CLERK, email_verified=None, xms_edov=True) == "unverified"
    assert (
        why(CLERK, iss="https://login.microsoftonline.com.evil.example/", email_verified=None, xms_edov=True)
        == "unverified"
    )


@pytest.mark.parametrize("name", ["iss", "sub", "nonce", "iat", "email"])
@pytest.mark.parametrize("value", [None, "", True, 5.5e300, float("nan"), ["x"], {"a": "b"}])
def test_a_missing_or_odd_claim_lets_nobody_in(name: str, value: Any) -> None:
    assert why(**{name: value}) in ("unclear", "over")


@pytest.mark.parametrize("name", ["iss", "sub", "nonce", "iat"])
def test_each_sign_in_has_a_mark_of_its_own(name: str) -> None:
    one = verified_identity(claims(), CLERK, NOW)
    other = verified_identity(claims(**{name: int(NOW.timestamp()) - 1 if name == "iat" else "else"}), CLERK, NOW)
    assert one.mark != other.mark
    assert verified_identity(claims(email="other@example.com", email_verified=False), CLERK, NOW).mark == one.mark


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("  ada@example.com ", "ada@example.com"),
        ("jörg@example.com", "jörg@example.com"),
        ("\u212aim@example.com", "\u212aim@example.com"),  # the Kelvin sign, whose lower case is an ASCII k
        ("ada", None),
        ("ada@", None),
        ("@example.com", None),
        ("a@b@c", None),
        ("ada @example.com", None),
        ("ada@exam\nple.com", None),
        ("ada\x00@example.com", None),
        ("\u202eada@example.com", None),
        ("a" * 250 + "@example.com", None),
        (None, None),
        (["ada@example.com"], None),
    ],
)
def test_how_addresses_are_spelled(written: object, read: str | None) -> None:
    found = verified_identity(claims(email=written), CLERK, NOW)
    assert (found.email if isinstance(found, Identity) else None) == read
    if read is None:
        assert isinstance(found, RefusedIdentity)
        assert found.why == "unclear"
