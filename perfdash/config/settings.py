"""What this installation is: its configuration file, environment and secrets, read once and checked.

The demo runs where nothing was configured, or when PERFDASH_DEMO=1. A configuration that is there but broken is an
error, never the demo: a typing mistake must not open the doors of a real installation to demo users.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from perfdash.config.auth_models import OAuth2Auth
from perfdash.config.loading import Declared, validate
from perfdash.config.models import SourceConfig
from perfdash.config.source import Source
from perfdash.domain import oidc
from perfdash.domain.accounts import Account, Client, DemoDeclaration
from perfdash.domain.errors import ConfigError
from perfdash.domain.oidc import OidcSettings
from perfdash.domain.secret import Secret
from perfdash.domain.security import Security

API_KEY = "CUSTOM_ANALYTICS_API_KEY"
DATABASE_URL = "PERFDASH_DATABASE_URL"
DEMO_API_KEY = "PERFDASH_DEMO_KEY"
DEMO_API = "http://127.0.0.1:8610"
SECRETS_FILE = ".streamlit/secrets.toml"
_SCHEMES = re.compile(r"(sqlite|postgresql)(\+[a-z0-9]+)?://", re.ASCII)


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration. Printing it shows no secret and no database password."""

    root: Path
    demo: bool
    database_url: str = field(repr=False)
    clients: tuple[Client, ...] = ()
    accounts: tuple[Account, ...] = ()
    sources: Mapping[str, SourceConfig] = field(default_factory=dict)
    security: Security = field(default_factory=Security)
    oidc: OidcSettings = field(default_factory=OidcSettings)
    config_path: Path | None = None
    beside: Path | None = None
    """The configuration beside which the demo was asked for: of it only [security] counts."""
    hint: str = ""
    """What to do next when no source is configured; otherwise ''."""
    _secrets: Mapping[str, Secret] = field(default_factory=dict, repr=False)
    _account_keys: Mapping[tuple[str, str], str] = field(default_factory=dict, repr=False)

    def secret(self, name: str) -> str:
        """The value of a secret; ConfigError that says where to put it when it is nowhere."""
        return self._secret(name).reveal()

    def source(self, account: Account) -> Source:
        """How to ask `account`'s source, with the account's own key if it has one. ConfigError for a missing key."""
        config = self.sources.get(account.source)
        if config is None:
            known = ", ".join(self.sources) or "none"
            raise ConfigError(f'There is no source "{account.source}" in the configuration; known: {known}.')
        if config.files_only:
            raise ConfigError(f'The source "{account.source}" has no API to ask: its rows come with sync --file.')
        key = self._secret(self.key_name(account))
        if not isinstance(config.auth, OAuth2Auth):
            return Source(account.source, config, key)
        said, renewing = config.auth.client_id, config.auth.refresh_token
        client = self._secret(said.env) if said.env else Secret("auth.client_id", said.value or "")
        return Source(account.source, config, key, client, self._secret(renewing.env) if renewing else None)

    def key_name(self, account: Account) -> str:
        """The name under which the key for `account` is looked up, set or not."""
        return self._account_keys.get((account.source, account.external_id), self.sources[account.source].key.env)

    def _secret(self, name: str) -> Secret:
        found = self._secrets.get(name)
        if found is None or not found.reveal():
            raise ConfigError(f"{name} is not set: put it in the environment or in {SECRETS_FILE}")
        if not re.fullmatch(r"[\x21-\x7e]+(?: +[\x21-\x7e]+)*", found.reveal(), re.ASCII):
            raise ConfigError(f"{name} holds a character that cannot be sent (a line break, or not ASCII): set it anew")
        return found


def load(root: Path, environ: Mapping[str, str], demo: DemoDeclaration) -> Settings:
    """The settings of the installation in `root`, of `demo` where nothing is configured.

    ConfigError, one line a problem, for whatever is broken.
    """
    root = root.resolve()
    secrets = _secrets(root, environ)
    path = _config_path(root, environ)
    found = validate(_parsed(path, "the configuration")) if path else Declared()
    url = _database_url(secrets)
    if _is_demo(root, environ, path):
        if url:
            raise ConfigError(
                f"PERFDASH_DEMO=1 and {DATABASE_URL} are both set, but the demo has its own database: unset one."
            )
        # Who is let in under which name is about the machine, not about the numbers.
        hosts = replace(found.security, passwords=True)
        return replace(_demo(root, environ, demo), security=hosts, beside=path)
    return Settings(
        root=root,
        demo=False,
        database_url=url or f"sqlite:///{root / 'data' / 'perfdash.db'}",
        clients=found.clients,
        accounts=found.accounts,
        sources=found.sources,
        security=found.security,
        oidc=oidc.parse_settings(_in_secrets_file(root).get("auth")),
        config_path=path,
        hint="" if found.sources else _hint(path),
        _secrets=secrets,
        _account_keys={
            (name, said.account): said.key.env
            for name, source in found.sources.items()
            for said in source.accounts
            if said.key
        },
    )


