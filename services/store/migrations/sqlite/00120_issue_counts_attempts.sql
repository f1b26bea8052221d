-- +goose Up
-- Also whether an issue was attempted: 0 or 1. So a total of those that never
-- were, or that have a session, costs a few rows as well.
DROP TRIGGER issue_counts_added;
DROP TRIGGER issue_counts_removed;
DROP TRIGGER issue_counts_changed;
DROP TABLE issue_counts;

CREATE TABLE issue_counts (
  repo_id       BIGINT NOT NULL,
  status_rank   SMALLINT NOT NULL,
  severity_rank SMALLINT NOT NULL,
  status        TEXT NOT NULL,
  severity      TEXT NOT NULL,
  family        TEXT NOT NULL,
  rule          TEXT NOT NULL,
  attempts      SMALLINT NOT NULL,
  n             BIGINT NOT NULL,
  PRIMARY KEY (repo_id, status_rank, severity_rank, status, severity, family, rule, attempts)
) WITHOUT ROWID;

INSERT INTO issue_counts (repo_id, status_rank, severity_rank, status, severity, family, rule, attempts, n)
  SELECT 0, status_rank, severity_rank, status, severity, family, rule, MIN(attempts, 1), COUNT(*) FROM issues GROUP BY status_rank, severity_rank, status, severity, family, rule, MIN(attempts, 1);
INSERT INTO issue_counts (repo_id, status_rank, severity_rank, status, severity, family, rule, attempts, n)
  SELECT repo_id, status_rank, severity_rank, status, severity, family, rule, MIN(attempts, 1), COUNT(*) FROM issues GROUP BY repo_id, status_rank, severity_rank, status, severity, family, rule, MIN(attempts, 1);

-- +goose StatementBegin
CREATE TRIGGER issue_counts_added AFTER INSERT ON issues BEGIN
  INSERT INTO issue_counts (repo_id, status_rank, severity_rank, status, severity, family, rule, attempts, n)
    VALUES (0, NEW.status_rank, NEW.severity_rank, NEW.status, NEW.severity, NEW.family, NEW.rule, MIN(NEW.attempts, 1), 1),
      (NEW.repo_id, NEW.status_rank, NEW.severity_rank, NEW.status, NEW.severity, NEW.family, NEW.rule, MIN(NEW.attempts, 1), 1)
    ON CONFLICT (repo_id, status_rank, severity_rank, status, severity, family, rule, attempts) DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER issue_counts_removed AFTER DELETE ON issues BEGIN
  UPDATE issue_counts SET n = n - 1 WHERE repo_id IN (0, OLD.repo_id) AND status_rank = OLD.status_rank
    AND severity_rank = OLD.severity_rank AND status = OLD.status AND severity = OLD.severity AND family = OLD.family
    AND rule = OLD.rule AND attempts = MIN(OLD.attempts, 1);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER issue_counts_changed AFTER UPDATE ON issues
WHEN OLD.status <> NEW.status OR OLD.severity <> NEW.severity OR OLD.family <> NEW.family OR OLD.rule <> NEW.rule
  OR OLD.repo_id <> NEW.repo_id OR MIN(OLD.attempts, 1) <> MIN(NEW.attempts, 1) BEGIN
  UPDATE issue_counts SET n = n - 1 WHERE repo_id IN (0, OLD.repo_id) AND status_rank = OLD.status_rank
    AND severity_rank = OLD.severity_rank AND status = OLD.status AND severity = OLD.severity AND family = OLD.family
    AND rule = OLD.rule AND attempts = MIN(OLD.attempts, 1);
  INSERT INTO issue_counts (repo_id, status_rank, severity_rank, status, severity, family, rule, attempts, n)
    VALUES (0, NEW.status_rank, NEW.severity_rank, NEW.status, NEW.severity, NEW.family, NEW.rule, MIN(NEW.attempts, 1), 1),
      (NEW.repo_id, NEW.status_rank, NEW.severity_rank, NEW.status, NEW.severity, NEW.family, NEW.rule, MIN(NEW.attempts, 1), 1)
    ON CONFLICT (repo_id, status_rank, severity_rank, status, severity, family, rule, attempts) DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd
