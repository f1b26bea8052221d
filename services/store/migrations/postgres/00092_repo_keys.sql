-- +goose Up
-- One repository is recorded as several addresses: lists sort by its key.
ALTER TABLE runs ADD COLUMN repo_key TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN repo_key TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE runs SET repo_key = (SELECT o.key FROM repos o WHERE o.id = runs.repo_id) WHERE repo_id IN (SELECT id FROM repos);
UPDATE sessions SET repo_key = (SELECT o.key FROM repos o WHERE o.id = sessions.repo_id) WHERE repo_id IN (SELECT id FROM repos);
DROP INDEX runs_target;
CREATE INDEX runs_target ON runs (repo_key, at, file, id);
