package telemetry

import (
	"regexp"
	"slices"
	"strings"
)

// Revert is a pull request that takes another one back.
type Revert struct {
	Ref      PullRef
	Of       PullRef // the one that it names; Number is 0 where only a title tells
	Title    string  // of the one that it takes back, "" where its own tells nothing
	MergedAt Time    // zero: it has taken nothing back yet
}

var (
	revertTitle = regexp.MustCompile(`^\s*Revert "(.*)"\s*$`)
	revertBody  = regexp.MustCompile(`(?m)^\s*Reverts (?:([\w.-]+/[\w.-]+))?#(\d+)\b`)
)

// RevertOf reads a pull request that takes another one back, as GitHub's button
// writes it; false is any other.
func RevertOf(p PullRequest) (Revert, bool) {
	r := Revert{Ref: PullRef{Repo: ParseRepo(p.Repo), Number: int64(p.Number)}, MergedAt: At(p.MergedAt)}
	title, body := revertTitle.FindStringSubmatch(p.Title), revertBody.FindStringSubmatch(p.Body)
	if title != nil {
		r.Title = title[1]
	}
	if body != nil {
		r.Of, _ = PullOf(body[1] + "#" + body[2])
		if body[1] == "" {
			r.Of, _ = PullOf(body[2])
			r.Of.Repo = r.Ref.Repo
		}
	}
	return r, title != nil || body != nil || strings.HasPrefix(p.Title, `Revert "`)
}

// Takes reports whether a revert is about a pull request. Where it names none,
// its title is that of an earlier one in the same repository.
func (r Revert) Takes(p PullRef, title string) bool {
	if r.Of.Number > 0 {
		return r.Of.Key() == p.Key()
	}
	return r.Title != "" && r.Title == title && r.Ref.Repo.Key() == p.Repo.Key() && p.Number < r.Ref.Number
}

// RevertedBy is the latest merged revert of a pull request that was not taken
// back itself; false where there is none.
func RevertedBy(p PullRef, title string, reverts []Revert) (Revert, bool) {
	sorted := slices.Clone(reverts)
	slices.SortFunc(sorted, func(a, b Revert) int { return b.MergedAt.Compare(a.MergedAt.Time) })
	for n, r := range sorted {
		if r.MergedAt.IsZero() || !r.Takes(p, title) {
			continue
		}
		own := `Revert "` + r.Title + `"` // what takes r back came later
		if _, back := RevertedBy(r.Ref, own, sorted[:n]); !back {
			return r, true
		}
	}
	return Revert{}, false
}
