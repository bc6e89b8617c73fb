"""The tables of versioned data; contents lie in objects, and these rows say which of them count."""

# Not from __future__: as in the schema that this continues.
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from treadle.db.schema import _KEEP_IDS, _count, _id, _text, _to, index_some, metadata
from treadle.db.types import Instant


def _big(name: str, default: int = 0) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=text(str(default)))


repos = Table(
    "repos",
    metadata,
    _id(),
    _to("workspaces", "workspace_id"),
    Column("name", Text, nullable=False),
    _text("description"),
    _to("users", "created_by", on_delete="SET NULL", nullable=True),
    Column("created_at", Instant, nullable=False),
    Column("deleted_at", Instant),  # restored, or freed after 30 days
    _to("users", "deleted_by", on_delete="SET NULL", nullable=True),
    index_some(
        "uq_repos_workspace_id_name",
        "workspace_id",
        "name",
        unique=True,
        where="deleted_at IS NULL",
    ),
    **_KEEP_IDS,
)

repo_commits = Table(
    "repo_commits",
    metadata,
    _id(),
    Column("key", Text, nullable=False, unique=True),  # 32 hexadecimal characters: what people see
    _to("repos", "repo_id", index=True),
    Column("state", Text, nullable=False),
    Column("branch", Text),  # the name that it was made on, which may be gone
    _text("message"),
    _to("users", "author_id", on_delete="SET NULL", nullable=True),
    _text("metadata", "{}"),  # JSON
    _count("generation", 1),  # one more than the highest of its parents
    Column("root", LargeBinary),  # of the tree; null: no files, or not finished
    _count("height"),
    _big("file_count"),
    _big("size_bytes"),
    _count("seals"),  # the lease of who closed it last, to finish it
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    CheckConstraint("state IN ('open', 'finishing', 'finished')", name="state"),
    **_KEEP_IDS,
)

repo_parents = Table(
    "repo_parents",
    metadata,
    Column("commit_id", ForeignKey("repo_commits.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),  # 0: what it was made on
    _to("repo_commits", "parent_id", index=True),
)

# Which commits, of any repo, a commit was made from.
repo_provenance = Table(
    "repo_provenance",
    metadata,
    Column("commit_id", ForeignKey("repo_commits.id", ondelete="CASCADE"), primary_key=True),
    Column("source_id", ForeignKey("repo_commits.id", ondelete="CASCADE"), primary_key=True, index=True),
)

repo_branches = Table(
    "repo_branches",
    metadata,
    _id(),
    _to("repos", "repo_id"),
    Column("name", Text, nullable=False),
    _to("repo_commits", "head_id", on_delete="RESTRICT", nullable=True, index=True),
    _to("repo_commits", "open_id", on_delete="SET NULL", nullable=True, index=True),  # the shared open commit
    _count("version"),  # counts the moves of the head
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("repo_id", "name"),
    **_KEEP_IDS,
)

repo_tags = Table(
    "repo_tags",
    metadata,
    _id(),
    _to("repos", "repo_id"),
    Column("name", Text, nullable=False),
    _to("repo_commits", "commit_id", on_delete="RESTRICT", index=True),
    _text("message"),
    _to("users", "created_by", on_delete="SET NULL", nullable=True),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("repo_id", "name"),
    **_KEEP_IDS,
)

repo_packs = Table(
    "repo_packs",
    metadata,
    _id(),
    _to("repos", "repo_id"),
    Column("name", Text, nullable=False),
    _count("object_count"),
    _big("size_bytes"),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("repo_id", "name"),
    **_KEEP_IDS,
)

# What was put into an open commit: the row is what makes it durable.
repo_staged = Table(
    "repo_staged",
    metadata,
    Column("commit_id", ForeignKey("repo_commits.id", ondelete="CASCADE"), primary_key=True),
    Column("path", LargeBinary, primary_key=True),  # UTF-8, in whose order both databases sort
    Column("content_id", LargeBinary),  # null: deleted
    _big("size_bytes"),
    _big("modified_us"),
    _text("metadata"),  # JSON, or empty
    Column("data", LargeBinary),  # null: its content lies in objects
)

# Contents beside the files of a commit, that no listing shows.
repo_attachments = Table(
    "repo_attachments",
    metadata,
    Column("commit_id", ForeignKey("repo_commits.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("content_id", LargeBinary, nullable=False),
    _big("size_bytes"),
)
