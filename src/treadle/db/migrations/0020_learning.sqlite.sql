CREATE TABLE ml_backends (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL,
    title TEXT NOT NULL,
    description TEXT DEFAULT '' NOT NULL,
    url TEXT DEFAULT '' NOT NULL,
    builtin TEXT DEFAULT '' NOT NULL,
    auth_method TEXT DEFAULT 'NONE' NOT NULL,
    auth_user TEXT DEFAULT '' NOT NULL,
    sealed_secret TEXT,
    is_interactive BOOLEAN DEFAULT false NOT NULL,
    auto_update BOOLEAN DEFAULT true NOT NULL,
    extra_params TEXT DEFAULT '' NOT NULL,
    settings TEXT DEFAULT '{}' NOT NULL,
    timeout_s FLOAT DEFAULT 100 NOT NULL,
    hostname TEXT DEFAULT '' NOT NULL,
    generation TEXT DEFAULT '' NOT NULL,
    state TEXT DEFAULT 'DI' NOT NULL,
    problem TEXT DEFAULT '' NOT NULL,
    model_version TEXT DEFAULT '' NOT NULL,
    checked_at BIGINT,
    created_by INTEGER,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT ck_ml_backends_auth_method CHECK (auth_method IN ('NONE', 'BASIC_AUTH', 'TOKEN')),
    CONSTRAINT ck_ml_backends_state CHECK (state IN ('CO', 'DI', 'ER', 'TR', 'PR')),
    CONSTRAINT fk_ml_backends_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT fk_ml_backends_created_by FOREIGN KEY(created_by) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_ml_backends_project_id ON ml_backends (project_id);

CREATE TABLE trainings (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL,
    backend_id INTEGER,
    job_id TEXT,
    state TEXT DEFAULT 'queued' NOT NULL,
    cause TEXT DEFAULT 'person' NOT NULL,
    spec TEXT DEFAULT '{}' NOT NULL,
    gate TEXT DEFAULT '[]' NOT NULL,
    override_reason TEXT DEFAULT '' NOT NULL,
    message TEXT DEFAULT '' NOT NULL,
    remote_job TEXT DEFAULT '' NOT NULL,
    done FLOAT DEFAULT 0 NOT NULL,
    total FLOAT DEFAULT 0 NOT NULL,
    task_count INTEGER DEFAULT 0 NOT NULL,
    held_out_count INTEGER DEFAULT 0 NOT NULL,
    dataset_key TEXT DEFAULT '' NOT NULL,
    evaluation TEXT DEFAULT '' NOT NULL,
    serving_evaluation TEXT DEFAULT '' NOT NULL,
    mlflow_run_id TEXT DEFAULT '' NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    changed_at BIGINT NOT NULL,
    registered_at BIGINT,
    created_by INTEGER,
    CONSTRAINT ck_trainings_state CHECK (state IN ('queued', 'running', 'stopping', 'evaluating', 'completed', 'failed', 'cancelled')),
    CONSTRAINT ck_trainings_cause CHECK (cause IN ('person', 'count', 'schedule', 'webhook')),
    CONSTRAINT fk_trainings_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT fk_trainings_backend_id FOREIGN KEY(backend_id) REFERENCES ml_backends (id) ON DELETE SET NULL,
    CONSTRAINT fk_trainings_created_by FOREIGN KEY(created_by) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_trainings_backend_id ON trainings (backend_id);

CREATE INDEX ix_trainings_project_id ON trainings (project_id);

CREATE TABLE training_figures (
    training_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    step INTEGER NOT NULL,
    value FLOAT NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT uq_training_figures_training_id_name_step UNIQUE (training_id, name, step),
    CONSTRAINT fk_training_figures_training_id FOREIGN KEY(training_id) REFERENCES trainings (id) ON DELETE CASCADE
);

CREATE TABLE training_log (
    training_id INTEGER NOT NULL,
    start_byte BIGINT NOT NULL,
    text TEXT NOT NULL,
    CONSTRAINT uq_training_log_training_id_start_byte UNIQUE (training_id, start_byte),
    CONSTRAINT fk_training_log_training_id FOREIGN KEY(training_id) REFERENCES trainings (id) ON DELETE CASCADE
);

CREATE TABLE model_versions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL,
    backend_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    number INTEGER DEFAULT 0 NOT NULL,
    training_id INTEGER,
    is_serving BOOLEAN DEFAULT false NOT NULL,
    archive_key TEXT DEFAULT '' NOT NULL,
    mlflow_version TEXT DEFAULT '' NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT uq_model_versions_backend_id_name UNIQUE (backend_id, name),
    CONSTRAINT fk_model_versions_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT fk_model_versions_backend_id FOREIGN KEY(backend_id) REFERENCES ml_backends (id) ON DELETE CASCADE,
    CONSTRAINT fk_model_versions_training_id FOREIGN KEY(training_id) REFERENCES trainings (id) ON DELETE SET NULL
);

CREATE INDEX ix_model_versions_project_id ON model_versions (project_id);

CREATE TABLE version_promotions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    backend_id INTEGER NOT NULL,
    version_id INTEGER,
    previous_id INTEGER,
    cause TEXT DEFAULT 'person' NOT NULL,
    user_id INTEGER,
    at BIGINT NOT NULL,
    CONSTRAINT ck_version_promotions_cause CHECK (cause IN ('person', 'alias', 'training')),
    CONSTRAINT fk_version_promotions_backend_id FOREIGN KEY(backend_id) REFERENCES ml_backends (id) ON DELETE CASCADE,
    CONSTRAINT fk_version_promotions_version_id FOREIGN KEY(version_id) REFERENCES model_versions (id) ON DELETE CASCADE,
    CONSTRAINT fk_version_promotions_previous_id FOREIGN KEY(previous_id) REFERENCES model_versions (id) ON DELETE CASCADE,
    CONSTRAINT fk_version_promotions_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_version_promotions_backend_id ON version_promotions (backend_id);

CREATE TABLE prediction_attempts (
    backend_id INTEGER NOT NULL,
    task_id INTEGER NOT NULL,
    model_version TEXT NOT NULL,
    state TEXT NOT NULL,
    problem TEXT DEFAULT '' NOT NULL,
    settings TEXT DEFAULT '{}' NOT NULL,
    tries INTEGER DEFAULT 1 NOT NULL,
    prediction_id INTEGER,
    at BIGINT NOT NULL,
    CONSTRAINT uq_prediction_attempts_backend_id_model_version_task_id UNIQUE (backend_id, model_version, task_id),
    CONSTRAINT ck_prediction_attempts_state CHECK (state IN ('done', 'nothing', 'failed')),
    CONSTRAINT fk_prediction_attempts_backend_id FOREIGN KEY(backend_id) REFERENCES ml_backends (id) ON DELETE CASCADE,
    CONSTRAINT fk_prediction_attempts_task_id FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE,
    CONSTRAINT fk_prediction_attempts_prediction_id FOREIGN KEY(prediction_id) REFERENCES predictions (id) ON DELETE SET NULL
);

CREATE INDEX ix_prediction_attempts_prediction_id ON prediction_attempts (prediction_id);

CREATE INDEX ix_prediction_attempts_task_id ON prediction_attempts (task_id);

CREATE TABLE prediction_quality (
    project_id INTEGER NOT NULL,
    model_version TEXT NOT NULL,
    label TEXT NOT NULL,
    day TEXT NOT NULL,
    kept INTEGER DEFAULT 0 NOT NULL,
    moved INTEGER DEFAULT 0 NOT NULL,
    relabelled INTEGER DEFAULT 0 NOT NULL,
    deleted INTEGER DEFAULT 0 NOT NULL,
    added INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT uq_prediction_quality_project_id_model_version_label_day UNIQUE (project_id, model_version, label, day),
    CONSTRAINT fk_prediction_quality_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);

CREATE TABLE annotation_quality (
    annotation_id INTEGER NOT NULL,
    model_version TEXT NOT NULL,
    label TEXT NOT NULL,
    day TEXT NOT NULL,
    kept INTEGER DEFAULT 0 NOT NULL,
    moved INTEGER DEFAULT 0 NOT NULL,
    relabelled INTEGER DEFAULT 0 NOT NULL,
    deleted INTEGER DEFAULT 0 NOT NULL,
    added INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT uq_annotation_quality_annotation_id_label UNIQUE (annotation_id, label),
    CONSTRAINT fk_annotation_quality_annotation_id FOREIGN KEY(annotation_id) REFERENCES annotations (id) ON DELETE CASCADE
);

CREATE TABLE task_worths (
    task_id INTEGER NOT NULL,
    project_id INTEGER NOT NULL,
    worth FLOAT NOT NULL,
    CONSTRAINT uq_task_worths_task_id UNIQUE (task_id),
    CONSTRAINT fk_task_worths_task_id FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE,
    CONSTRAINT fk_task_worths_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);

CREATE INDEX ix_task_worths_project_id_worth ON task_worths (project_id, worth, task_id);

CREATE TABLE learning_rules (
    project_id INTEGER NOT NULL,
    rules TEXT DEFAULT '{}' NOT NULL,
    state TEXT DEFAULT '{}' NOT NULL,
    set_by INTEGER,
    updated_at BIGINT NOT NULL,
    CONSTRAINT uq_learning_rules_project_id UNIQUE (project_id),
    CONSTRAINT fk_learning_rules_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT fk_learning_rules_set_by FOREIGN KEY(set_by) REFERENCES users (id) ON DELETE SET NULL
);

CREATE TABLE learning_positions (
    follower TEXT NOT NULL,
    event_id BIGINT NOT NULL,
    CONSTRAINT pk_learning_positions PRIMARY KEY (follower)
);
