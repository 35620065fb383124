"""[sources.NAME.auth]: in which way the key travels."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from perfdash.config.request_models import OURS
from perfdash.config.source_models import HTTP_NAME, Closed, validation_error


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


Auth = Annotated[BearerAuth | HeaderAuth | QueryAuth | BasicAuth, Field(discriminator="type")]
