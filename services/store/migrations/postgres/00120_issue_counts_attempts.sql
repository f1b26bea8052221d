-- +goose Up
-- Also whether an issue was attempted: 0 or 1. So a total of those that never
-- were, or that have a session, costs a few rows as well.
DROP TABLE issue_counts;

CREATE TABLE issue_counts (
  repo_id       BIGINT NOT NULL,
  status_rank   SMALLINT NOT NULL,
  severity_rank SMALLINT NOT NULL,
  status        TEXT COLLATE "C" NOT NULL,
  severity      TEXT COLLATE "C" NOT NULL,
  family        TEXT COLLATE "C" NOT NULL,
  rule          TEXT COLLATE "C" NOT NULL,
  attempts      SMALLINT NOT NULL,
  n             BIGINT NOT NULL,
  PRIMARY KEY (repo_id, status_rank, severity_rank, status, severity, family, rule, attempts)
);

INSERT INTO issue_counts (repo_id, status_rank, severity_rank, status, severity, family, rule, attempts, n)
  SELECT 0, status_rank, severity_rank, status, severity, family, rule, LEAST(attempts, 1), COUNT(*) FROM issues GROUP BY status_rank, severity_rank, status, severity, family, rule, LEAST(attempts, 1);
INSERT INTO issue_counts (repo_id, status_rank, severity_rank, status, severity, family, rule, attempts, n)
  SELECT repo_id, status_rank, severity_rank, status, severity, family, rule, LEAST(attempts, 1), COUNT(*) FROM issues GROUP BY repo_id, status_rank, severity_rank, status, severity, family, rule, LEAST(attempts, 1);

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION issue_counts_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO issue_counts (repo_id, status_rank, severity_rank, status, severity, family, rule, attempts, n)
    SELECT a.repo_id, i.status_rank, i.severity_rank, i.status, i.severity, i.family, i.rule, LEAST(i.attempts, 1), COUNT(*)
      FROM fresh i CROSS JOIN LATERAL (VALUES (CAST(0 AS BIGINT)), (i.repo_id)) AS a (repo_id)
      GROUP BY a.repo_id, i.status_rank, i.severity_rank, i.status, i.severity, i.family, i.rule, LEAST(i.attempts, 1)
    ON CONFLICT (repo_id, status_rank, severity_rank, status, severity, family, rule, attempts) DO UPDATE SET n = issue_counts.n + excluded.n;
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION issue_counts_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO issue_counts (repo_id, status_rank, severity_rank, status, severity, family, rule, attempts, n)
    SELECT a.repo_id, i.status_rank, i.severity_rank, i.status, i.severity, i.family, i.rule, LEAST(i.attempts, 1), -COUNT(*)
      FROM stale i CROSS JOIN LATERAL (VALUES (CAST(0 AS BIGINT)), (i.repo_id)) AS a (repo_id)
      GROUP BY a.repo_id, i.status_rank, i.severity_rank, i.status, i.severity, i.family, i.rule, LEAST(i.attempts, 1)
    ON CONFLICT (repo_id, status_rank, severity_rank, status, severity, family, rule, attempts) DO UPDATE SET n = issue_counts.n + excluded.n;
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION issue_counts_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO issue_counts (repo_id, status_rank, severity_rank, status, severity, family, rule, attempts, n)
    SELECT a.repo_id, i.status_rank, i.severity_rank, i.status, i.severity, i.family, i.rule, i.attempts, SUM(i.step)
      FROM (SELECT repo_id, status_rank, severity_rank, status, severity, family, rule, LEAST(attempts, 1) AS attempts, 1 AS step FROM fresh
        UNION ALL SELECT repo_id, status_rank, severity_rank, status, severity, family, rule, LEAST(attempts, 1), -1 FROM stale) i
        CROSS JOIN LATERAL (VALUES (CAST(0 AS BIGINT)), (i.repo_id)) AS a (repo_id)
      GROUP BY a.repo_id, i.status_rank, i.severity_rank, i.status, i.severity, i.family, i.rule, i.attempts
      HAVING SUM(i.step) <> 0
    ON CONFLICT (repo_id, status_rank, severity_rank, status, severity, family, rule, attempts) DO UPDATE SET n = issue_counts.n + excluded.n;
  RETURN NULL;
END $$;
-- +goose StatementEnd
