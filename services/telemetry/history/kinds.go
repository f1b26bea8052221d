package history

// Kind is a kind of history on which it is tried whether findings are told to
// be the same issue.
type Kind struct {
	Name  string
	Rates Disturbances
	Costs bool // nobody can tell all of it from the records
}

// Kinds are each disturbance by itself, with those that make it harder, and all
// of them together.
func Kinds() []Kind {
	everything := Disturbances{Shifts: 0.1, Renames: 0.02, Algorithm: 0.5, ShortHashes: 0.5, Edits: 0.01, Duplicates: 0.05,
		WithoutFindings: 0.03, ScopeReduced: 0.03, Reopenings: 0.15, Late: 0.05, Missing: 0.05}
	return []Kind{
		{Name: "none", Rates: Disturbances{}},
		{Name: "lines inserted and deleted", Rates: Disturbances{Shifts: 0.15}},
		{Name: "the same, no fingerprints", Rates: Disturbances{Shifts: 0.15, NoFingerprints: 1}},
		{Name: "flagged lines edited", Rates: Disturbances{Shifts: 0.1, Edits: 0.03}},
		{Name: "files renamed", Rates: Disturbances{Shifts: 0.1, Renames: 0.1}},
		{Name: "the same, path in fingerprint", Rates: Disturbances{Shifts: 0.1, Renames: 0.1, PathFingerprints: 1}, Costs: true},
		{Name: "algorithm changed", Rates: Disturbances{Algorithm: 1}},
		{Name: "the same, and lines shifted", Rates: Disturbances{Algorithm: 1, Shifts: 0.15}},
		{Name: "fingerprints cut 16 to 20", Rates: Disturbances{ShortHashes: 1, Shifts: 0.1}},
		{Name: "hashes repeated", Rates: Disturbances{Duplicates: 0.3, Shifts: 0.1}},
		{Name: "scans without fingerprints", Rates: Disturbances{WithoutFindings: 0.1, Shifts: 0.1}},
		{Name: "scope narrowed", Rates: Disturbances{ScopeReduced: 0.1, Shifts: 0.1}},
		{Name: "reopened", Rates: Disturbances{Reopenings: 0.5, Shifts: 0.1}},
		{Name: "records late", Rates: Disturbances{Late: 0.15, Shifts: 0.1}},
		{Name: "records missing", Rates: Disturbances{Missing: 0.15, Shifts: 0.1}},
		{Name: "all, at believable rates", Rates: Believable()},
		{Name: "all, at high rates", Rates: everything},
	}
}
