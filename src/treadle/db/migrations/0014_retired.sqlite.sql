CREATE INDEX ix_storage_items_retired ON storage_items (storage_id, task_id) WHERE state = 'retired';
