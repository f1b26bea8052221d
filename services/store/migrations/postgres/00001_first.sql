-- +goose Up
-- Times are unix milliseconds (UTC), 0 where there is none. Flags are 0 or 1.
-- Lists and maps are JSON in text columns.

CREATE TABLE meta (
  key   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  value TEXT COLLATE "C" NOT NULL
);

-- One row a topic: what an answer depended on has changed when n has.
CREATE TABLE versions (
  topic TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  n     BIGINT NOT NULL
);

-- The directory's files as fetched: everything below is derived from them.
CREATE TABLE files (
  id         BIGINT NOT NULL PRIMARY KEY,
  source     TEXT COLLATE "C" NOT NULL,
  file       TEXT COLLATE "C" NOT NULL,
  sha        TEXT COLLATE "C" NOT NULL,
  size       BIGINT NOT NULL,
  body       BYTEA,
  broken     BYTEA,
  error      TEXT COLLATE "C" NOT NULL,
  kind       TEXT COLLATE "C" NOT NULL,
  repo_key   TEXT COLLATE "C" NOT NULL,
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
  key          TEXT COLLATE "C" NOT NULL,
  name         TEXT COLLATE "C" NOT NULL,
  target_repo  TEXT COLLATE "C" NOT NULL,
  fork_url     TEXT COLLATE "C" NOT NULL,
  fork         TEXT COLLATE "C" NOT NULL,
  fork_key     TEXT COLLATE "C" NOT NULL,
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
  severity_sum TEXT COLLATE "C" NOT NULL,
  category_sum TEXT COLLATE "C" NOT NULL,
  open         BIGINT NOT NULL,
  open_severity TEXT COLLATE "C" NOT NULL,
  open_category TEXT COLLATE "C" NOT NULL,
  critical_high BIGINT NOT NULL,
  listed       SMALLINT NOT NULL,
  unnamed      SMALLINT NOT NULL,
  latest_at    BIGINT NOT NULL,
  latest_file  TEXT COLLATE "C" NOT NULL,
  latest_run   BIGINT NOT NULL,
  -- where the fold of its scans stands
  data_at      BIGINT NOT NULL,
  data_file    TEXT COLLATE "C" NOT NULL,
  data_run     BIGINT NOT NULL,
  data_reduced SMALLINT NOT NULL,
  ref_at       BIGINT NOT NULL,
  ref_file     TEXT COLLATE "C" NOT NULL,
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
  source       TEXT COLLATE "C" NOT NULL,
  file         TEXT COLLATE "C" NOT NULL,
  kind         TEXT COLLATE "C" NOT NULL,
  run_number   BIGINT NOT NULL,
  run_id       TEXT COLLATE "C" NOT NULL,
  run_url      TEXT COLLATE "C" NOT NULL,
  run_label    TEXT COLLATE "C" NOT NULL,
  at           BIGINT NOT NULL,
  at_text      TEXT COLLATE "C" NOT NULL,
  target_repo  TEXT COLLATE "C" NOT NULL,
  fork_url     TEXT COLLATE "C" NOT NULL,
  issues_found BIGINT NOT NULL,
  batches      BIGINT NOT NULL,
  sessions     BIGINT NOT NULL,
  severity     TEXT COLLATE "C" NOT NULL,
  category     TEXT COLLATE "C" NOT NULL,
  has_findings SMALLINT NOT NULL,
  digest       TEXT COLLATE "C" NOT NULL,
  item         BYTEA,
  reduced      SMALLINT NOT NULL,
  new_n        BIGINT NOT NULL,
  gone_n       BIGINT NOT NULL
);
CREATE INDEX runs_repo ON runs (repo_id, at, file);
CREATE INDEX runs_at ON runs (at, file);
CREATE INDEX runs_file ON runs (file);

-- A person's word that a narrow scan is a full one.
CREATE TABLE accepted (
  source TEXT COLLATE "C" NOT NULL,
  file   TEXT COLLATE "C" NOT NULL,
  at     BIGINT NOT NULL,
  PRIMARY KEY (source, file)
);

