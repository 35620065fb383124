"""One source, ready to be asked: its configuration and its key."""

from __future__ import annotations

from dataclasses import dataclass

from perfdash.config.models import SourceConfig
from perfdash.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class Source:
    """A configured source with the resolved key; printing it shows the key's name only.

    `client_id` and `refresh_token` are there for auth.type "oauth2", whose client secret is the key.
    """

    name: str
    config: SourceConfig
    key: Secret
    client_id: Secret | None = None
    refresh_token: Secret | None = None
