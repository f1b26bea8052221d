-- +goose Up
-- When GitHub last did not know a pull request that something names: it is
-- then not asked for again at each turn.
ALTER TABLE pulls ADD COLUMN missing_at BIGINT NOT NULL DEFAULT 0;