CREATE TABLE issues (
  id           BIGINT NOT NULL PRIMARY KEY,
  repo_id      BIGINT NOT NULL,
  public_id    TEXT COLLATE "C" NOT NULL,
  fingerprint  TEXT COLLATE "C" NOT NULL,
  print_key    TEXT COLLATE "C" NOT NULL,
  rule         TEXT COLLATE "C" NOT NULL,
  severity     TEXT COLLATE "C" NOT NULL,
  severity_rank SMALLINT NOT NULL,
  family       TEXT COLLATE "C" NOT NULL,
  file         TEXT COLLATE "C" NOT NULL,
  line         BIGINT NOT NULL,
  latest_issue_id TEXT COLLATE "C" NOT NULL,
  status       TEXT COLLATE "C" NOT NULL,
  status_rank  SMALLINT NOT NULL,
  first_at     BIGINT NOT NULL,
  first_file   TEXT COLLATE "C" NOT NULL,
  first_run    BIGINT NOT NULL,
  first_ord    BIGINT NOT NULL,
  last_at      BIGINT NOT NULL,
  last_file    TEXT COLLATE "C" NOT NULL,
  last_run     BIGINT NOT NULL,
  closed_at    BIGINT NOT NULL,
  closed_file  TEXT COLLATE "C" NOT NULL,
  closed_run   BIGINT NOT NULL,
  ever_fixed   SMALLINT NOT NULL,
  from_start   SMALLINT NOT NULL,
  appearances  BIGINT NOT NULL,
  runs         TEXT COLLATE "C" NOT NULL,
  prints       TEXT COLLATE "C" NOT NULL
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
  basis    TEXT COLLATE "C" NOT NULL,
  line     BIGINT NOT NULL,
  PRIMARY KEY (run_id, ord)
);
CREATE INDEX appearances_issue ON appearances (issue_id);

-- A public id that a late record changed, and what it is now.
CREATE TABLE redirects (
  old_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  new_id TEXT COLLATE "C" NOT NULL
);

CREATE TABLE verifications (
  id         BIGINT NOT NULL PRIMARY KEY,
  session    TEXT COLLATE "C" NOT NULL,
  pull_key   TEXT COLLATE "C" NOT NULL,
  pull_repo  TEXT COLLATE "C" NOT NULL,
  pr_number  BIGINT NOT NULL,
  pr_url     TEXT COLLATE "C" NOT NULL,
  pr_title   TEXT COLLATE "C" NOT NULL,
  source_run BIGINT NOT NULL,
  family     TEXT COLLATE "C" NOT NULL,
  at         BIGINT NOT NULL,
  file       TEXT COLLATE "C" NOT NULL,
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
  session   TEXT COLLATE "C" NOT NULL,
  shown_id  TEXT COLLATE "C" NOT NULL,
  url       TEXT COLLATE "C" NOT NULL,
  batch_id  BIGINT NOT NULL,
  status    TEXT COLLATE "C" NOT NULL,
  issue_ids TEXT COLLATE "C" NOT NULL,
  family    TEXT COLLATE "C" NOT NULL,
  pr_url    TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (run_id, ord)
);
CREATE INDEX mentions_session ON mentions (session);

-- What polling learned, kept beside what records say.
CREATE TABLE polls (
  session    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  api        TEXT COLLATE "C" NOT NULL,
  status     TEXT COLLATE "C" NOT NULL,
  detail     TEXT COLLATE "C" NOT NULL,
  title      TEXT COLLATE "C" NOT NULL,
  url        TEXT COLLATE "C" NOT NULL,
  prs        TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  asked_at   BIGINT NOT NULL,
  missing    SMALLINT NOT NULL
);

CREATE TABLE sessions (
  key          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  id           TEXT COLLATE "C" NOT NULL,
  url          TEXT COLLATE "C" NOT NULL,
  batch_id     BIGINT NOT NULL,
  repo_id      BIGINT NOT NULL,
  run_ref      BIGINT NOT NULL,
  run_file     TEXT COLLATE "C" NOT NULL,
  run_number   BIGINT NOT NULL,
  run_id       TEXT COLLATE "C" NOT NULL,
  run_url      TEXT COLLATE "C" NOT NULL,
  run_label    TEXT COLLATE "C" NOT NULL,
  target_repo  TEXT COLLATE "C" NOT NULL,
  fork_url     TEXT COLLATE "C" NOT NULL,
  at           BIGINT NOT NULL,
  at_text      TEXT COLLATE "C" NOT NULL,
  issue_ids    TEXT COLLATE "C" NOT NULL,
  family       TEXT COLLATE "C" NOT NULL,
  title        TEXT COLLATE "C" NOT NULL,
  status       TEXT COLLATE "C" NOT NULL,
  detail       TEXT COLLATE "C" NOT NULL,
  state        TEXT COLLATE "C" NOT NULL,
  state_rank   SMALLINT NOT NULL,
  reason       TEXT COLLATE "C" NOT NULL,
  since        BIGINT NOT NULL,
  origin       TEXT COLLATE "C" NOT NULL,
  updated_at   BIGINT NOT NULL,
  polled       SMALLINT NOT NULL,
  has_pr       SMALLINT NOT NULL,
  pull_key     TEXT COLLATE "C" NOT NULL,
  pr_url       TEXT COLLATE "C" NOT NULL,
  basis        TEXT COLLATE "C" NOT NULL
);
CREATE INDEX sessions_at ON sessions (at, key);
CREATE INDEX sessions_repo ON sessions (repo_id, at, key);
CREATE INDEX sessions_state ON sessions (state, at, key);
CREATE INDEX sessions_run ON sessions (run_ref);

