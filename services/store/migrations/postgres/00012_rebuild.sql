-- +goose Up
-- By which rules a file was last derived: those of other rules are derived
-- again from what was fetched.
ALTER TABLE files ADD COLUMN derived TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX files_derived ON files (derived, repo_key);
