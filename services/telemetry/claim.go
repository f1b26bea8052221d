package telemetry

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Said is what a session says of an issue that it took.
type Said string

// What a session can say of an issue. One that is named both fixed and
// blocked is blocked; one that was only attempted is nothing.
const (
	SaidFixed   Said = "fixed"
	SaidBlocked Said = "blocked"
	SaidNothing Said = "nothing"
)

// Saids are all of them, in the order of tables.
func Saids() []Said { return []Said{SaidFixed, SaidBlocked, SaidNothing} }

// Found is what scans say of an issue after an attempt at it.
type Found string

// What a scan can find. An attempt whose pull request is not merged changed
// nothing that a scan could see: it is apart from the others.
const (
	FoundGone       Found = "gone"
	FoundStillThere Found = "still_there"
	FoundNotScanned Found = "not_rescanned" // no full scan since the merge, or since the claim where the merge is not known
	FoundOpen       Found = "pr_open"       // its pull request waits
	FoundThrownAway Found = "thrown_away"   // its pull request was closed without a merge
)

// Founds are all of them, in the order of tables.
func Founds() []Found {
	return []Found{FoundGone, FoundStillThere, FoundNotScanned, FoundOpen, FoundThrownAway}
}

// AttemptFacts is an attempt at an issue as its result needs it. Times are
// unix milliseconds, 0 where there is none.
type AttemptFacts struct {
	Pull    string // what became of its session's pull requests: merged, open, closed; "" where that is not known, or there is none
	Merged  int64  // when the last of them was merged
	Since   int64  // when the session last changed what it claims, else when it was started
	Next    int64  // when the next session took the issue; 0: it is the last
	Scanned int64  // the last full scan of the repository that counts; for an attempt that is not the last, none after Next
	Fixed   bool   // the issue is gone, as of the reference scan
}

// Found returns what became of the issue, and whether that rests on a claim
// alone, since nobody knows of a merge. An issue that another session took
// later was still there then.
func (a AttemptFacts) Found() (found Found, mergeUnknown bool) {
	since := a.Since
	switch a.Pull {
	case "merged":
		since = a.Merged
	case "open":
		return FoundOpen, false
	case "closed":
		return FoundThrownAway, false
	default:
		mergeUnknown = true
	}
	switch {
	case a.Scanned <= since:
		return FoundNotScanned, mergeUnknown
	case a.Fixed && a.Next == 0:
		return FoundGone, mergeUnknown
	}
	return FoundStillThere, mergeUnknown
}

// IssueClaim is what a session says of one of its issues, and what scans found.
type IssueClaim struct {
	Issue   string   `json:"id"`      // public id
	Attempt int64    `json:"attempt"` // which one at the issue, from 1
	Claim   Said     `json:"claim"`
	Reason  Optional `json:"blocked_reason"`
	Found   Found    `json:"found"`
	Unsure  bool     `json:"merge_unknown"`
	ACUs    *float64 `json:"acus"` // nil where the cost is not known
}

// SaidChange is one change of what a session says beside its state.
type SaidChange struct {
	At       Time            `json:"timestamp"`
	Title    string          `json:"title"`
	Tags     []string        `json:"tags"`
	Playbook Optional        `json:"playbook_id"`
	ACUs     *float64        `json:"acus_consumed"`
	Output   json.RawMessage `json:"structured_output"` // nil where it is as before
}

// Odds is what came of earlier attempts: of the issues of a rule in a
// repository that sessions took, else of its family there, how many are gone.
type Odds struct {
	By       string `json:"by"` // rule, family or repo
	Name     string `json:"name"`
	Issues   int64  `json:"issues"`
	Gone     int64  `json:"gone"`
	Sessions int64  `json:"sessions"`
}

// OddsLeast is the number of issues under which odds and rates say little.
const OddsLeast = 5

// ACUsOf is a cost of thousandths of an ACU in ACUs, nil where it is not
// known.
func ACUsOf(milli int64) *float64 {
	if milli <= 0 {
		return nil
	}
	acus := float64(milli) / 1000
	return &acus
}

// What is kept of a session's structured output.
const (
	MaxOutput = 64 << 10 // bytes of it: the limit of its schema

	mostClaimed = 2000 // issues in one of its lists
	mostReason  = 2000 // bytes of a reason
	mostClaimID = 200  // bytes of an issue id
)

