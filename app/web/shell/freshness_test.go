package shell

import (
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// TestSourceNote: a part of the strip is late after three of its intervals,
// and failed with its cause whatever its age (docs/rules.md#freshness).
func TestSourceNote(t *testing.T) {
	now := time.Date(2026, 5, 14, 14, 32, 0, 0, time.UTC)
	w := &Shell{Options: Options{
		Now:      func() time.Time { return now },
		Settings: Settings{RefreshInterval: 5 * time.Minute, PollInterval: 15 * time.Second},
	}}
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for _, test := range []struct {
		told  string
		s     telemetry.SourceStatus
		tone  parts.Tone
		cause string
	}{
		{"in time", telemetry.SourceStatus{Name: "sessions", OKAt: telemetry.At(ago(45 * time.Second))}, "", ""},
		{"late", telemetry.SourceStatus{Name: "sessions", OKAt: telemetry.At(ago(46 * time.Second))}, parts.Attention, "usually every 15 s"},
		{"its own interval", telemetry.SourceStatus{Name: "runs", OKAt: telemetry.At(ago(15 * time.Minute))}, "", ""},
		{"late by its own", telemetry.SourceStatus{Name: "pulls", OKAt: telemetry.At(ago(16 * time.Minute))}, parts.Attention, "usually every 5 min"},
		{"failed", telemetry.SourceStatus{Name: "pulls", OKAt: telemetry.At(ago(time.Second)), FailedAt: telemetry.At(now), Code: telemetry.CodeUpstreamTimeout},
			parts.Danger, "timed out"},
		{"not writable", telemetry.SourceStatus{Name: "database", FailedAt: telemetry.At(now), Code: telemetry.CodeUnavailable}, parts.Danger,
			"not writable"},
		{"refused", telemetry.SourceStatus{Name: "runs", FailedAt: telemetry.At(now), Code: telemetry.CodeUpstreamToken}, parts.Danger, "token refused"},
	} {
		if got := w.sourceNote(test.s); got.Tone != test.tone || got.Cause != test.cause {
			t.Errorf("%s: %q, %q; want %q, %q", test.told, got.Tone, got.Cause, test.tone, test.cause)
		}
	}
	w.Settings.PollInterval = 0 // only when asked: never late
	if got := w.sourceNote(telemetry.SourceStatus{Name: "sessions", OKAt: telemetry.At(ago(24 * time.Hour))}); got.Tone != "" {
		t.Errorf("without an interval it is %q", got.Tone)
	}
}

// TestNewestRun: the newest run is amber, with what is usual, once none came
// for three times as long.
func TestNewestRun(t *testing.T) {
	now := site().Now()
	for _, tc := range []struct {
		ago, usual time.Duration
		want       panels.NewestNote
	}{
		{72 * time.Hour, 24 * time.Hour, panels.NewestNote{}},
		{72*time.Hour + time.Second, 24 * time.Hour, panels.NewestNote{Tone: parts.Attention, Usual: "Usually every 24 h"}},
		{9000 * time.Hour, 0, panels.NewestNote{}}, // too few runs for a habit
	} {
		at := now.Add(-tc.ago)
		tc.want.At = at.UTC()
		if got := site().fresh(freshness{last: telemetry.LastRun{At: telemetry.At(at), Usual: tc.usual}}).Newest; got != tc.want {
			t.Errorf("%s ago, usually every %s: %+v, want %+v", tc.ago, tc.usual, got, tc.want)
		}
	}
	if got := site().fresh(freshness{}).Newest; got != (panels.NewestNote{}) {
		t.Errorf("without runs: %+v", got)
	}
}

// TestTroubleOrder: the most severe trouble is shown, in the order of the
// sources where they are alike; what has one cause is said once.
func TestTroubleOrder(t *testing.T) {
	now := telemetry.At(site().Now())
	failed := func(name string, code telemetry.Code) telemetry.SourceStatus {
		return telemetry.SourceStatus{Name: name, FailedAt: now, Code: code}
	}
	f := site().fresh(freshness{sources: []telemetry.SourceStatus{
		failed("runs", telemetry.CodeRateLimited), {Name: "sessions", OKAt: now, Missing: 2}, failed("pulls", telemetry.CodeRateLimited),
		failed("sessions", telemetry.CodeUpstreamToken),
	}})
	var got []string
	for _, p := range f.Problems {
		got = append(got, string(p.Tone)+" "+p.Strong)
	}
	want := []string{"danger Devin refuses the token (401).", "attention GitHub rate limit reached.", "attention Devin cannot find 2 sessions (404)."}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestProblem: each cause says what happened, since when, what is shown
// meanwhile and what to do.
func TestProblem(t *testing.T) {
	now := site().Now()
	ok, failed := now.Add(-2*time.Hour), now.Add(-time.Hour)
	for _, tc := range []struct {
		name         string
		s            telemetry.SourceStatus
		strong, text string
		link, retry  string
	}{
		{"database", telemetry.SourceStatus{Name: "database", Error: "The disk is full."}, "Nothing new has been stored since 11:00.",
			"The disk is full.", "", ""},
		{"down", telemetry.SourceStatus{Name: "pulls", Code: telemetry.CodeUpstreamDown, Error: "No answer."},
			"GitHub unreachable since 11:00.", "Showing what was stored at 10:00. No answer.", "", "/actions/refresh"},
		{"token", telemetry.SourceStatus{Name: "sessions", Code: telemetry.CodeUpstreamToken}, "Devin refuses the token (401).",
			"It is wrong or has expired. Set a new DEVIN_API_KEY and restart. Showing what was stored at 10:00.",
			"https://app.devin.ai/settings/api-keys", ""},
		{"not permitted", telemetry.SourceStatus{Name: "runs", Code: telemetry.CodeUpstreamDenied, Error: "404."},
			"GitHub does not give access.", "404. Showing what was stored at 10:00.", "https://github.com/settings/tokens", ""},
		{"limit without an end", telemetry.SourceStatus{Name: "runs", Code: telemetry.CodeRateLimited},
			"GitHub rate limit reached.", "It is retried automatically. Showing what was stored at 10:00.", "", ""},
		{"limit", telemetry.SourceStatus{Name: "sessions", Code: telemetry.CodeRateLimited, RetryAt: telemetry.At(now.Add(20 * time.Second))},
			"Devin rate limit reached.", "Resumes 12:00 (less than 1 min). Showing what was stored at 10:00.", "", "/actions/poll"},
		{"limit that has ended", telemetry.SourceStatus{Name: "runs", Code: telemetry.CodeRateLimited, RetryAt: telemetry.At(now)},
			"GitHub rate limit reached.", "Resumes 12:00 (now). Showing what was stored at 10:00.", "", ""},
		{"directory", telemetry.SourceStatus{Name: "runs_dir", Code: telemetry.CodeUnavailable, Error: "It is gone."},
			"RUNS_DIR could not be read since 11:00.", "It is gone. Showing what was stored at 10:00.", "", "/actions/refresh"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.s.OKAt, tc.s.FailedAt = telemetry.At(ok), telemetry.At(failed)
			n := site().problem(tc.s)
			if n.Strong != tc.strong || n.Text != tc.text || n.Link.URL != tc.link || n.Retry.URL != tc.retry {
				t.Errorf("%q, %q, %q, %q", n.Strong, n.Text, n.Link.URL, n.Retry.URL)
			}
		})
	}
}

// TestHeldListing: how many files are missing, and the button that confirms
// it.
func TestHeldListing(t *testing.T) {
	l := telemetry.HeldListing{Source: "octo/action", Known: 12, Kept: 3, Times: 2, FirstSeen: telemetry.At(site().Now())}
	n := site().problem(telemetry.SourceStatus{Name: "runs", Held: &l})
	if n.Retry.Text != "Mark 9 files as gone" || n.Retry.Hidden[1].Value != "3" ||
		!strings.Contains(n.Text, "Seen 2 times since 2026-03-10 12:00 UTC. Check that ACTION_REPO") {
		t.Errorf("%+v", n)
	}
	l.Source = ""
	if n = heldProblem(l); !strings.Contains(n.Text, "Check that the directory is mounted") {
		t.Errorf("%q", n.Text)
	}
}

// TestQuota: a limit that is nearly reached has a color, and is whole again
// once it was renewed.
func TestQuota(t *testing.T) {
	now := site().Now()
	for _, tc := range []struct {
		r    telemetry.RateLimit
		want panels.QuotaNote
	}{
		{telemetry.RateLimit{}, panels.QuotaNote{}},
		{telemetry.RateLimit{Known: true, Limit: 5000, Remaining: 4000}, panels.QuotaNote{Known: true, Left: "4,000/5,000", Short: "4,000"}},
		{telemetry.RateLimit{Known: true, Limit: 5000, Remaining: 1001, Reset: now.Add(time.Minute)},
			panels.QuotaNote{Known: true, Left: "1,001/5,000", Short: "1,001", Renewed: "renewed at 12:01 UTC"}},
		{telemetry.RateLimit{Known: true, Limit: 5000, Remaining: 499, Reset: now.Add(time.Minute)},
			panels.QuotaNote{Known: true, Left: "499/5,000", Short: "499", Tone: parts.Attention, Renewed: "renewed at 12:01 UTC"}},
		{telemetry.RateLimit{Known: true, Limit: 5000, Reset: now.Add(time.Minute)},
			panels.QuotaNote{Known: true, Left: "0/5,000", Short: "0", Tone: parts.Danger, Renewed: "renewed at 12:01 UTC"}},
		{telemetry.RateLimit{Known: true, Limit: 5000, Reset: now}, panels.QuotaNote{Known: true, Left: "5,000/5,000", Short: "5,000"}},
	} {
		if got := site().quotaNote(tc.r); got != tc.want {
			t.Errorf("%+v, want %+v", got, tc.want)
		}
	}
}

// TestReservedLimit: the strip says what is left, and when background work resumes.
func TestReservedLimit(t *testing.T) {
	at := site().Now()
	left := telemetry.RateLimit{Known: true, Limit: 5000, Remaining: 1000, Reset: at.Add(35 * time.Minute)}
	much := left
	much.Remaining = 1001
	f := site().fresh(freshness{quota: left, devin: much})
	if len(f.Problems) != 1 || f.Problems[0].Strong != "GitHub: 1,000 of 5,000 requests left until 12:35 UTC; background work resumes then." {
		t.Errorf("%+v", f.Problems)
	}
	if f = site().fresh(freshness{quota: much, devin: left}); len(f.Problems) != 1 || !strings.HasPrefix(f.Problems[0].Strong, "Devin: 1,000 of") {
		t.Errorf("%+v", f.Problems)
	}
}

// TestCauses: a source that failed has its cause in a word or two.
func TestCauses(t *testing.T) {
	for code, want := range map[telemetry.Code]string{
		telemetry.CodeUpstreamTimeout: "timed out", telemetry.CodeUpstreamDown: "unreachable", telemetry.CodeUpstreamToken: "token refused",
		telemetry.CodeUpstreamDenied: "not permitted", telemetry.CodeRateLimited: "rate limited", telemetry.CodeConflict: "missing",
		telemetry.CodeInternal: "failed",
	} {
		if got := problemLabel(code); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
}

// TestJobsNote: of several programs on a database each says which one runs the
// jobs; one that is alone does not.
func TestJobsNote(t *testing.T) {
	since := telemetry.At(time.Date(2026, 5, 14, 9, 30, 0, 0, time.UTC))
	for _, tc := range []struct {
		lease      telemetry.Lease
		text, more string
	}{
		{telemetry.Lease{Own: true, Held: true, Since: since}, "", ""},
		{telemetry.Lease{Own: true, Held: true, Since: since, Others: 2}, "in this program",
			"This program has run the jobs since 2026-05-14 09:30 UTC. It does so for 2 other programs on the database."},
		{telemetry.Lease{Held: true, Since: since, Others: 1}, "in another program",
			"Another program on the database has run the jobs since 2026-05-14 09:30 UTC. What is started here runs there."},
		{telemetry.Lease{Since: since, Others: 1}, "in no program",
			"The program that ran the jobs is gone. Another one on the database takes them over within seconds."},
	} {
		if got := jobsNote(tc.lease); got.Text != tc.text || got.More != tc.more {
			t.Errorf("%+v: %q, %q", tc.lease, got.Text, got.More)
		}
	}
}
