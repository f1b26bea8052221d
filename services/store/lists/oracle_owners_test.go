package lists_test

import (
	"strings"
	"testing"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// ownForOracle gives every second repository a CODEOWNERS file.
func ownForOracle(t *testing.T, s *storetest.Store) {
	t.Helper()
	repos, err := lists.Repos(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range repos.Items {
		file := telemetry.CodeownersFile{Path: "CODEOWNERS", Text: "* @ann\n*.js @org/Front-End docs@example.com\n/src/\n"}
		if i%2 == 0 && r.Name != "" {
			if err := s.SaveCodeowners(t.Context(), r.Name, file); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// ownerNames are the names under which the owners of an issue are asked for.
func ownerNames(r issueFacts) (names []string) {
	for _, owner := range r.Owners {
		name := strings.TrimPrefix(owner, "@")
		names = append(names, name, "@"+name)
		if _, team, found := strings.Cut(name, "/"); found {
			names = append(names, team, "@"+team)
		}
	}
	return names
}
