-- +goose Up
-- Filters that people gave a name, shared by all.
CREATE TABLE views (
  id       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  name     TEXT COLLATE "C" NOT NULL,
  name_key TEXT COLLATE "C" NOT NULL,
  list     TEXT COLLATE "C" NOT NULL,
  query    TEXT COLLATE "C" NOT NULL,
  created  BIGINT NOT NULL
);
CREATE UNIQUE INDEX views_name ON views (name_key);
