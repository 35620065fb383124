"""[sources.NAME.auth]: in which way the key travels."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from perfdash.config.closed import Closed, validation_error
from perfdash.config.request_models import OURS, ParamName
from perfdash.config.source_models import HTTP_NAME, Text

LITERAL_KEY = 'a key never stands in this file: put it in the environment and name it here, key = { env = "NAME" }'
EnvName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]


def _named_key(value: Any) -> Any:
    if isinstance(value, str):
        raise validation_error(LITERAL_KEY)
    return value


class EnvKey(Closed):
    """key = { env = "NAME" }: where the key is, never what it is."""

    env: EnvName


Key = Annotated[EnvKey, BeforeValidator(_named_key)]


def web_address(url: str) -> str:
    """An address of a host, without user name, query and fragment; without a slash at its end."""
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise validation_error("this is not a web address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine or not url.isascii():
        raise validation_error(
            'a web address begins with https:// or http:// and names a host, such as "https://api.example.com"'
        )
    if "@" in parts.netloc:
        raise validation_error(
            "user name and password do not belong in the address; name the key with key = { env = ... }"
        )
    if "?" in url or "#" in url:
        raise validation_error("the address ends with its path; what follows ? or # does not belong here")
    if re.search(r"[\x00-\x20\x7f\\]", url):
        raise validation_error("the address holds a blank, a control character or a backslash")
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host is this very machine, by its name or number."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _token_url(url: str) -> str:
    web_address(url)
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise validation_error("a token is asked for over https only, as the secret of the client is sent there")
    return url


def _key_header(name: str) -> str:
    if name.lower() in OURS:
        raise validation_error("a key does not travel in this header")
    return name


class BearerAuth(Closed):
    """auth.type = "bearer": `Authorization: Bearer KEY`"""

    type: Literal["bearer"] = "bearer"


class HeaderAuth(Closed):
    """auth.type = "header": `NAME: PREFIX KEY`, the prefix only where there is one."""

    type: Literal["header"]
    name: Annotated[str, StringConstraints(pattern=HTTP_NAME), AfterValidator(_key_header)]
    prefix: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{0,40}$")] = ""


class QueryAuth(Closed):
    """auth.type = "query": `?NAME=KEY`, for APIs that know nothing else; the key then stands in every address."""

    type: Literal["query"]
    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.\-\[\]]{1,100}$")]


class BasicAuth(Closed):
    """auth.type = "basic": HTTP basic authentication; the key is the password."""

    type: Literal["basic"]
    user: Annotated[str, StringConstraints(pattern=r"^[^:\x00-\x1f\x7f]{0,200}$")]


def _short(value: Any) -> Any:
    """`client_id = "abc"` is short for `client_id = { value = "abc" }`."""
    return {"value": value} if isinstance(value, str) else value


class ClientId(Closed):
    """client_id = "abc", or { env = "NAME" } where it is found beside the key."""

    value: Text | None = None
    env: EnvName | None = None

    @model_validator(mode="after")
    def _one_of(self) -> ClientId:
        if (self.value is None) == (self.env is None):
            raise validation_error("say what the client id is, or the name of the variable that holds it")
        return self


class OAuth2Auth(Closed):
    """auth.type = "oauth2": a token is asked for at `token_url` and sent as `Authorization: Bearer TOKEN`. The source's
    key is the secret of the client; `client_in` says where both are sent."""

    type: Literal["oauth2"]
    grant: Literal["client_credentials", "refresh_token"] = "client_credentials"
    token_url: Annotated[str, AfterValidator(_token_url)]
    client_id: Annotated[ClientId, BeforeValidator(_short)]
    client_in: Literal["body", "header"] = "body"
    refresh_token: Key | None = None
    scope: Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[\x21-\x7e ]*$")] | None = None
    audience: Text | None = None
    params: dict[ParamName, Text] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_the_grant(self) -> OAuth2Auth:
        if (self.refresh_token is not None) != (self.grant == "refresh_token"):
            raise validation_error('grant = "refresh_token" and refresh_token = { env = "NAME" } go together')
        return self


Auth = Annotated[BearerAuth | HeaderAuth | QueryAuth | BasicAuth | OAuth2Auth, Field(discriminator="type")]
