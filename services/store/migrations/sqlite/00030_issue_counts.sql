-- +goose Up
-- How many issues there are of each kind, kept by triggers: a list's total
-- costs a few rows, not the history. repo_id 0 holds all repositories.
CREATE TABLE issue_counts (
  repo_id       BIGINT NOT NULL,
  status_rank   SMALLINT NOT NULL,
  severity_rank SMALLINT NOT NULL,
  status        TEXT NOT NULL,
  severity      TEXT NOT NULL,
  family        TEXT NOT NULL,
  rule          TEXT NOT NULL,
  n             BIGINT NOT NULL,
  PRIMARY KEY (repo_id, status_rank, severity_rank, status, severity, family, rule)
) WITHOUT ROWID;

INSERT INTO issue_counts (repo_id, status_rank, severity_rank, status, severity, family, rule, n)
  SELECT 0, status_rank, severity_rank, status, severity, family, rule, COUNT(*) FROM issues GROUP BY status_rank, severity_rank, status, severity, family, rule;
INSERT INTO issue_counts (repo_id, status_rank, severity_rank, status, severity, family, rule, n)
  SELECT repo_id, status_rank, severity_rank, status, severity, family, rule, COUNT(*) FROM issues GROUP BY repo_id, status_rank, severity_rank, status, severity, family, rule;

-- +goose StatementBegin
CREATE TRIGGER issue_counts_added AFTER INSERT ON issues BEGIN
  INSERT INTO issue_counts (repo_id, status_rank, severity_rank, status, severity, family, rule, n)
    VALUES (0, NEW.status_rank, NEW.severity_rank, NEW.status, NEW.severity, NEW.family, NEW.rule, 1),
      (NEW.repo_id, NEW.status_rank, NEW.severity_rank, NEW.status, NEW.severity, NEW.family, NEW.rule, 1)
    ON CONFLICT (repo_id, status_rank, severity_rank, status, severity, family, rule) DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER issue_counts_removed AFTER DELETE ON issues BEGIN
  UPDATE issue_counts SET n = n - 1 WHERE repo_id IN (0, OLD.repo_id) AND status_rank = OLD.status_rank AND severity_rank = OLD.severity_rank
    AND status = OLD.status AND severity = OLD.severity AND family = OLD.family AND rule = OLD.rule;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER issue_counts_changed AFTER UPDATE ON issues
WHEN OLD.status <> NEW.status OR OLD.severity <> NEW.severity OR OLD.family <> NEW.family OR OLD.rule <> NEW.rule OR OLD.repo_id <> NEW.repo_id BEGIN
  UPDATE issue_counts SET n = n - 1 WHERE repo_id IN (0, OLD.repo_id) AND status_rank = OLD.status_rank AND severity_rank = OLD.severity_rank
    AND status = OLD.status AND severity = OLD.severity AND family = OLD.family AND rule = OLD.rule;
  INSERT INTO issue_counts (repo_id, status_rank, severity_rank, status, severity, family, rule, n)
    VALUES (0, NEW.status_rank, NEW.severity_rank, NEW.status, NEW.severity, NEW.family, NEW.rule, 1),
      (NEW.repo_id, NEW.status_rank, NEW.severity_rank, NEW.status, NEW.severity, NEW.family, NEW.rule, 1)
    ON CONFLICT (repo_id, status_rank, severity_rank, status, severity, family, rule) DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd

