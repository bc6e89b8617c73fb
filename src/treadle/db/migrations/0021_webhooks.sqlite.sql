CREATE TABLE webhooks (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace_id INTEGER NOT NULL,
    project_id INTEGER,
    url TEXT NOT NULL,
    send_payload BOOLEAN DEFAULT true NOT NULL,
    send_for_all_actions BOOLEAN DEFAULT true NOT NULL,
    actions TEXT DEFAULT '[]' NOT NULL,
    sealed_headers TEXT DEFAULT '' NOT NULL,
    sealed_secret TEXT NOT NULL,
    is_active BOOLEAN DEFAULT true NOT NULL,
    active_since BIGINT NOT NULL,
    problem TEXT DEFAULT '' NOT NULL,
    created_by INTEGER,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT fk_webhooks_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE,
    CONSTRAINT fk_webhooks_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT fk_webhooks_created_by FOREIGN KEY(created_by) REFERENCES users (id) ON DELETE SET NULL
);

CREATE INDEX ix_webhooks_project_id ON webhooks (project_id);

CREATE INDEX ix_webhooks_workspace_id ON webhooks (workspace_id);

CREATE TABLE webhook_queues (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    webhook_id INTEGER,
    backend_id INTEGER,
    failures INTEGER DEFAULT 0 NOT NULL,
    failing_since BIGINT,
    rests_until BIGINT,
    claimed_by TEXT,
    claimed_until BIGINT,
    CONSTRAINT uq_webhook_queues_webhook_id UNIQUE (webhook_id),
    CONSTRAINT uq_webhook_queues_backend_id UNIQUE (backend_id),
    CONSTRAINT ck_webhook_queues_receiver CHECK ((webhook_id IS NULL) <> (backend_id IS NULL)),
    CONSTRAINT fk_webhook_queues_webhook_id FOREIGN KEY(webhook_id) REFERENCES webhooks (id) ON DELETE CASCADE,
    CONSTRAINT fk_webhook_queues_backend_id FOREIGN KEY(backend_id) REFERENCES ml_backends (id) ON DELETE CASCADE
);

CREATE TABLE webhook_bodies (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    event_id BIGINT NOT NULL,
    part BIGINT NOT NULL,
    data BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT uq_webhook_bodies_event_id_part UNIQUE (event_id, part)
);

CREATE TABLE webhook_deliveries (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    queue_id INTEGER NOT NULL,
    body_id INTEGER,
    event_id BIGINT,
    part BIGINT NOT NULL,
    action TEXT NOT NULL,
    project_id BIGINT,
    cause TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    sent_at BIGINT,
    status_code INTEGER,
    duration_ms INTEGER,
    response TEXT DEFAULT '' NOT NULL,
    problem TEXT DEFAULT '' NOT NULL,
    CONSTRAINT ck_webhook_deliveries_cause CHECK (cause IN ('event', 'replay', 'test')),
    CONSTRAINT ck_webhook_deliveries_state CHECK (state IN ('waiting', 'delivered', 'failed')),
    CONSTRAINT fk_webhook_deliveries_queue_id FOREIGN KEY(queue_id) REFERENCES webhook_queues (id) ON DELETE CASCADE,
    CONSTRAINT fk_webhook_deliveries_body_id FOREIGN KEY(body_id) REFERENCES webhook_bodies (id) ON DELETE CASCADE
);

CREATE INDEX ix_webhook_deliveries_body_id ON webhook_deliveries (body_id);

CREATE INDEX ix_webhook_deliveries_queue_id_id ON webhook_deliveries (queue_id, id);

CREATE INDEX ix_webhook_deliveries_waiting ON webhook_deliveries (queue_id, due_at) WHERE state = 'waiting';

CREATE UNIQUE INDEX uq_webhook_deliveries_event ON webhook_deliveries (event_id, part, queue_id) WHERE cause = 'event';

CREATE TABLE webhook_position (
    follower TEXT NOT NULL,
    event_id BIGINT NOT NULL,
    part BIGINT NOT NULL,
    CONSTRAINT pk_webhook_position PRIMARY KEY (follower)
);

INSERT INTO webhook_position (follower, event_id, part) SELECT 'events', coalesce(max(id), 0), -1 FROM events;
