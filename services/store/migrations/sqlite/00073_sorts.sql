-- +goose Up
-- One index counts pull requests by state, lists those of one, and sorts all
-- of them by it.
DROP INDEX pulls_state;
DROP INDEX pulls_shown;
CREATE INDEX pulls_shown ON pulls (listed, shown, sort_at, key);
