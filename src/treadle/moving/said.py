"""What Label Studio 1.23 answers, as far as it is brought along."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class Who(msgspec.Struct):
    """A person."""

    id: int
    email: str
    first_name: str = ""
    last_name: str = ""
    date_joined: datetime | None = None
    last_activity: datetime | None = None


class Maker(msgspec.Struct):
    """Who made a project."""

    id: int


class Project(msgspec.Struct):
    """A project; what it holds beside these fields is read by their names from ``fields``."""

    id: int
    created_at: datetime
    created_by: Maker | None = None
    task_number: int | None = None
    pinned_at: datetime | None = None
    fields: dict[str, Any] = {}


class Page(msgspec.Struct):
    """Some of the projects."""

    results: list[msgspec.Raw]
    next: str | None = None


class Upload(msgspec.Struct):
    """An uploaded file; ``file`` is its place below /data/."""

    id: int
    file: str


class Snapshot(msgspec.Struct):
    """An export that was ordered."""

    id: int
    status: str = "completed"


class Annotation(msgspec.Struct):
    """An annotation as exports have it."""

    id: int
    result: msgspec.Raw
    created_at: datetime
    updated_at: datetime
    completed_by: int | None = None
    was_cancelled: bool = False
    ground_truth: bool = False
    lead_time: float | None = None
    draft_created_at: datetime | None = None
    unique_id: str | None = None
    last_action: str | None = None
    updated_by: int | None = None
    last_created_by: int | None = None
    parent_prediction: int | None = None
    parent_annotation: int | None = None
    prediction: msgspec.Raw = msgspec.Raw(b"null")
    import_id: int | None = None
    bulk_created: bool | None = None


class Prediction(msgspec.Struct):
    """A prediction as exports have it."""

    id: int
    result: msgspec.Raw
    created_at: datetime
    updated_at: datetime
    model_version: str | None = None
    score: float | None = None
    cluster: int | None = None
    neighbors: msgspec.Raw = msgspec.Raw(b"null")
    mislabeling: float | None = None


class Draft(msgspec.Struct):
    """A draft as exports have it; ``user`` is an e-mail address."""

    id: int
    user: str
    result: msgspec.Raw
    created_at: datetime
    updated_at: datetime
    annotation: int | None = None
    lead_time: float | None = None
    was_postponed: bool = False


class Task(msgspec.Struct):
    """A task with all that was done on it."""

    id: int
    data: msgspec.Raw
    created_at: datetime
    updated_at: datetime
    meta: msgspec.Raw = msgspec.Raw(b"{}")
    inner_id: int | None = None
    updated_by: int | None = None
    file_upload: str | None = None
    annotations: list[Annotation] = []
    predictions: list[Prediction] = []
    drafts: list[Draft] = []
