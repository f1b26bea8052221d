package telemetry

import (
	"testing"
	"time"
)

func TestRevertOf(t *testing.T) {
	for _, c := range []struct {
		name, title, body string
		of                string // key of the one that it names
		reverts           bool
	}{
		{"GitHub's button", `Revert "fix(CQLF-R1-0001): escape"`, "Reverts o/r#5", "o/r#5", true},
		{"a title alone", `Revert "fix(CQLF-R1-0001): escape"`, "It broke the build.", "", true},
		{"a body alone", "Back to before", "It broke.\n\nReverts o/r#5\n", "o/r#5", true},
		{"a number alone", `Revert "x"`, "Reverts #5", "o/r#5", true},
		{"another repository", `Revert "x"`, "Reverts up/stream#5", "up/stream#5", true},
		{"a title that is cut off", `Revert "fix(CQLF-R1-0001): a long…`, "", "", true},
		{"a fix", "fix(CQLF-R1-0001): escape", "Fixes #5", "", false},
		{"one that speaks of reverting", "Revert to the old parser", "This reverts nothing.", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, reverts := RevertOf(PullRequest{Repo: "o/r", Number: 9, Title: c.title, Body: c.body})
			of := ""
			if r.Of.Number > 0 {
				of = r.Of.Key()
			}
			if reverts != c.reverts || of != c.of {
				t.Errorf("%v, of %q; want %v, %q", reverts, of, c.reverts, c.of)
			}
		})
	}
}

func TestRevertedBy(t *testing.T) {
	pull := func(n int64) PullRef { return PullRef{Repo: "o/r", Number: n} }
	merged := func(day int) Time { return At(time.Date(2026, 3, day, 0, 0, 0, 0, time.UTC)) }
	for _, c := range []struct {
		name    string
		reverts []Revert
		by      int64
	}{
		{"by none", nil, 0},
		{"by one that names it", []Revert{{Ref: pull(9), Of: pull(5), MergedAt: merged(1)}}, 9},
		{"by its title", []Revert{{Ref: pull(9), Title: "fix", MergedAt: merged(1)}}, 9},
		{"not by one that is not merged", []Revert{{Ref: pull(9), Of: pull(5)}}, 0},
		{"not by an earlier one of that title", []Revert{{Ref: pull(4), Title: "fix", MergedAt: merged(1)}}, 0},
		{"not by one of another", []Revert{{Ref: pull(9), Of: pull(6), Title: "fix", MergedAt: merged(1)}}, 0},
		{"not once that was taken back", []Revert{{Ref: pull(9), Of: pull(5), MergedAt: merged(1)}, {Ref: pull(10), Of: pull(9), MergedAt: merged(2)}}, 0},
		{"again", []Revert{
			{Ref: pull(9), Of: pull(5), MergedAt: merged(1)}, {Ref: pull(10), Of: pull(9), MergedAt: merged(2)},
			{Ref: pull(11), Of: pull(10), MergedAt: merged(3)},
		}, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			if by, _ := RevertedBy(pull(5), "fix", c.reverts); by.Ref.Number != c.by {
				t.Errorf("reverted by %d, want %d", by.Ref.Number, c.by)
			}
		})
	}
}
