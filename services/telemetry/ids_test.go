package telemetry

import (
	"slices"
	"testing"
)

func TestSessionKey(t *testing.T) {
	const hex = "0123456789abcdef0123456789abcdef"
	for in, want := range map[string]string{
		hex: hex, "devin-" + hex: hex, " Devin-0123456789ABCDEF0123456789abcdef ": hex,
		"": "", "  ": "", "dry-run": "", "Dry-Run": "", "devin-": "",
	} {
		if got := SessionKey(in); got != want {
			t.Errorf("BareID(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestIssueIDs(t *testing.T) {
	for in, want := range map[string][]string{
		"fix(CQLF-R34-0010,CQLF-R34-0011): resolve xss":      {"CQLF-R34-0010", "CQLF-R34-0011"},
		"CQLF-ALL-R61-0002 and CQLF-R61-0002":                {"CQLF-ALL-R61-0002", "CQLF-R61-0002"}, // two series
		"cqlf-all-r61-2":                                     {"CQLF-ALL-R61-2"},
		"CQLF-R34-0010 again CQLF-R34-0010, and cqlf-r34-10": {"CQLF-R34-0010", "CQLF-R34-10"},
		"CQLF-JS-PY-R1-1 CQLF-R-1 CQLF-R1":                   {},
		"":                                                   {},
	} {
		if got := IssueIDs(in); !slices.Equal(got, want) {
			t.Errorf("IssueIDs(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestShortenIssueIDs(t *testing.T) {
	for text, want := range map[string]string{
		"fix(CQLF-R34-0010): resolve xss":                                  "fix(CQLF-R34-0010): resolve xss",
		"fix(CQLF-R34-0010,CQLF-ALL-R34-0011, cqlf-r34-0012): resolve xss": "fix(CQLF-R34-0010 +2): resolve xss",
		"CQLF-R1-0001 and CQLF-R1-0002":                                    "CQLF-R1-0001 and CQLF-R1-0002",
		"CQLF-R1-0001,CQLF-R1-0002; CQLF-R2-0001,CQLF-R2-0002":             "CQLF-R1-0001 +1; CQLF-R2-0001 +1",
		"no id": "no id",
	} {
		if got := ShortenIssueIDs(text); got != want {
			t.Errorf("FoldIssueIDs(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestSessionTokens(t *testing.T) {
	const a, b = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
	for _, c := range []struct {
		texts []string
		want  []string
	}{
		{[]string{"Link to Devin run: https://app.devin.ai/sessions/" + a}, []string{a}},
		{[]string{"https://app.devin.ai/sessions/devin-" + a + "?x", "devin-" + a, a}, []string{a}},
		{[]string{"from " + a + " and DEVIN-FEDCBA9876543210FEDCBA9876543210."}, []string{a, b}},
		{[]string{"devin-s1 is short but named; so is /sessions/S_2."}, []string{"s1", "s_2", "s"}},
		{[]string{"branch devin-" + a + "-fix-xss"}, []string{a + "-fix-xss", a}},
		{[]string{"**Session:** `" + a + "`", "(" + b + ")"}, []string{a, b}},
		{[]string{"0123456789abcde", "deadbeef", "undevin-x1", "x" + a, "ghijklmnopqrstuv"}, nil},
		{nil, nil},
	} {
		if got := SessionTokens(c.texts...); !slices.Equal(got, c.want) {
			t.Errorf("SessionTokens(%q) = %q, want %q", c.texts, got, c.want)
		}
	}
}
