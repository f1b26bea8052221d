-- +goose Up
-- Each answer about lives, sessions and pull requests over time reads an
-- index alone.
DROP INDEX lives_from;
DROP INDEX lives_to;
CREATE INDEX lives_opens ON lives (opens, from_at, issue_id);
CREATE INDEX lives_closes ON lives (closes, to_at, issue_id, opened_at, repo_id);
CREATE INDEX lives_to ON lives (to_at, from_at, severity, family, repo_id);
CREATE INDEX sessions_outcomes ON sessions (at, state, has_pr, repo_id);
CREATE INDEX pulls_state ON pulls (listed, shown);
