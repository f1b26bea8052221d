package main

import (
	"strings"
	"testing"
)

func TestSummarize(t *testing.T) {
	tests := map[string]struct {
		events string
		want   []string // in this order
		last   string
		ok     bool
	}{
		"passes": {
			events: `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"pass","Package":"p","Test":"TestA/sub","Elapsed":0.1}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0.1}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"pass","Package":"p","Elapsed":1.25}
{"Action":"skip","Package":"q"}
`,
			want: []string{"ok    p 1.2s", "none  q"}, last: "2 passed, 0 failed", ok: true,
		},
		"fails": {
			events: `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:7: got 1, want 2\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- FAIL: TestA (0.00s)\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"fail","Package":"p","Elapsed":2}
`,
			want: []string{"--- FAIL: p TestA", "    a_test.go:7: got 1, want 2\nFAIL  p 2.0s"}, last: "1 passed, 1 failed",
		},
		"is not built": {
			events: `{"ImportPath":"p [p.test]","Action":"build-output","Output":"a.go:3: undefined: x\n"}
{"ImportPath":"p [p.test]","Action":"build-fail"}
{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}
{"Action":"fail","Package":"p","Elapsed":0,"FailedBuild":"p [p.test]"}
`,
			want: []string{"a.go:3: undefined: x", "FAIL  p"}, last: "0 passed, 1 failed",
		},
		"panics in a test that never ends": {
			events: `{"Action":"output","Package":"p","Test":"TestA","Output":"panic: boom\n"}
{"Action":"fail","Package":"p","Elapsed":1}
`,
			want: []string{"panic: boom"}, last: "0 passed, 1 failed",
		},
		"skips what is needed": {
			events: `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:9: SKIPPED: PostgreSQL: TEST_POSTGRES_URL is not set\n"}
{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p"}
`,
			want: []string{"--- FAIL: p TestA was skipped, and may not be", "SKIPPED: PostgreSQL"}, last: "1 passed, 1 failed",
		},
		"skips what is not needed": {
			events: `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:9: SKIPPED: real records: REAL_RUNS is not set\n"}
{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p"}
`,
			want: []string{"--- SKIP: p TestA", "SKIPPED: real records"}, last: "1 passed, 0 failed", ok: true,
		},
		"holds no tests": {events: "go: no packages\n", want: []string{"go: no packages"}, last: "0 passed, 0 failed"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			ok, err := summarize(strings.NewReader(tc.events), &out, []string{"PostgreSQL", "Chromium"})
			if err != nil || ok != tc.ok {
				t.Errorf("ok %v, error %v; want %v", ok, err, tc.ok)
			}
			rest := out.String()
			if !strings.HasSuffix(rest, "\n"+tc.last+"\n") {
				t.Errorf("does not end in %q:\n%s", tc.last, out.String())
			}
			for _, want := range tc.want {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Fatalf("does not tell %q in its place:\n%s", want, out.String())
				}
				rest = after
			}
		})
	}
}
