-- +goose Up
-- Pull requests by how long they wait, those that wait no longer at the end.
CREATE INDEX pulls_waiting ON pulls (listed, (CASE WHEN shown IN ('open', 'unknown') THEN 0 ELSE 1 END), sort_at, key);
