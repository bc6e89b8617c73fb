"""Tables of models in the loop: backends, versions, trainings, and what was asked and came of it."""

# No annotations import from __future__ here: as in the schema that this continues.
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from treadle.db.schema import _KEEP_IDS, _count, _flag, _id, _text, _to, metadata
from treadle.db.types import Instant

# A model server that a project is connected to: at an address, or built in and run by us.
ml_backends = Table(
    "ml_backends",
    metadata,
    _id(),
    _to("projects", "project_id", index=True),
    Column("title", Text, nullable=False),
    _text("description"),
    _text("url"),  # of a built-in one: where it runs now, "" while it does not
    _text("builtin"),  # the name of a built-in one; "": it is reached by its address alone
    _text("auth_method", "NONE"),
    _text("auth_user"),
    Column("sealed_secret", Text),  # a password or a token: access/sealing.py
    _flag("is_interactive"),
    _flag("auto_update", True),
    _text("extra_params"),  # JSON as it was given; "": none
    _text("settings", "{}"),  # JSON: confidence, what to do with unknown labels, …
    Column("timeout_s", Float, nullable=False, server_default=text("100")),
    _text("hostname"),  # where the backend reaches this server; "": as the server was asked
    _text("called_as"),  # as the server was asked when it was connected, or last checked by somebody
    _text("told_digest"),  # of what its last /setup told it; "": it is to be told again
    _count("token_serial", 1),  # one that counts up ends the token that it has
    _text("generation"),  # treadle, current, old; "": never answered
    _text("state", "DI"),  # as Label Studio says it: CO, DI, ER, TR, PR
    _text("problem"),  # why it is not CO
    _text("model_version"),  # what its last /setup answered
    Column("checked_at", Instant),
    _to("users", "created_by", on_delete="SET NULL", nullable=True),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    CheckConstraint("auth_method IN ('NONE', 'BASIC_AUTH', 'TOKEN')", name="auth_method"),
    CheckConstraint("state IN ('CO', 'DI', 'ER', 'TR', 'PR')", name="state"),
    **_KEEP_IDS,
)

# A training that somebody, or a rule, asked for; the work is a job, and happens in the backend.
trainings = Table(
    "trainings",
    metadata,
    _id(),
    _to("projects", "project_id", index=True),
    _to("ml_backends", "backend_id", on_delete="SET NULL", nullable=True, index=True),
    Column("job_id", Text),
    _text("state", "queued"),
    _text("cause", "person"),  # person, count, schedule, webhook
    _text("spec", "{}"),  # JSON: which work, and what the form said
    _text("gate", "[]"),  # JSON: what was found before it started
    _text("override_reason"),  # why it started in spite of that
    _text("message"),  # what came of it, in a sentence
    _text("remote_job"),  # the backend's name of it
    Column("done", Float, nullable=False, server_default=text("0")),
    Column("total", Float, nullable=False, server_default=text("0")),
    _count("task_count"),
    _count("held_out_count"),
    _text("dataset_key"),  # object: which tasks and annotations, and which of them were held out
    _text("evaluation"),  # JSON, on the held-out part; "": none
    _text("serving_evaluation"),  # JSON, of the version that served then, on the same part
    _text("mlflow_run_id"),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("ended_at", Instant),
    Column("changed_at", Instant, nullable=False),
    Column("registered_at", Instant),  # when MLflow last heard of it
    _to("users", "created_by", on_delete="SET NULL", nullable=True),
    _text("serving_version"),  # the backend's name of what served when it began
    Column("learning_since", Instant),  # when the backend began
    CheckConstraint(
        "state IN ('queued', 'running', 'stopping', 'evaluating', 'completed', 'failed', 'cancelled')",
        name="state",
    ),
    CheckConstraint("cause IN ('person', 'count', 'schedule', 'webhook')", name="cause"),
    **_KEEP_IDS,
)

