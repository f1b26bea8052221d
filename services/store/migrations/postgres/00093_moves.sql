-- +goose Up
-- A target or fork that GitHub answers for under the name of another one:
-- it was renamed, and both names stand in records.
CREATE TABLE moves (
  key      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  new_key  TEXT COLLATE "C" NOT NULL,
  new_name TEXT COLLATE "C" NOT NULL
);
