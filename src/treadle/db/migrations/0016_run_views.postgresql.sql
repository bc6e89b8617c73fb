CREATE TABLE run_views (
    id BIGSERIAL NOT NULL,
    workspace_id BIGINT NOT NULL,
    experiment TEXT DEFAULT '' NOT NULL,
    user_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    is_shared BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT pk_run_views PRIMARY KEY (id),
    CONSTRAINT fk_run_views_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE,
    CONSTRAINT fk_run_views_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX ix_run_views_user_id ON run_views (user_id);
CREATE INDEX ix_run_views_workspace_id_experiment ON run_views (workspace_id, experiment);
