-- Sources and targets of projects, what came of their files, and what came from what.

CREATE TABLE storages (
    id BIGSERIAL NOT NULL,
    project_id BIGINT NOT NULL,
    direction TEXT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT DEFAULT '' NOT NULL,
    description TEXT DEFAULT '' NOT NULL,
    options TEXT DEFAULT '{}' NOT NULL,
    sealed TEXT DEFAULT '' NOT NULL,
    status TEXT DEFAULT 'initialized' NOT NULL,
    problem TEXT DEFAULT '' NOT NULL,
    meta TEXT DEFAULT '{}' NOT NULL,
    last_sync_at BIGINT,
    last_sync_count INTEGER,
    last_job TEXT,
    position BIGINT DEFAULT 0 NOT NULL,
    head TEXT,
    round INTEGER DEFAULT 0 NOT NULL,
    created_by BIGINT,
    created_at BIGINT NOT NULL,
    CONSTRAINT pk_storages PRIMARY KEY (id),
    CONSTRAINT ck_storages_direction CHECK (direction IN ('source', 'target')),
    CONSTRAINT fk_storages_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT fk_storages_created_by FOREIGN KEY(created_by) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_storages_project_id ON storages (project_id);

CREATE TABLE storage_items (
    storage_id BIGINT NOT NULL,
    key TEXT NOT NULL,
    place INTEGER NOT NULL,
    etag TEXT NOT NULL,
    size_bytes BIGINT,
    task_id BIGINT,
    state TEXT NOT NULL,
    round INTEGER DEFAULT 0 NOT NULL,
    commit_id TEXT,
    CONSTRAINT pk_storage_items PRIMARY KEY (storage_id, key, place),
    CONSTRAINT ck_storage_items_state CHECK (state IN ('new', 'changed', 'retired', 'shown', 'written')),
    CONSTRAINT fk_storage_items_storage_id FOREIGN KEY(storage_id) REFERENCES storages (id) ON DELETE CASCADE
);

CREATE INDEX ix_storage_items_task_id ON storage_items (task_id);

CREATE TABLE lineage_edges (
    from_kind TEXT NOT NULL,
    from_id TEXT NOT NULL,
    to_kind TEXT NOT NULL,
    to_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT pk_lineage_edges PRIMARY KEY (from_kind, from_id, to_kind, to_id)
);

CREATE INDEX ix_lineage_edges_to ON lineage_edges (to_kind, to_id);
