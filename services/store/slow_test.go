package store_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestSlowStatements: each statement that takes as long as it is set is told,
// with the request that it was for, and without its values.
func TestSlowStatements(t *testing.T) {
	for name, address := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "x.db") },
		"postgres": func(t *testing.T) string { return storetest.PostgresAddress(t) },
	} {
		t.Run(name, func(t *testing.T) { slowStatements(t, address(t)) })
	}
}

func slowStatements(t *testing.T, address string) {
	t.Helper()
	var mu sync.Mutex
	var told []string
	tell := func(ctx context.Context, statement string, _ time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		if telemetry.RequestOf(ctx) == "r-1" {
			told = append(told, statement)
		}
	}
	s := storetest.OpenWith(t, store.Options{URL: address, Now: time.Now, Slow: store.Slow{Tell: tell}})
	ctx := telemetry.AsRequest(t.Context(), "r-1")
	long := `SELECT key FROM meta WHERE key = $1 /* ` + strings.Repeat("ü ", 400) + `*/`
	err := s.Write(ctx, func(tx *store.Tx) error {
		tx.Exec("UPDATE meta\n\t\tSET value = $1 WHERE key = 'nothing'", "a secret")
		store.One[string](tx, `SELECT value FROM meta WHERE key = $1`, "a secret")
		store.All[string](tx, long, "a secret")
		return tx.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"UPDATE meta SET value = $1 WHERE key = 'nothing'", `SELECT value FROM meta WHERE key = $1`} {
		if !slices.Contains(told, want) {
			t.Errorf("%q is not among %q", want, told)
		}
	}
	at := slices.IndexFunc(told, func(s string) bool { return strings.HasPrefix(s, "SELECT key FROM meta") })
	if at < 0 || len(told[at]) > 310 || !strings.HasSuffix(told[at], "…") || strings.ContainsRune(told[at], '\ufffd') {
		t.Errorf("the long statement: %q", told)
	}
	if strings.Contains(strings.Join(told, "\n"), "a secret") {
		t.Errorf("values are told: %q", told)
	}
	none := storetest.OpenWith(t, store.Options{URL: address, Now: time.Now, Slow: store.Slow{From: time.Hour, Tell: func(context.Context, string, time.Duration) {
		t.Error("a statement is told that took less than an hour")
	}}})
	if _, err := none.Sources(t.Context()); err != nil {
		t.Error(err)
	}
}
