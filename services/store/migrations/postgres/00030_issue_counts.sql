-- +goose Up
-- How many issues there are of each kind, kept by triggers: a list's total
-- costs a few rows, not the history. repo_id 0 holds all repositories.
CREATE TABLE issue_counts (
  repo_id       BIGINT NOT NULL,
  status_rank   SMALLINT NOT NULL,
  severity_rank SMALLINT NOT NULL,
  status        TEXT COLLATE "C" NOT NULL,
  severity      TEXT COLLATE "C" NOT NULL,
  family        TEXT COLLATE "C" NOT NULL,
  rule          TEXT COLLATE "C" NOT NULL,
  n             BIGINT NOT NULL,
  PRIMARY KEY (repo_id, status_rank, severity_rank, status, severity, family, rule)
);

INSERT INTO issue_counts (repo_id, status_rank, severity_rank, status, severity, family, rule, n)
  SELECT 0, status_rank, severity_rank, status, severity, family, rule, COUNT(*) FROM issues GROUP BY status_rank, severity_rank, status, severity, family, rule;
INSERT INTO issue_counts (repo_id, status_rank, severity_rank, status, severity, family, rule, n)
  SELECT repo_id, status_rank, severity_rank, status, severity, family, rule, COUNT(*) FROM issues GROUP BY repo_id, status_rank, severity_rank, status, severity, family, rule;

-- One statement may change many issues: its rows are summed up first.
-- +goose StatementBegin
CREATE FUNCTION issue_counts_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO issue_counts (repo_id, status_rank, severity_rank, status, severity, family, rule, n)
    SELECT a.repo_id, i.status_rank, i.severity_rank, i.status, i.severity, i.family, i.rule, COUNT(*)
      FROM fresh i CROSS JOIN LATERAL (VALUES (CAST(0 AS BIGINT)), (i.repo_id)) AS a (repo_id)
      GROUP BY a.repo_id, i.status_rank, i.severity_rank, i.status, i.severity, i.family, i.rule
    ON CONFLICT (repo_id, status_rank, severity_rank, status, severity, family, rule) DO UPDATE SET n = issue_counts.n + excluded.n;
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION issue_counts_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO issue_counts (repo_id, status_rank, severity_rank, status, severity, family, rule, n)
    SELECT a.repo_id, i.status_rank, i.severity_rank, i.status, i.severity, i.family, i.rule, -COUNT(*)
      FROM stale i CROSS JOIN LATERAL (VALUES (CAST(0 AS BIGINT)), (i.repo_id)) AS a (repo_id)
      GROUP BY a.repo_id, i.status_rank, i.severity_rank, i.status, i.severity, i.family, i.rule
    ON CONFLICT (repo_id, status_rank, severity_rank, status, severity, family, rule) DO UPDATE SET n = issue_counts.n + excluded.n;
  RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION issue_counts_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO issue_counts (repo_id, status_rank, severity_rank, status, severity, family, rule, n)
    SELECT a.repo_id, i.status_rank, i.severity_rank, i.status, i.severity, i.family, i.rule, SUM(i.step)
      FROM (SELECT repo_id, status_rank, severity_rank, status, severity, family, rule, 1 AS step FROM fresh
        UNION ALL SELECT repo_id, status_rank, severity_rank, status, severity, family, rule, -1 FROM stale) i
        CROSS JOIN LATERAL (VALUES (CAST(0 AS BIGINT)), (i.repo_id)) AS a (repo_id)
      GROUP BY a.repo_id, i.status_rank, i.severity_rank, i.status, i.severity, i.family, i.rule
      HAVING SUM(i.step) <> 0
    ON CONFLICT (repo_id, status_rank, severity_rank, status, severity, family, rule) DO UPDATE SET n = issue_counts.n + excluded.n;
  RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER issue_counts_added AFTER INSERT ON issues REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION issue_counts_added();
CREATE TRIGGER issue_counts_removed AFTER DELETE ON issues REFERENCING OLD TABLE AS stale FOR EACH STATEMENT EXECUTE FUNCTION issue_counts_removed();
CREATE TRIGGER issue_counts_changed AFTER UPDATE ON issues REFERENCING OLD TABLE AS stale NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION issue_counts_changed();

