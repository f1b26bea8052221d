package store

import (
	"maps"
	"testing"
)

func TestFlatCounts(t *testing.T) {
	for _, counts := range []map[string]int64{{}, {"high": 3}, {"": 1, "a,b": -2, `c":4`: 5, "ü": 1 << 60, "low": 0}} {
		tx := &Tx{ctx: t.Context()}
		if got := flatCounts(tx, JSON(counts)); !maps.Equal(got, counts) || tx.Err() != nil {
			t.Errorf("%v is read as %v: %v", counts, got, tx.Err())
		}
	}
	tx := &Tx{ctx: t.Context()}
	if flatCounts(tx, `{"high"`); tx.Err() == nil {
		t.Error("what is cut short is no error")
	}
}
