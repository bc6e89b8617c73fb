CREATE TABLE ended_workspaces (
    workspace_id INTEGER NOT NULL,
    ended_at BIGINT NOT NULL,
    CONSTRAINT pk_ended_workspaces PRIMARY KEY (workspace_id)
);
