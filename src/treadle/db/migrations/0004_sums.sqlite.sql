-- Sums answer what this index was for, and a save has one index less to write.
DROP INDEX ix_annotations_progress;

CREATE TABLE work_sums (
    project_id INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    submitted INTEGER DEFAULT 0 NOT NULL,
    skipped INTEGER DEFAULT 0 NOT NULL,
    timed INTEGER DEFAULT 0 NOT NULL,
    lead_time_ms BIGINT DEFAULT 0 NOT NULL,
    CONSTRAINT pk_work_sums PRIMARY KEY (project_id, slot, user_id),
    CONSTRAINT fk_work_sums_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);

-- What annotations that are there already add up to; from here on every change counts itself.
INSERT INTO work_sums (project_id, slot, user_id, submitted, skipped, timed, lead_time_ms)
SELECT
    project_id,
    created_at / 900000000,
    coalesce(completed_by, 0),
    sum(CASE WHEN was_cancelled THEN 0 ELSE 1 END),
    sum(CASE WHEN was_cancelled THEN 1 ELSE 0 END),
    sum(CASE WHEN was_cancelled OR lead_time IS NULL THEN 0 ELSE 1 END),
    sum(CASE WHEN was_cancelled OR lead_time IS NULL THEN 0 ELSE CAST(min(max(lead_time * 1000, 0), 10000000000) AS INTEGER) END)
FROM annotations
WHERE import_id IS NULL
GROUP BY 1, 2, 3;

INSERT INTO label_usage (project_id, control, label, count)
WITH items AS (
    SELECT
        annotations.project_id AS project_id,
        substr(
            json_extract(item.value, '$.from_name')
            || '|' || coalesce(json_extract(item.value, '$.to_name'), '')
            || '|' || coalesce(json_extract(item.value, '$.type'), ''),
            1, 200
        ) AS control,
        item.value AS item,
        coalesce(json_extract(item.value, '$.type'), '') AS type
    FROM annotations, json_each(annotations.result) AS item
    WHERE coalesce(json_extract(item.value, '$.from_name'), '') <> ''
),
lists AS (
    SELECT items.project_id, items.control, part.value AS list
    FROM items, json_each(items.item, '$.value') AS part
    WHERE
        part.type = 'array'
        AND (
            part.key = items.type
            OR (
                part.key = 'labels'
                AND NOT EXISTS (
                    SELECT 1 FROM json_each(items.item, '$.value') AS own WHERE own.key = items.type
                )
            )
        )
),
labels AS (
    SELECT lists.project_id, lists.control, name.type AS type, name.value AS label
    FROM lists, json_each(lists.list) AS name
),
names AS (
    SELECT project_id, control, label FROM labels WHERE type = 'text'
    UNION ALL
    SELECT labels.project_id, labels.control, step.value
    FROM labels, json_each(CASE WHEN labels.type = 'array' THEN labels.label ELSE '[]' END) AS step
    WHERE step.type = 'text'
),
counted AS (
    SELECT project_id, control, substr(label, 1, 400) AS label, count(*) AS count
    FROM names
    WHERE label <> ''
    GROUP BY 1, 2, 3
    UNION ALL
    SELECT project_id, control, '', count(*) FROM items GROUP BY 1, 2
)
SELECT project_id, control, label, count FROM counted;
