-- Access keys of the S3 gateway, its uploads in parts, and when staged files become a commit.

CREATE TABLE s3_keys (
    id BIGSERIAL NOT NULL,
    user_id BIGINT NOT NULL,
    workspace_id BIGINT,
    role TEXT,
    name TEXT NOT NULL,
    access_key_id TEXT NOT NULL,
    sealed_secret TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT,
    CONSTRAINT pk_s3_keys PRIMARY KEY (id),
    CONSTRAINT ck_s3_keys_role CHECK (role IN ('viewer', 'annotator', 'reviewer', 'editor', 'manager', 'owner')),
    CONSTRAINT fk_s3_keys_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_s3_keys_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE,
    CONSTRAINT uq_s3_keys_access_key_id UNIQUE (access_key_id)
);

CREATE INDEX ix_s3_keys_user_id ON s3_keys (user_id);

CREATE INDEX ix_s3_keys_workspace_id ON s3_keys (workspace_id);

CREATE TABLE s3_uploads (
    id TEXT NOT NULL,
    repo_id BIGINT NOT NULL,
    branch TEXT NOT NULL,
    path BYTEA NOT NULL,
    user_id BIGINT NOT NULL,
    metadata TEXT DEFAULT '{}' NOT NULL,
    checksum_algorithm TEXT DEFAULT '' NOT NULL,
    created_at BIGINT NOT NULL,
    completed_at BIGINT,
    etag TEXT DEFAULT '' NOT NULL,
    CONSTRAINT pk_s3_uploads PRIMARY KEY (id),
    CONSTRAINT fk_s3_uploads_repo_id FOREIGN KEY(repo_id) REFERENCES repos (id) ON DELETE CASCADE,
    CONSTRAINT fk_s3_uploads_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX ix_s3_uploads_repo_id_branch_path ON s3_uploads (repo_id, branch, path);

CREATE TABLE s3_parts (
    upload_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    object_key TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    md5 TEXT NOT NULL,
    checksum TEXT DEFAULT '' NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT pk_s3_parts PRIMARY KEY (upload_id, number),
    CONSTRAINT fk_s3_parts_upload_id FOREIGN KEY(upload_id) REFERENCES s3_uploads (id) ON DELETE CASCADE
);

CREATE TABLE repo_auto_commits (
    repo_id BIGINT NOT NULL,
    after_files INTEGER DEFAULT 0 NOT NULL,
    after_minutes INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT pk_repo_auto_commits PRIMARY KEY (repo_id),
    CONSTRAINT fk_repo_auto_commits_repo_id FOREIGN KEY(repo_id) REFERENCES repos (id) ON DELETE CASCADE
);
