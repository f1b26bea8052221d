-- +goose Up
-- Listings of run files that mark nothing gone until they are confirmed.
CREATE TABLE held_listings (
  source     TEXT NOT NULL PRIMARY KEY,
  known      BIGINT NOT NULL,
  kept       BIGINT NOT NULL,
  listed     BIGINT NOT NULL,
  times      BIGINT NOT NULL,
  first_seen BIGINT NOT NULL,
  last_seen  BIGINT NOT NULL,
  accepted   SMALLINT NOT NULL DEFAULT 0
);
