-- +goose Up
-- Each application of backfill is kept, so that the last one can be undone.
-- old is the record's own value, was the one before this application.
CREATE TABLE mends (
  source TEXT NOT NULL,
  file   TEXT NOT NULL,
  field  TEXT NOT NULL,
  application BIGINT NOT NULL,
  old    TEXT NOT NULL,
  was    TEXT NOT NULL,
  new    TEXT NOT NULL,
  reason TEXT NOT NULL,
  at     BIGINT NOT NULL,
  PRIMARY KEY (source, file, field, application)
);
CREATE INDEX mends_application ON mends (application);
INSERT INTO mends (source, file, field, application, old, was, new, reason, at) SELECT source, file, field, 1, old, old, new, reason, at FROM patches;
DROP TABLE patches;
