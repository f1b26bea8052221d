-- +goose Up
-- The programs that share the database, and when each was last seen: a job is
-- of the one that runs it, until that is seen no more.
CREATE TABLE programs (
  id      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  seen_at BIGINT NOT NULL
);
ALTER TABLE jobs ADD COLUMN owner TEXT COLLATE "C" NOT NULL DEFAULT '';
-- Which verifications are of a pull request's repository.
CREATE INDEX verifications_pull_repo ON verifications (pull_repo);
