ALTER TABLE handouts ADD COLUMN is_waiting BOOLEAN DEFAULT false NOT NULL;

CREATE INDEX ix_handouts_waiting ON handouts (project_id, user_id, is_waiting, task_id) WHERE is_waiting;

DROP INDEX ix_handouts_user_id_project_id;

CREATE INDEX ix_handouts_user_id_project_id_task_id ON handouts (user_id, project_id, task_id);

CREATE INDEX ix_handouts_taken ON handouts (user_id, project_id, task_id) WHERE assigned_at IS NULL;

CREATE INDEX ix_tasks_open ON tasks (project_id, id) WHERE NOT is_labeled AND assignees < overlap;

CREATE INDEX ix_tasks_annotated ON tasks (project_id, id) WHERE total_annotations <> 0;

CREATE INDEX ix_tasks_total_annotations ON tasks (project_id, total_annotations, id) WHERE total_annotations <> 0;

-- Nothing was ever written into these: no version with the tables before this one could.
DROP TABLE task_fields;

DROP TABLE field_indexes;

CREATE TABLE field_indexes (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL,
    path TEXT NOT NULL,
    state TEXT NOT NULL,
    job_id TEXT,
    created_by INTEGER,
    created_at BIGINT NOT NULL,
    CONSTRAINT uq_field_indexes_project_id_path UNIQUE (project_id, path),
    CONSTRAINT ck_field_indexes_state CHECK (state IN ('building', 'ready', 'removing')),
    CONSTRAINT fk_field_indexes_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT fk_field_indexes_created_by FOREIGN KEY(created_by) REFERENCES users (id) ON DELETE SET NULL
);

CREATE TABLE task_fields (
    field_id INTEGER NOT NULL,
    task_id INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    number_value FLOAT,
    text_value TEXT,
    CONSTRAINT pk_task_fields PRIMARY KEY (field_id, task_id),
    CONSTRAINT fk_task_fields_field_id FOREIGN KEY(field_id) REFERENCES field_indexes (id) ON DELETE CASCADE,
    CONSTRAINT fk_task_fields_task_id FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE INDEX ix_task_fields_order ON task_fields (field_id, kind, number_value, text_value, task_id);

CREATE INDEX ix_task_fields_task_id ON task_fields (task_id);

CREATE INDEX ix_task_fields_text ON task_fields (field_id, text_value, task_id);
