-- +goose Up
-- Which sessions are active, by up to when their states say something of
-- today: what records told long ago is not walked through.
DROP INDEX sessions_active;
CREATE INDEX sessions_current ON sessions (state, (CASE WHEN polled = 1 THEN 9223372036854775807 ELSE since END), repo_id);
