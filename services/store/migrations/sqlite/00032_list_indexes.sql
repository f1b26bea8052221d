-- +goose Up
-- An index for each sort of the list of issues. None but the last has a
-- column that every scan writes.
CREATE INDEX issues_severity ON issues (severity_rank, status_rank, first_at, public_id, id);
CREATE INDEX issues_repo_severity ON issues (repo_id, severity_rank, status_rank, first_at, public_id, id);
CREATE INDEX issues_family ON issues (family, severity_rank, status_rank, first_at, public_id, id);
CREATE INDEX issues_rule ON issues (rule, severity_rank, status_rank, first_at, public_id, id);
CREATE INDEX issues_file ON issues (file, line, public_id, id);
CREATE INDEX issues_first ON issues (first_at, public_id, id);
CREATE INDEX issues_attempts ON issues (attempts, public_id, id);
CREATE INDEX issues_last ON issues (last_at, public_id, id);

CREATE INDEX sessions_since ON sessions (since, key);
CREATE INDEX sessions_family ON sessions (family, at, key);
CREATE INDEX sessions_number ON sessions (run_number, batch_id, at, key);
CREATE INDEX runs_found ON runs (issues_found, at, file, id);
CREATE INDEX runs_target ON runs (target_repo, at, file, id);
CREATE INDEX runs_kind ON runs (kind, at, file, id);
