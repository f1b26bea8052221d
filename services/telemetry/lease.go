package telemetry

import "errors"

// Lease says which of the programs that share a database runs the jobs.
type Lease struct {
	Own    bool  // this program does
	Held   bool  // a program does that is alive
	Fence  int64 // how many programs have had the lease, the present one included
	Others int64 // programs on the database beside this one
	Since  Time  // when the present one got it, by the database's clock
}

// ErrLeaseLost is the cause of a write that was refused, and of the end of a
// job, since another program has the lease now.
var ErrLeaseLost = errors.New("another program has the lease")

// LeaseLost is ErrLeaseLost with a sentence.
func LeaseLost() *Error {
	return Errorf(CodeStopping, "This program did not reach the database for a while, so another one on the same database "+
		"took over its jobs. They continue there; nothing stored is lost.").Because(ErrLeaseLost)
}
