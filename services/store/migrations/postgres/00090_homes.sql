-- +goose Up
-- Where a repository's pull requests are opened: itself and every fork that
-- one of its runs names. What older runs name comes with the next rebuild.
CREATE TABLE homes (
  repo_id BIGINT NOT NULL,
  key     TEXT COLLATE "C" NOT NULL,
  name    TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (repo_id, key)
);
CREATE INDEX homes_key ON homes (key, repo_id);
INSERT INTO homes (repo_id, key, name) SELECT id, key, name FROM repos;
INSERT INTO homes (repo_id, key, name) SELECT id, fork_key, fork FROM repos WHERE fork_key <> '' AND fork_key <> key;
DROP INDEX repos_fork;
