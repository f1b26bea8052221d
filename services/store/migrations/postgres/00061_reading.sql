-- +goose Up
-- What asks for the scans of a repository reads the index of these alone. (An
-- index row of PostgreSQL has no room for the texts that SQLite's runs_at has.)
DROP INDEX runs_repo;
DROP INDEX runs_scans;
CREATE INDEX runs_repo ON runs (repo_id, at, file, source, id, kind);
-- The expression keeps the index of kinds from queries that have a repository.
DROP INDEX runs_kind;
CREATE INDEX runs_kind ON runs ((kind || ''), at, file, id);
-- The sort of runs by their number; also what finds a run by it.
DROP INDEX runs_number;
CREATE INDEX runs_number ON runs (run_number, at, file, id);
-- The fix rate by family, of the issues that sessions took.
CREATE INDEX issues_taken ON issues (family, status_rank, id, repo_id) WHERE attempts > 0;
