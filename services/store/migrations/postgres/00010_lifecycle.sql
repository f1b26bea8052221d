-- +goose Up
-- Where an appearance is, and its fingerprint: NULL where that is as in the
-- issue's appearance before.
ALTER TABLE appearances ADD COLUMN file TEXT COLLATE "C";
ALTER TABLE appearances ADD COLUMN fingerprint TEXT COLLATE "C";

-- Which issues a session took, and the record that says so. claim is 1 where
-- a verification calls the issue fixed, 2 where it calls it still present.
CREATE TABLE attempts (
  record_id BIGINT NOT NULL,
  session   TEXT COLLATE "C" NOT NULL,
  issue_id  BIGINT NOT NULL,
  scan_id   BIGINT NOT NULL,
  batch_id  BIGINT NOT NULL,
  basis     TEXT COLLATE "C" NOT NULL,
  at        BIGINT NOT NULL,
  claim     SMALLINT NOT NULL,
  PRIMARY KEY (record_id, session, issue_id)
);
CREATE INDEX attempts_issue ON attempts (issue_id, at);
CREATE INDEX attempts_session ON attempts (session);
CREATE INDEX attempts_scan ON attempts (scan_id);

ALTER TABLE issues ADD COLUMN attempts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE issues ADD COLUMN session TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX issues_session ON issues (session) WHERE session <> '';

-- The scan that a verification is about, and what has become of its claim.
ALTER TABLE verifications ADD COLUMN source TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE verifications ADD COLUMN repo_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE verifications ADD COLUMN scan_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE verifications ADD COLUMN issue_ids TEXT COLLATE "C" NOT NULL DEFAULT '[]';
ALTER TABLE verifications ADD COLUMN unmatched BIGINT NOT NULL DEFAULT 0;
ALTER TABLE verifications ADD COLUMN gone_n BIGINT NOT NULL DEFAULT 0;
ALTER TABLE verifications ADD COLUMN there_n BIGINT NOT NULL DEFAULT 0;
ALTER TABLE verifications ADD COLUMN merge_state TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE verifications ADD COLUMN outcome TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE verifications ADD COLUMN current SMALLINT NOT NULL DEFAULT 0;
CREATE INDEX verifications_source ON verifications (source_run);
CREATE INDEX verifications_repo ON verifications (repo_id);
CREATE INDEX verifications_list ON verifications (current, at, id);

-- What links pull requests and sessions, by either side.
ALTER TABLE mentions ADD COLUMN pull_key TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX mentions_pull ON mentions (pull_key) WHERE pull_key <> '';
CREATE TABLE mention_ids (
  issue_id TEXT COLLATE "C" NOT NULL,
  run_id   BIGINT NOT NULL,
  session  TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (issue_id, run_id, session)
);
CREATE INDEX mention_ids_run ON mention_ids (run_id);
CREATE INDEX mention_ids_session ON mention_ids (session);
CREATE TABLE poll_pulls (
  session  TEXT COLLATE "C" NOT NULL,
  pull_key TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (session, pull_key)
);
CREATE INDEX poll_pulls_pull ON poll_pulls (pull_key);
CREATE TABLE pull_ids (
  issue_id TEXT COLLATE "C" NOT NULL,
  pull_key TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (issue_id, pull_key)
);
CREATE INDEX pull_ids_pull ON pull_ids (pull_key);

CREATE INDEX runs_number ON runs (run_number, kind);
CREATE INDEX sessions_count ON sessions (repo_id, state, polled, at, has_pr);
CREATE INDEX pulls_count ON pulls (repo_key, listed, shown);
