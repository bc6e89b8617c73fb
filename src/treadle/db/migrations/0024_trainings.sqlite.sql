ALTER TABLE trainings ADD COLUMN serving_version TEXT DEFAULT '' NOT NULL;
ALTER TABLE trainings ADD COLUMN learning_since BIGINT;
