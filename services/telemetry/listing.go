package telemetry

import (
	"fmt"
	"time"
)

// HeldListing is a listing of run files that marks nothing gone, because it looks like
// a directory that is missing rather than like deleted files. Counts are those of the
// last such listing in a row; times are UTC.
type HeldListing struct {
	Source    string `json:"source"` // the action repository's key, or "" for RUNS_DIR
	Known     int64  `json:"known"`  // files that are stored and not marked gone
	Kept      int64  `json:"kept"`   // of these, how many the listing has
	Listed    int64  `json:"listed"` // files in the listing
	Times     int64  `json:"times"`  // such listings in a row
	FirstSeen Time   `json:"first_seen"`
	LastSeen  Time   `json:"last_seen"`
	Accepted  bool   `json:"accepted"` // a person confirmed it
}

// fewKnown is up to how many known files only an empty listing is held.
const fewKnown = 10

// Suspicious reports whether a listing is empty though files are known, or has under
// half of at least ten known files.
func (l HeldListing) Suspicious() bool {
	return l.Known > 0 && l.Listed == 0 || l.Known >= fewKnown && 2*l.Kept < l.Known
}

// A listing is accepted without a person at the third in a row, first and
// last at least an hour apart.
const (
	acceptAfterListings = 3
	acceptAfter         = time.Hour
)

// Again counts one more suspicious listing. It is accepted where a person has
// accepted one that kept no more files, or where it came often enough. A clock that
// was set back starts the hour anew.
func (l HeldListing) Again(next HeldListing, now time.Time) (held HeldListing, accepted bool) {
	held = next
	held.Times, held.FirstSeen, held.LastSeen = l.Times+1, l.FirstSeen, At(now)
	if l.Times == 0 || now.Before(l.FirstSeen.Time) {
		held.Times, held.FirstSeen = 1, At(now)
	}
	held.Accepted = l.Accepted && next.Kept >= l.Kept
	accepted = held.Accepted || held.Times >= acceptAfterListings && now.Sub(held.FirstSeen.Time) >= acceptAfter
	return held, accepted
}

// Message says what the listing lacks and what becomes of it.
func (l HeldListing) Message() string {
	where := "RUNS_DIR"
	if l.Source != "" {
		where = "telemetry/runs of " + l.Source
	}
	what := fmt.Sprintf("%s lists only %d of its %d stored files.", where, l.Kept, l.Known)
	if l.Listed == 0 {
		what = fmt.Sprintf("%s is empty, but %d of its files are stored.", where, l.Known)
	}
	return what + " They still count until someone confirms that they are gone, or until the third such listing in a row, " +
		"at least an hour after the first."
}

// RunsSource is the SourceStatus, without any times, of a source of run files: of an
// action repository, or of RUNS_DIR, whose name is "".
func RunsSource(source string) SourceStatus {
	if source == "" {
		return SourceStatus{Name: "runs_dir"}
	}
	return SourceStatus{Name: "runs", Repo: RepoName(source)}
}

// Key tells the sources of data apart.
func (s *SourceStatus) Key() string {
	if s.Repo == "" {
		return s.Name
	}
	return s.Name + " " + s.Repo.Key()
}
