CREATE TABLE events (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor_id BIGINT,
    project_id BIGINT,
    subject_id BIGINT,
    payload TEXT DEFAULT '{}' NOT NULL
);

CREATE TABLE installation (
    "key" TEXT NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT pk_installation PRIMARY KEY ("key")
);

CREATE TABLE users (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    email TEXT NOT NULL,
    first_name TEXT DEFAULT '' NOT NULL,
    last_name TEXT DEFAULT '' NOT NULL,
    password_hash TEXT,
    is_admin BOOLEAN DEFAULT false NOT NULL,
    is_active BOOLEAN DEFAULT true NOT NULL,
    hotkeys TEXT DEFAULT '{}' NOT NULL,
    created_at BIGINT NOT NULL,
    last_activity_at BIGINT,
    CONSTRAINT uq_users_email UNIQUE (email)
);

CREATE TABLE audit_log (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    actor_id INTEGER,
    action TEXT NOT NULL,
    subject TEXT DEFAULT '' NOT NULL,
    workspace_id BIGINT,
    detail TEXT DEFAULT '{}' NOT NULL,
    CONSTRAINT fk_audit_log_actor_id FOREIGN KEY(actor_id) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_audit_log_workspace_id_id ON audit_log (workspace_id, id);

CREATE TABLE idempotency (
    user_id INTEGER NOT NULL,
    route TEXT NOT NULL,
    "key" TEXT NOT NULL,
    body_sha256 TEXT NOT NULL,
    status INTEGER NOT NULL,
    response TEXT NOT NULL,
    etag TEXT,
    created_at BIGINT NOT NULL,
    CONSTRAINT pk_idempotency PRIMARY KEY (user_id, route, "key"),
    CONSTRAINT fk_idempotency_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX ix_idempotency_created_at ON idempotency (created_at);

CREATE TABLE jobs (
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    actor_id INTEGER,
    workspace_id BIGINT,
    project_id BIGINT,
    payload TEXT DEFAULT '{}' NOT NULL,
    progress_done INTEGER DEFAULT 0 NOT NULL,
    progress_total INTEGER DEFAULT 0 NOT NULL,
    message TEXT DEFAULT '' NOT NULL,
    log TEXT DEFAULT '' NOT NULL,
    result TEXT,
    error TEXT,
    cancel_requested BOOLEAN DEFAULT false NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT,
    CONSTRAINT pk_jobs PRIMARY KEY (id),
    CONSTRAINT ck_jobs_state CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    CONSTRAINT fk_jobs_actor_id FOREIGN KEY(actor_id) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_jobs_project_id ON jobs (project_id);

CREATE INDEX ix_jobs_unfinished ON jobs (created_at) WHERE state IN ('queued', 'running');

CREATE TABLE sessions (
    token_hash TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT pk_sessions PRIMARY KEY (token_hash),
    CONSTRAINT fk_sessions_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX ix_sessions_user_id ON sessions (user_id);

CREATE TABLE tokens (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    plain TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT,
    CONSTRAINT ck_tokens_kind CHECK (kind IN ('legacy', 'personal', 'refresh')),
    CONSTRAINT fk_tokens_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT uq_tokens_token_hash UNIQUE (token_hash)
);

CREATE INDEX ix_tokens_user_id ON tokens (user_id);

CREATE TABLE workspaces (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    title TEXT DEFAULT '' NOT NULL,
    created_by INTEGER,
    created_at BIGINT NOT NULL,
    CONSTRAINT uq_workspaces_name UNIQUE (name),
    CONSTRAINT fk_workspaces_created_by FOREIGN KEY(created_by) REFERENCES users (id) ON DELETE SET NULL
);

CREATE TABLE invitations (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    token_hash TEXT NOT NULL,
    workspace_id INTEGER NOT NULL,
    role TEXT NOT NULL,
    email TEXT,
    created_by INTEGER,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    accepted_by INTEGER,
    accepted_at BIGINT,
    CONSTRAINT ck_invitations_role CHECK (role IN ('viewer', 'annotator', 'reviewer', 'editor', 'manager', 'owner')),
    CONSTRAINT uq_invitations_token_hash UNIQUE (token_hash),
    CONSTRAINT fk_invitations_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE,
    CONSTRAINT fk_invitations_created_by FOREIGN KEY(created_by) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT fk_invitations_accepted_by FOREIGN KEY(accepted_by) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_invitations_workspace_id ON invitations (workspace_id);

CREATE TABLE memberships (
    workspace_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT pk_memberships PRIMARY KEY (workspace_id, user_id),
    CONSTRAINT ck_memberships_role CHECK (role IN ('viewer', 'annotator', 'reviewer', 'editor', 'manager', 'owner')),
    CONSTRAINT fk_memberships_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE,
    CONSTRAINT fk_memberships_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX ix_memberships_user_id ON memberships (user_id);

CREATE TABLE projects (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace_id INTEGER NOT NULL,
    title TEXT NOT NULL,
    description TEXT DEFAULT '' NOT NULL,
    label_config TEXT DEFAULT '<View></View>' NOT NULL,
    expert_instruction TEXT DEFAULT '' NOT NULL,
    show_instruction BOOLEAN DEFAULT false NOT NULL,
    show_skip_button BOOLEAN DEFAULT true NOT NULL,
    enable_empty_annotation BOOLEAN DEFAULT true NOT NULL,
    show_collab_predictions BOOLEAN DEFAULT true NOT NULL,
    color TEXT DEFAULT '#FFFFFF' NOT NULL,
    maximum_annotations INTEGER DEFAULT 1 NOT NULL,
    sampling TEXT DEFAULT 'Sequential sampling' NOT NULL,
    skip_queue TEXT DEFAULT 'REQUEUE_FOR_OTHERS' NOT NULL,
    model_version TEXT DEFAULT '' NOT NULL,
    options TEXT DEFAULT '{}' NOT NULL,
    pinned_at BIGINT,
    created_by INTEGER,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT ck_projects_maximum_annotations CHECK (maximum_annotations >= 1),
    CONSTRAINT fk_projects_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE,
    CONSTRAINT fk_projects_created_by FOREIGN KEY(created_by) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_projects_workspace_id ON projects (workspace_id);

CREATE TABLE exports (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL,
    title TEXT DEFAULT '' NOT NULL,
    created_by INTEGER,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    status TEXT NOT NULL,
    md5 TEXT,
    object_key TEXT,
    counters TEXT DEFAULT '{}' NOT NULL,
    options TEXT DEFAULT '{}' NOT NULL,
    CONSTRAINT fk_exports_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT fk_exports_created_by FOREIGN KEY(created_by) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_exports_project_id ON exports (project_id);

CREATE TABLE file_uploads (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL,
    user_id INTEGER,
    file_name TEXT NOT NULL,
    object_key TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    content_type TEXT NOT NULL,
    width_px INTEGER,
    height_px INTEGER,
    created_at BIGINT NOT NULL,
    CONSTRAINT uq_file_uploads_project_id_file_name UNIQUE (project_id, file_name),
    CONSTRAINT fk_file_uploads_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT fk_file_uploads_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_file_uploads_project_id ON file_uploads (project_id);

CREATE TABLE imports (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL,
    user_id INTEGER,
    job_id TEXT,
    state TEXT NOT NULL,
    task_count INTEGER DEFAULT 0 NOT NULL,
    annotation_count INTEGER DEFAULT 0 NOT NULL,
    prediction_count INTEGER DEFAULT 0 NOT NULL,
    error TEXT DEFAULT '' NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    CONSTRAINT ck_imports_state CHECK (state IN ('running', 'done', 'failed')),
    CONSTRAINT fk_imports_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT fk_imports_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_imports_project_id ON imports (project_id);

CREATE INDEX ix_imports_unfinished ON imports (project_id) WHERE state <> 'done';

CREATE TABLE project_counters (
    project_id INTEGER NOT NULL,
    task_number INTEGER DEFAULT 0 NOT NULL,
    finished_task_number INTEGER DEFAULT 0 NOT NULL,
    tasks_with_annotations INTEGER DEFAULT 0 NOT NULL,
    total_annotations INTEGER DEFAULT 0 NOT NULL,
    skipped_annotations INTEGER DEFAULT 0 NOT NULL,
    ground_truth_annotations INTEGER DEFAULT 0 NOT NULL,
    total_predictions INTEGER DEFAULT 0 NOT NULL,
    last_inner_id INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT pk_project_counters PRIMARY KEY (project_id),
    CONSTRAINT fk_project_counters_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);

CREATE TABLE project_roles (
    project_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT pk_project_roles PRIMARY KEY (project_id, user_id),
    CONSTRAINT ck_project_roles_role CHECK (role IN ('viewer', 'annotator', 'reviewer', 'editor', 'manager', 'owner')),
    CONSTRAINT fk_project_roles_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT fk_project_roles_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX ix_project_roles_user_id ON project_roles (user_id);

CREATE TABLE views (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL,
    user_id INTEGER,
    settings TEXT DEFAULT '{}' NOT NULL,
    ordering TEXT DEFAULT '[]' NOT NULL,
    selected_items TEXT DEFAULT 'null' NOT NULL,
    filter_group TEXT DEFAULT 'null' NOT NULL,
    position INTEGER DEFAULT 0 NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT fk_views_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT fk_views_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_views_project_id ON views (project_id);

CREATE TABLE export_conversions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    export_id INTEGER NOT NULL,
    export_type TEXT NOT NULL,
    status TEXT NOT NULL,
    object_key TEXT,
    created_at BIGINT NOT NULL,
    CONSTRAINT uq_export_conversions_export_id_export_type UNIQUE (export_id, export_type),
    CONSTRAINT fk_export_conversions_export_id FOREIGN KEY(export_id) REFERENCES exports (id) ON DELETE CASCADE
);

CREATE INDEX ix_export_conversions_export_id ON export_conversions (export_id);

CREATE TABLE tasks (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL,
    inner_id INTEGER NOT NULL,
    data TEXT NOT NULL,
    meta TEXT DEFAULT '{}' NOT NULL,
    is_labeled BOOLEAN DEFAULT false NOT NULL,
    overlap INTEGER DEFAULT 1 NOT NULL,
    total_annotations INTEGER DEFAULT 0 NOT NULL,
    cancelled_annotations INTEGER DEFAULT 0 NOT NULL,
    ground_truth_annotations INTEGER DEFAULT 0 NOT NULL,
    total_predictions INTEGER DEFAULT 0 NOT NULL,
    import_id BIGINT DEFAULT 0 NOT NULL,
    file_upload_id INTEGER,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by BIGINT,
    CONSTRAINT fk_tasks_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT fk_tasks_file_upload_id FOREIGN KEY(file_upload_id) REFERENCES file_uploads (id) ON DELETE SET NULL
);

CREATE INDEX ix_tasks_import_id ON tasks (import_id) WHERE import_id > 0;

CREATE INDEX ix_tasks_project_id_id ON tasks (project_id, id);

CREATE INDEX ix_tasks_project_id_is_labeled_id ON tasks (project_id, is_labeled, id);

CREATE TABLE annotations (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    task_id INTEGER NOT NULL,
    project_id INTEGER NOT NULL,
    completed_by INTEGER,
    result TEXT NOT NULL,
    result_count INTEGER DEFAULT 0 NOT NULL,
    was_cancelled BOOLEAN DEFAULT false NOT NULL,
    ground_truth BOOLEAN DEFAULT false NOT NULL,
    lead_time FLOAT,
    unique_id TEXT NOT NULL,
    last_action TEXT,
    updated_by BIGINT,
    last_created_by BIGINT,
    parent_prediction_id BIGINT,
    parent_annotation_id BIGINT,
    prediction TEXT,
    import_id BIGINT,
    bulk_created BOOLEAN DEFAULT false NOT NULL,
    draft_created_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT fk_annotations_task_id FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE,
    CONSTRAINT fk_annotations_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT fk_annotations_completed_by FOREIGN KEY(completed_by) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT uq_annotations_unique_id UNIQUE (unique_id)
);

CREATE INDEX ix_annotations_completed_by_task_id ON annotations (completed_by, task_id);

CREATE INDEX ix_annotations_project_id_completed_by_id ON annotations (project_id, completed_by, id);

CREATE INDEX ix_annotations_task_id ON annotations (task_id);

CREATE TABLE handouts (
    task_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    project_id INTEGER NOT NULL,
    lock_id TEXT NOT NULL,
    handed_at BIGINT NOT NULL,
    lease_until BIGINT,
    CONSTRAINT pk_handouts PRIMARY KEY (task_id, user_id),
    CONSTRAINT fk_handouts_task_id FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE,
    CONSTRAINT fk_handouts_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_handouts_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);

CREATE INDEX ix_handouts_leases ON handouts (project_id, lease_until) WHERE lease_until IS NOT NULL;

CREATE INDEX ix_handouts_user_id_project_id ON handouts (user_id, project_id);

CREATE TABLE predictions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    task_id INTEGER NOT NULL,
    project_id INTEGER NOT NULL,
    result TEXT NOT NULL,
    model_version TEXT DEFAULT '' NOT NULL,
    score FLOAT,
    cluster INTEGER,
    neighbors TEXT,
    mislabeling FLOAT DEFAULT 0 NOT NULL,
    import_id BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT fk_predictions_task_id FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE,
    CONSTRAINT fk_predictions_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);

CREATE INDEX ix_predictions_project_id ON predictions (project_id);

CREATE INDEX ix_predictions_task_id ON predictions (task_id);

CREATE TABLE drafts (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    task_id INTEGER NOT NULL,
    annotation_id INTEGER,
    user_id INTEGER NOT NULL,
    result TEXT NOT NULL,
    lead_time FLOAT,
    was_postponed BOOLEAN DEFAULT false NOT NULL,
    import_id BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT fk_drafts_task_id FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE,
    CONSTRAINT fk_drafts_annotation_id FOREIGN KEY(annotation_id) REFERENCES annotations (id) ON DELETE CASCADE,
    CONSTRAINT fk_drafts_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX ix_drafts_annotation_id ON drafts (annotation_id);

CREATE INDEX ix_drafts_task_id ON drafts (task_id);

CREATE INDEX ix_drafts_user_id ON drafts (user_id);
