"""What screens ask of the tracking process, as it stands on the wire between the two processes too."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

Name = Annotated[str, Meta(min_length=1, max_length=500)]
ExperimentId = Annotated[str, Meta(pattern=r"^[0-9]{1,9}$")]
RunId = Annotated[str, Meta(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
WorkspaceId = Annotated[int, Meta(ge=1, le=2**62)]
#: A step, or milliseconds since 1970; a chart's edge lies between two of them.
Place = Annotated[float, Meta(ge=-(2.0**62), le=2.0**62)]


class Columns(Struct, forbid_unknown_fields=True):
    """Which of what was logged a table shows."""

    metrics: Annotated[list[Name], Meta(max_length=200)] = []
    params: Annotated[list[Name], Meta(max_length=200)] = []
    tags: Annotated[list[Name], Meta(max_length=200)] = []


class ExperimentsQuestion(Struct):
    """Which experiments; ``search``: a part of their name, in any case."""

    deleted: bool = False
    search: str = ""


class Which(Struct):
    """Which runs; no experiment: those of all of the workspace."""

    workspace: WorkspaceId
    experiment_ids: Annotated[list[ExperimentId], Meta(max_length=1000)] = []
    filter: Annotated[str, Meta(max_length=20_000)] = ""
    view: Literal["active", "deleted"] = "active"


class RunsQuestion(Which):
    """A page of the runs table."""

    order_by: Annotated[list[Name], Meta(max_length=10)] = []
    offset: Annotated[int, Meta(ge=0, le=10**9)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    columns: Columns = msgspec.field(default_factory=Columns)


class GroupsQuestion(Which, kw_only=True):
    """Runs by the value of a param, a tag or an attribute."""

    by: Name
    metrics: Annotated[list[Name], Meta(max_length=20)] = []


class ColumnsQuestion(Struct):
    """What there is to show of the runs of some experiments; ``search``: a part of its name, in any case."""

    experiment_ids: Annotated[list[ExperimentId], Meta(max_length=1000)] = []
    search: str = ""


class CurvesQuestion(Struct, rename={"low": "from", "high": "to"}):
    """A metric of several runs, thinned."""

    workspace: WorkspaceId
    run_ids: Annotated[list[RunId], Meta(max_length=50)]
    key: Name
    x: Literal["step", "time"] = "step"
    buckets: Annotated[int, Meta(ge=1, le=2000)] = 1000
    low: Place | None = None
    high: Place | None = None


class ActionQuestion(Struct):
    """One change of many runs."""

    workspace: WorkspaceId
    action: Literal["delete", "restore", "set-tag", "delete-tag"]
    run_ids: Annotated[list[RunId], Meta(min_length=1, max_length=1000)]
    key: Annotated[str, Meta(max_length=250)] = ""
    value: Annotated[str, Meta(max_length=8000)] = ""


class DeletedQuestion(Struct):
    """A page of deleted runs; ``is_alone``: only those whose experiment lives."""

    is_alone: bool = False
    offset: Annotated[int, Meta(ge=0, le=10**9)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
