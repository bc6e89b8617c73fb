"""Tables of the S3 gateway: access keys, uploads in parts, and when staged files become a commit."""

# No annotations import from __future__ here: a table has that name.
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from treadle.db.repo_tables import repos
from treadle.db.schema import _KEEP_IDS, _ROLES, _count, _id, _text, _to, metadata
from treadle.db.types import Instant

s3_keys = Table(
    "s3_keys",
    metadata,
    _id(),
    _to("users", "user_id", index=True),
    _to("workspaces", "workspace_id", nullable=True, index=True),  # null: all of the person's
    Column("role", Text),  # the most that the key may; null: what the person may
    Column("name", Text, nullable=False),
    Column("access_key_id", Text, nullable=False, unique=True),
    Column("sealed_secret", Text, nullable=False),  # signatures need the secret itself: access/sealing.py
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("revoked_at", Instant),
    CheckConstraint(_ROLES, name="role"),
    **_KEEP_IDS,
)

# An upload in parts, kept for a day after it was completed: completing it twice is one upload.
s3_uploads = Table(
    "s3_uploads",
    metadata,
    Column("id", Text, primary_key=True),
    Column("repo_id", ForeignKey(repos.c.id, ondelete="CASCADE"), nullable=False),
    Column("branch", Text, nullable=False),
    Column("path", LargeBinary, nullable=False),  # UTF-8, in whose order both databases sort
    _to("users", "user_id"),
    _text("metadata", "{}"),  # JSON: what the file is to carry
    _text("checksum_algorithm"),
    Column("created_at", Instant, nullable=False),
    Column("completed_at", Instant),
    _text("etag"),  # of what it was completed to
    Index("ix_s3_uploads_repo_id_branch_path", "repo_id", "branch", "path"),
)

s3_parts = Table(
    "s3_parts",
    metadata,
    Column("upload_id", ForeignKey("s3_uploads.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("object_key", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("md5", Text, nullable=False),
    _text("checksum"),
    Column("created_at", Instant, nullable=False),
)

# A repo without a row here commits what is staged when somebody says so.
repo_auto_commits = Table(
    "repo_auto_commits",
    metadata,
    Column("repo_id", ForeignKey(repos.c.id, ondelete="CASCADE"), primary_key=True),
    _count("after_files"),  # 0: never; 1: each file is a commit at once
    _count("after_minutes"),  # since the first file was staged; 0: never
)
