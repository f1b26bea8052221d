-- +goose Up
-- A target or fork that GitHub answers for under the name of another one:
-- it was renamed, and both names stand in records.
CREATE TABLE moves (
  key      TEXT NOT NULL PRIMARY KEY,
  new_key  TEXT NOT NULL,
  new_name TEXT NOT NULL
);
