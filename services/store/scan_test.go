package store

import (
	"maps"
	"testing"
)

func TestCountsOf(t *testing.T) {
	for _, counts := range []map[string]int64{{}, {"high": 3}, {"": 1, "a,b": -2, `c":4`: 5, "ü": 1 << 60, "low": 0}} {
		var got map[string]int64
		r := &Row{tx: &Tx{ctx: t.Context()}, from: single{JSON(counts)}}
		if r.Scan(CountsOf(&got)); !maps.Equal(got, counts) || r.tx.err != nil {
			t.Errorf("%v is read as %v: %v", counts, got, r.tx.err)
		}
	}
	var got map[string]int64
	r := &Row{tx: &Tx{ctx: t.Context()}, from: single{`{"high"`}}
	if r.Scan(CountsOf(&got)); r.tx.err == nil {
		t.Error("what is cut short is no error")
	}
}

// single is a row of one column, as the driver hands it over.
type single struct{ value any }

func (s single) Scan(into ...any) error { return into[0].(Column).Scan(s.value) }
