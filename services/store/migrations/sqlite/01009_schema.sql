-- +goose Up
-- The whole schema. Until the first release a change edits this file and raises its
-- number: a database of another number is refused. Times are unix milliseconds (0 is
-- none), flags are 0 or 1, lists are JSON.

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
  fetched_at BIGINT NOT NULL,
  derived    TEXT NOT NULL DEFAULT '',
  -- the target as recorded; repo_key is the repository as which it counts
  target_key TEXT NOT NULL DEFAULT '',
  -- since when body is the compact form alone, gzip; 0 where it is the file as fetched
  pruned_at  BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX files_name ON files (source, file);
CREATE INDEX files_file ON files (file);
CREATE INDEX files_repo ON files (repo_key, kind, live);
CREATE INDEX files_target ON files (target_key) WHERE target_key <> '';
CREATE INDEX files_unpruned ON files (at, id) WHERE pruned_at = 0 AND body IS NOT NULL;
CREATE INDEX files_error ON files (error) WHERE error <> '';
CREATE INDEX files_derived ON files (derived, repo_key);
CREATE INDEX files_state ON files ((CASE WHEN error <> '' AND gone = 0 THEN 0 ELSE 1 END), file, source);

CREATE TABLE repos (
  id                   BIGINT NOT NULL PRIMARY KEY,
  key                  TEXT NOT NULL,
  name                 TEXT NOT NULL,
  target_repo          TEXT NOT NULL,
  fork_url             TEXT NOT NULL DEFAULT '',
  fork                 TEXT NOT NULL DEFAULT '',
  fork_key             TEXT NOT NULL DEFAULT '',
  runs                 BIGINT NOT NULL DEFAULT 0,
  scans                BIGINT NOT NULL DEFAULT 0,
  dispatches           BIGINT NOT NULL DEFAULT 0,
  issues_found         BIGINT NOT NULL DEFAULT 0,
  last_run             BIGINT NOT NULL DEFAULT 0,
  sessions_created     BIGINT NOT NULL DEFAULT 0,
  sessions_finished    BIGINT NOT NULL DEFAULT 0,
  sessions_with_pr     BIGINT NOT NULL DEFAULT 0,
  never_started        BIGINT NOT NULL DEFAULT 0,
  prs_total            BIGINT NOT NULL DEFAULT 0,
  prs_open             BIGINT NOT NULL DEFAULT 0,
  prs_closed           BIGINT NOT NULL DEFAULT 0,
  prs_merged           BIGINT NOT NULL DEFAULT 0,
  prs_unknown          BIGINT NOT NULL DEFAULT 0,
  severity_sum         TEXT NOT NULL DEFAULT '{}',
  category_sum         TEXT NOT NULL DEFAULT '{}',
  open                 BIGINT NOT NULL DEFAULT 0,
  open_severity        TEXT NOT NULL DEFAULT '{}',
  open_category        TEXT NOT NULL DEFAULT '{}',
  critical_high        BIGINT NOT NULL DEFAULT 0,
  -- of the open ones by their scans, those that decisions take out; the figures above are without them
  dismissed            BIGINT NOT NULL DEFAULT 0,
  accepted             BIGINT NOT NULL DEFAULT 0,
  overdue              BIGINT NOT NULL DEFAULT 0,
  decided_severity     TEXT NOT NULL DEFAULT '{}',
  decided_category     TEXT NOT NULL DEFAULT '{}',
  listed               SMALLINT NOT NULL DEFAULT 0,
  without_findings     SMALLINT NOT NULL DEFAULT 0,
  latest_at            BIGINT NOT NULL DEFAULT 0,
  latest_file          TEXT NOT NULL DEFAULT '',
  latest_run           BIGINT NOT NULL DEFAULT 0,
  -- up to which scan its issues are derived
  data_at              BIGINT NOT NULL DEFAULT 0,
  data_file            TEXT NOT NULL DEFAULT '',
  data_run             BIGINT NOT NULL DEFAULT 0,
  data_reduced         SMALLINT NOT NULL DEFAULT 0,
  ref_at               BIGINT NOT NULL DEFAULT 0,
  ref_file             TEXT NOT NULL DEFAULT '',
  ref_run              BIGINT NOT NULL DEFAULT 0,
  baseline             BIGINT NOT NULL DEFAULT 0,
  reduced_in_row       BIGINT NOT NULL DEFAULT 0,
  saw_named            SMALLINT NOT NULL DEFAULT 0,
  saw_without_findings SMALLINT NOT NULL DEFAULT 0,
  languages            TEXT NOT NULL DEFAULT '{}',
  lost                 TEXT NOT NULL DEFAULT '',
  scan_interval        BIGINT NOT NULL DEFAULT 0,
  due_at               BIGINT NOT NULL DEFAULT 0,
  github_id            BIGINT NOT NULL DEFAULT 0,
  -- archived or deleted, '' where it is neither, and since when
  retired              TEXT NOT NULL DEFAULT '',
  retired_at           BIGINT NOT NULL DEFAULT 0,
  -- of the entry of the registry that applies, '' for none
  registry_key         TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX repos_key ON repos (key);
CREATE INDEX repos_last_run ON repos (last_run, key);
CREATE INDEX repos_due ON repos (due_at) WHERE due_at <> 0;
CREATE INDEX repos_list ON repos (last_run, key, target_repo);

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
  gone_n       BIGINT NOT NULL,
  repo_key     TEXT NOT NULL DEFAULT '',
  -- languages that a scan did not look at, and those of which merged pull requests took every issue
  lost         TEXT NOT NULL DEFAULT '',
  taken        TEXT NOT NULL DEFAULT ''
);
CREATE INDEX runs_file ON runs (file);
CREATE INDEX runs_lost ON runs (repo_id) WHERE lost <> '' OR taken <> '';
CREATE INDEX runs_gaps ON runs (source, run_number, at);
CREATE INDEX runs_found ON runs (issues_found, at, file, source, id);
CREATE INDEX runs_at ON runs (at, file, source, id, kind, issues_found, sessions, severity, category);
CREATE INDEX runs_repo ON runs (repo_id, at, file, source, id, kind, has_findings, reduced);
CREATE INDEX runs_kind ON runs ((kind || ''), at, file, source, id);
CREATE INDEX runs_number ON runs (run_number, at, file, source, id);
CREATE INDEX runs_target ON runs (repo_key, at, file, source, id);

-- The sums over the runs of a repository up to each of them: those as of a time
-- are in the row of its last run until then. So is how often it was scanned by
-- then, and when the next scan was overdue.
CREATE TABLE run_sums (
  repo_id       BIGINT NOT NULL,
  at            BIGINT NOT NULL,
  file          TEXT NOT NULL,
  source        TEXT NOT NULL,
  run_id        BIGINT NOT NULL,
  runs          BIGINT NOT NULL,
  scans         BIGINT NOT NULL,
  issues_found  BIGINT NOT NULL,
  severity      TEXT NOT NULL,
  category      TEXT NOT NULL,
  scan_interval BIGINT NOT NULL,
  due_at        BIGINT NOT NULL,
  PRIMARY KEY (repo_id, at, file, source)
) WITHOUT ROWID;
CREATE INDEX run_sums_run ON run_sums (run_id);