training_figures = Table(
    "training_figures",
    metadata,
    _to("trainings", "training_id"),
    Column("name", Text, nullable=False),
    Column("step", Integer, nullable=False),
    Column("value", Float, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("training_id", "name", "step"),
)

training_log = Table(
    "training_log",
    metadata,
    _to("trainings", "training_id"),
    Column("start_byte", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    UniqueConstraint("training_id", "start_byte"),
)

# What a backend can predict by. At most one of a backend serves.
model_versions = Table(
    "model_versions",
    metadata,
    _id(),
    _to("projects", "project_id", index=True),
    _to("ml_backends", "backend_id"),
    Column("name", Text, nullable=False),  # as the backend says it
    _count("number"),  # 1, 2, … of the backend, as people say it
    _to("trainings", "training_id", on_delete="SET NULL", nullable=True),
    _flag("is_serving"),
    _text("archive_key"),  # object: its files; "": only the backend has them
    _text("mlflow_version"),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("backend_id", "name"),
    **_KEEP_IDS,
)

version_promotions = Table(
    "version_promotions",
    metadata,
    _id(),
    _to("ml_backends", "backend_id", index=True),
    _to("model_versions", "version_id", nullable=True),  # null: the untrained model
    _to("model_versions", "previous_id", nullable=True),
    _text("cause", "person"),  # person, alias: by MLflow's registry, training: by itself
    _to("users", "user_id", on_delete="SET NULL", nullable=True),
    Column("at", Instant, nullable=False),
    CheckConstraint("cause IN ('person', 'alias', 'training')", name="cause"),
    **_KEEP_IDS,
)

# Which task was asked of which version: a task is predicted once by it, and what failed says why.
prediction_attempts = Table(
    "prediction_attempts",
    metadata,
    _to("ml_backends", "backend_id"),
    _to("tasks", "task_id", index=True),
    Column("model_version", Text, nullable=False),
    Column("state", Text, nullable=False),
    _text("problem"),
    _text("settings", "{}"),  # JSON: those of the connection at that time
    _count("tries", 1),
    _to("predictions", "prediction_id", on_delete="SET NULL", nullable=True, index=True),
    Column("at", Instant, nullable=False),
    UniqueConstraint("backend_id", "model_version", "task_id"),
    CheckConstraint("state IN ('done', 'nothing', 'failed')", name="state"),
)

# What people did with what a version said, by day: sums of regions.
prediction_quality = Table(
    "prediction_quality",
    metadata,
    _to("projects", "project_id"),
    Column("model_version", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("day", Text, nullable=False),  # ISO 8601, UTC
    _count("kept"),
    _count("moved"),
    _count("relabelled"),
    _count("deleted"),
    _count("added"),
    UniqueConstraint("project_id", "model_version", "label", "day"),
)

# What an annotation adds to those sums, so that a later save of it replaces its part.
# No foreign keys to it and its task: when they are deleted, this tells what to take away.
annotation_quality = Table(
    "annotation_quality",
    metadata,
    Column("annotation_id", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
    Column("task_id", BigInteger().with_variant(Integer, "sqlite"), nullable=False, index=True),
    _to("projects", "project_id", index=True),
    Column("model_version", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("day", Text, nullable=False),
    _count("kept"),
    _count("moved"),
    _count("relabelled"),
    _count("deleted"),
    _count("added"),
    UniqueConstraint("annotation_id", "label"),
)

# How much a task would teach, by the version that serves; the queue hands out the most first.
task_worths = Table(
    "task_worths",
    metadata,
    _to("tasks", "task_id"),
    _to("projects", "project_id"),
    Column("worth", Float, nullable=False),
    UniqueConstraint("task_id"),
    Index("ix_task_worths_project_id_worth", "project_id", "worth", "task_id"),
)

# How far somebody has come in that order, where several annotate each task. Gone when the order is made anew.
queue_places = Table(
    "queue_places",
    metadata,
    _to("projects", "project_id"),
    _to("users", "user_id"),
    Column("worth", Float, nullable=False),
    Column("task_id", BigInteger, nullable=False),
    UniqueConstraint("project_id", "user_id"),
)

# What a project does by itself: train on so many new annotations, on a schedule; refresh the queue's order.
learning_rules = Table(
    "learning_rules",
    metadata,
    _to("projects", "project_id"),
    _text("rules", "{}"),  # JSON
    _text("state", "{}"),  # JSON: what was last done, and when
    _to("users", "set_by", on_delete="SET NULL", nullable=True),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("project_id"),
)

# How far each follower of the events has come.
learning_positions = Table(
    "learning_positions",
    metadata,
    Column("follower", Text, primary_key=True),
    Column("event_id", BigInteger, nullable=False),
)
