package telemetry

// Label is the need in words, as pages and the API have it.
func (n Need) Label() string {
	switch n {
	case NeedWaiting:
		return "Waiting for you"
	case NeedReview:
		return "PR ready for review"
	case NeedMerge:
		return "Verified, not merged"
	case NeedNeverStarted:
		return "Never started"
	case NeedStuck:
		return "Stuck"
	case NeedScan:
		return "Scan overdue"
	}
	return string(n)
}

// Action is the one thing to do about the need: its name in the API, and its
// label.
func (n Need) Action() (name, label string) {
	switch n {
	case NeedWaiting:
		return "reply", "Reply"
	case NeedReview:
		return "review", "Review PR"
	case NeedMerge:
		return "merge", "Open PR"
	case NeedStuck:
		return "look", "Open in Devin"
	}
	return "dispatch", "Start a run"
}
