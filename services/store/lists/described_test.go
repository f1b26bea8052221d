package lists_test

import (
	"slices"
	"strings"
	"testing"

	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
)

// TestDescriptionsNameTheirFields: the columns of CSV are those that fields
// name, and what is counted cheaply is a qualifier.
func TestDescriptionsNameTheirFields(t *testing.T) {
	s := storetest.Open(t).Store
	namesItsFields(t, lists.Issues(s))
	namesItsFields(t, lists.Sessions(s))
	namesItsFields(t, lists.Pulls(s))
	namesItsFields(t, lists.Runs(s))
	namesItsFields(t, lists.Repos(s))
	namesItsFields(t, lists.Files(s))
	namesItsFields(t, lists.Verifications(s))
	namesItsFields(t, lists.Changes(s))
	namesItsFields(t, lists.Jobs(s))
	namesItsFields(t, lists.Deliveries(s))
	namesItsFields(t, lists.Audit(s))
	namesItsFields(t, lists.Notifications(s))
}

func namesItsFields[T any](t *testing.T, l *lists.List[T]) {
	t.Helper()
	var cells, qualifiers []string
	for _, f := range l.Fields {
		if f.CSV != "" {
			cells = append(cells, f.CSV)
		}
		if f.Asked != nil {
			qualifiers = append(qualifiers, f.Name)
		}
	}
	head := slices.Sorted(slices.Values(l.Head()))
	slices.Sort(cells)
	if len(head) == 0 || !slices.Equal(head, cells) || len(slices.Compact(head)) != len(cells) {
		t.Errorf("%s: the columns of CSV are %q, its fields name %q", l.Name, head, cells)
	}
	for _, name := range strings.Fields(l.Cheap) {
		if !slices.Contains(qualifiers, name) {
			t.Errorf("%s: %q is counted cheaply and is no qualifier", l.Name, name)
		}
	}
}
