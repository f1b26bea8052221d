-- +goose Up
-- What an issue was from one scan to another: a row begins when it is first
-- seen, comes back, or changes its severity, family or rule, and ends when a
-- full scan no longer names it, or with the next change. Times that have not
-- come are 9223372036854775807. The row of an issue as of T is the one with
-- from_at <= T < next_at.
CREATE TABLE lives (
  issue_id  BIGINT NOT NULL,
  repo_id   BIGINT NOT NULL,
  from_at   BIGINT NOT NULL,
  from_file TEXT NOT NULL,
  from_run  BIGINT NOT NULL,
  opened_at BIGINT NOT NULL,
  opens     SMALLINT NOT NULL,
  again     SMALLINT NOT NULL,
  to_at     BIGINT NOT NULL,
  to_file   TEXT NOT NULL,
  to_run    BIGINT NOT NULL,
  closes    SMALLINT NOT NULL,
  seen_at   BIGINT NOT NULL,
  seen_file TEXT NOT NULL,
  seen_run  BIGINT NOT NULL,
  next_at   BIGINT NOT NULL,
  severity  TEXT NOT NULL,
  family    TEXT NOT NULL,
  rule      TEXT NOT NULL,
  PRIMARY KEY (issue_id, from_at, from_file)
) WITHOUT ROWID;
CREATE INDEX lives_repo ON lives (repo_id, next_at);
CREATE INDEX lives_from ON lives (from_at, opens);
CREATE INDEX lives_to ON lives (to_at, closes);

-- What changed on one day (days since 1970, UTC) in one repository, and in
-- all of them (repository 0). Summed up to a day they are what was open at
-- its end.
CREATE TABLE days (
  repo_id  BIGINT NOT NULL,
  day      BIGINT NOT NULL,
  severity TEXT NOT NULL,
  opened   BIGINT NOT NULL,
  closed   BIGINT NOT NULL,
  net      BIGINT NOT NULL,
  unlisted BIGINT NOT NULL,
  PRIMARY KEY (repo_id, day, severity)
) WITHOUT ROWID;

-- Figures of a repository, and of all of them (repository 0), by name.
CREATE TABLE tallies (
  repo_id BIGINT NOT NULL,
  name    TEXT NOT NULL,
  n       BIGINT NOT NULL,
  PRIMARY KEY (repo_id, name)
) WITHOUT ROWID;

-- A repository's usual time between two scans, and when the next is overdue;
-- 0 with less than four scans.
ALTER TABLE repos ADD COLUMN scan_interval BIGINT NOT NULL DEFAULT 0;
ALTER TABLE repos ADD COLUMN due_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX repos_due ON repos (due_at) WHERE due_at <> 0;
CREATE INDEX repos_list ON repos (last_run, key, target_repo);

CREATE INDEX runs_gaps ON runs (source, run_number, at);
CREATE INDEX sessions_active ON sessions (state, polled, since);
CREATE INDEX pulls_shown ON pulls (shown, listed, sort_at, key);
CREATE INDEX state_log_at ON state_log (at, session, id);
CREATE INDEX attempts_at ON attempts (at, session, issue_id);
CREATE INDEX issues_age ON issues (status_rank, first_at, attempts, repo_id);