-- Every change of a session's state, from the first day.
CREATE TABLE state_log (
  id      BIGINT NOT NULL PRIMARY KEY,
  session TEXT COLLATE "C" NOT NULL,
  state   TEXT COLLATE "C" NOT NULL,
  word    TEXT COLLATE "C" NOT NULL,
  detail  TEXT COLLATE "C" NOT NULL,
  origin  TEXT COLLATE "C" NOT NULL,
  at      BIGINT NOT NULL
);
CREATE INDEX state_log_session ON state_log (session, id);

CREATE TABLE pulls (
  key        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  repo_key   TEXT COLLATE "C" NOT NULL,
  repo       TEXT COLLATE "C" NOT NULL,
  number     BIGINT NOT NULL,
  title      TEXT COLLATE "C" NOT NULL,
  url        TEXT COLLATE "C" NOT NULL,
  state      TEXT COLLATE "C" NOT NULL,
  draft      SMALLINT NOT NULL,
  author     TEXT COLLATE "C" NOT NULL,
  head_ref   TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  closed_at  BIGINT NOT NULL,
  merged_at  BIGINT NOT NULL,
  issue_ids  TEXT COLLATE "C" NOT NULL,
  fetched    SMALLINT NOT NULL,
  listed     SMALLINT NOT NULL,
  shown      TEXT COLLATE "C" NOT NULL,
  sort_at    BIGINT NOT NULL,
  session    TEXT COLLATE "C" NOT NULL,
  basis      TEXT COLLATE "C" NOT NULL,
  candidates TEXT COLLATE "C" NOT NULL
);
CREATE INDEX pulls_list ON pulls (listed, sort_at, key);
CREATE INDEX pulls_repo ON pulls (repo_key, listed, sort_at, key);
CREATE INDEX pulls_session ON pulls (session);

CREATE TABLE pull_tokens (
  token    TEXT COLLATE "C" NOT NULL,
  pull_key TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (token, pull_key)
);
CREATE INDEX pull_tokens_pull ON pull_tokens (pull_key);

CREATE TABLE links (
  pull_key TEXT COLLATE "C" NOT NULL,
  session  TEXT COLLATE "C" NOT NULL,
  basis    TEXT COLLATE "C" NOT NULL,
  guess    SMALLINT NOT NULL,
  PRIMARY KEY (pull_key, session)
);
CREATE INDEX links_session ON links (session);

-- How far the pull requests of a repository are known.
CREATE TABLE pull_syncs (
  repo_key  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  watermark BIGINT NOT NULL,
  ok_at     BIGINT NOT NULL,
  failed_at BIGINT NOT NULL,
  error     TEXT COLLATE "C" NOT NULL
);

CREATE TABLE sources (
  name      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  ok_at     BIGINT NOT NULL,
  failed_at BIGINT NOT NULL,
  error     TEXT COLLATE "C" NOT NULL,
  code      TEXT COLLATE "C" NOT NULL
);

CREATE TABLE jobs (
  id      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  kind    TEXT COLLATE "C" NOT NULL,
  state   TEXT COLLATE "C" NOT NULL,
  steps   TEXT COLLATE "C" NOT NULL,
  joined  BIGINT NOT NULL,
  started BIGINT NOT NULL,
  ended   BIGINT NOT NULL,
  result  TEXT COLLATE "C" NOT NULL,
  error   TEXT COLLATE "C" NOT NULL,
  code    TEXT COLLATE "C" NOT NULL,
  errors  TEXT COLLATE "C" NOT NULL
);
CREATE INDEX jobs_started ON jobs (started);

-- What backfill mends: shown in place of the record's own value while the
-- record still has the old one.
CREATE TABLE patches (
  source TEXT COLLATE "C" NOT NULL,
  file   TEXT COLLATE "C" NOT NULL,
  field  TEXT COLLATE "C" NOT NULL,
  old    TEXT COLLATE "C" NOT NULL,
  new    TEXT COLLATE "C" NOT NULL,
  reason TEXT COLLATE "C" NOT NULL,
  at     BIGINT NOT NULL,
  PRIMARY KEY (source, file, field)
);
