"""Tables of webhooks: who is told of what happens, what they are told, and what came of it."""

# No annotations import from __future__ here: as in the schema that this continues.
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from treadle.db import learning_tables  # noqa: F401 - a queue refers to its backends
from treadle.db.schema import _KEEP_IDS, _count, _flag, _id, _text, _to, index_some, metadata
from treadle.db.types import Instant

# An address that is told of what happens in a project or, without one, in its workspace.
webhooks = Table(
    "webhooks",
    metadata,
    _id(),
    _to("workspaces", "workspace_id", index=True),
    _to("projects", "project_id", nullable=True, index=True),
    Column("url", Text, nullable=False),
    _flag("send_payload", True),
    _flag("send_for_all_actions", True),
    _text("actions", "[]"),  # JSON list
    _text("sealed_headers"),  # a JSON object: access/sealing.py; "": none
    Column("sealed_secret", Text, nullable=False),
    _flag("is_active", True),
    Column("active_since", Instant, nullable=False),  # of what happened before it is not told
    _text("problem"),  # why it was switched off by itself
    _to("users", "created_by", on_delete="SET NULL", nullable=True),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    **_KEEP_IDS,
)

# What waits to be sent to one receiver: a webhook, or a backend that hears what happens in its project.
webhook_queues = Table(
    "webhook_queues",
    metadata,
    _id(),
    _to("webhooks", "webhook_id", nullable=True),
    _to("ml_backends", "backend_id", nullable=True),
    _count("failures"),  # one after another
    Column("failing_since", Instant),
    Column("rests_until", Instant),
    Column("claimed_by", Text),  # who sends from it now
    Column("claimed_until", Instant),
    UniqueConstraint("webhook_id"),
    UniqueConstraint("backend_id"),
    CheckConstraint("(webhook_id IS NULL) <> (backend_id IS NULL)", name="receiver"),
    **_KEEP_IDS,
)

# What is told of an event, as it was when it was told first: once, whoever it is sent to.
webhook_bodies = Table(
    "webhook_bodies",
    metadata,
    _id(),
    Column("event_id", BigInteger, nullable=False),
    Column("part", BigInteger, nullable=False),  # of an event that is told in several: the last id in it
    Column("data", LargeBinary, nullable=False),  # JSON, zlib
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("event_id", "part"),
    **_KEEP_IDS,
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    _id(),
    _to("webhook_queues", "queue_id"),
    _to("webhook_bodies", "body_id", nullable=True, index=True),  # null: the action alone
    Column("event_id", BigInteger),  # null: a test
    Column("part", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("project_id", BigInteger),
    Column("cause", Text, nullable=False),
    Column("state", Text, nullable=False),
    _count("attempts"),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("sent_at", Instant),  # the last time
    Column("status_code", Integer),  # of the answer; null: there was none
    Column("duration_ms", Integer),
    _text("response"),  # how the answer begins
    _text("problem"),
    CheckConstraint("cause IN ('event', 'replay', 'test')", name="cause"),
    CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name="state"),
    Index("ix_webhook_deliveries_queue_id_id", "queue_id", "id"),
    index_some("ix_webhook_deliveries_waiting", "queue_id", "due_at", where="state = 'waiting'"),
    index_some(
        "uq_webhook_deliveries_event",
        "event_id",
        "part",
        "queue_id",
        where="cause = 'event'",
        unique=True,
    ),
    **_KEEP_IDS,
)

# How far the events were read.
webhook_position = Table(
    "webhook_position",
    metadata,
    Column("follower", Text, primary_key=True),
    Column("event_id", BigInteger, nullable=False),
    # Of an event that is told in parts the last one; -1: it is told whole.
    Column("part", BigInteger, nullable=False),
)
