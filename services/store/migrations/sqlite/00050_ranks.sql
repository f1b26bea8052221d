-- +goose Up
-- Sessions in the order of their states, with what tells which are active.
CREATE INDEX sessions_rank ON sessions (state_rank, at, key, polled, since, state, repo_id);
-- Files that could not be read first.
CREATE INDEX files_state ON files ((CASE WHEN error <> '' AND gone = 0 THEN 0 ELSE 1 END), file, source);
