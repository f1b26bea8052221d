-- +goose Up
-- By what a job, a deed and the acceptance of a scan was asked for, in words;
-- '' for those of before.
ALTER TABLE jobs ADD COLUMN started_by TEXT NOT NULL DEFAULT '';
ALTER TABLE deeds ADD COLUMN started_by TEXT NOT NULL DEFAULT '';
ALTER TABLE accepted ADD COLUMN started_by TEXT NOT NULL DEFAULT '';
