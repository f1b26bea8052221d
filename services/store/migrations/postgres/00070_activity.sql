-- +goose Up
-- What people did that no record tells: a reply to a session, a run started.
-- The token is of the form that asked for it, so that it is done once.
CREATE TABLE deeds (
  token   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  kind    TEXT COLLATE "C" NOT NULL,
  subject TEXT COLLATE "C" NOT NULL,
  at      BIGINT NOT NULL
);
CREATE INDEX deeds_at ON deeds (at, token);

-- What changed, newest first: each kind of change by its own time.
CREATE INDEX pulls_created ON pulls (created_at, key) WHERE created_at > 0;
CREATE INDEX pulls_merged ON pulls (merged_at, key) WHERE merged_at > 0;
CREATE INDEX pulls_closed ON pulls (closed_at, key) WHERE closed_at > 0;
CREATE INDEX accepted_at ON accepted (at, file);
