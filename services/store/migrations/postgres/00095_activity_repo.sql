-- +goose Up
-- What changed in one repository, newest first: each kind by its own time.
ALTER TABLE state_log ADD COLUMN repo_id BIGINT NOT NULL DEFAULT 0;
UPDATE state_log SET repo_id = COALESCE((SELECT s.repo_id FROM sessions s WHERE s.key = state_log.session), 0);
CREATE INDEX state_log_repo ON state_log (repo_id, at, session, id);
ALTER TABLE mends ADD COLUMN repo_key TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE mends SET repo_key = COALESCE((SELECT o.key FROM runs r JOIN repos o ON o.id = r.repo_id WHERE r.file = mends.file AND r.source = mends.source), '');
CREATE INDEX mends_at ON mends (at, application, file, source, field);
CREATE INDEX mends_repo ON mends (repo_key, at, application, file, source, field);
CREATE INDEX pulls_repo_created ON pulls (repo_key, created_at, key) WHERE created_at > 0;
CREATE INDEX pulls_repo_merged ON pulls (repo_key, merged_at, key) WHERE merged_at > 0;
CREATE INDEX pulls_repo_closed ON pulls (repo_key, closed_at, key) WHERE closed_at > 0;
DROP INDEX verifications_repo;
CREATE INDEX verifications_repo ON verifications (repo_id, current, at, id);
