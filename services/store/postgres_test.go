package store_test

import (
	"context"
	"testing"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestPostgresAsksToTryAgain: a transaction that PostgreSQL ends for its own
// reasons is run again from its beginning, a few times.
func TestPostgresAsksToTryAgain(t *testing.T) {
	s := storetest.OpenPostgres(t)
	for code, want := range map[string]int{"40001": 2, "40P01": 2, "23505": 1} {
		tries := 0
		err := s.Write(t.Context(), func(tx *store.Tx) error {
			if tries++; tries == 1 {
				return statement(tx, `DO $$ BEGIN RAISE EXCEPTION 'as if' USING ERRCODE = '`+code+`'; END $$`)
			}
			return nil
		})
		if tries != want || (err == nil) != (want == 2) {
			t.Errorf("%s: tried %d times, want %d: %v", code, tries, want, err)
		}
	}
	tries := 0
	if err := s.Write(t.Context(), func(tx *store.Tx) error {
		tries++
		return statement(tx, `DO $$ BEGIN RAISE EXCEPTION 'as if' USING ERRCODE = '40001'; END $$`)
	}); err == nil || tries > 10 {
		t.Errorf("tried %d times: %v", tries, err)
	}
}

// TestPostgresEndsTheConnection: a connection that an administrator or a
// limit of PostgreSQL ends is said in words, nothing of its transaction is
// kept, and the next one has another.
func TestPostgresEndsTheConnection(t *testing.T) {
	s := storetest.OpenPostgres(t)
	for name, end := range map[string]string{
		"ended by an administrator": `SELECT pg_terminate_backend(pg_backend_pid())`,
		"idle for too long":         `SET LOCAL idle_in_transaction_session_timeout = 20`,
	} {
		err := s.Write(t.Context(), func(tx *store.Tx) error {
			_ = statement(tx, `INSERT INTO meta (key, value) VALUES ('kept', '')`)
			_ = statement(tx, end)
			time.Sleep(200 * time.Millisecond) // being idle is what is tried
			return statement(tx, `SELECT 1`)
		})
		if telemetry.CodeOf(err) != telemetry.CodeUnavailable {
			t.Errorf("%s: %v", name, err)
		}
		if kept, err := s.Texts(t.Context(), `SELECT key FROM meta WHERE key = 'kept'`); err != nil || len(kept) != 0 {
			t.Errorf("%s: kept %v, %v", name, kept, err)
		}
		storetest.Put(t, s, storetest.TinyHistory()...)
	}
}

// TestDeadlines: a question ends with its context, on both databases, and its
// connection serves the next.
func TestDeadlines(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		endless := `WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 2000000000) SELECT CAST(COUNT(*) AS TEXT) FROM c`
		for range 12 { // more than there are connections
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			if texts, err := s.Texts(ctx, endless); err == nil {
				t.Errorf("it ended with %v", texts)
			}
			cancel()
		}
		storetest.Put(t, s, storetest.TinyHistory()...)
		storetest.AskEverything(t, s, storetest.Day("2026-03-11 12:00"))
	})
}

// statement runs a statement that no method has.
func statement(tx *store.Tx, text string) error {
	tx.Exec(text)
	return tx.Err()
}
