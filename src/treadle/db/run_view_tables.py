"""The table of saved views of runs: what a person looks at in the runs table, and in which columns."""

# Not from __future__: as in the schema that this continues.
from sqlalchemy import Boolean, Column, Index, Table, Text

from treadle.db.schema import _KEEP_IDS, _id, _text, _to, metadata
from treadle.db.types import Instant

run_views = Table(
    "run_views",
    metadata,
    _id(),
    _to("workspaces", "workspace_id"),
    _text("experiment"),  # MLflow's id of it; "": of the whole workspace
    _to("users", "user_id", index=True),
    Column("name", Text, nullable=False),
    Column("is_shared", Boolean, nullable=False),
    Column("state", Text, nullable=False),  # JSON of the screen's own
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("ix_run_views_workspace_id_experiment", "workspace_id", "experiment"),
    **_KEEP_IDS,
)
