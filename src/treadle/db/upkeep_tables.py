"""The tables by which repos are kept: who writes now, what is to be deleted, how long commits stay."""

# Not from __future__: as in the schema that this continues.
from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, Table, Text

from treadle.db.schema import _KEEP_IDS, _count, _flag, _id, _to, metadata
from treadle.db.types import Instant

repo_upkeep = Table(
    "repo_upkeep",
    metadata,
    Column("repo_id", ForeignKey("repos.id", ondelete="CASCADE"), primary_key=True),
    _count("epoch"),  # one more each time that objects are condemned
    Column("keep_days", Integer),  # null: commits stay for good
    _flag("keep_tags", True),
    Column("collected_at", Instant),
    CheckConstraint("keep_days > 0", name="keep_days"),
)

# Who stores or reuses objects that no row names yet: the garbage collection waits for those of its epoch.
repo_leases = Table(
    "repo_leases",
    metadata,
    _id(),
    _to("repos", "repo_id", index=True),
    _count("epoch"),  # of the repo when it was taken
    Column("beat_at", Instant, nullable=False),
    **_KEEP_IDS,
)

# Objects that nothing named when the garbage collection looked. They are read, but not reused.
repo_condemned = Table(
    "repo_condemned",
    metadata,
    Column("repo_id", ForeignKey("repos.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),  # of the object in the store
    _count("epoch"),  # the last whose writers may not know that it is condemned
    Column("at", Instant, nullable=False),
)
