ALTER TABLE projects ADD COLUMN deleted_at BIGINT;

ALTER TABLE projects ADD COLUMN deleted_by BIGINT;

ALTER TABLE tasks ADD COLUMN assignees INTEGER DEFAULT 0 NOT NULL;

ALTER TABLE handouts ADD COLUMN assigned_at BIGINT;

ALTER TABLE handouts ADD COLUMN assigned_by BIGINT;

ALTER TABLE views ADD COLUMN is_private BOOLEAN DEFAULT false NOT NULL;

ALTER TABLE jobs ADD COLUMN retry_of TEXT;

CREATE INDEX ix_handouts_assigned ON handouts (project_id, user_id, task_id) WHERE assigned_at IS NOT NULL;

CREATE INDEX ix_annotations_progress ON annotations (project_id, created_at, completed_by, was_cancelled, lead_time);

CREATE INDEX ix_jobs_actor_id_created_at ON jobs (actor_id, created_at);

CREATE INDEX ix_jobs_workspace_id_created_at ON jobs (workspace_id, created_at);

CREATE TABLE annotation_versions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    annotation_id INTEGER NOT NULL,
    project_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    result TEXT NOT NULL,
    result_count INTEGER DEFAULT 0 NOT NULL,
    was_cancelled BOOLEAN DEFAULT false NOT NULL,
    ground_truth BOOLEAN DEFAULT false NOT NULL,
    lead_time FLOAT,
    made_by BIGINT,
    made_at BIGINT NOT NULL,
    action TEXT,
    CONSTRAINT uq_annotation_versions_annotation_id_version UNIQUE (annotation_id, version),
    CONSTRAINT fk_annotation_versions_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);

CREATE INDEX ix_annotation_versions_project_id ON annotation_versions (project_id);

CREATE TABLE label_usage (
    project_id INTEGER NOT NULL,
    control TEXT NOT NULL,
    label TEXT NOT NULL,
    count INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT pk_label_usage PRIMARY KEY (project_id, control, label),
    CONSTRAINT fk_label_usage_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);

CREATE TABLE deletions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL,
    user_id INTEGER,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    item_count INTEGER DEFAULT 0 NOT NULL,
    job_id TEXT,
    created_at BIGINT NOT NULL,
    restored_at BIGINT,
    CONSTRAINT ck_deletions_kind CHECK (kind IN ('tasks', 'annotations', 'predictions')),
    CONSTRAINT ck_deletions_state CHECK (state IN ('running', 'done', 'restoring', 'restored')),
    CONSTRAINT fk_deletions_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT fk_deletions_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_deletions_created_at ON deletions (created_at);

CREATE INDEX ix_deletions_project_id ON deletions (project_id);

CREATE TABLE trash (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    deletion_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    row_id INTEGER NOT NULL,
    content TEXT NOT NULL,
    CONSTRAINT fk_trash_deletion_id FOREIGN KEY(deletion_id) REFERENCES deletions (id) ON DELETE CASCADE
);

CREATE INDEX ix_trash_deletion_id ON trash (deletion_id);

CREATE INDEX ix_trash_kind_row_id ON trash (kind, row_id);

CREATE TABLE field_indexes (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL,
    path TEXT NOT NULL,
    state TEXT NOT NULL,
    job_id TEXT,
    created_by INTEGER,
    created_at BIGINT NOT NULL,
    CONSTRAINT uq_field_indexes_project_id_path UNIQUE (project_id, path),
    CONSTRAINT ck_field_indexes_state CHECK (state IN ('building', 'ready')),
    CONSTRAINT fk_field_indexes_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT fk_field_indexes_created_by FOREIGN KEY(created_by) REFERENCES users (id) ON DELETE SET NULL
);

CREATE TABLE task_fields (
    field_id INTEGER NOT NULL,
    task_id INTEGER NOT NULL,
    text_value TEXT,
    number_value FLOAT,
    CONSTRAINT pk_task_fields PRIMARY KEY (field_id, task_id),
    CONSTRAINT fk_task_fields_field_id FOREIGN KEY(field_id) REFERENCES field_indexes (id) ON DELETE CASCADE,
    CONSTRAINT fk_task_fields_task_id FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE
);

CREATE INDEX ix_task_fields_number ON task_fields (field_id, number_value, task_id);

CREATE INDEX ix_task_fields_task_id ON task_fields (task_id);

CREATE INDEX ix_task_fields_text ON task_fields (field_id, text_value, task_id);