def _hint(path: Path | None) -> str:
    where = path.name if path else "perfdash.toml"
    return f"No source is configured: describe your clients and the API in {where} (docs/sources.md shows how)."


def _is_demo(root: Path, environ: Mapping[str, str], config: Path | None) -> bool:
    """Set but empty still counts as configured: an empty secret is a mistake of a deployment, not a wish for a demo."""
    wish = environ.get("PERFDASH_DEMO", "")
    if wish not in ("", "0", "1"):
        raise ConfigError("PERFDASH_DEMO must be 1 (the demo) or 0 (never the demo).")
    if wish:
        return wish == "1"
    configured = config is not None or DATABASE_URL in environ or API_KEY in environ
    return not configured and not _is_there(root / SECRETS_FILE)


def _demo(root: Path, environ: Mapping[str, str], demo: DemoDeclaration) -> Settings:
    try:
        source = SourceConfig.model_validate(
            {
                "base_url": environ.get("PERFDASH_DEMO_API") or DEMO_API,
                "key": {"env": DEMO_API_KEY},
                "settlement_days": demo.accounts[0].settlement_days,
                "history_days": demo.accounts[0].history_days,
            }
        )
    except ValidationError:
        raise ConfigError(f"PERFDASH_DEMO_API must be the address of the demo's API, such as {DEMO_API}.") from None
    return Settings(
        root=root,
        demo=True,
        database_url=f"sqlite:///{root / 'data' / 'demo.db'}",
        clients=demo.clients,
        accounts=demo.accounts,
        sources={account.source: source for account in demo.accounts},
        _secrets={DEMO_API_KEY: Secret(DEMO_API_KEY, demo.key)},
    )


def _config_path(root: Path, environ: Mapping[str, str]) -> Path | None:
    """The file to read, None when there is none and none was named."""
    named = environ.get("PERFDASH_CONFIG")
    if named is None:
        path = root / "perfdash.toml"
        return path if _is_there(path) else None
    if not named.strip():
        raise ConfigError("PERFDASH_CONFIG is set but empty: name a file, or unset it.")
    path = root / named
    if not _is_there(path):
        raise ConfigError(f"PERFDASH_CONFIG names {named}, but there is no such file.")
    return path


def _in_secrets_file(root: Path) -> Mapping[str, Any]:
    path = root / SECRETS_FILE
    return _parsed(path, "the secrets file") if _is_there(path) else {}


def _secrets(root: Path, environ: Mapping[str, str]) -> dict[str, Secret]:
    """Every secret that could be asked for; the environment comes first."""
    in_file = _in_secrets_file(root)
    if not isinstance(in_file.get(DATABASE_URL, ""), str):
        raise ConfigError(f"{DATABASE_URL} in {SECRETS_FILE} must be text in quotes.")
    found = {name: Secret(name, value.strip()) for name, value in in_file.items() if isinstance(value, str)}
    in_environment = {name: Secret(name, value.strip()) for name, value in environ.items()}
    return in_environment | found | {name: secret for name, secret in in_environment.items() if secret.reveal()}


def _database_url(secrets: Mapping[str, Secret]) -> str:
    """The named database, '' when none is named. PostgreSQL's scheme is also taken as some hosts spell it."""
    if DATABASE_URL not in secrets:
        return ""
    url = re.sub("^postgres://", "postgresql://", secrets[DATABASE_URL].reveal())
    if not url:
        raise ConfigError(f"{DATABASE_URL} is set but empty: give it a value, or unset it.")
    if not _SCHEMES.match(url):
        raise ConfigError(f"{DATABASE_URL} must begin with postgresql:// or sqlite:/// (its value is not shown here).")
    return url


def _is_there(path: Path) -> bool:
    """True for anything at `path`, readable or not: a file that we may not see is not a missing one."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _parsed(path: Path, what: str) -> dict[str, Any]:
    """A TOML file. The error gives the place only: a broken line of a secrets file is a secret too."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at (.*)\)$", str(error))
        problem = f"is not valid TOML ({place[1]})" if place else "is not valid TOML"
    except UnicodeDecodeError:
        problem = "is not UTF-8 text"
    except (OSError, ValueError, RecursionError):
        problem = "cannot be read: check that it is a file and who may read it"
    raise ConfigError(f"{path}: {what} {problem}.")
