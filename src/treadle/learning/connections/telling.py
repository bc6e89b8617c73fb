"""What a backend is told of its project by /setup, and when it is to be told again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from treadle.db import Tx
from treadle.db.prepared import Prepared
from treadle.db.schema import projects
from treadle.labeling.rendering import instant
from treadle.learning.connections.backends import Backend
from treadle.learning.connections.connection_settings import extra_params_of
from treadle.settings import Secret

_PROJECT = Prepared(
    select(projects.c.id, projects.c.title, projects.c.label_config, projects.c.created_at).where(
        projects.c.id == bindparam("project_id")
    )
)


@dataclass(frozen=True)
class Told:
    """What a backend hears of its project.

    key: the project's name there, Label Studio's ``id.created``.  hostname: where this server is for it.
    token: what it may call back by; "": the client signs one.  extra_params: JSON.
    project: what webhooks say of it, as far as it is known here.
    """

    key: str
    label_config: str
    hostname: str = ""
    token: Secret = field(default_factory=Secret)
    extra_params: bytes = b"null"
    project: dict[str, Any] = field(default_factory=dict)

    def digest(self, token: Secret) -> str:
        """Another one whenever a backend is to be told anew."""
        parts = (self.key, self.label_config, self.hostname, token.reveal(), self.extra_params.decode())
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def project_key(project_id: int, created_at: datetime) -> str:
    """How backends know a project: the same for one of the same id only when it is the same."""
    return f"{project_id}.{int(created_at.timestamp())}"


def told_of(tx: Tx, backend: Backend, request_base: str = "") -> Told:
    """What the backend is to hear of its project.

    request_base: as this server was asked just now, where nobody asked when the backend was connected.
    """
    row = tx.rows(_PROJECT, {"project_id": backend.project_id})[0]
    about = {"id": row["id"], "title": row["title"], "label_config": row["label_config"]}
    return Told(
        project_key(row["id"], row["created_at"]),
        row["label_config"],
        backend.hostname or backend.called_as or request_base,
        extra_params=extra_params_of(backend),
        project={**about, "created_at": instant(row["created_at"])},
    )
