package telemetry

// Operation is what those who run the program watch of its database: how fresh
// and how much, and no name of a repository or person.
type Operation struct {
	Lease      Lease
	Sources    []SourceStatus // SourceDatabase is one while nothing can be written
	Jobs       []JobCount     // that have not ended
	Deliveries int64          // webhooks that wait to be worked off
	Waiting    int64          // notifications that are not sent yet
	Failing    int64          // those of them of which a try failed
	Overdue    int64          // issues
	DueSoon    int64          // issues that are due within three days, and not overdue
	Needs      []NeedCount    // rows of what waits for a person
}

// JobCount is how many jobs of a kind are in a state.
type JobCount struct {
	Kind, State string
	N           int64
}

// NeedCount is how many rows there are of a kind of need.
type NeedCount struct {
	Need string
	N    int64
}