-- Scope-reduced scans that a person accepted as full ones.
CREATE TABLE accepted (
  source     TEXT NOT NULL,
  file       TEXT NOT NULL,
  at         BIGINT NOT NULL,
  started_by TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (source, file)
);
CREATE INDEX accepted_at ON accepted (at, file);

-- The issues. score, cwes and message are those of the newest log that names the
-- issue; score is in tenths, -1 where there is none. status is what scans say,
-- state_rank what is shown by decisions too: those that stand are decision (a
-- dismissal or an acceptance) and assignee, and change_at is when time ends one.
-- owners are those of now. due_at is when the issue is or was due, 0 for never; while its
-- clock pauses, since paused_at, that moves on with the time. overdue is 1 where it is
-- open and that time has come.
CREATE TABLE issues (
  id              BIGINT NOT NULL PRIMARY KEY,
  repo_id         BIGINT NOT NULL,
  public_id       TEXT NOT NULL,
  fingerprint     TEXT NOT NULL,
  fingerprint_key TEXT NOT NULL,
  rule            TEXT NOT NULL,
  severity        TEXT NOT NULL,
  severity_rank   SMALLINT NOT NULL,
  family          TEXT NOT NULL,
  file            TEXT NOT NULL,
  line            BIGINT NOT NULL,
  latest_issue_id TEXT NOT NULL,
  status          TEXT NOT NULL,
  status_rank     SMALLINT NOT NULL,
  first_at        BIGINT NOT NULL,
  first_file      TEXT NOT NULL,
  first_run       BIGINT NOT NULL,
  first_ord       BIGINT NOT NULL,
  last_at         BIGINT NOT NULL,
  last_file       TEXT NOT NULL,
  last_run        BIGINT NOT NULL,
  closed_at       BIGINT NOT NULL,
  closed_file     TEXT NOT NULL,
  closed_run      BIGINT NOT NULL,
  ever_fixed      SMALLINT NOT NULL,
  from_start      SMALLINT NOT NULL,
  appearances     BIGINT NOT NULL,
  runs            TEXT NOT NULL,
  fingerprints    TEXT NOT NULL,
  attempts        BIGINT NOT NULL DEFAULT 0,
  session         TEXT NOT NULL DEFAULT '',
  attempted_at    BIGINT NOT NULL DEFAULT 0,
  score           SMALLINT NOT NULL DEFAULT -1,
  cwes            TEXT NOT NULL DEFAULT '[]',
  message         TEXT NOT NULL DEFAULT '',
  owners          TEXT NOT NULL DEFAULT '[]',
  state_rank      SMALLINT NOT NULL DEFAULT 0,
  decision        BIGINT NOT NULL DEFAULT 0,
  assignee        TEXT NOT NULL DEFAULT '',
  snoozed         SMALLINT NOT NULL DEFAULT 0,
  change_at       BIGINT NOT NULL DEFAULT 0,
  due_at          BIGINT NOT NULL DEFAULT 0,
  paused_at       BIGINT NOT NULL DEFAULT 0,
  overdue         SMALLINT NOT NULL DEFAULT 0
);
CREATE INDEX issues_public ON issues (public_id);
CREATE INDEX issues_order ON issues (state_rank, last_at, public_id);
CREATE INDEX issues_repo ON issues (repo_id, state_rank, last_at, public_id);
CREATE INDEX issues_ledger ON issues (repo_id, status_rank);
CREATE INDEX issues_change ON issues (change_at) WHERE change_at <> 0;
CREATE INDEX issues_due ON issues (due_at) WHERE overdue = 0 AND paused_at = 0 AND state_rank < 4 AND due_at <> 0;
CREATE INDEX issues_overdue ON issues (due_at, repo_id) WHERE overdue = 1;
CREATE INDEX issues_assignee ON issues (assignee) WHERE assignee <> '';
CREATE INDEX issues_fingerprint ON issues (repo_id, fingerprint_key);
CREATE INDEX issues_location ON issues (repo_id, rule, file, line);
CREATE INDEX issues_session ON issues (session) WHERE session <> '';
CREATE INDEX issues_age ON issues (state_rank, first_at, attempts, repo_id);
CREATE INDEX issues_severity ON issues (severity_rank, state_rank, first_at, public_id, id);
CREATE INDEX issues_repo_severity ON issues (repo_id, severity_rank, state_rank, first_at, public_id, id);
CREATE INDEX issues_family ON issues (family, severity_rank, state_rank, first_at, public_id, id);
CREATE INDEX issues_rule ON issues (rule, severity_rank, state_rank, first_at, public_id, id);
CREATE INDEX issues_file ON issues (file, line, public_id, id);
CREATE INDEX issues_first ON issues (first_at, public_id, id);
CREATE INDEX issues_attempts ON issues (attempts, public_id, id);
CREATE INDEX issues_last ON issues (last_at, public_id, id);
CREATE INDEX issues_score ON issues (score, public_id, id);
CREATE INDEX issues_attempted ON issues (attempted_at, family, state_rank, repo_id, attempts, id) WHERE attempts > 0;

