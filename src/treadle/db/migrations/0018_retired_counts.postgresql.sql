ALTER TABLE project_counters ADD COLUMN retired_task_number INTEGER DEFAULT 0 NOT NULL;

UPDATE project_counters SET retired_task_number = (
    SELECT count(DISTINCT storage_items.task_id)
    FROM storages
    JOIN storage_items ON storage_items.storage_id = storages.id
    JOIN tasks ON tasks.id = storage_items.task_id
    WHERE storages.project_id = project_counters.project_id
    AND storage_items.state = 'retired' AND NOT tasks.is_labeled
);
