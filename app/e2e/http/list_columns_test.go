package http

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
)

// takenRecords are a scan with six findings, of which one session took three
// with a pull request that was verified, another one without a pull request,
// and two were left.
func takenRecords() map[string]any {
	var findings []map[string]any
	for n, severity := range []string{"critical", "high", "high", "medium", "low", "low"} {
		findings = append(
			findings,
			program.Finding(1, n+1, severity, "xss", fmt.Sprintf("js/rule-%02d", n+1), fmt.Sprintf("src/%d.ts", n+1), 7),
		)
	}
	at := time.Now().Add(-2 * time.Hour)
	withPR := map[string]any{
		"session_id": "devin-0123456789abcdef0123456789abcdef",
		"batch_id":   1,
		"status":     "working",
		"issue_ids":  []string{"CQLF-R1-0001", "CQLF-R1-0002", "CQLF-R1-0003"},
		"pr_url":     "https://github.com/octo/shop/pull/7",
	}
	without := map[string]any{
		"session_id": "devin-fedcba9876543210fedcba9876543210",
		"batch_id":   2,
		"status":     "finished",
		"issue_ids":  []string{"CQLF-R1-0004"},
	}
	verified := func(after time.Duration, fixed ...map[string]any) map[string]any {
		return map[string]any{
			"verified_at":       at.Add(after).UTC().Format(time.RFC3339),
			"summary":           map[string]any{"total_targeted": 3, "fixed_count": len(fixed)},
			"session_id":        "devin-0123456789abcdef0123456789abcdef",
			"pr_url":            "https://github.com/octo/shop/pull/7",
			"pr_number":         "7",
			"source_run_number": "1",
			"verified_fixed":    fixed,
		}
	}
	other := program.Scan(
		4,
		at,
		[]map[string]any{
			program.Finding(4, 90, "medium", "xss", "js/other", "src/o.ts", 1),
			program.Finding(4, 91, "medium", "xss", "js/other", "src/p.ts", 1),
		},
	)
	other["target_repo"], other["fork_url"] = "https://github.com/octo/bank", ""
	return map[string]any{
		"a.json":     program.Scan(1, at, findings, withPR, without),
		"v1.json":    verified(10 * time.Minute),
		"v2.json":    verified(20*time.Minute, findings[0]),
		"other.json": other,
	}
}

// rowOf is the text of the table row that holds a word.
func rowOf(t *testing.T, body, word string) string {
	t.Helper()
	for _, row := range regexp.MustCompile(`(?s)<tr id=.*?</tr>`).FindAllString(body, -1) {
		if strings.Contains(row, word) {
			return row
		}
	}
	t.Errorf("no row holds %s", word)
	return ""
}

func TestColumns(t *testing.T) {
	s := program.WithRuns(t, takenRecords(), nil)
	for _, want := range []struct {
		path, row string
		holds     []string
		lacks     []string
	}{
		{"/issues", "js/rule-01", []string{`href="/sessions/0123456789abcdef0123456789abcdef"`, `href="/pulls/octo/shop/7"`, ">#7</a>",
			"Session 01234567: "}, []string{"fedcba"}},
		{"/issues", "js/rule-04", []string{`href="/sessions/fedcba9876543210fedcba9876543210"`, ">no PR</a>",
			"Session fedcba98: Finished, no PR"}, []string{"/pulls/"}},
		{"/issues", "js/rule-05", []string{`aria-label="none"`}, []string{"/sessions/"}},
		{"/issues?as_of=" + time.Now().UTC().Format(time.RFC3339), "js/rule-01", []string{"Session 01234567: ", ">#7</a>", "as_of="},
			[]string{"fedcba"}},
		{"/search?q=rule-01", "js/rule-01", []string{">#7</a>"}, nil},
		{"/pulls", "#7", []string{"1 C</a>", `title="1 critical"`, "2 H</a>", `title="2 high"`, "Partial"},
			[]string{" M</span>", "Not verified", "Failed"}},
		{"/search?q=%237", `id="pulls-octo`, []string{"2 H</a>", "Partial"}, nil},
	} {
		t.Run(want.path+" "+want.row, func(t *testing.T) {
			_, body := s.In(t).Get(want.path)
			row := rowOf(t, body, want.row)
			for _, text := range want.holds {
				if !strings.Contains(row, text) {
					t.Errorf("its row does not say %q: %s", text, row)
				}
			}
			for _, text := range want.lacks {
				if strings.Contains(row, text) {
					t.Errorf("its row says %q", text)
				}
			}
		})
	}
}

// TestTierSorts: every tier's header sorts the repositories by it.
func TestTierSorts(t *testing.T) {
	s := program.WithRuns(t, takenRecords(), nil)
	for sort, first := range map[string]string{"critical": "shop", "high": "shop", "medium": "bank", "low": "shop"} {
		res, body := s.Get("/repos?sort=" + sort + "&order=desc")
		shop, bank := strings.Index(body, `id="repos-octo/shop"`), strings.Index(body, `id="repos-octo/bank"`)
		if res.StatusCode != 200 || shop < 0 || bank < 0 || (first == "shop") != (shop < bank) ||
			!strings.Contains(body, `aria-sort="descending"`) {
			t.Errorf("by %s: status %d, octo/shop at %d, octo/bank at %d, want octo/%s first", sort, res.StatusCode, shop, bank, first)
		}
	}
}
