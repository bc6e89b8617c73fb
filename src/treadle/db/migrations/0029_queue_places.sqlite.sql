CREATE TABLE queue_places (
    project_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    worth FLOAT NOT NULL,
    task_id BIGINT NOT NULL,
    CONSTRAINT uq_queue_places_project_id_user_id UNIQUE (project_id, user_id),
    CONSTRAINT fk_queue_places_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    CONSTRAINT fk_queue_places_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
