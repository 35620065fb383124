"""What comes before the rows of some sources, in words: the token that is asked for, the report that is made first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import parse_qsl

from perfdash.config.auth_models import OAuth2Auth
from perfdash.config.job_models import JobConfig
from perfdash.config.request_models import RequestConfig
from perfdash.config.source import Source
from perfdash.domain.secret import MASK, Secret
from perfdash.sources.access_token import token_request

LONGEST_BODY = 2_000
StepTold = tuple[str, str]
"""Which step it is, and a sentence about it."""


def steps_told(source: Source) -> Iterator[StepTold]:
    """Each step, with *** for every secret; none for a source that is simply asked for its rows."""
    if isinstance(source.config.auth, OAuth2Auth):
        yield "token", _token_told(source, source.config.auth)
    if source.config.job is not None:
        yield from _job_told(source.config.job, source.config.request, source.config.base_url)


def _token_told(source: Source, auth: OAuth2Auth) -> str:
    client = Secret("auth.client_id", auth.client_id.value or MASK)
    hidden = replace(source, key=Secret(source.key.name, MASK), client_id=client)
    asked = token_request(hidden, auth, MASK)
    form = " ".join(f"{name}={value}" for name, value in parse_qsl(asked.content.decode()))
    sent = f", with the client as basic authentication ({client.reveal()}:{MASK})" if auth.client_in == "header" else ""
    return f"POST {auth.token_url} {form}{sent}; the token is kept in memory until shortly before it ends"


def _job_told(job: JobConfig, usual: RequestConfig, base_url: str) -> Iterator[StepTold]:
    windows = "every window" if job.from_days == 1 else f"a window of {job.from_days} days or more"
    yield "order", f"{windows} is ordered as a report; its id is at {job.create.id}"
    poll = job.polling(usual)
    yield (
        "poll",
        (
            f"GET {_address(base_url, poll)} every {job.poll.every_seconds:g} s until {job.poll.status} is "
            f"{_either(job.poll.done)}; {_either(job.poll.failed)} fails the run"
        ),
    )
    if job.download is not None:
        yield "file", f"{job.format} at the address at {job.download}, over https and without the key elsewhere"
    else:
        yield "rows", f"GET {_address(base_url, job.reading(usual))}"


def _address(base_url: str, request: RequestConfig) -> str:
    query = "&".join(f"{name}={text}" for name, text in request.params.items() if text)
    return f"{base_url}{request.path}" + (f"?{query}" if query else "")


def _either(values: Sequence[object]) -> str:
    return " or ".join(map(str, values))
