package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

// does runs a job and returns it as it ended.
func (w *world) does(t *testing.T, kind string) telemetry.Job {
	t.Helper()
	h, err := w.Start(kind, ingest.Order{})
	if err != nil {
		t.Fatal(err)
	}
	job, err := h.Wait(t.Context())
	if err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	return job
}

// TestBytesOfAnotherVersion: bytes that are not those that were listed are
// kept under their own SHA, said, and fetched again; a server that does not
// name files as Git does is believed.
func TestBytesOfAnotherVersion(t *testing.T) {
	right := telemetry.BlobSHA(strings.Repeat("0", 40), []byte("{}")) // what the source always gives
	other := telemetry.BlobSHA(strings.Repeat("0", 40), []byte("[]"))
	for name, c := range map[string]struct {
		files []telemetry.RunFile
		want  map[string]string
		said  bool
	}{
		"all as listed":        {[]telemetry.RunFile{{Name: "a", SHA: right, Size: 2}}, map[string]string{"a": right}, false},
		"one of another":       {[]telemetry.RunFile{{Name: "a", SHA: right, Size: 2}, {Name: "b", SHA: other, Size: 2}}, map[string]string{"a": right, "b": right}, true},
		"cut short":            {[]telemetry.RunFile{{Name: "b", SHA: other, Size: 3}}, map[string]string{"b": right}, true},
		"a server of its own":  {[]telemetry.RunFile{{Name: "a", SHA: "v1", Size: 2}}, map[string]string{"a": "v1"}, false},
		"another kind of hash": {[]telemetry.RunFile{{Name: "a", SHA: other, Size: 2}}, map[string]string{"a": other}, false},
	} {
		inWorld(t, 0, 0, func(t *testing.T, w *world) {
			w.runs.change(func(s *source) { s.files = c.files })
			job := w.does(t, ingest.JobRefresh)
			if got := fmt.Sprint(w.store.known); got != fmt.Sprint(c.want) || (len(job.Errors) > 0) != c.said {
				t.Errorf("%s: stored %s, want %v; errors %q", name, got, c.want, job.Errors)
			}
			again := w.does(t, ingest.JobRefresh)
			if fetched := strings.Contains(string(again.Result), `"downloaded":1`); fetched != c.said {
				t.Errorf("%s: the next refresh answered %s", name, again.Result)
			}
		})
	}
}

// TestWatermark: it moves to the newest update of a whole list, never past
// now, and not for a list that is not whole.
func TestWatermark(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	now := at("2000-01-01") // where a bubble's clock begins
	listed := func(days ...string) (pulls []telemetry.PullRequest) {
		for i, day := range days {
			pulls = append(pulls, telemetry.PullRequest{Number: i + 1, UpdatedAt: at(day)})
		}
		return pulls
	}
	for name, c := range map[string]struct {
		before      time.Time
		pulls       []telemetry.PullRequest
		err         error
		asked, want time.Time
	}{
		"a whole list":      {at("1999-01-01"), listed("1999-05-01", "1999-04-01"), nil, at("1999-01-01").Add(-10 * time.Minute), at("1999-05-01")},
		"nothing new":       {at("1999-01-01"), nil, nil, at("1999-01-01").Add(-10 * time.Minute), at("1999-01-01")},
		"dated 2099":        {at("1999-01-01"), listed("2099-01-01", "1999-04-01"), nil, at("1999-01-01").Add(-10 * time.Minute), now},
		"it was dated 2099": {at("2099-01-01"), listed("1999-05-01"), nil, time.Time{}, at("1999-05-01")},
		"not whole":         {at("1999-01-01"), listed("1999-05-01", "1999-04-01"), errors.New("more pages than are read"), at("1999-01-01").Add(-10 * time.Minute), at("1999-01-01")},
	} {
		inWorld(t, 0, 0, func(t *testing.T, w *world) {
			w.stop()
			w.pulls = &source{pulls: c.pulls, err: c.err}
			w.store.watermark = c.before
			w.begin(0, 0)
			if !w.store.watermark.Equal(c.want) || !w.pulls.after.Equal(c.asked) || len(w.store.pulls) != len(c.pulls) {
				t.Errorf("%s: asked after %v, want %v; the watermark is %v, want %v; %d stored", name, w.pulls.after, c.asked, w.store.watermark, c.want, len(w.store.pulls))
			}
		})
	}
}