-- What people decided about issues: an entry is only added, and once marked as
-- undone. key is the client's Idempotency-Key, request what it asked for under it.
-- needs are the keys of the rows of needs that were snoozed, see decision_needs.
CREATE TABLE decisions (
  id        BIGINT NOT NULL PRIMARY KEY,
  at        BIGINT NOT NULL,
  made_by   TEXT NOT NULL,
  action    TEXT NOT NULL,
  reason    TEXT NOT NULL,
  comment   TEXT NOT NULL,
  until_at  BIGINT NOT NULL,
  assignee  TEXT NOT NULL,
  query     TEXT NOT NULL,
  issues    BIGINT NOT NULL,
  key       TEXT NOT NULL,
  request   TEXT NOT NULL,
  needs     TEXT NOT NULL DEFAULT '[]',
  undone_at BIGINT NOT NULL DEFAULT 0,
  undone_by TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX decisions_key ON decisions (key) WHERE key <> '';
CREATE INDEX decisions_at ON decisions (at, id);

-- The rows of needs that a decision snoozed, and what each was about then: a row of
-- which something has changed is no longer snoozed.
CREATE TABLE decision_needs (
  decision_id BIGINT NOT NULL,
  need        TEXT NOT NULL,
  mark        TEXT NOT NULL,
  PRIMARY KEY (decision_id, need)
);

-- The issues of decisions, as they were: repository, rule, place, fingerprints,
-- public id, and the finding that scans named last, in the run file run_file at
-- run_ord. issue_id is which issue that is by the records of now, 0 where none is.
CREATE TABLE decision_issues (
  decision_id  BIGINT NOT NULL,
  ord          BIGINT NOT NULL,
  issue_id     BIGINT NOT NULL,
  public_id    TEXT NOT NULL,
  repo         TEXT NOT NULL,
  rule         TEXT NOT NULL,
  file         TEXT NOT NULL,
  line         BIGINT NOT NULL,
  fingerprint  TEXT NOT NULL,
  fingerprints TEXT NOT NULL,
  run_source   TEXT NOT NULL,
  run_file     TEXT NOT NULL,
  run_ord      BIGINT NOT NULL,
  PRIMARY KEY (decision_id, ord)
) WITHOUT ROWID;
CREATE INDEX decision_issues_issue ON decision_issues (issue_id, decision_id);
CREATE INDEX decision_issues_run ON decision_issues (run_file);

-- Campaigns: issues that a query named once, with who sees to them, until when (due_at)
-- and at what cost; 0 is no date and no limit. name_key tells names apart. auto_ is
-- what it sends by itself: sessions a day, under which odds it stops, who switched that
-- on, why it stopped, and why nothing was sent when that was last tried.
CREATE TABLE campaigns (
  id           BIGINT NOT NULL PRIMARY KEY,
  name         TEXT NOT NULL,
  name_key     TEXT NOT NULL,
  query        TEXT NOT NULL,
  issues       BIGINT NOT NULL,
  owner        TEXT NOT NULL,
  due_at       BIGINT NOT NULL,
  max_sessions BIGINT NOT NULL,
  max_acus     BIGINT NOT NULL,
  made_by      TEXT NOT NULL,
  at           BIGINT NOT NULL,
  closed_at    BIGINT NOT NULL DEFAULT 0,
  closed_by    TEXT NOT NULL DEFAULT '',
  auto_per_day BIGINT NOT NULL,
  auto_floor   BIGINT NOT NULL,
  auto_by      TEXT NOT NULL,
  auto_since   BIGINT NOT NULL,
  auto_stopped TEXT NOT NULL,
  auto_note    TEXT NOT NULL,
  auto_note_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX campaigns_name ON campaigns (name_key) WHERE closed_at = 0;

-- The issues of campaigns, as decision_issues has those of decisions.
CREATE TABLE campaign_issues (
  campaign_id  BIGINT NOT NULL,
  ord          BIGINT NOT NULL,
  issue_id     BIGINT NOT NULL,
  public_id    TEXT NOT NULL,
  repo         TEXT NOT NULL,
  rule         TEXT NOT NULL,
  file         TEXT NOT NULL,
  line         BIGINT NOT NULL,
  fingerprint  TEXT NOT NULL,
  fingerprints TEXT NOT NULL,
  run_source   TEXT NOT NULL,
  run_file     TEXT NOT NULL,
  run_ord      BIGINT NOT NULL,
  PRIMARY KEY (campaign_id, ord)
) WITHOUT ROWID;
CREATE INDEX campaign_issues_issue ON campaign_issues (issue_id, campaign_id);
CREATE INDEX campaign_issues_run ON campaign_issues (run_file);

-- What decisions made of issues, and from when until when: see
-- telemetry.DecisionSpans. kind is dismissed, accepted, assigned or snoozed.
CREATE TABLE decided (
  issue_id    BIGINT NOT NULL,
  kind        TEXT NOT NULL,
  from_at     BIGINT NOT NULL,
  to_at       BIGINT NOT NULL,
  repo_id     BIGINT NOT NULL,
  decision_id BIGINT NOT NULL,
  assignee    TEXT NOT NULL,
  PRIMARY KEY (issue_id, kind, from_at)
) WITHOUT ROWID;
CREATE INDEX decided_repo ON decided (repo_id, kind);

-- When the clock of an issue's due date paused, see telemetry.DuePauses: before is
-- how long it had paused earlier, since the issue was last opened, and next_at when
-- it pauses again, 9223372036854775807 for never.
CREATE TABLE due_pauses (
  issue_id BIGINT NOT NULL,
  from_at  BIGINT NOT NULL,
  to_at    BIGINT NOT NULL,
  before   BIGINT NOT NULL,
  next_at  BIGINT NOT NULL,
  repo_id  BIGINT NOT NULL,
  PRIMARY KEY (issue_id, from_at)
) WITHOUT ROWID;
CREATE INDEX due_pauses_repo ON due_pauses (repo_id);

-- SLA_DAYS: a tenth of the days until an issue is due, in milliseconds.
CREATE TABLE due_days (
  severity TEXT NOT NULL PRIMARY KEY,
  tenth    BIGINT NOT NULL
);
INSERT INTO due_days (severity, tenth) VALUES ('critical', 60480000), ('high', 259200000), ('medium', 777600000), ('low', 1555200000);

-- What the registry said of repositories, from when it was fetched (at) until: by how many tenths
-- of SLA_DAYS issues are due, and the tags.
CREATE TABLE registry_log (
  repo_key TEXT NOT NULL,
  at       BIGINT NOT NULL,
  until    BIGINT NOT NULL,
  factor   BIGINT NOT NULL,
  tags     TEXT NOT NULL,
  PRIMARY KEY (repo_key, at)
) WITHOUT ROWID;

-- Each owner of each issue, as issues.owners has them.
CREATE TABLE issue_owners (
  issue_id BIGINT NOT NULL,
  owner    TEXT NOT NULL,
  repo_id  BIGINT NOT NULL,
  PRIMARY KEY (issue_id, owner)
) WITHOUT ROWID;
CREATE INDEX issue_owners_owner ON issue_owners (owner, issue_id);
CREATE INDEX issue_owners_repo ON issue_owners (repo_id);

-- How many issues of each state and severity there are; repository 0 is all of
-- them. attempts is 3 for three and more.
CREATE TABLE issue_counts (
  repo_id       BIGINT NOT NULL,
  state_rank    SMALLINT NOT NULL,
  severity_rank SMALLINT NOT NULL,
  attempts      SMALLINT NOT NULL,
  n             BIGINT NOT NULL,
  PRIMARY KEY (repo_id, state_rank, severity_rank, attempts)
);

-- What waits for a person, a row for what is one to do: see outcomes.Needs. It
-- waits between from_at and until_at; issues are public ids, the worst first.
CREATE TABLE needs (
  need          TEXT NOT NULL,
  place         SMALLINT NOT NULL,
  repo_id       BIGINT NOT NULL,
  subject       TEXT NOT NULL,
  session       TEXT NOT NULL,
  pull          TEXT NOT NULL,
  since         BIGINT NOT NULL,
  from_at       BIGINT NOT NULL,
  until_at      BIGINT NOT NULL,
  sessions      BIGINT NOT NULL,
  severity_rank SMALLINT NOT NULL,
  rules         BIGINT NOT NULL,
  rule          TEXT NOT NULL,
  issue         TEXT NOT NULL,
  issues        TEXT NOT NULL,
  ended         TEXT NOT NULL,
  due_at        BIGINT NOT NULL
);
CREATE INDEX needs_repo ON needs (repo_id);
CREATE INDEX needs_pull ON needs (pull) WHERE pull <> '';

-- Each finding of each scan is one issue's appearance.
CREATE TABLE appearances (
  run_id      BIGINT NOT NULL,
  ord         BIGINT NOT NULL,
  issue_id    BIGINT NOT NULL,
  basis       TEXT NOT NULL,
  line        BIGINT NOT NULL,
  file        TEXT,
  fingerprint TEXT,
  PRIMARY KEY (run_id, ord)
) WITHOUT ROWID;
CREATE INDEX appearances_issue ON appearances (issue_id);

-- A public id that a late record or a rename changed, and what it is now.
CREATE TABLE redirects (
  old_id TEXT NOT NULL PRIMARY KEY,
  new_id TEXT NOT NULL
);
CREATE INDEX redirects_new ON redirects (new_id);

CREATE TABLE verifications (
  id          BIGINT NOT NULL PRIMARY KEY,
  session     TEXT NOT NULL,
  pull_key    TEXT NOT NULL,
  pull_repo   TEXT NOT NULL,
  pr_number   BIGINT NOT NULL,
  pr_url      TEXT NOT NULL,
  pr_title    TEXT NOT NULL,
  source_run  BIGINT NOT NULL,
  family      TEXT NOT NULL,
  at          BIGINT NOT NULL,
  file        TEXT NOT NULL,
  targeted    BIGINT NOT NULL,
  fixed       BIGINT NOT NULL,
  remaining   BIGINT NOT NULL,
  source      TEXT NOT NULL DEFAULT '',
  repo_id     BIGINT NOT NULL DEFAULT 0,
  scan_id     BIGINT NOT NULL DEFAULT 0,
  issue_ids   TEXT NOT NULL DEFAULT '[]',
  unmatched   BIGINT NOT NULL DEFAULT 0,
  gone_n      BIGINT NOT NULL DEFAULT 0,
  there_n     BIGINT NOT NULL DEFAULT 0,
  merge_state TEXT NOT NULL DEFAULT '',
  outcome     TEXT NOT NULL DEFAULT '',
  current     SMALLINT NOT NULL DEFAULT 0
);
CREATE INDEX verifications_session ON verifications (session);
CREATE INDEX verifications_pull ON verifications (pull_key);
CREATE INDEX verifications_source ON verifications (source_run);
CREATE INDEX verifications_outcome ON verifications (outcome) WHERE current = 1;
CREATE INDEX verifications_list ON verifications (current, at, file, source);
CREATE INDEX verifications_pull_repo ON verifications (pull_repo);
CREATE INDEX verifications_repo ON verifications (repo_id, current, at, file, source);

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
  pull_key  TEXT NOT NULL DEFAULT '',
  at        BIGINT NOT NULL DEFAULT 0,
  state     TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (run_id, ord)
);
CREATE INDEX mentions_session ON mentions (session, at, pull_key);
CREATE INDEX mentions_pull ON mentions (pull_key, at) WHERE pull_key <> '';

-- What polling learned, kept beside what records say.
CREATE TABLE polls (
  session       TEXT NOT NULL PRIMARY KEY,
  api           TEXT NOT NULL,
  status        TEXT NOT NULL,
  detail        TEXT NOT NULL,
  title         TEXT NOT NULL,
  url           TEXT NOT NULL,
  prs           TEXT NOT NULL,
  created_at    BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL,
  changed_at    BIGINT NOT NULL,
  asked_at      BIGINT NOT NULL,
  missing_since BIGINT NOT NULL DEFAULT 0,
  tags          TEXT NOT NULL DEFAULT '[]',
  playbook      TEXT NOT NULL DEFAULT '',
  milli_acus    BIGINT NOT NULL DEFAULT 0,
  output        TEXT NOT NULL DEFAULT '',
  -- Of its output: since when it is the same, and what it says. tests is 1 for
  -- passing, 0 for failing, -1 where it does not say.
  said_at       BIGINT NOT NULL DEFAULT 0,
  claim_status  TEXT NOT NULL DEFAULT '',
  fixed_n       BIGINT NOT NULL DEFAULT 0,
  blocked_n     BIGINT NOT NULL DEFAULT 0,
  tests         SMALLINT NOT NULL DEFAULT -1
);
CREATE INDEX polls_missing ON polls (missing_since);

-- Every change of what Devin says of a session, beside its state. output is NULL
-- where it is as it was before.
CREATE TABLE claim_log (
  id         BIGINT NOT NULL PRIMARY KEY,
  session    TEXT NOT NULL,
  at         BIGINT NOT NULL,
  title      TEXT NOT NULL,
  tags       TEXT NOT NULL,
  playbook   TEXT NOT NULL,
  milli_acus BIGINT NOT NULL,
  output     TEXT
);
CREATE INDEX claim_log_session ON claim_log (session, id);

-- What came of each session's attempt at each issue: what the session said of
-- it, and what scans found. nth counts the sessions that took the issue; last is 1
-- for the latest of them. milli_acus is the issue's share of what the session
-- cost, -1 where that is not known.
CREATE TABLE claims (
  session       TEXT NOT NULL,
  issue_id      BIGINT NOT NULL,
  repo_id       BIGINT NOT NULL,
  at            BIGINT NOT NULL,
  nth           BIGINT NOT NULL,
  last          SMALLINT NOT NULL,
  said          TEXT NOT NULL,
  reason        TEXT NOT NULL,
  found         TEXT NOT NULL,
  merge_unknown SMALLINT NOT NULL,
  milli_acus    BIGINT NOT NULL,
  playbook      TEXT NOT NULL,
  PRIMARY KEY (session, issue_id)
);
CREATE INDEX claims_issue ON claims (issue_id, nth);
CREATE INDEX claims_repo ON claims (repo_id, at);
CREATE INDEX claims_pending ON claims (repo_id, issue_id) WHERE found = 'not_rescanned';
CREATE INDEX claims_found ON claims (last, found, said, at, issue_id);

CREATE TABLE sessions (
  key         TEXT NOT NULL PRIMARY KEY,
  id          TEXT NOT NULL,
  url         TEXT NOT NULL,
  batch_id    BIGINT NOT NULL,
  repo_id     BIGINT NOT NULL,
  run_ref     BIGINT NOT NULL,
  run_file    TEXT NOT NULL,
  run_number  BIGINT NOT NULL,
  run_id      TEXT NOT NULL,
  run_url     TEXT NOT NULL,
  run_label   TEXT NOT NULL,
  target_repo TEXT NOT NULL,
  fork_url    TEXT NOT NULL,
  at          BIGINT NOT NULL,
  at_text     TEXT NOT NULL,
  issue_ids   TEXT NOT NULL,
  family      TEXT NOT NULL,
  title       TEXT NOT NULL,
  status      TEXT NOT NULL,
  detail      TEXT NOT NULL,
  state       TEXT NOT NULL,
  state_rank  SMALLINT NOT NULL,
  reason      TEXT NOT NULL,
  since       BIGINT NOT NULL,
  origin      TEXT NOT NULL,
  updated_at  BIGINT NOT NULL,
  polled      SMALLINT NOT NULL,
  has_pr      SMALLINT NOT NULL,
  pull_key    TEXT NOT NULL,
  pr_url      TEXT NOT NULL,
  basis       TEXT NOT NULL,
  repo_key    TEXT NOT NULL DEFAULT ''
);
CREATE INDEX sessions_at ON sessions (at, key);
CREATE INDEX sessions_repo ON sessions (repo_id, at, key);
CREATE INDEX sessions_state ON sessions (state, at, key);
CREATE INDEX sessions_run ON sessions (run_ref);
CREATE INDEX sessions_count ON sessions (repo_id, state, polled, at, has_pr);
CREATE INDEX sessions_outcomes ON sessions (at, state, has_pr, repo_id);
CREATE INDEX sessions_since ON sessions (since, key);
CREATE INDEX sessions_family ON sessions (family, at, key);
CREATE INDEX sessions_number ON sessions (run_number, batch_id, at, key);
CREATE INDEX sessions_rank ON sessions (state_rank, at, key, polled, since, state, repo_id);
CREATE INDEX sessions_current ON sessions (state, (CASE WHEN polled = 1 THEN 9223372036854775807 ELSE since END), repo_id);

-- Every change of a session's state, from the first day.
CREATE TABLE state_log (
  id      BIGINT NOT NULL PRIMARY KEY,
  session TEXT NOT NULL,
  state   TEXT NOT NULL,
  status  TEXT NOT NULL,
  detail  TEXT NOT NULL,
  origin  TEXT NOT NULL,
  at      BIGINT NOT NULL,
  repo_id BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX state_log_session ON state_log (session, id);
CREATE INDEX state_log_at ON state_log (at, session, id);
CREATE INDEX state_log_repo ON state_log (repo_id, at, session, id);

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
  candidates TEXT NOT NULL,
  missing_at BIGINT NOT NULL DEFAULT 0,
  -- since when something names it, or 9223372036854775807: see known_since.go
  known_at   BIGINT NOT NULL DEFAULT 9223372036854775807,
  -- the merged pull request that took it back: its address, "" for none
  reverted_by TEXT NOT NULL DEFAULT '',
  reverted_at BIGINT NOT NULL DEFAULT 0,
  -- what its reviews, checks and base branch come to, "" where it is not known
  head_sha   TEXT NOT NULL DEFAULT '',
  review     TEXT NOT NULL DEFAULT '',
  checks     TEXT NOT NULL DEFAULT '',
  mergeable  TEXT NOT NULL DEFAULT '',
  asked_at   BIGINT NOT NULL DEFAULT 0, -- when GitHub was asked for these
  ask_at     BIGINT NOT NULL DEFAULT 0  -- and when it is to be again
);
-- Pull requests that take another one back, whether they are stored or not.
CREATE TABLE reverts (
  key       TEXT NOT NULL PRIMARY KEY,
  repo      TEXT NOT NULL,
  repo_key  TEXT NOT NULL,
  number    BIGINT NOT NULL,
  of_key    TEXT NOT NULL, -- the one that it names, "" where only a title tells
  of_repo   TEXT NOT NULL,
  title     TEXT NOT NULL,
  merged_at BIGINT NOT NULL
);
CREATE INDEX reverts_repo ON reverts (repo_key);
CREATE INDEX reverts_of ON reverts (of_repo);
CREATE INDEX pulls_list ON pulls (listed, sort_at, key);
CREATE INDEX pulls_repo ON pulls (repo_key, listed, sort_at, key);
CREATE INDEX pulls_session ON pulls (session);
CREATE INDEX pulls_count ON pulls (repo_key, listed, shown);
CREATE INDEX pulls_created ON pulls (created_at, key) WHERE created_at > 0;
CREATE INDEX pulls_merged ON pulls (merged_at, key) WHERE merged_at > 0;
CREATE INDEX pulls_closed ON pulls (closed_at, key) WHERE closed_at > 0;
CREATE INDEX pulls_shown ON pulls (listed, shown, sort_at, key);
CREATE INDEX pulls_repo_created ON pulls (repo_key, created_at, key) WHERE created_at > 0;
CREATE INDEX pulls_repo_merged ON pulls (repo_key, merged_at, key) WHERE merged_at > 0;
CREATE INDEX pulls_repo_closed ON pulls (repo_key, closed_at, key) WHERE closed_at > 0;
CREATE INDEX pulls_ask ON pulls (asked_at, key) WHERE shown = 'open' AND listed = 1;
CREATE INDEX pulls_waiting ON pulls (listed, (CASE WHEN shown IN ('open', 'unknown') THEN 0 ELSE 1 END), sort_at, key);

CREATE TABLE pull_tokens (
  token    TEXT NOT NULL,
  pull_key TEXT NOT NULL,
  PRIMARY KEY (token, pull_key)
);
CREATE INDEX pull_tokens_pull ON pull_tokens (pull_key);

CREATE TABLE links (
  pull_key  TEXT NOT NULL,
  session   TEXT NOT NULL,
  basis     TEXT NOT NULL,
  ambiguous SMALLINT NOT NULL,
  -- since when it is known, 9223372036854775807 where it never was
  known_at  BIGINT NOT NULL DEFAULT 9223372036854775807,
  PRIMARY KEY (pull_key, session)
);
CREATE INDEX links_session ON links (session, ambiguous, known_at, pull_key);

-- How far the pull requests of a repository are known.
CREATE TABLE pull_syncs (
  repo_key  TEXT NOT NULL PRIMARY KEY,
  watermark BIGINT NOT NULL,
  ok_at     BIGINT NOT NULL,
  failed_at BIGINT NOT NULL,
  error     TEXT NOT NULL,
  code      TEXT NOT NULL DEFAULT '', -- of the error
  answers   BIGINT NOT NULL DEFAULT 0, -- in a row by which it is asked again only at growing distance
  ask_at    BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE sources (
  name      TEXT NOT NULL PRIMARY KEY,
  ok_at     BIGINT NOT NULL,
  failed_at BIGINT NOT NULL,
  error     TEXT NOT NULL,
  code      TEXT NOT NULL,
  retry_at  BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE jobs (
  id         TEXT NOT NULL PRIMARY KEY,
  kind       TEXT NOT NULL,
  state      TEXT NOT NULL,
  steps      TEXT NOT NULL,
  joined     BIGINT NOT NULL,
  started    BIGINT NOT NULL,
  ended      BIGINT NOT NULL,
  result     TEXT NOT NULL,
  error      TEXT NOT NULL,
  code       TEXT NOT NULL,
  errors     TEXT NOT NULL,
  started_by TEXT NOT NULL DEFAULT '',
  wants      TEXT NOT NULL DEFAULT '{}', -- what was asked for beside the kind
  retry      BIGINT NOT NULL DEFAULT 0,     -- how long an upstream asked to wait, of a job that failed
  cancel     SMALLINT NOT NULL DEFAULT 0    -- a person asked for its end
);
CREATE INDEX jobs_started ON jobs (started);
CREATE INDEX jobs_state ON jobs (state);

-- Which issues a session worked on, and the record that says so. result is 1 where
-- a verification calls the issue fixed, 2 where it calls it still present; ids are
-- what the record calls the issue.
CREATE TABLE attempts (
  record_id BIGINT NOT NULL,
  session   TEXT NOT NULL,
  issue_id  BIGINT NOT NULL,
  scan_id   BIGINT NOT NULL,
  batch_id  BIGINT NOT NULL,
  basis     TEXT NOT NULL,
  at        BIGINT NOT NULL,
  result    SMALLINT NOT NULL,
  ids       TEXT NOT NULL DEFAULT '[]',
  PRIMARY KEY (record_id, session, issue_id)
);
CREATE INDEX attempts_issue ON attempts (issue_id, at);
CREATE INDEX attempts_session ON attempts (session);
CREATE INDEX attempts_scan ON attempts (scan_id);
CREATE INDEX attempts_at ON attempts (at, session, issue_id);

CREATE TABLE mention_ids (
  issue_id TEXT NOT NULL,
  run_id   BIGINT NOT NULL,
  session  TEXT NOT NULL,
  PRIMARY KEY (issue_id, run_id, session)
);
CREATE INDEX mention_ids_run ON mention_ids (run_id);
CREATE INDEX mention_ids_session ON mention_ids (session);

CREATE TABLE poll_pulls (
  session  TEXT NOT NULL,
  pull_key TEXT NOT NULL,
  PRIMARY KEY (session, pull_key)
);
CREATE INDEX poll_pulls_pull ON poll_pulls (pull_key);

CREATE TABLE pull_ids (
  issue_id TEXT NOT NULL,
  pull_key TEXT NOT NULL,
  PRIMARY KEY (issue_id, pull_key)
);
CREATE INDEX pull_ids_pull ON pull_ids (pull_key);

-- Each application of backfill is kept, so that the last one can be undone.
-- old is the record's own value, was the one before this application.
CREATE TABLE corrections (
  source      TEXT NOT NULL,
  file        TEXT NOT NULL,
  field       TEXT NOT NULL,
  application BIGINT NOT NULL,
  old         TEXT NOT NULL,
  was         TEXT NOT NULL,
  new         TEXT NOT NULL,
  reason      TEXT NOT NULL,
  at          BIGINT NOT NULL,
  repo_key    TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (source, file, field, application)
);
CREATE INDEX corrections_application ON corrections (application);
CREATE INDEX corrections_at ON corrections (at, application, file, source, field);
CREATE INDEX corrections_repo ON corrections (repo_key, at, application, file, source, field);

-- What an issue was from one scan to another: a row begins when it is first
-- seen, comes back, or changes its severity, family or rule, and ends when a
-- full scan no longer names it, or with the next change. Times that have not
-- come are 9223372036854775807. The row of an issue as of T is the one with
-- from_at <= T < next_at. One that ended by then, and does not close the issue,
-- is of a repository that was retired: its issues are not open, until the next
-- one, which opens none, begins.
CREATE TABLE issue_intervals (
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
CREATE INDEX issue_intervals_repo ON issue_intervals (repo_id, next_at);
CREATE INDEX issue_intervals_opens ON issue_intervals (opens, from_at, issue_id);
CREATE INDEX issue_intervals_closes ON issue_intervals (closes, to_at, issue_id, opened_at, repo_id);
CREATE INDEX issue_intervals_to ON issue_intervals (to_at, from_at, opened_at, again, severity, family, repo_id, issue_id);

-- What changed on one day (days since 1970, UTC) in one repository, and in
-- all of them (repository 0). Summed up to a day they are what was open at
-- its end: net by scans, less what was dismissed and accepted.
CREATE TABLE days (
  repo_id  BIGINT NOT NULL,
  day      BIGINT NOT NULL,
  severity TEXT NOT NULL,
  opened   BIGINT NOT NULL,
  closed   BIGINT NOT NULL,
  net      BIGINT NOT NULL,
  unlisted BIGINT NOT NULL,
  dismissed BIGINT NOT NULL DEFAULT 0,
  accepted  BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (repo_id, day, severity)
) WITHOUT ROWID;

-- Filters that people gave a name, shared by all.
CREATE TABLE views (
  id       TEXT NOT NULL PRIMARY KEY,
  name     TEXT NOT NULL,
  name_key TEXT NOT NULL,
  list     TEXT NOT NULL,
  query    TEXT NOT NULL,
  created  BIGINT NOT NULL
);
CREATE UNIQUE INDEX views_name ON views (name_key);

-- What people send to an upstream is noted before it is sent: a row that is
-- still begun when its program has ended is of an unknown outcome.
CREATE TABLE submissions (
  token      TEXT NOT NULL PRIMARY KEY,
  kind       TEXT NOT NULL,
  subject    TEXT NOT NULL,
  at         BIGINT NOT NULL,
  started_by TEXT NOT NULL DEFAULT '',
  state      TEXT NOT NULL DEFAULT 'sent',
  owner      TEXT NOT NULL DEFAULT '',
  message    TEXT NOT NULL DEFAULT ''
);
CREATE INDEX submissions_at ON submissions (at, token);

-- What people sent to Devin from here, noted before it was sent: a session for
-- each. token is of the order, batch what the session is told. campaign is where it
-- was sent from, 0 for none, and slot the part of a day for which the campaign sent it by itself.
CREATE TABLE batches (
  id      TEXT NOT NULL PRIMARY KEY,
  token   TEXT NOT NULL,
  ord     BIGINT NOT NULL,
  batch   TEXT NOT NULL,
  state   TEXT NOT NULL,
  owner   TEXT NOT NULL,
  session TEXT NOT NULL DEFAULT '',
  url     TEXT NOT NULL DEFAULT '',
  error   TEXT NOT NULL DEFAULT '',
  acus    BIGINT NOT NULL,
  by_name TEXT NOT NULL,
  at      BIGINT NOT NULL,
  sent_at BIGINT NOT NULL DEFAULT 0,
  asked   TEXT NOT NULL DEFAULT '',
  campaign BIGINT NOT NULL DEFAULT 0,
  slot     BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX batches_campaign ON batches (campaign, slot) WHERE campaign <> 0;
CREATE INDEX batches_token ON batches (token, ord);
CREATE INDEX batches_at ON batches (at, id);
CREATE INDEX batches_open ON batches (state) WHERE state IN ('queued', 'begun', 'unknown');

CREATE TABLE batch_issues (
  batch_id TEXT NOT NULL,
  issue    TEXT NOT NULL,
  PRIMARY KEY (issue, batch_id)
);

-- Who does what among the programs that share the database, by the clock of
-- the database: the row "work" is of the one that runs the jobs, and each has
-- a row of its own while it lives. fence counts the holders of "work".
CREATE TABLE leases (
  name   TEXT NOT NULL PRIMARY KEY,
  holder TEXT NOT NULL,
  fence  BIGINT NOT NULL,
  since  BIGINT NOT NULL,
  until  BIGINT NOT NULL
);

-- What one of the programs knows of an upstream's limit, for the others: who
-- learned it, the hourly limit, and until when, by the clock of the database,
-- nothing is to be asked.
CREATE TABLE limits (
  upstream  TEXT NOT NULL PRIMARY KEY,
  holder    TEXT NOT NULL,
  allowed   BIGINT NOT NULL,
  remaining BIGINT NOT NULL,
  reset_at  BIGINT NOT NULL,
  until     BIGINT NOT NULL
);

-- Where a repository's pull requests are opened: itself and every fork that
-- one of its runs names.
CREATE TABLE pull_repos (
  repo_id BIGINT NOT NULL,
  key     TEXT NOT NULL,
  name    TEXT NOT NULL,
  PRIMARY KEY (repo_id, key)
);
CREATE INDEX pull_repos_key ON pull_repos (key, repo_id);

-- The targets and forks that runs name, as recorded; fork is '' where a run
-- names none but its target.
CREATE TABLE named_repos (
  target TEXT NOT NULL,
  fork   TEXT NOT NULL,
  runs   BIGINT NOT NULL,
  PRIMARY KEY (target, fork)
);

-- What GitHub said of repositories, by the name that was asked for. github_id is
-- 0 where GitHub never showed it. missing_at is when GitHub first answered 404
-- since it last showed it, misses how often it has.
CREATE TABLE repo_lookups (
  key        TEXT NOT NULL PRIMARY KEY,
  github_id  BIGINT NOT NULL,
  name       TEXT NOT NULL,
  parent     TEXT NOT NULL,
  archived   SMALLINT NOT NULL,
  shown_at   BIGINT NOT NULL,
  missing_at BIGINT NOT NULL,
  misses     BIGINT NOT NULL,
  asked_at   BIGINT NOT NULL,
  ask_at     BIGINT NOT NULL
);

-- When repositories were archived or deleted, as far as GitHub was asked: from one
-- time until another, 9223372036854775807 where they still are.
CREATE TABLE retirements (
  github_id BIGINT NOT NULL,
  at        BIGINT NOT NULL,
  until     BIGINT NOT NULL,
  reason    TEXT NOT NULL,
  PRIMARY KEY (github_id, at)
);

-- Names that are not those of a repository of ours: name is what GitHub calls it
-- now, repo the repository under which runs that name it count. They differ where
-- it is the fork of a target.
CREATE TABLE repo_aliases (
  key      TEXT NOT NULL PRIMARY KEY,
  name     TEXT NOT NULL,
  repo     TEXT NOT NULL,
  repo_key TEXT NOT NULL
);
CREATE INDEX repo_aliases_repo ON repo_aliases (repo_key);

-- Listings of run files that mark nothing gone until they are confirmed.
CREATE TABLE held_listings (
  source     TEXT NOT NULL PRIMARY KEY,
  known      BIGINT NOT NULL,
  kept       BIGINT NOT NULL,
  listed     BIGINT NOT NULL,
  times      BIGINT NOT NULL,
  first_seen BIGINT NOT NULL,
  last_seen  BIGINT NOT NULL,
  accepted   SMALLINT NOT NULL DEFAULT 0
);

-- The logs that runs committed to the scanned repository, as far as they were
-- asked for: a run has the log of its repo_key and run_label. state is found,
-- missing or failed. origin is the repository that it came from, '' for RUNS_DIR.
CREATE TABLE run_logs (
  id         BIGINT NOT NULL PRIMARY KEY,
  repo_key   TEXT NOT NULL,
  label      TEXT NOT NULL,
  state      TEXT NOT NULL,
  origin     TEXT NOT NULL,
  error      TEXT NOT NULL,
  asked_at   BIGINT NOT NULL,
  fetched_at BIGINT NOT NULL,
  -- since when its files are the compact form alone, gzip; 0 where they are as fetched
  pruned_at  BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX run_logs_label ON run_logs (repo_key, label);

-- The files of a log as fetched: the tables of logs below are read from them.
-- error says why one could not be read.
CREATE TABLE log_files (
  log_id BIGINT NOT NULL,
  name   TEXT NOT NULL,
  sha    TEXT NOT NULL,
  size   BIGINT NOT NULL,
  body   BLOB,
  error  TEXT NOT NULL,
  PRIMARY KEY (log_id, name)
);

-- The findings as logs describe them. issue_id is the id in the log, issue_key
-- its form in which ids are compared; score is in tenths, -1 where there is none.
CREATE TABLE log_findings (
  log_id      BIGINT NOT NULL,
  ord         BIGINT NOT NULL,
  issue_id    TEXT NOT NULL,
  issue_key   TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  rule        TEXT NOT NULL,
  name        TEXT NOT NULL,
  title       TEXT NOT NULL,
  message     TEXT NOT NULL,
  score       BIGINT NOT NULL,
  severity    TEXT NOT NULL,
  level       TEXT NOT NULL,
  family      TEXT NOT NULL,
  cwes        TEXT NOT NULL,
  file        TEXT NOT NULL,
  line        BIGINT NOT NULL,
  locations   TEXT NOT NULL,
  snippets    TEXT NOT NULL,
  batch       BIGINT NOT NULL,
  PRIMARY KEY (log_id, ord)
);

-- Which issue each finding of a log is, in the run of that log. latest is 1 for
-- the newest of an issue.
CREATE TABLE log_issues (
  run_id   BIGINT NOT NULL,
  log_id   BIGINT NOT NULL,
  ord      BIGINT NOT NULL,
  issue_id BIGINT NOT NULL,
  at       BIGINT NOT NULL,
  file     TEXT NOT NULL,
  latest   SMALLINT NOT NULL,
  PRIMARY KEY (run_id, ord, issue_id)
);
CREATE INDEX log_issues_issue ON log_issues (issue_id, latest);

-- What Devin was told for a batch, and the session that was.
CREATE TABLE log_prompts (
  log_id  BIGINT NOT NULL,
  batch   BIGINT NOT NULL,
  session TEXT NOT NULL,
  prompt  TEXT NOT NULL,
  PRIMARY KEY (log_id, batch)
);

-- What logs say of a rule, each as the log of the latest stamp does; help is
-- Markdown.
CREATE TABLE rules (
  rule   TEXT NOT NULL PRIMARY KEY,
  name   TEXT NOT NULL,
  title  TEXT NOT NULL,
  help   TEXT NOT NULL,
  stamp  TEXT NOT NULL
);

-- The registry and the orchestrator's state as fetched, of each source of run files.
CREATE TABLE side_files (
  source     TEXT NOT NULL,
  name       TEXT NOT NULL,
  sha        TEXT NOT NULL,
  size       BIGINT NOT NULL,
  body       BLOB,
  broken     BLOB,
  error      TEXT NOT NULL,
  gone       SMALLINT NOT NULL,
  fetched_at BIGINT NOT NULL,
  PRIMARY KEY (source, name)
);

-- The repositories of the registry that is in force; -1 is a number that it
-- does not say.
CREATE TABLE registry (
  repo_key      TEXT NOT NULL PRIMARY KEY,
  repo          TEXT NOT NULL,
  importance    TEXT NOT NULL,
  score         BIGINT NOT NULL,
  tags          TEXT NOT NULL,
  schedule      TEXT NOT NULL,
  enabled       SMALLINT NOT NULL,
  auto_scan     SMALLINT NOT NULL,
  auto_dispatch SMALLINT NOT NULL,
  max_sessions  BIGINT NOT NULL
);

-- CODEOWNERS of repositories as fetched, by the name that was asked for; the newest is in
-- force. An empty path stands for a repository without it.
CREATE TABLE codeowners (
  repo_key TEXT NOT NULL,
  at       BIGINT NOT NULL,
  path     TEXT NOT NULL,
  body     TEXT NOT NULL,
  PRIMARY KEY (repo_key, at)
);

-- When they were last asked for.
CREATE TABLE codeowners_asked (
  repo_key TEXT NOT NULL PRIMARY KEY,
  at       BIGINT NOT NULL
);

-- What the orchestrator's state that is in force says of fingerprints.
CREATE TABLE dispatch_history (
  fingerprint TEXT NOT NULL PRIMARY KEY,
  session     TEXT NOT NULL,
  dispatches  BIGINT NOT NULL,
  failures    BIGINT NOT NULL,
  last_at     BIGINT NOT NULL
);
CREATE INDEX dispatch_history_session ON dispatch_history (session);

-- Webhooks that GitHub delivered, in the order of seq, and what came of each. hook
-- is what one says, as far as it is used, until it has been worked off.
CREATE TABLE deliveries (
  id       TEXT NOT NULL PRIMARY KEY,
  seq      BIGINT NOT NULL,
  event    TEXT NOT NULL,
  action   TEXT NOT NULL,
  repo     TEXT NOT NULL,
  repo_key TEXT NOT NULL,
  pull     BIGINT NOT NULL,
  received BIGINT NOT NULL,
  state    TEXT NOT NULL,
  result   TEXT NOT NULL,
  error    TEXT NOT NULL,
  tries    BIGINT NOT NULL,
  next_try BIGINT NOT NULL,
  ended    BIGINT NOT NULL,
  hook     TEXT NOT NULL
);
CREATE UNIQUE INDEX deliveries_seq ON deliveries (seq);
CREATE INDEX deliveries_queued ON deliveries (repo_key, seq) WHERE state = 'queued';
CREATE INDEX deliveries_received ON deliveries (received, id);

-- Who is told of what: see telemetry.NotifyRule. next_at is when its digest is next due.
CREATE TABLE notify_rules (
  id         BIGINT NOT NULL PRIMARY KEY,
  name       TEXT NOT NULL,
  event      TEXT NOT NULL,
  severity   TEXT NOT NULL,
  repo       TEXT NOT NULL,
  owner      TEXT NOT NULL,
  hours      BIGINT NOT NULL,
  channel    TEXT NOT NULL,
  addresses  TEXT NOT NULL,
  digest_at  TEXT NOT NULL,
  quiet_from TEXT NOT NULL,
  quiet_to   TEXT NOT NULL,
  zone       TEXT NOT NULL,
  is_on      SMALLINT NOT NULL,
  made_by    TEXT NOT NULL,
  at         BIGINT NOT NULL,
  next_at    BIGINT NOT NULL
);

-- What a rule has found, once for each occurrence and, of a digest, each owner. state is
-- known (it was there when the rule was made), pending (to be told) or told.
CREATE TABLE notices (
  rule_id       BIGINT NOT NULL,
  subject       TEXT NOT NULL,
  occurrence    TEXT NOT NULL,
  owner         TEXT NOT NULL,
  state         TEXT NOT NULL,
  at            BIGINT NOT NULL,
  repo          TEXT NOT NULL,
  severity_rank SMALLINT NOT NULL,
  title         TEXT NOT NULL,
  ref           TEXT NOT NULL,
  since         BIGINT NOT NULL,
  PRIMARY KEY (rule_id, subject, occurrence, owner)
) WITHOUT ROWID;
CREATE INDEX notices_pending ON notices (rule_id, owner, severity_rank, since, subject) WHERE state = 'pending';

-- The messages, in the order of seq, and what came of each. Messages of one line are sent
-- one after the other. message is what one says, as JSON.
CREATE TABLE notifications (
  id        TEXT NOT NULL PRIMARY KEY,
  seq       BIGINT NOT NULL,
  rule_id   BIGINT NOT NULL,
  rule      TEXT NOT NULL,
  event     TEXT NOT NULL,
  channel   TEXT NOT NULL,
  line      TEXT NOT NULL,
  addresses TEXT NOT NULL,
  owner     TEXT NOT NULL,
  title     TEXT NOT NULL,
  n         BIGINT NOT NULL,
  repo      TEXT NOT NULL,
  message   TEXT NOT NULL,
  state     TEXT NOT NULL,
  error     TEXT NOT NULL,
  tries     BIGINT NOT NULL,
  next_try  BIGINT NOT NULL,
  at        BIGINT NOT NULL,
  ended     BIGINT NOT NULL
);
CREATE UNIQUE INDEX notifications_seq ON notifications (seq);
CREATE INDEX notifications_queued ON notifications (line, seq) WHERE state IN ('waiting', 'failed');
CREATE INDEX notifications_at ON notifications (at, id);

-- Who has come in, by way and name: "github:mona". role is the one that they had
-- last, teams those that GitHub named at their last sign-in.
CREATE TABLE people (
  key      TEXT NOT NULL PRIMARY KEY,
  name     TEXT NOT NULL,
  role     TEXT NOT NULL,
  way      TEXT NOT NULL,
  first_at BIGINT NOT NULL,
  last_at  BIGINT NOT NULL,
  teams    TEXT NOT NULL DEFAULT '' -- as JSON, '' where they are not known
);

-- The sessions of browsers; id is the SHA-256 of what the cookie has. rules are
-- those by which the role was given, token the access token that was signed in with.
CREATE TABLE sign_ins (
  id     TEXT NOT NULL PRIMARY KEY,
  person TEXT NOT NULL,
  name   TEXT NOT NULL,
  role   TEXT NOT NULL,
  way    TEXT NOT NULL,
  token  TEXT NOT NULL,
  rules  TEXT NOT NULL,
  at     BIGINT NOT NULL,
  seen   BIGINT NOT NULL,
  until  BIGINT NOT NULL
);
CREATE INDEX sign_ins_person ON sign_ins (person);
CREATE INDEX sign_ins_token ON sign_ins (token);

-- Sign-ins at GitHub that have begun. state is a SHA-256, browser that of a cookie.
CREATE TABLE sign_in_states (
  state    TEXT NOT NULL PRIMARY KEY,
  browser  TEXT NOT NULL,
  verifier TEXT NOT NULL,
  back     TEXT NOT NULL,
  at       BIGINT NOT NULL
);

-- Access tokens; hash is the SHA-256 of one. 0 is never.
CREATE TABLE tokens (
  id         TEXT NOT NULL PRIMARY KEY,
  hash       TEXT NOT NULL UNIQUE,
  name       TEXT NOT NULL,
  role       TEXT NOT NULL,
  made_at    BIGINT NOT NULL,
  made_by    TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL,
  revoked_by TEXT NOT NULL,
  used_at    BIGINT NOT NULL,
  -- the one address that it opens, '' for all that its role may
  opens      TEXT NOT NULL
);

-- Who changed what, and who came in. Rows are added, and removed only by age.
CREATE TABLE audit (
  id      BIGINT NOT NULL PRIMARY KEY,
  at      BIGINT NOT NULL,
  person  TEXT NOT NULL,
  name    TEXT NOT NULL,
  role    TEXT NOT NULL,
  way     TEXT NOT NULL,
  origin  TEXT NOT NULL,
  action  TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail  TEXT NOT NULL,
  was     TEXT NOT NULL,
  becomes TEXT NOT NULL,
  result  TEXT NOT NULL,
  status  BIGINT NOT NULL,
  error   TEXT NOT NULL
);
CREATE INDEX audit_at ON audit (at, id);
