CREATE TABLE model_promotions (
    id BIGSERIAL NOT NULL,
    workspace_id BIGINT NOT NULL,
    model TEXT NOT NULL,
    alias TEXT DEFAULT '' NOT NULL,
    version TEXT,
    previous_version TEXT,
    user_id BIGINT,
    at BIGINT NOT NULL,
    CONSTRAINT pk_model_promotions PRIMARY KEY (id),
    CONSTRAINT fk_model_promotions_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE,
    CONSTRAINT fk_model_promotions_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_model_promotions_workspace_id_model_alias ON model_promotions (workspace_id, model, alias, id);
