package telemetry

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// LinkBasis says why a pull request belongs to a session.
type LinkBasis string

// The bases of docs/rules.md#linking, strongest first.
const (
	LinkDevin        LinkBasis = "devin"        // Devin's answer names it
	LinkVerification LinkBasis = "verification" // a verification record names both
	LinkRecorded     LinkBasis = "record"       // the session's recorded pr_url
	LinkSessionID    LinkBasis = "session_id"   // the session's id stands in the pull request
	LinkIssueID      LinkBasis = "issue_id"     // an issue id of the session stands in its title
)

// MarshalJSON implements json.Marshaler: no basis is null.
func (b LinkBasis) MarshalJSON() ([]byte, error) { return textOrNull(string(b)) }

// Rank is the strength of a basis: the smaller the stronger, from 0.
func (b LinkBasis) Rank() int {
	return slices.Index([]LinkBasis{LinkDevin, LinkVerification, LinkRecorded, LinkSessionID, LinkIssueID}, b)
}

// stated reports whether someone said so, so that nothing was read out of a text.
func (b LinkBasis) stated() bool {
	return b == LinkDevin || b == LinkVerification || b == LinkRecorded
}

// LinkSession is a session as linking sees it.
type LinkSession struct {
	ID       string   // the session key
	Repos    []string // keys of its target and fork
	IssueIDs []string
	Devin    []PullRef
	Verified []PullRef
	Recorded []PullRef
}

// LinkPull is a pull request as linking sees it.
type LinkPull struct {
	Ref      PullRef
	IssueIDs []string // named by its title
	Tokens   []string // what in its title and body can be a session's id
}

// Link joins a pull request to a session.
type Link struct {
	Session string // session key
	Pull    string // PullRef.Key
	Basis   LinkBasis
	// Ambiguous marks one of several sessions that a pull request fits equally:
	// then none is its session, and all of them are shown.
	Ambiguous bool
}

// LinkAll links pull requests to sessions, sorted by both. Devin's answers,
// verification records and recorded addresses are statements: each of them holds,
// and the strongest is kept. An id in a pull request's text counts where no statement
// is about it; where several sessions fit then, the links are ambiguous.
func LinkAll(sessions []LinkSession, pulls []LinkPull) []Link {
	c := candidates{byPull: map[string][]Link{}, byID: map[string]bool{}, byIssue: map[string][]LinkSession{}}
	for _, s := range sessions {
		c.stated(s)
	}
	for _, p := range pulls {
		c.written(p)
	}
	links := []Link{}
	for _, list := range c.byPull {
		links = append(links, strongest(list)...)
	}
	slices.SortFunc(links, func(a, b Link) int { return cmp.Or(cmp.Compare(a.Pull, b.Pull), cmp.Compare(a.Session, b.Session)) })
	return links
}

// candidates are all links that something speaks for.
type candidates struct {
	byPull  map[string][]Link
	byID    map[string]bool          // the sessions
	byIssue map[string][]LinkSession // by IssueKey
}

func (c candidates) add(session string, pull PullRef, basis LinkBasis) {
	key := pull.Key()
	c.byPull[key] = append(c.byPull[key], Link{Session: session, Pull: key, Basis: basis})
}

// stated adds a session with the pull requests that statements are about.
func (c candidates) stated(s LinkSession) {
	c.byID[s.ID] = true
	for _, id := range s.IssueIDs {
		if id = IssueKey(id); id != "" {
			c.byIssue[id] = append(c.byIssue[id], s)
		}
	}
	for basis, refs := range map[LinkBasis][]PullRef{LinkDevin: s.Devin, LinkVerification: s.Verified, LinkRecorded: s.Recorded} {
		for _, ref := range refs {
			c.add(s.ID, ref, basis)
		}
	}
}

// written adds the sessions that a pull request's text names.
func (c candidates) written(p LinkPull) {
	for _, token := range p.Tokens {
		if c.byID[token] {
			c.add(token, p.Ref, LinkSessionID)
		}
	}
	for _, id := range p.IssueIDs {
		for _, s := range c.byIssue[IssueKey(id)] {
			if slices.Contains(s.Repos, p.Ref.Repo.Key()) {
				c.add(s.ID, p.Ref, LinkIssueID)
			}
		}
	}
}

// strongest keeps what holds of the candidates of one pull request, one a session.
func strongest(list []Link) []Link {
	slices.SortFunc(list, func(a, b Link) int { return cmp.Compare(a.Basis.Rank(), b.Basis.Rank()) })
	best := list[0].Basis
	var kept []Link
	for _, l := range list {
		same := func(k Link) bool { return k.Session == l.Session }
		if (l.Basis == best || l.Basis.stated()) && !slices.ContainsFunc(kept, same) {
			kept = append(kept, l)
		}
	}
	if len(kept) > 1 && !best.stated() {
		for i := range kept {
			kept[i].Ambiguous = true
		}
	}
	return kept
}

// PullOf reads a pull request as people write it: 12, #12, owner/name#12 or
// its address. Repo is "" for a bare number.
func PullOf(s string) (ref PullRef, ok bool) {
	if ref = ParsePull(s); ref.Number > 0 {
		return ref, true
	}
	name, digits, hash := strings.Cut(s, "#")
	if !hash {
		name, digits = "", s
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || n == 0 || (name != "" && ParseRepo(name) == "") {
		return PullRef{}, false
	}
	return PullRef{Repo: ParseRepo(name), Number: int64(n)}, true
}
