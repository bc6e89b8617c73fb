CREATE TABLE moved_rows (
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    old_id BIGINT NOT NULL,
    new_id BIGINT NOT NULL,
    CONSTRAINT pk_moved_rows PRIMARY KEY (source, kind, old_id)
);
