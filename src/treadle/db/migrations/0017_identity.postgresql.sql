-- Tokens that may less than their person, service accounts, links for a new password, failed sign-ins.

ALTER TABLE tokens ADD COLUMN scope TEXT DEFAULT 'all' NOT NULL;

ALTER TABLE tokens ADD COLUMN workspace_id BIGINT;

CREATE INDEX ix_tokens_workspace_id ON tokens (workspace_id);

ALTER TABLE users ADD COLUMN is_service BOOLEAN DEFAULT false NOT NULL;

CREATE INDEX ix_audit_log_actor_id_id ON audit_log (actor_id, id);

CREATE TABLE service_accounts (
    user_id BIGINT NOT NULL,
    workspace_id BIGINT NOT NULL,
    description TEXT DEFAULT '' NOT NULL,
    created_by BIGINT,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT,
    CONSTRAINT pk_service_accounts PRIMARY KEY (user_id),
    CONSTRAINT fk_service_accounts_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_service_accounts_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE,
    CONSTRAINT fk_service_accounts_created_by FOREIGN KEY(created_by) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_service_accounts_workspace_id ON service_accounts (workspace_id);

CREATE TABLE password_links (
    token_hash TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    created_by BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT pk_password_links PRIMARY KEY (token_hash),
    CONSTRAINT fk_password_links_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_password_links_created_by FOREIGN KEY(created_by) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_password_links_user_id ON password_links (user_id);

CREATE TABLE sign_in_failures (
    key TEXT NOT NULL,
    failures INTEGER DEFAULT 0 NOT NULL,
    last_at BIGINT NOT NULL,
    CONSTRAINT pk_sign_in_failures PRIMARY KEY (key)
);

CREATE INDEX ix_sign_in_failures_last_at ON sign_in_failures (last_at);

CREATE TABLE sign_in_places (
    user_id BIGINT NOT NULL,
    address_hash TEXT NOT NULL,
    last_at BIGINT NOT NULL,
    CONSTRAINT pk_sign_in_places PRIMARY KEY (user_id, address_hash),
    CONSTRAINT fk_sign_in_places_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
