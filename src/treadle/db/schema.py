"""Every table, as SQLAlchemy Core. The migrations make the same schema; a law test compares them.

Text columns that hold JSON are spliced into responses as they stand and never parsed on a hot path.
Ids are never used twice (AUTOINCREMENT on SQLite, sequences on PostgreSQL).
"""

# No annotations import from __future__ here: a table has that name.
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    event,
    text,
)

from treadle.db.types import Instant

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _id() -> Column[int]:
    # SQLite gives a row id only to INTEGER; PostgreSQL counts in 64 bits.
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


def index_some(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of those rows of which ``where`` is true."""
    index = Index(name, *columns, unique=unique)

    # Not before: to name a database imports all that SQLAlchemy knows of it, be it the other one.
    @event.listens_for(index, "before_create")
    def say_where(made: Index, connection: Connection, **_more: Any) -> None:
        made.dialect_kwargs[f"{connection.dialect.name}_where"] = text(where)

    return index


def _to(
    target: str, name: str, *, on_delete: str = "CASCADE", nullable: bool = False, index: bool = False
) -> Column[int]:
    return Column(
        name,
        BigInteger().with_variant(Integer, "sqlite"),
        ForeignKey(f"{target}.id", ondelete=on_delete),
        nullable=nullable,
        index=index,
    )


def _flag(name: str, default: bool = False) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=text("true" if default else "false"))


def _count(name: str, default: int = 0) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default=text(str(default)))


def _text(name: str, default: str = "") -> Column[str]:
    return Column(name, Text, nullable=False, server_default=text(f"'{default}'"))


_KEEP_IDS: dict[str, Any] = {"sqlite_autoincrement": True}

installation = Table(
    "installation",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

users = Table(
    "users",
    metadata,
    _id(),
    Column("email", Text, nullable=False, unique=True),  # lower case
    _text("first_name"),
    _text("last_name"),
    Column("password_hash", Text),  # Argon2id; null: no sign-in by password
    _flag("is_admin"),  # organisation admin
    _flag("is_active", True),
    _flag("is_service"),  # a service account: see access/service_accounts.py
    _text("hotkeys", "{}"),
    Column("avatar", Text),  # its file's name; see access/avatars.py
    Column("language", Text),  # of the pages, as one chose it; null: as the installation and the browser say
    Column("created_at", Instant, nullable=False),
    Column("last_activity_at", Instant),
    **_KEEP_IDS,
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", Text, primary_key=True),
    _to("users", "user_id", index=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    _id(),
    _to("users", "user_id", index=True),
    Column("kind", Text, nullable=False),  # legacy | personal | refresh
    Column("name", Text, nullable=False),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("plain", Text),  # Label Studio's API shows it again: a legacy token, a refresh token unsigned
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("last_used_at", Instant),
    _text("scope", "all"),  # all | read
    Column("workspace_id", BigInteger, index=True),  # the only one that it reaches; null: all
    CheckConstraint("kind IN ('legacy', 'personal', 'refresh')", name="kind"),
    **_KEEP_IDS,
)

workspaces = Table(
    "workspaces",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    _text("title"),
    _to("users", "created_by", on_delete="SET NULL", nullable=True),
    Column("created_at", Instant, nullable=False),
    **_KEEP_IDS,
)

_ROLES = "role IN ('viewer', 'annotator', 'reviewer', 'editor', 'manager', 'owner')"

memberships = Table(
    "memberships",
    metadata,
    Column("workspace_id", ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("role", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    CheckConstraint(_ROLES, name="role"),
)

invitations = Table(
    "invitations",
    metadata,
    _id(),
    Column("token_hash", Text, nullable=False, unique=True),
    _to("workspaces", "workspace_id", index=True),
    Column("role", Text, nullable=False),
    Column("email", Text),  # only this person may accept it; null: whoever holds the link, once
    _to("users", "created_by", on_delete="SET NULL", nullable=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    _to("users", "accepted_by", on_delete="SET NULL", nullable=True),
    Column("accepted_at", Instant),
    CheckConstraint(_ROLES, name="role"),
    **_KEEP_IDS,
)

audit_log = Table(
    "audit_log",
    metadata,
    _id(),
    Column("at", Instant, nullable=False),
    _to("users", "actor_id", on_delete="SET NULL", nullable=True),
    Column("action", Text, nullable=False),  # role.granted, role.removed, access.refused, …
    _text("subject"),
    Column("workspace_id", BigInteger),
    _text("detail", "{}"),  # JSON
    Index("ix_audit_log_workspace_id_id", "workspace_id", "id"),
    Index("ix_audit_log_actor_id_id", "actor_id", "id"),
    **_KEEP_IDS,
)

events = Table(
    "events",
    metadata,
    _id(),
    Column("at", Instant, nullable=False),
    Column("kind", Text, nullable=False),  # annotation.created, …
    Column("actor_id", BigInteger),
    Column("project_id", BigInteger),
    Column("subject_id", BigInteger),
    _text("payload", "{}"),  # JSON
    **_KEEP_IDS,
)

projects = Table(
    "projects",
    metadata,
    _id(),
    _to("workspaces", "workspace_id", index=True),
    Column("title", Text, nullable=False),
    _text("description"),
    _text("label_config", "<View></View>"),
    _text("expert_instruction"),
    _flag("show_instruction"),
    _flag("show_skip_button", True),
    _flag("enable_empty_annotation", True),
    _flag("show_collab_predictions", True),
    _text("color", "#FFFFFF"),
    _count("maximum_annotations", 1),
    _text("sampling", "Sequential sampling"),
    _text("skip_queue", "REQUEUE_FOR_OTHERS"),
    _text("model_version"),
    _text("options", "{}"),  # JSON: Label Studio's project fields that we keep and give back
    Column("pinned_at", Instant),
    _to("users", "created_by", on_delete="SET NULL", nullable=True),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    # Deleted, and kept for a while: nobody sees it until it is restored or freed.
    Column("deleted_at", Instant),
    Column("deleted_by", BigInteger),
    CheckConstraint("maximum_annotations >= 1", name="maximum_annotations"),
    **_KEEP_IDS,
)

# Replaces the role in the workspace, in this one project; also for somebody without a role there.
project_roles = Table(
    "project_roles",
    metadata,
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("role", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    CheckConstraint(_ROLES, name="role"),
)

# Of its own, so that a save does not rewrite the project's row with its config.
project_counters = Table(
    "project_counters",
    metadata,
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    _count("task_number"),
    _count("finished_task_number"),  # is_labeled
    _count("tasks_with_annotations"),
    _count("total_annotations"),  # not cancelled
    _count("skipped_annotations"),
    _count("ground_truth_annotations"),
    _count("total_predictions"),
    _count("last_inner_id"),
    _count("retired_task_number"),  # not is_labeled; of a source that is being synced as of its last sync
)

imports = Table(
    "imports",
    metadata,
    _id(),
    _to("projects", "project_id", index=True),
    _to("users", "user_id", on_delete="SET NULL", nullable=True),
    Column("job_id", Text),
    Column("state", Text, nullable=False),  # running: its rows are invisible | done | failed
    _count("task_count"),
    _count("annotation_count"),
    _count("prediction_count"),
    _text("error"),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    CheckConstraint("state IN ('running', 'done', 'failed')", name="state"),
    index_some(
        "ix_imports_unfinished",
        "project_id",
        where="state <> 'done'",
    ),
    **_KEEP_IDS,
)

file_uploads = Table(
    "file_uploads",
    metadata,
    _id(),
    _to("projects", "project_id", index=True),
    _to("users", "user_id", on_delete="SET NULL", nullable=True),
    Column("file_name", Text, nullable=False),  # as in /data/upload/{project}/{file_name}
    Column("object_key", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("width_px", Integer),  # after EXIF orientation; null: not a picture
    Column("height_px", Integer),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("project_id", "file_name"),
    **_KEEP_IDS,
)

tasks = Table(
    "tasks",
    metadata,
    _id(),
    _to("projects", "project_id"),
    Column("inner_id", Integer, nullable=False),
    Column("data", Text, nullable=False),  # JSON object
    _text("meta", "{}"),  # JSON object
    _flag("is_labeled"),
    _count("overlap", 1),
    _count("total_annotations"),  # not cancelled
    _count("cancelled_annotations"),
    _count("ground_truth_annotations"),
    _count("total_predictions"),
    _count("assignees"),  # people it is assigned to: see handouts.assigned_at
    # Rows of an import that is not done are invisible (see imports.state); 0: no import.
    Column("import_id", BigInteger, nullable=False, server_default=text("0")),
    _to("file_uploads", "file_upload_id", on_delete="SET NULL", nullable=True),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("updated_by", BigInteger),
    Index("ix_tasks_project_id_id", "project_id", "id"),
    Index("ix_tasks_project_id_is_labeled_id", "project_id", "is_labeled", "id"),
    # Of annotated tasks alone: an import would pay for the others.
    index_some(
        "ix_tasks_total_annotations",
        "project_id",
        "total_annotations",
        "id",
        where="total_annotations <> 0",
    ),
    index_some(
        "ix_tasks_annotated",
        "project_id",
        "id",
        where="total_annotations <> 0",
    ),
    # An upload that is deleted is looked for in all tasks.
    index_some(
        "ix_tasks_file_upload_id",
        "file_upload_id",
        where="file_upload_id IS NOT NULL",
    ),
    # Those that anybody may be given; see labeling/queue.py.
    index_some(
        "ix_tasks_open",
        "project_id",
        "id",
        where="NOT is_labeled AND assignees < overlap",
    ),
    index_some(
        "ix_tasks_import_id",
        "import_id",
        where="import_id > 0",
    ),
    **_KEEP_IDS,
)

annotations = Table(
    "annotations",
    metadata,
    _id(),
    _to("tasks", "task_id", index=True),
    _to("projects", "project_id"),
    _to("users", "completed_by", on_delete="SET NULL", nullable=True),
    Column("result", Text, nullable=False),  # JSON list
    _count("result_count"),
    _flag("was_cancelled"),
    _flag("ground_truth"),
    Column("lead_time", Float),  # seconds
    Column("unique_id", Text, nullable=False, unique=True),
    Column("last_action", Text),
    Column("updated_by", BigInteger),
    Column("last_created_by", BigInteger),
    Column("parent_prediction_id", BigInteger),
    Column("parent_annotation_id", BigInteger),
    Column("prediction", Text),  # JSON: the prediction it began from
    Column("import_id", BigInteger),
    _flag("bulk_created"),
    Column("draft_created_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    _count("version", 1),
    Index("ix_annotations_project_id_completed_by_id", "project_id", "completed_by", "id"),
    Index("ix_annotations_completed_by_task_id", "completed_by", "task_id"),
    **_KEEP_IDS,
)

# What an annotation was before each change; the current state is the annotation's own row.
# No foreign key to it: a deleted annotation is kept in the trash, its past here.
annotation_versions = Table(
    "annotation_versions",
    metadata,
    _id(),
    Column("annotation_id", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
    _to("projects", "project_id", index=True),
    Column("version", Integer, nullable=False),
    Column("result", Text, nullable=False),  # JSON list
    _count("result_count"),
    _flag("was_cancelled"),
    _flag("ground_truth"),
    Column("lead_time", Float),  # seconds
    Column("made_by", BigInteger),  # who brought it to this state, and when
    Column("made_at", Instant, nullable=False),
    Column("action", Text),  # submitted | updated | restored | …
    UniqueConstraint("annotation_id", "version"),
    **_KEEP_IDS,
)

# How many results of a project's annotations use each control, and each label of it; see labeling/usage.py.
label_usage = Table(
    "label_usage",
    metadata,
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    Column("control", Text, primary_key=True),  # from_name|to_name|type
    Column("label", Text, primary_key=True),  # '': all results of the control
    _count("count"),
)

# What a person did in a project in one quarter of an hour; see labeling/progress.py.
work_sums = Table(
    "work_sums",
    metadata,
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    # Quarters of an hour since 1970 in UTC: every zone's days begin with one.
    Column("slot", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("user_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),  # 0: nobody
    _count("submitted"),
    _count("skipped"),
    _count("timed"),  # of the submitted, those with a lead time
    Column("lead_time_ms", BigInteger, nullable=False, server_default=text("0")),
)

drafts = Table(
    "drafts",
    metadata,
    _id(),
    _to("tasks", "task_id", index=True),
    _to("annotations", "annotation_id", nullable=True, index=True),
    _to("users", "user_id", index=True),
    Column("result", Text, nullable=False),  # JSON list
    Column("lead_time", Float),  # seconds
    _flag("was_postponed"),
    Column("import_id", BigInteger),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    _count("version", 1),
    **_KEEP_IDS,
)

predictions = Table(
    "predictions",
    metadata,
    _id(),
    _to("tasks", "task_id", index=True),
    _to("projects", "project_id", index=True),
    Column("result", Text, nullable=False),  # JSON list
    _text("model_version"),
    Column("score", Float),
    Column("cluster", Integer),
    Column("neighbors", Text),  # JSON
    Column("mislabeling", Float, nullable=False, server_default=text("0")),
    Column("import_id", BigInteger),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    **_KEEP_IDS,
)

# Who was given which task; a lease while lease_until lies ahead. Kept afterwards: an annotator sees
# what was handed to them.
handouts = Table(
    "handouts",
    metadata,
    Column("task_id", ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
    Column("lock_id", Text, nullable=False),
    Column("handed_at", Instant, nullable=False),
    Column("lease_until", Instant),  # null: freed
    # Somebody chose this person for the task: it waits for them and is offered to nobody else in their place.
    Column("assigned_at", Instant),
    Column("assigned_by", BigInteger),
    _flag("is_waiting"),  # assigned, and neither done by this person nor by enough others
    Index("ix_handouts_user_id_project_id_task_id", "user_id", "project_id", "task_id"),
    index_some(
        "ix_handouts_taken",
        "user_id",
        "project_id",
        "task_id",
        where="assigned_at IS NULL",
    ),
    index_some(
        "ix_handouts_waiting",
        "project_id",
        "user_id",
        "is_waiting",  # which is true of all of them, and makes SQLite choose this index
        "task_id",
        where="is_waiting",
    ),
    index_some(
        "ix_handouts_leases",
        "project_id",
        "lease_until",
        where="lease_until IS NOT NULL",
    ),
    index_some(
        "ix_handouts_assigned",
        "project_id",
        "user_id",
        "task_id",
        where="assigned_at IS NOT NULL",
    ),
)

# Something that was deleted and can be restored for a while; the rows themselves lie in the trash.
deletions = Table(
    "deletions",
    metadata,
    _id(),
    _to("projects", "project_id", index=True),
    _to("users", "user_id", on_delete="SET NULL", nullable=True),
    Column("kind", Text, nullable=False),  # tasks | annotations | predictions
    Column("state", Text, nullable=False),
    _count("item_count"),
    Column("job_id", Text),
    Column("created_at", Instant, nullable=False, index=True),
    Column("restored_at", Instant),
    CheckConstraint("kind IN ('tasks', 'annotations', 'predictions')", name="kind"),
    CheckConstraint("state IN ('running', 'done', 'restoring', 'restored')", name="state"),
    **_KEEP_IDS,
)

trash = Table(
    "trash",
    metadata,
    _id(),
    _to("deletions", "deletion_id", index=True),
    Column("kind", Text, nullable=False),  # task | annotation | prediction
    Column("row_id", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
    Column("content", Text, nullable=False),  # JSON: the row, and what belonged to it
    Index("ix_trash_kind_row_id", "kind", "row_id"),
    **_KEEP_IDS,
)

# The data fields that are looked up by an index of ours, and their values; see labeling/field_indexes.py.
field_indexes = Table(
    "field_indexes",
    metadata,
    _id(),
    _to("projects", "project_id"),
    Column("path", Text, nullable=False),  # as a column of the task list names it, without "data."
    Column("state", Text, nullable=False),  # building: kept up to date and not yet whole | ready
    Column("job_id", Text),
    _to("users", "created_by", on_delete="SET NULL", nullable=True),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("project_id", "path"),
    CheckConstraint("state IN ('building', 'ready', 'removing')", name="state"),
    **_KEEP_IDS,
)

task_fields = Table(
    "task_fields",
    metadata,
    Column("field_id", ForeignKey("field_indexes.id", ondelete="CASCADE"), primary_key=True),
    Column("task_id", ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("kind", Integer, nullable=False),  # 0: a number, 1: text, 2: nothing there
    Column("number_value", Float),
    Column("text_value", Text),  # its first characters; see labeling/field_indexes.py
    Index("ix_task_fields_order", "field_id", "kind", "number_value", "text_value", "task_id"),
    Index("ix_task_fields_text", "field_id", "text_value", "task_id"),
    sqlite_with_rowid=False,
)

views = Table(
    "views",
    metadata,
    _id(),
    _to("projects", "project_id", index=True),
    _to("users", "user_id", on_delete="SET NULL", nullable=True),
    _flag("is_private"),  # only its maker sees it
    _text("settings", "{}"),  # JSON: Label Studio's `data` of a view
    _text("ordering", "[]"),  # JSON
    _text("selected_items", "null"),  # JSON
    _text("filter_group", "null"),  # JSON
    _count("position"),
    Column("created_at", Instant, nullable=False),
    **_KEEP_IDS,
)

exports = Table(
    "exports",
    metadata,
    _id(),
    _to("projects", "project_id", index=True),
    _text("title"),
    _to("users", "created_by", on_delete="SET NULL", nullable=True),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("status", Text, nullable=False),  # created | in_progress | completed | failed
    Column("md5", Text),
    Column("object_key", Text),
    _text("counters", "{}"),  # JSON
    _text("options", "{}"),  # JSON: filters and serialisation asked for
    **_KEEP_IDS,
)

export_conversions = Table(
    "export_conversions",
    metadata,
    _id(),
    _to("exports", "export_id", index=True),
    Column("export_type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("object_key", Text),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("export_id", "export_type"),
    **_KEEP_IDS,
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    _to("users", "actor_id", on_delete="SET NULL", nullable=True),
    Column("workspace_id", BigInteger),
    Column("project_id", BigInteger, index=True),
    _text("payload", "{}"),  # JSON
    _count("progress_done"),
    _count("progress_total"),
    _text("message"),
    _text("log"),
    Column("result", Text),  # JSON
    Column("error", Text),  # JSON: code, message, fields
    _flag("cancel_requested"),
    Column("retry_of", Text),  # the failed or cancelled job whose order this one does again
    Column("place", Text),  # JSON: where its long step is, written together with the work itself
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Index("ix_jobs_workspace_id_created_at", "workspace_id", "created_at"),
    Index("ix_jobs_actor_id_created_at", "actor_id", "created_at"),
    CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="state"),
    index_some(
        "ix_jobs_unfinished",
        "created_at",
        where="state IN ('queued', 'running')",
    ),
)

# What was answered to a save, so that the same save sent again gets the same answer.
idempotency = Table(
    "idempotency",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("route", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_sha256", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("response", Text, nullable=False),
    Column("etag", Text),
    Column("created_at", Instant, nullable=False, index=True),
)
