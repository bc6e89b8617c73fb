"""The table of who promoted which model, and when: MLflow keeps only where an alias stands now."""

# Not from __future__: as in the schema that this continues.
from sqlalchemy import Column, Index, Table, Text

from treadle.db.schema import _KEEP_IDS, _id, _text, _to, metadata
from treadle.db.types import Instant

model_promotions = Table(
    "model_promotions",
    metadata,
    _id(),
    _to("workspaces", "workspace_id"),
    Column("model", Text, nullable=False),
    _text("alias"),  # "": of the version itself, which was made or deleted; stage:…: an old stage
    Column("version", Text),  # null: taken away
    Column("previous_version", Text),
    _to("users", "user_id", on_delete="SET NULL", nullable=True),  # null: nobody saw who
    Column("at", Instant, nullable=False),
    Index("ix_model_promotions_workspace_id_model_alias", "workspace_id", "model", "alias", "id"),
    **_KEEP_IDS,
)
