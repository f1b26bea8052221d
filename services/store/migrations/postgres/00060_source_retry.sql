-- +goose Up
-- When the limit of an upstream ends, as it said; 0 if it said none.
ALTER TABLE sources ADD COLUMN retry_at BIGINT NOT NULL DEFAULT 0;
