-- +goose Up
-- The state that a record's word for a session means, whatever its pull
-- requests; what older records say comes with the next rebuild.
ALTER TABLE mentions ADD COLUMN state TEXT COLLATE "C" NOT NULL DEFAULT '';
