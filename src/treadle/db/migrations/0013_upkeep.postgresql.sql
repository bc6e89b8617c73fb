CREATE TABLE repo_upkeep (
    repo_id BIGINT NOT NULL,
    epoch INTEGER DEFAULT 0 NOT NULL,
    keep_days INTEGER,
    keep_tags BOOLEAN DEFAULT true NOT NULL,
    collected_at BIGINT,
    CONSTRAINT pk_repo_upkeep PRIMARY KEY (repo_id),
    CONSTRAINT ck_repo_upkeep_keep_days CHECK (keep_days > 0),
    CONSTRAINT fk_repo_upkeep_repo_id FOREIGN KEY(repo_id) REFERENCES repos (id) ON DELETE CASCADE
);

CREATE TABLE repo_leases (
    id BIGSERIAL NOT NULL,
    repo_id BIGINT NOT NULL,
    epoch INTEGER DEFAULT 0 NOT NULL,
    beat_at BIGINT NOT NULL,
    CONSTRAINT pk_repo_leases PRIMARY KEY (id),
    CONSTRAINT fk_repo_leases_repo_id FOREIGN KEY(repo_id) REFERENCES repos (id) ON DELETE CASCADE
);

CREATE INDEX ix_repo_leases_repo_id ON repo_leases (repo_id);

CREATE TABLE repo_condemned (
    repo_id BIGINT NOT NULL,
    key TEXT NOT NULL,
    epoch INTEGER DEFAULT 0 NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT pk_repo_condemned PRIMARY KEY (repo_id, key),
    CONSTRAINT fk_repo_condemned_repo_id FOREIGN KEY(repo_id) REFERENCES repos (id) ON DELETE CASCADE
);
