"""The table of workspaces that ended, and whose last rows and files elsewhere are looked for."""

# Not from __future__: as in the schema that this continues.
from sqlalchemy import BigInteger, Column, Integer, Table

from treadle.db.schema import metadata
from treadle.db.types import Instant

ended_workspaces = Table(
    "ended_workspaces",
    metadata,
    # Of nothing that is still there; ids of workspaces are never given again.
    Column(
        "workspace_id",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("ended_at", Instant, nullable=False),
)