// answering is a Devin that answers in one way.
type answering struct {
	answer telemetry.SessionAnswer
	err    error
}

func (a answering) Sessions(context.Context, []string, ...string) (telemetry.SessionAnswer, error) {
	return a.answer, a.err
}

func (answering) Changed(context.Context, time.Time, []string) (answer telemetry.SessionAnswer, told bool, err error) {
	return answer, false, nil
}

// manySessions asks about five sessions.
type manySessions struct{ *memory }

func (manySessions) SessionsToPoll(context.Context, time.Duration) (turn telemetry.PollTurn, err error) {
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		turn.Due = append(turn.Due, telemetry.DueSession{ID: id})
	}
	return turn, nil
}

// TestEverySessionIsCountedOnce: in polled, skipped or missing, and what went
// wrong is in words.
func TestEverySessionIsCountedOnce(t *testing.T) {
	found := func(ids ...string) (list []telemetry.UpstreamSession) {
		for _, id := range ids {
			list = append(list, telemetry.UpstreamSession{ID: id, API: "v1", Status: "working"})
		}
		return list
	}
	broken := telemetry.Errorf(telemetry.CodeUpstreamBroken, "3 of 5 rows cannot be read.")
	for name, c := range map[string]struct {
		devin    answering
		counts   string // "" where the job fails
		mentions []string
	}{
		"all":             {answering{answer: telemetry.SessionAnswer{Sessions: found("a", "b", "c", "d", "e")}}, `"polled":5,"prs_found":0,"skipped":0,"missing":0`, nil},
		"some later":      {answering{answer: telemetry.SessionAnswer{Sessions: found("a"), Skipped: []string{"b", "c", "d", "e"}}}, `"polled":1,"prs_found":0,"skipped":4,"missing":0`, nil},
		"some missing":    {answering{answer: telemetry.SessionAnswer{Sessions: found("a", "b"), Unknown: []string{"c"}, Skipped: []string{"d", "e"}}}, `"polled":2,"prs_found":0,"skipped":2,"missing":1`, []string{"cannot find 1 of the 5"}},
		"all missing":     {answering{answer: telemetry.SessionAnswer{Unknown: []string{"a", "b", "c", "d", "e"}}}, `"polled":0,"prs_found":0,"skipped":0,"missing":5`, []string{"cannot find 5 of the 5"}},
		"some unreadable": {answering{telemetry.SessionAnswer{Sessions: found("a", "b"), Skipped: []string{"c", "d", "e"}}, broken}, `"polled":2,"prs_found":0,"skipped":3,"missing":0`, []string{"3 of 5 rows"}},
		"all unreadable":  {answering{telemetry.SessionAnswer{Skipped: []string{"a", "b", "c", "d", "e"}}, broken}, "", []string{"3 of 5 rows"}},
		"silence":         {answering{}, "", []string{"lists none of the 5 sessions"}},
		"some forgotten":  {answering{answer: telemetry.SessionAnswer{Sessions: found("a")}}, `"polled":1,"prs_found":0,"skipped":4,"missing":0`, nil},
	} {
		w := &world{store: &memory{known: map[string]string{}}}
		r := ingest.New(t.Context(), ingest.Options{Store: manySessions{w.store}, Devin: c.devin, Log: quiet(), Now: time.Now, NewID: func() string { return "job" }})
		h, err := r.Start(ingest.JobPoll, ingest.Order{})
		if err != nil {
			t.Fatal(err)
		}
		job, err := h.Wait(t.Context())
		if (err == nil) != (c.counts != "") || !strings.Contains(string(job.Result), c.counts) {
			t.Errorf("%s: %s, %v", name, job.Result, err)
		}
		said := strings.Join(append(slices.Clone(job.Errors), string(job.Error)), " ")
		for _, words := range c.mentions {
			if !strings.Contains(said, words) {
				t.Errorf("%s: it says %q, not %q", name, said, words)
			}
		}
		if len(c.mentions) == 0 && strings.TrimSpace(said) != "" {
			t.Errorf("%s: it says %q", name, said)
		}
	}
}
