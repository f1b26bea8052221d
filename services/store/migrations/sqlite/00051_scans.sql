-- +goose Up
-- A repository's scans: without it, the kind's own index is taken, which has
-- those of all.
CREATE INDEX runs_scans ON runs (repo_id, kind, at, file, source, id);
