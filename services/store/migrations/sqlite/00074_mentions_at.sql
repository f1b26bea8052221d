-- +goose Up
-- The time of the record that mentions a session: what was known at a time is
-- read from the indexes of mentions alone.
ALTER TABLE mentions ADD COLUMN at BIGINT NOT NULL DEFAULT 0;
UPDATE mentions SET at = COALESCE((SELECT r.at FROM runs r WHERE r.id = mentions.run_id), 0);
DROP INDEX mentions_session;
CREATE INDEX mentions_session ON mentions (session, at, pull_key);
DROP INDEX mentions_pull;
CREATE INDEX mentions_pull ON mentions (pull_key, at) WHERE pull_key <> '';
