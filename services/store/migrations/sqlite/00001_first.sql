-- +goose Up
-- Times are unix milliseconds (UTC), 0 where there is none. Flags are 0 or 1.
-- Lists and maps are JSON in text columns.

CREATE TABLE meta (
  key   TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);

-- One row a topic: what an answer depended on has changed when n has.
CREATE TABLE versions (
  topic TEXT NOT NULL PRIMARY KEY,
  n     BIGINT NOT NULL
);

-- The directory's files as fetched: everything below is derived from them.
CREATE TABLE files (
  id         BIGINT NOT NULL PRIMARY KEY,
  source     TEXT NOT NULL,
  file       TEXT NOT NULL,
  sha        TEXT NOT NULL,
  size       BIGINT NOT NULL,
  body       BLOB,
  broken     BLOB,
  error      TEXT NOT NULL,
  kind       TEXT NOT NULL,
  repo_key   TEXT NOT NULL,
  at         BIGINT NOT NULL,
  gone       SMALLINT NOT NULL,
  live       SMALLINT NOT NULL,
  fetched_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX files_name ON files (source, file);
CREATE INDEX files_file ON files (file);
CREATE INDEX files_repo ON files (repo_key, kind, live);
CREATE INDEX files_error ON files (error) WHERE error <> '';

CREATE TABLE repos (
  id           BIGINT NOT NULL PRIMARY KEY,
  key          TEXT NOT NULL,
  name         TEXT NOT NULL,
  target_repo  TEXT NOT NULL,
  fork_url     TEXT NOT NULL,
  fork         TEXT NOT NULL,
  fork_key     TEXT NOT NULL,
  runs         BIGINT NOT NULL,
  scans        BIGINT NOT NULL,
  dispatches   BIGINT NOT NULL,
  issues_found BIGINT NOT NULL,
  last_run     BIGINT NOT NULL,
  sessions_created  BIGINT NOT NULL,
  sessions_finished BIGINT NOT NULL,
  sessions_active   BIGINT NOT NULL,
  sessions_waiting  BIGINT NOT NULL,
  sessions_with_pr  BIGINT NOT NULL,
  never_started     BIGINT NOT NULL,
  prs_total    BIGINT NOT NULL,
  prs_open     BIGINT NOT NULL,
  prs_closed   BIGINT NOT NULL,
  prs_merged   BIGINT NOT NULL,
  prs_unknown  BIGINT NOT NULL,
  severity_sum TEXT NOT NULL,
  category_sum TEXT NOT NULL,
  open         BIGINT NOT NULL,
  open_severity TEXT NOT NULL,
  open_category TEXT NOT NULL,
  critical_high BIGINT NOT NULL,
  listed       SMALLINT NOT NULL,
  unnamed      SMALLINT NOT NULL,
  latest_at    BIGINT NOT NULL,
  latest_file  TEXT NOT NULL,
  latest_run   BIGINT NOT NULL,
  -- where the fold of its scans stands
  data_at      BIGINT NOT NULL,
  data_file    TEXT NOT NULL,
  data_run     BIGINT NOT NULL,
  data_reduced SMALLINT NOT NULL,
  ref_at       BIGINT NOT NULL,
  ref_file     TEXT NOT NULL,
  ref_run      BIGINT NOT NULL,
  baseline     BIGINT NOT NULL,
  reduced_in_row BIGINT NOT NULL,
  saw_named    SMALLINT NOT NULL,
  saw_unnamed  SMALLINT NOT NULL
);
CREATE UNIQUE INDEX repos_key ON repos (key);
CREATE INDEX repos_fork ON repos (fork_key);
CREATE INDEX repos_last_run ON repos (last_run, key);

-- Scans and dispatches; the id is the file's.
CREATE TABLE runs (
  id           BIGINT NOT NULL PRIMARY KEY,
  repo_id      BIGINT NOT NULL,
  source       TEXT NOT NULL,
  file         TEXT NOT NULL,
  kind         TEXT NOT NULL,
  run_number   BIGINT NOT NULL,
  run_id       TEXT NOT NULL,
  run_url      TEXT NOT NULL,
  run_label    TEXT NOT NULL,
  at           BIGINT NOT NULL,
  at_text      TEXT NOT NULL,
  target_repo  TEXT NOT NULL,
  fork_url     TEXT NOT NULL,
  issues_found BIGINT NOT NULL,
  batches      BIGINT NOT NULL,
  sessions     BIGINT NOT NULL,
  severity     TEXT NOT NULL,
  category     TEXT NOT NULL,
  has_findings SMALLINT NOT NULL,
  digest       TEXT NOT NULL,
  item         BLOB,
  reduced      SMALLINT NOT NULL,
  new_n        BIGINT NOT NULL,
  gone_n       BIGINT NOT NULL
);
CREATE INDEX runs_repo ON runs (repo_id, at, file);
CREATE INDEX runs_at ON runs (at, file);
CREATE INDEX runs_file ON runs (file);

-- A person's word that a narrow scan is a full one.
CREATE TABLE accepted (
  source TEXT NOT NULL,
  file   TEXT NOT NULL,
  at     BIGINT NOT NULL,
  PRIMARY KEY (source, file)
);

CREATE TABLE issues (
  id           BIGINT NOT NULL PRIMARY KEY,
  repo_id      BIGINT NOT NULL,
  public_id    TEXT NOT NULL,
  fingerprint  TEXT NOT NULL,
  print_key    TEXT NOT NULL,
  rule         TEXT NOT NULL,
  severity     TEXT NOT NULL,
  severity_rank SMALLINT NOT NULL,
  family       TEXT NOT NULL,
  file         TEXT NOT NULL,
  line         BIGINT NOT NULL,
  latest_issue_id TEXT NOT NULL,
  status       TEXT NOT NULL,
  status_rank  SMALLINT NOT NULL,
  first_at     BIGINT NOT NULL,
  first_file   TEXT NOT NULL,
  first_run    BIGINT NOT NULL,
  first_ord    BIGINT NOT NULL,
  last_at      BIGINT NOT NULL,
  last_file    TEXT NOT NULL,
  last_run     BIGINT NOT NULL,
  closed_at    BIGINT NOT NULL,
  closed_file  TEXT NOT NULL,
  closed_run   BIGINT NOT NULL,
  ever_fixed   SMALLINT NOT NULL,
  from_start   SMALLINT NOT NULL,
  appearances  BIGINT NOT NULL,
  runs         TEXT NOT NULL,
  prints       TEXT NOT NULL
);
CREATE INDEX issues_public ON issues (public_id);
CREATE INDEX issues_order ON issues (status_rank, last_at, public_id);
CREATE INDEX issues_repo ON issues (repo_id, status_rank, last_at, public_id);
CREATE INDEX issues_print ON issues (repo_id, print_key);
CREATE INDEX issues_place ON issues (repo_id, rule, file, line);

-- Each finding of each scan is one issue's appearance.
CREATE TABLE appearances (
  run_id   BIGINT NOT NULL,
  ord      BIGINT NOT NULL,
  issue_id BIGINT NOT NULL,
  basis    TEXT NOT NULL,
  line     BIGINT NOT NULL,
  PRIMARY KEY (run_id, ord)
) WITHOUT ROWID;
CREATE INDEX appearances_issue ON appearances (issue_id);

-- A public id that a late record changed, and what it is now.
CREATE TABLE redirects (
  old_id TEXT NOT NULL PRIMARY KEY,
  new_id TEXT NOT NULL
);

CREATE TABLE verifications (
  id         BIGINT NOT NULL PRIMARY KEY,
  session    TEXT NOT NULL,
  pull_key   TEXT NOT NULL,
  pull_repo  TEXT NOT NULL,
  pr_number  BIGINT NOT NULL,
  pr_url     TEXT NOT NULL,
  pr_title   TEXT NOT NULL,
  source_run BIGINT NOT NULL,
  family     TEXT NOT NULL,
  at         BIGINT NOT NULL,
  file       TEXT NOT NULL,
  targeted   BIGINT NOT NULL,
  fixed      BIGINT NOT NULL,
  remaining  BIGINT NOT NULL
);
CREATE INDEX verifications_session ON verifications (session);
CREATE INDEX verifications_pull ON verifications (pull_key);

-- Each session of each run record.
CREATE TABLE mentions (
  run_id    BIGINT NOT NULL,
  ord       BIGINT NOT NULL,
  session   TEXT NOT NULL,
  shown_id  TEXT NOT NULL,
  url       TEXT NOT NULL,
  batch_id  BIGINT NOT NULL,
  status    TEXT NOT NULL,
  issue_ids TEXT NOT NULL,
  family    TEXT NOT NULL,
  pr_url    TEXT NOT NULL,
  PRIMARY KEY (run_id, ord)
);
CREATE INDEX mentions_session ON mentions (session);

-- What polling learned, kept beside what records say.
CREATE TABLE polls (
  session    TEXT NOT NULL PRIMARY KEY,
  api        TEXT NOT NULL,
  status     TEXT NOT NULL,
  detail     TEXT NOT NULL,
  title      TEXT NOT NULL,
  url        TEXT NOT NULL,
  prs        TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  asked_at   BIGINT NOT NULL,
  missing    SMALLINT NOT NULL
);

CREATE TABLE sessions (
  key          TEXT NOT NULL PRIMARY KEY,
  id           TEXT NOT NULL,
  url          TEXT NOT NULL,
  batch_id     BIGINT NOT NULL,
  repo_id      BIGINT NOT NULL,
  run_ref      BIGINT NOT NULL,
  run_file     TEXT NOT NULL,
  run_number   BIGINT NOT NULL,
  run_id       TEXT NOT NULL,
  run_url      TEXT NOT NULL,
  run_label    TEXT NOT NULL,
  target_repo  TEXT NOT NULL,
  fork_url     TEXT NOT NULL,
  at           BIGINT NOT NULL,
  at_text      TEXT NOT NULL,
  issue_ids    TEXT NOT NULL,
  family       TEXT NOT NULL,
  title        TEXT NOT NULL,
  status       TEXT NOT NULL,
  detail       TEXT NOT NULL,
  state        TEXT NOT NULL,
  state_rank   SMALLINT NOT NULL,
  reason       TEXT NOT NULL,
  since        BIGINT NOT NULL,
  origin       TEXT NOT NULL,
  updated_at   BIGINT NOT NULL,
  polled       SMALLINT NOT NULL,
  has_pr       SMALLINT NOT NULL,
  pull_key     TEXT NOT NULL,
  pr_url       TEXT NOT NULL,
  basis        TEXT NOT NULL
);
CREATE INDEX sessions_at ON sessions (at, key);
CREATE INDEX sessions_repo ON sessions (repo_id, at, key);
CREATE INDEX sessions_state ON sessions (state, at, key);
CREATE INDEX sessions_run ON sessions (run_ref);

-- Every change of a session's state, from the first day.
CREATE TABLE state_log (
  id      BIGINT NOT NULL PRIMARY KEY,
  session TEXT NOT NULL,
  state   TEXT NOT NULL,
  word    TEXT NOT NULL,
  detail  TEXT NOT NULL,
  origin  TEXT NOT NULL,
  at      BIGINT NOT NULL
);
CREATE INDEX state_log_session ON state_log (session, id);

CREATE TABLE pulls (
  key        TEXT NOT NULL PRIMARY KEY,
  repo_key   TEXT NOT NULL,
  repo       TEXT NOT NULL,
  number     BIGINT NOT NULL,
  title      TEXT NOT NULL,
  url        TEXT NOT NULL,
  state      TEXT NOT NULL,
  draft      SMALLINT NOT NULL,
  author     TEXT NOT NULL,
  head_ref   TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  closed_at  BIGINT NOT NULL,
  merged_at  BIGINT NOT NULL,
  issue_ids  TEXT NOT NULL,
  fetched    SMALLINT NOT NULL,
  listed     SMALLINT NOT NULL,
  shown      TEXT NOT NULL,
  sort_at    BIGINT NOT NULL,
  session    TEXT NOT NULL,
  basis      TEXT NOT NULL,
  candidates TEXT NOT NULL
);
CREATE INDEX pulls_list ON pulls (listed, sort_at, key);
CREATE INDEX pulls_repo ON pulls (repo_key, listed, sort_at, key);
CREATE INDEX pulls_session ON pulls (session);

CREATE TABLE pull_tokens (
  token    TEXT NOT NULL,
  pull_key TEXT NOT NULL,
  PRIMARY KEY (token, pull_key)
);
CREATE INDEX pull_tokens_pull ON pull_tokens (pull_key);

CREATE TABLE links (
  pull_key TEXT NOT NULL,
  session  TEXT NOT NULL,
  basis    TEXT NOT NULL,
  guess    SMALLINT NOT NULL,
  PRIMARY KEY (pull_key, session)
);
CREATE INDEX links_session ON links (session);

-- How far the pull requests of a repository are known.
CREATE TABLE pull_syncs (
  repo_key  TEXT NOT NULL PRIMARY KEY,
  watermark BIGINT NOT NULL,
  ok_at     BIGINT NOT NULL,
  failed_at BIGINT NOT NULL,
  error     TEXT NOT NULL
);

CREATE TABLE sources (
  name      TEXT NOT NULL PRIMARY KEY,
  ok_at     BIGINT NOT NULL,
  failed_at BIGINT NOT NULL,
  error     TEXT NOT NULL,
  code      TEXT NOT NULL
);

CREATE TABLE jobs (
  id      TEXT NOT NULL PRIMARY KEY,
  kind    TEXT NOT NULL,
  state   TEXT NOT NULL,
  steps   TEXT NOT NULL,
  joined  BIGINT NOT NULL,
  started BIGINT NOT NULL,
  ended   BIGINT NOT NULL,
  result  TEXT NOT NULL,
  error   TEXT NOT NULL,
  code    TEXT NOT NULL,
  errors  TEXT NOT NULL
);
CREATE INDEX jobs_started ON jobs (started);

-- What backfill mends: shown in place of the record's own value while the
-- record still has the old one.
CREATE TABLE patches (
  source TEXT NOT NULL,
  file   TEXT NOT NULL,
  field  TEXT NOT NULL,
  old    TEXT NOT NULL,
  new    TEXT NOT NULL,
  reason TEXT NOT NULL,
  at     BIGINT NOT NULL,
  PRIMARY KEY (source, file, field)
);
