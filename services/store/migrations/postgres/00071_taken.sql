-- +goose Up
-- When a session last took an issue; 0 if none did.
ALTER TABLE issues ADD COLUMN taken_at BIGINT NOT NULL DEFAULT 0;
UPDATE issues SET taken_at = COALESCE((SELECT MAX(a.at) FROM attempts a WHERE a.issue_id = issues.id AND a.session <> ''), 0) WHERE attempts > 0;
DROP INDEX issues_taken;
CREATE INDEX issues_taken ON issues (taken_at, family, status_rank, repo_id, attempts, id) WHERE attempts > 0;

-- What was open at a time, and since when, from the index alone.
DROP INDEX lives_to;
CREATE INDEX lives_to ON lives (to_at, from_at, opened_at, again, severity, family, repo_id, issue_id);
