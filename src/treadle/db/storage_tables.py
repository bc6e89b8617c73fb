"""Tables of what a project reads its tasks from and writes its labels to, and of what came from what."""

# No annotations import from __future__ here: a table has that name.
from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text

from treadle.db.schema import _KEEP_IDS, _count, _id, _text, _to, index_some, metadata
from treadle.db.types import Instant

storages = Table(
    "storages",
    metadata,
    _id(),
    _to("projects", "project_id", index=True),
    Column("direction", Text, nullable=False),  # source | target
    Column("kind", Text, nullable=False),  # as its maker called it: repo, pachyderm, s3, …
    _text("title"),
    _text("description"),
    _text("options", "{}"),  # JSON: the fields of its kind that are no secret
    _text("sealed"),  # its secrets: see access/sealing.py; empty: none
    _text("status", "initialized"),
    _text("problem"),  # what went wrong at the last sync, in words
    _text("meta", "{}"),  # JSON: the counts of the last sync
    Column("last_sync_at", Instant),
    Column("last_sync_count", Integer),
    Column("last_job", Text),
    # Up to which event it was brought: what its project's labels are written from, or its repo's commits.
    Column("position", BigInteger, nullable=False, server_default=text("0")),
    Column("head", Text),  # the commit that was read or written last
    _count("round"),  # how many syncs began; what is new came with the last
    _to("users", "created_by", on_delete="SET NULL", nullable=True),
    Column("created_at", Instant, nullable=False),
    CheckConstraint("direction IN ('source', 'target')", name="direction"),
    **_KEEP_IDS,
)

# A file of a source with the task it became, or a file of a target with the task it tells of.
storage_items = Table(
    "storage_items",
    metadata,
    Column("storage_id", ForeignKey("storages.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("place", Integer, primary_key=True),  # of several tasks in one file
    Column("etag", Text, nullable=False),  # of the content that was read or written
    Column("size_bytes", BigInteger),  # null: the place does not tell
    # No foreign key: a deleted task may be restored.
    Column("task_id", BigInteger().with_variant(Integer, "sqlite")),
    Column("state", Text, nullable=False),
    _count("round"),  # the sync that gave it its state
    Column("commit_id", Text),  # where its content stands, in a repo
    CheckConstraint("state IN ('new', 'changed', 'retired', 'shown', 'written')", name="state"),
    Index("ix_storage_items_task_id", "task_id"),
    index_some(
        "ix_storage_items_retired",
        "storage_id",
        "task_id",
        where="state = 'retired'",
    ),
)

# What came from what: commit, task, annotation by id; both ways by an index.
lineage_edges = Table(
    "lineage_edges",
    metadata,
    Column("from_kind", Text, primary_key=True),
    Column("from_id", Text, primary_key=True),
    Column("to_kind", Text, primary_key=True),
    Column("to_id", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Index("ix_lineage_edges_to", "to_kind", "to_id"),
)
