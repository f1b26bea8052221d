-- +goose Up
-- What people send to an upstream is noted before it is sent: a row that is
-- still begun when its program has ended is of an unknown outcome.
ALTER TABLE deeds RENAME TO submissions;
ALTER TABLE submissions ADD COLUMN state TEXT NOT NULL DEFAULT 'sent';
ALTER TABLE submissions ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE submissions ADD COLUMN message TEXT NOT NULL DEFAULT '';
