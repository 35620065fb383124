"""[sources.NAME.job]: a report that the API makes first: create it, ask until it is done, read or fetch it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from perfdash.config.closed import Closed, tuples, validation_error
from perfdash.config.request_models import FIRST_DAY, LAST_DAY, Body, ParamName, Path, RequestConfig, Template
from perfdash.config.source_models import Expression, NoPaging, Paging, Scalar

States = Annotated[tuple[Scalar, ...], BeforeValidator(tuples), Field(min_length=1)]


class JobCreate(Closed):
    """[sources.NAME.job.create]: the request that orders a report of a window; what is absent is that of `request`.

    `id` finds the report's id in the answer.
    """

    id: Expression
    method: Literal["GET", "POST"] = "POST"
    path: Path | None = None
    params: dict[ParamName, Template] | None = None
    body: Body | None = None
    form: dict[ParamName, Template] | None = None


class JobPoll(Closed):
    """[sources.NAME.job.poll]: asked every `every_seconds`, until `status` is one of `done` or of `failed`."""

    path: Path
    params: dict[ParamName, Template] = Field(default_factory=dict)
    status: Expression
    done: States
    failed: States
    every_seconds: Annotated[float, Field(ge=0.5, le=600)] = 5.0


class JobRows(Closed):
    """[sources.NAME.job.rows]: the request for pages of a finished report; what is absent is that of `request`."""

    path: Path | None = None
    params: dict[ParamName, Template] | None = None


class JobConfig(Closed):
    """[sources.NAME.job]: windows of at least `from_days` days are asked for as a report that is made first.

    Its rows are read page by page (`rows`), or, with `download`, from the file at the address that this finds in the
    last answer about the report; `format` says what is in it.
    """

    from_days: Annotated[int, Field(ge=1, le=3660)] = 1
    create: JobCreate
    poll: JobPoll
    rows: JobRows | None = None
    download: Expression | None = None
    format: Literal["json", "csv"] = "json"

    @model_validator(mode="after")
    def _one_way_to_the_rows(self) -> JobConfig:
        if self.rows is not None and self.download is not None:
            raise validation_error("a finished report is read with rows or fetched with download: say one of them")
        return self

    def makes(self, days: int) -> bool:
        """Whether a window of so many days is made as a report."""
        return days >= self.from_days

    def creating(self, usual: RequestConfig) -> RequestConfig:
        """The request that orders a report."""
        said = {"path": self.create.path, "params": self.create.params, "form": self.create.form}
        own: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
        if self.create.body is not None:
            own |= {"body": self.create.body, "form": {}}
        elif self.create.form is not None or self.create.method == "GET":
            own["body"] = None
        if self.create.method == "GET":
            own["form"] = {}
        return usual.model_copy(update={**own, "method": self.create.method})

    def polling(self, usual: RequestConfig) -> RequestConfig:
        """The request that asks how far it is."""
        return _get(usual, self.poll.path, self.poll.params)

    def reading(self, usual: RequestConfig) -> RequestConfig:
        """The request for a page of a finished report."""
        said = self.rows or JobRows()
        return _get(usual, said.path or usual.path, usual.params if said.params is None else said.params)


def _get(usual: RequestConfig, path: str, params: dict[str, str]) -> RequestConfig:
    return usual.model_copy(update={"method": "GET", "path": path, "params": params, "body": None, "form": {}})


def job_contradictions(job: JobConfig, request: RequestConfig, paging: Paging) -> Iterator[str]:
    """A sentence for each contradiction of a job with the rest of its source."""
    created = job.creating(request).used()
    if not created & FIRST_DAY or not created & LAST_DAY:
        yield "job.create must say which days it wants: put {start} and {end} into its params, body or path"
    if "job" in created:
        yield "job.create carries {job}, which has no value before the report is created: give it a path of its own"
    if "job" not in job.polling(request).used():
        yield "job.poll must say which report is asked about: put {job} into its path or params"
    if job.download is not None:
        if not isinstance(paging, NoPaging) and job.from_days == 1:
            yield 'a download is one file: leave paging.type at "none"'
    elif "job" not in job.reading(request).used():
        yield "job.rows must say which report is read: put {job} into its path or params"
