package telemetry

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// DerivationVersion changes whenever a rule of this package or of identity changes what the
// same records lead to; a store derived by another version is rebuilt.
const DerivationVersion = 12

// ScanPosition is a scan's place in its repository's history: by time, equal times
// by file name.
type ScanPosition struct {
	At   Time // UTC, whole milliseconds
	File string
	Run  int64 // the run number
}

// Compare orders places: negative if p is earlier than o.
func (p ScanPosition) Compare(o ScanPosition) int {
	return cmp.Or(p.At.Compare(o.At.Time), cmp.Compare(p.File, o.File))
}

// IsZero reports whether p is zero.
func (p ScanPosition) IsZero() bool { return p.File == "" && p.At.IsZero() }

// FirstSeen and LastSeen are the first and the last scan that named an issue:
// places, with names of their own in JSON.
type (
	FirstSeen struct {
		At   Time   `json:"first_seen_date"`
		File string `json:"-"`
		Run  int64  `json:"first_seen_run"`
	}
	LastSeen struct {
		At   Time   `json:"last_seen_date"`
		File string `json:"-"`
		Run  int64  `json:"last_seen_run"`
	}
)

// Issue is one security issue across the scans of its repository.
type Issue struct {
	PublicID    string `json:"id"`
	Fingerprint string `json:"fingerprint"` // the last one
	Rule        string `json:"rule_id"`
	Severity    string `json:"severity_tier"`
	Family      string `json:"cwe_family"`
	File        string `json:"file"` // the last location
	Line        int64  `json:"start_line"`
	Status      Status `json:"status"` // as of the ledger's last scan
	EverFixed   bool   `json:"reopened"`
	FirstSeen
	LastSeen
	Appearances   int64    `json:"appearances"`     // scans that named it
	Runs          []int64  `json:"run_numbers"`     // of those, in time order
	LatestIssueID string   `json:"latest_issue_id"` // the id in its last record
	Fingerprints  []string `json:"fingerprints"`    // every fingerprint that it had, in order

	FirstOrd  int          `json:"-"` // its place in its first record
	Closed    ScanPosition `json:"-"` // the scan without it; zero while it is open
	FromStart bool         `json:"-"` // first seen in the repository's first scan with fingerprints, after one without
	StoreID   int64        `json:"-"` // the store's own handle, 0 for one that is new to it
}

// Status is what has become of an issue.
type Status string

// The statuses, in the order of lists.
const (
	StatusRecurring  Status = "recurring"
	StatusReopened   Status = "reopened"
	StatusNew        Status = "new"
	StatusNotScanned Status = "not_scanned"
	StatusFixed      Status = "fixed"
	StatusRetired    Status = "retired" // open by its scans, in a repository that was archived or deleted
)

// Statuses are all statuses, in the order of lists.
func Statuses() []Status {
	return []Status{StatusRecurring, StatusReopened, StatusNew, StatusNotScanned, StatusFixed, StatusRetired}
}

// The states that people's decisions give an issue. Matching and the guards of
// scans know nothing of them.
const (
	StateDismissed Status = "dismissed"
	StateAccepted  Status = "accepted"
)

// IssueStates are the states in which issues are shown, in the order of lists:
// what scans say, unless a decision stands.
func IssueStates() []Status { return append(Statuses(), StateDismissed, StateAccepted) }

// Rank is the place of s in the order of lists, from 0.
func (s Status) Rank() int { return slices.Index(IssueStates(), s) }

// Open reports whether an issue of this status or state is open.
func (s Status) Open() bool {
	switch s {
	case StatusRecurring, StatusReopened, StatusNew, StatusNotScanned:
		return true
	}
	return false
}

// Basis says which pass matched a finding to its issue.
type Basis string

// The passes, in their order (docs/rules.md#matching).
const (
	BasisSame                  Basis = "fingerprint and location" // (1)
	BasisFingerprint           Basis = "fingerprint"              // (2)
	BasisLocation              Basis = "rule, file and line"      // (3)
	BasisNear                  Basis = "rule and file"            // (4)
	BasisReopenedByFingerprint Basis = "reopened by fingerprint"
	BasisReopenedByLocation    Basis = "reopened by rule, file and line"
	BasisNew                   Basis = "new"
)

// FingerprintPrefix is how many digits two fingerprints must share for the shorter
// to count as the longer one cut off.
const FingerprintPrefix = 16

// SameFingerprint reports whether two fingerprints are equal: equal as they are, or
// one is the first 16 or more digits of the other.
func SameFingerprint(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return a == b || (len(a) >= FingerprintPrefix && strings.HasPrefix(b, a))
}

// FingerprintKey is equal for all fingerprints that SameFingerprint can call equal.
func FingerprintKey(print string) string {
	if len(print) >= FingerprintPrefix {
		return print[:FingerprintPrefix]
	}
	return print
}

// ComputedFingerprint stands in where a record gives none: it is made of
// rule, file and line.
func ComputedFingerprint(f Finding) string {
	sum := sha256.Sum256([]byte(f.Rule + "\x00" + f.File + "\x00" + strconv.FormatInt(f.Line, 10)))
	return hex.EncodeToString(sum[:10])
}
