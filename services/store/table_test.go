package store_test

import (
	"fmt"
	"testing"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestPut: a row is written from the fields that it is read into; one that is
// there already keeps what stays.
func TestPut(t *testing.T) {
	type word string
	type row struct {
		key  string
		n    int64
		word word
		is   bool
	}
	fields := func(r *row) []store.Field {
		return []store.Field{
			{Column: "key TEXT", Value: &r.key}, {Column: "n BIGINT", Value: &r.n, Stays: true},
			{Column: "word TEXT", Value: &r.word}, {Column: "flag SMALLINT", Value: &r.is},
		}
	}
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		if err := s.Exec(t.Context(), `CREATE TABLE put (key TEXT PRIMARY KEY, n BIGINT, word TEXT, flag SMALLINT)`); err != nil {
			t.Fatal(err)
		}
		err := s.Write(t.Context(), func(tx *store.Tx) error {
			for i, tc := range []struct {
				rows  []row
				wrote int64
				want  string
			}{
				{nil, 0, "[]"},
				{[]row{{"a", 1, "x", true}, {"b", 2, "y\x00", false}}, 2, "[{a 1 x true} {b 2 y\ufffd false}]"},
				{[]row{{"b", 9, word(telemetry.StateWaiting), true}}, 1, "[{a 1 x true} {b 2 waiting true}]"},
			} {
				var list [][]store.Field
				for n := range tc.rows {
					list = append(list, fields(&tc.rows[n]))
				}
				wrote := tx.Put("put", "key", list...)
				got := []row{}
				tx.Each(`SELECT `+store.Names(fields(&row{}))+` FROM put ORDER BY key`, nil, func(r *store.Row) {
					var v row
					r.Scan(store.Pointers(fields(&v))...)
					got = append(got, v)
				})
				if wrote != tc.wrote || fmt.Sprint(got) != tc.want {
					t.Errorf("%d: wrote %d, want %d; there are %v, want %s", i, wrote, tc.wrote, got, tc.want)
				}
			}
			return tx.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
