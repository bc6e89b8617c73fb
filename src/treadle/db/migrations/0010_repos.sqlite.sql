CREATE TABLE repos (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    description TEXT DEFAULT '' NOT NULL,
    created_by INTEGER,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT,
    deleted_by INTEGER,
    CONSTRAINT fk_repos_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE,
    CONSTRAINT fk_repos_created_by FOREIGN KEY(created_by) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT fk_repos_deleted_by FOREIGN KEY(deleted_by) REFERENCES users (id) ON DELETE SET NULL
);

CREATE UNIQUE INDEX uq_repos_workspace_id_name ON repos (workspace_id, name) WHERE deleted_at IS NULL;

CREATE TABLE repo_commits (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "key" TEXT NOT NULL,
    repo_id INTEGER NOT NULL,
    state TEXT NOT NULL,
    branch TEXT,
    message TEXT DEFAULT '' NOT NULL,
    author_id INTEGER,
    metadata TEXT DEFAULT '{}' NOT NULL,
    generation INTEGER DEFAULT 1 NOT NULL,
    root BLOB,
    height INTEGER DEFAULT 0 NOT NULL,
    file_count BIGINT DEFAULT 0 NOT NULL,
    size_bytes BIGINT DEFAULT 0 NOT NULL,
    seals INTEGER DEFAULT 0 NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    CONSTRAINT ck_repo_commits_state CHECK (state IN ('open', 'finishing', 'finished')),
    CONSTRAINT uq_repo_commits_key UNIQUE ("key"),
    CONSTRAINT fk_repo_commits_repo_id FOREIGN KEY(repo_id) REFERENCES repos (id) ON DELETE CASCADE,
    CONSTRAINT fk_repo_commits_author_id FOREIGN KEY(author_id) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_repo_commits_repo_id ON repo_commits (repo_id);

CREATE TABLE repo_parents (
    commit_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    parent_id INTEGER NOT NULL,
    CONSTRAINT pk_repo_parents PRIMARY KEY (commit_id, position),
    CONSTRAINT fk_repo_parents_commit_id FOREIGN KEY(commit_id) REFERENCES repo_commits (id) ON DELETE CASCADE,
    CONSTRAINT fk_repo_parents_parent_id FOREIGN KEY(parent_id) REFERENCES repo_commits (id) ON DELETE CASCADE
);

CREATE INDEX ix_repo_parents_parent_id ON repo_parents (parent_id);

CREATE TABLE repo_provenance (
    commit_id INTEGER NOT NULL,
    source_id INTEGER NOT NULL,
    CONSTRAINT pk_repo_provenance PRIMARY KEY (commit_id, source_id),
    CONSTRAINT fk_repo_provenance_commit_id FOREIGN KEY(commit_id) REFERENCES repo_commits (id) ON DELETE CASCADE,
    CONSTRAINT fk_repo_provenance_source_id FOREIGN KEY(source_id) REFERENCES repo_commits (id) ON DELETE CASCADE
);

CREATE INDEX ix_repo_provenance_source_id ON repo_provenance (source_id);

CREATE TABLE repo_branches (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    repo_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    head_id INTEGER,
    open_id INTEGER,
    version INTEGER DEFAULT 0 NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT uq_repo_branches_repo_id_name UNIQUE (repo_id, name),
    CONSTRAINT fk_repo_branches_repo_id FOREIGN KEY(repo_id) REFERENCES repos (id) ON DELETE CASCADE,
    CONSTRAINT fk_repo_branches_head_id FOREIGN KEY(head_id) REFERENCES repo_commits (id) ON DELETE RESTRICT,
    CONSTRAINT fk_repo_branches_open_id FOREIGN KEY(open_id) REFERENCES repo_commits (id) ON DELETE SET NULL
);

CREATE INDEX ix_repo_branches_head_id ON repo_branches (head_id);

CREATE INDEX ix_repo_branches_open_id ON repo_branches (open_id);

CREATE TABLE repo_tags (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    repo_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    commit_id INTEGER NOT NULL,
    message TEXT DEFAULT '' NOT NULL,
    created_by INTEGER,
    created_at BIGINT NOT NULL,
    CONSTRAINT uq_repo_tags_repo_id_name UNIQUE (repo_id, name),
    CONSTRAINT fk_repo_tags_repo_id FOREIGN KEY(repo_id) REFERENCES repos (id) ON DELETE CASCADE,
    CONSTRAINT fk_repo_tags_commit_id FOREIGN KEY(commit_id) REFERENCES repo_commits (id) ON DELETE RESTRICT,
    CONSTRAINT fk_repo_tags_created_by FOREIGN KEY(created_by) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_repo_tags_commit_id ON repo_tags (commit_id);

CREATE TABLE repo_packs (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    repo_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    object_count INTEGER DEFAULT 0 NOT NULL,
    size_bytes BIGINT DEFAULT 0 NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT uq_repo_packs_repo_id_name UNIQUE (repo_id, name),
    CONSTRAINT fk_repo_packs_repo_id FOREIGN KEY(repo_id) REFERENCES repos (id) ON DELETE CASCADE
);

CREATE TABLE repo_staged (
    commit_id INTEGER NOT NULL,
    path BLOB NOT NULL,
    content_id BLOB,
    size_bytes BIGINT DEFAULT 0 NOT NULL,
    modified_us BIGINT DEFAULT 0 NOT NULL,
    metadata TEXT DEFAULT '' NOT NULL,
    data BLOB,
    CONSTRAINT pk_repo_staged PRIMARY KEY (commit_id, path),
    CONSTRAINT fk_repo_staged_commit_id FOREIGN KEY(commit_id) REFERENCES repo_commits (id) ON DELETE CASCADE
);

CREATE TABLE repo_attachments (
    commit_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    content_id BLOB NOT NULL,
    size_bytes BIGINT DEFAULT 0 NOT NULL,
    CONSTRAINT pk_repo_attachments PRIMARY KEY (commit_id, name),
    CONSTRAINT fk_repo_attachments_commit_id FOREIGN KEY(commit_id) REFERENCES repo_commits (id) ON DELETE CASCADE
);
