DROP TABLE annotation_quality;

CREATE TABLE annotation_quality (
    annotation_id BIGINT NOT NULL,
    task_id BIGINT NOT NULL,
    project_id BIGINT NOT NULL,
    model_version TEXT NOT NULL,
    label TEXT NOT NULL,
    day TEXT NOT NULL,
    kept INTEGER DEFAULT 0 NOT NULL,
    moved INTEGER DEFAULT 0 NOT NULL,
    relabelled INTEGER DEFAULT 0 NOT NULL,
    deleted INTEGER DEFAULT 0 NOT NULL,
    added INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT uq_annotation_quality_annotation_id_label UNIQUE (annotation_id, label),
    CONSTRAINT fk_annotation_quality_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);

CREATE INDEX ix_annotation_quality_task_id ON annotation_quality (task_id);

CREATE INDEX ix_annotation_quality_project_id ON annotation_quality (project_id);
