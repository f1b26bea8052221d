package api

import (
	"slices"
	"testing"
	"time"
)

func TestDefused(t *testing.T) {
	got := defused([]string{"=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "＝1+1", "a=b", "", "1", "src/a.js"})
	want := []string{"'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\tx", "'\rx", "'＝1+1", "a=b", "", "1", "src/a.js"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestExportName(t *testing.T) {
	day := time.Date(2026, 11, 24, 23, 0, 0, 0, time.FixedZone("", -5*3600))
	for repo, want := range map[string]string{"": "issues-2026-11-25", "octo/Shop": "issues-octo-Shop-2026-11-25", `x"; rm`: "issues-2026-11-25"} {
		if got := exportName("issues", repo, day); got != want {
			t.Errorf("%q: %s, want %s", repo, got, want)
		}
	}
}
