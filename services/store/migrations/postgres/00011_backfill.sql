-- +goose Up
-- Each application of backfill is kept, so that the last one can be undone.
-- old is the record's own value, was the one before this application.
CREATE TABLE mends (
  source TEXT COLLATE "C" NOT NULL,
  file   TEXT COLLATE "C" NOT NULL,
  field  TEXT COLLATE "C" NOT NULL,
  application BIGINT NOT NULL,
  old    TEXT COLLATE "C" NOT NULL,
  was    TEXT COLLATE "C" NOT NULL,
  new    TEXT COLLATE "C" NOT NULL,
  reason TEXT COLLATE "C" NOT NULL,
  at     BIGINT NOT NULL,
  PRIMARY KEY (source, file, field, application)
);
CREATE INDEX mends_application ON mends (application);
INSERT INTO mends (source, file, field, application, old, was, new, reason, at) SELECT source, file, field, 1, old, old, new, reason, at FROM patches;
DROP TABLE patches;
