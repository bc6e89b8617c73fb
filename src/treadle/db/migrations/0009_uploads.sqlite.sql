-- Else deleting an upload would look through all tasks for those that came of it.
CREATE INDEX ix_tasks_file_upload_id ON tasks (file_upload_id) WHERE file_upload_id IS NOT NULL;
