-- +goose Up
-- Since when Devin answers 404 for a session; 0 while it knows it.
ALTER TABLE polls ADD COLUMN missing_since BIGINT NOT NULL DEFAULT 0;
UPDATE polls SET missing_since = asked_at WHERE missing = 1;
CREATE INDEX polls_missing ON polls (missing_since);
