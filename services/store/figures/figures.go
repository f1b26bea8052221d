// Package figures counts: the totals over all repositories or one, how they
// went over a period, what they were at a past time, and what waits for a
// person. It writes nothing.
package figures

import (
	"strconv"

	"telemetry-dashboard/services/store"
)

// Figures reads figures. It is safe for concurrent use.
type Figures struct{ store *store.Store }

// New returns the figures of a store.
func New(s *store.Store) *Figures { return &Figures{s} }

// ofRepo adds a condition on the repository to a query with n arguments.
func ofRepo(column string, repo int64, args ...any) (condition string, all []any) {
	if repo == store.Everywhere {
		return "", args
	}
	args = append(args, repo)
	return " AND " + column + " = $" + strconv.Itoa(len(args)), args
}
