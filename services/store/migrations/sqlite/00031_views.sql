-- +goose Up
-- Filters that people gave a name, shared by all.
CREATE TABLE views (
  id       TEXT NOT NULL PRIMARY KEY,
  name     TEXT NOT NULL,
  name_key TEXT NOT NULL,
  list     TEXT NOT NULL,
  query    TEXT NOT NULL,
  created  BIGINT NOT NULL
);
CREATE UNIQUE INDEX views_name ON views (name_key);
