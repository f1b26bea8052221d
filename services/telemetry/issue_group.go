package telemetry

// IssueGroup is how much of a list of issues has one thing in common.
type IssueGroup struct {
	Value   string // the rule, repository, owner or family; "" = none
	Issues  int64
	Worst   int64 // rank of the worst severity
	OfWorst int64 // how many issues have it
	Oldest  Time  // when the first of them was first seen
}

// Severity is the worst severity, "" for one beyond CodeQL's.
func (g IssueGroup) Severity() string {
	if all := Severities(); g.Worst >= 0 && int(g.Worst) < len(all) {
		return all[g.Worst]
	}
	return ""
}