// Claim is what a session says of its work, in the structured output that
// the action prescribes. What is not of the prescribed kind is left out.
type Claim struct {
	Status       string         `json:"status"` // analyzing, fixing, testing, creating_pr, done, blocked, or another word
	Attempted    []string       `json:"issues_attempted"`
	Fixed        []string       `json:"issues_fixed"`
	Blocked      []BlockedIssue `json:"issues_blocked"`
	PRURL        string         `json:"pull_request_url"`
	FilesChanged *int64         `json:"files_changed"` // nil where it does not say
	TestsPassing *bool          `json:"tests_passing"` // nil where it does not say
}

// BlockedIssue is an issue that a session could not fix, and why.
type BlockedIssue struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// ParseClaim reads a structured output. Fields are read one by one, so that
// one of an unexpected type costs only itself; ok is false for what is no
// object.
func ParseClaim(output []byte) (c Claim, ok bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(output, &fields) != nil || fields == nil {
		return Claim{}, false
	}
	c.Status = Shorten(claimText(fields["status"]), 100)
	c.Attempted, c.Fixed = claimIDs(fields["issues_attempted"]), claimIDs(fields["issues_fixed"])
	c.Blocked = blockedIssues(fields["issues_blocked"])
	if url := claimText(fields["pull_request_url"]); len(url) <= mostReason {
		c.PRURL = url
	}
	c.FilesChanged = filesChanged(fields["files_changed"])
	if json.Unmarshal(fields["tests_passing"], &c.TestsPassing) != nil {
		c.TestsPassing = nil // what is no flag says nothing
	}
	return c, true
}

// claimText reads a text, "" if it is none. A NUL, which PostgreSQL does not
// store, is replaced as json replaces what is no UTF-8.
func claimText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return strings.TrimSpace(strings.ReplaceAll(s, "\x00", "\uFFFD"))
}

// claimIDs reads a list of issue ids, each once.
func claimIDs(raw json.RawMessage) []string {
	ids := []string{}
	for _, item := range claimList(raw) {
		id := claimText(item)
		if id != "" && len(id) <= mostClaimID && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func claimList(raw json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	return list[:min(len(list), mostClaimed)]
}

// blockedIssues reads what is blocked: objects, or ids alone.
func blockedIssues(raw json.RawMessage) []BlockedIssue {
	all := []BlockedIssue{}
	for _, item := range claimList(raw) {
		var fields map[string]json.RawMessage
		b := BlockedIssue{ID: claimText(item)}
		if json.Unmarshal(item, &fields) == nil {
			b = BlockedIssue{ID: claimText(fields["id"]), Reason: Shorten(claimText(fields["reason"]), mostReason)}
		}
		if b.ID != "" && len(b.ID) <= mostClaimID {
			all = append(all, b)
		}
	}
	return all
}

// filesChanged reads a number of files, or the files themselves.
func filesChanged(raw json.RawMessage) *int64 {
	var n int64
	var files []json.RawMessage
	switch {
	case len(raw) == 0 || string(bytes.TrimSpace(raw)) == "null":
		return nil
	case json.Unmarshal(raw, &n) == nil && n >= 0:
	case json.Unmarshal(raw, &files) == nil:
		n = int64(len(files))
	default:
		return nil
	}
	return &n
}

// Of returns what the claim says of an issue that goes by the ids (IssueKey),
// and why it is blocked.
func (c Claim) Of(ids []string) (said Said, reason string) {
	for _, b := range c.Blocked {
		if slices.Contains(ids, IssueKey(b.ID)) {
			return SaidBlocked, b.Reason
		}
	}
	for _, id := range c.Fixed {
		if slices.Contains(ids, IssueKey(id)) {
			return SaidFixed, ""
		}
	}
	return SaidNothing, ""
}

// KeepOutput returns a structured output as it is stored: compact JSON of at
// most MaxOutput bytes. Of a longer one only what a Claim has is kept. nil is
// what is null, or no JSON.
func KeepOutput(raw []byte) []byte {
	var kept bytes.Buffer
	if json.Compact(&kept, bytes.ToValidUTF8(raw, []byte("\uFFFD"))) != nil || kept.String() == "null" {
		return nil
	}
	if kept.Len() <= MaxOutput {
		return kept.Bytes()
	}
	c, ok := ParseClaim(kept.Bytes())
	if !ok {
		return nil
	}
	for {
		short, err := json.Marshal(c)
		if err == nil && len(short) <= MaxOutput {
			return short
		}
		c.Attempted, c.Fixed, c.Blocked = c.Attempted[:len(c.Attempted)/2], c.Fixed[:len(c.Fixed)/2], c.Blocked[:len(c.Blocked)/2]
	}
}
