package lists_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestEveryQualifier: each qualifier of each list, in every form, is
// answered by both databases, and "not" answers all the rest.
func TestEveryQualifier(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		if _, err := s.PutFiles(t.Context(), "", storetest.RealFiles(t)); err != nil {
			t.Fatal(err)
		}
		everyQualifier(t, lists.Issues(s.Store))
		everyQualifier(t, lists.Sessions(s.Store))
		everyQualifier(t, lists.Pulls(s.Store))
		everyQualifier(t, lists.Runs(s.Store))
		everyQualifier(t, lists.Repos(s.Store))
		everyQualifier(t, lists.Files(s.Store))
		everyQualifier(t, lists.Verifications(s.Store))
		everyQualifier(t, lists.Changes(s.Store))
		everyQualifier(t, lists.Jobs(s.Store))
		everyQualifier(t, lists.Needs(s.Store))
		for i, state := range telemetry.DeliveryStates() {
			d := telemetry.Delivery{ID: string(state), Event: telemetry.HookEvents()[i], Action: "a", Repo: "Octo/Shop", Pull: 12, State: state}
			if _, _, err := s.PutDelivery(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		everyQualifier(t, lists.Deliveries(s.Store))
		everyQualifier(t, lists.Notifications(s.Store))
		everyQualifier(t, lists.Audit(s.Store))
	})
}

func everyQualifier[T any](t *testing.T, l *lists.List[T]) {
	all, _ := storetest.Total(t, l, query.Ask{})
	texts := []string{"a", `"a b"`, "12", "cqlf-r34-0010"}
	for _, f := range l.Schema().Fields {
		for _, value := range append(f.Words, samples(f.Kind)...) {
			texts = append(texts, f.Name+":"+value)
		}
	}
	for _, text := range texts {
		matches, rows := storetest.Total(t, l, query.Ask{Query: storetest.Parse(t, l, text)})
		rest, _ := storetest.Total(t, l, query.Ask{Query: storetest.Parse(t, l, "-"+text)})
		named := text == "is:never_started" || (l.Name == "verifications" || l.Name == "needs-attention") && strings.HasPrefix(text, "is:")
		if matches != rows || matches+rest != all && !named {
			t.Errorf("%s: %q matches %d (%d on the page), its negation %d, of %d", l.Name, text, matches, rows, rest, all)
		}
	}
}

// samples are values of a kind, by what it says that it wants.
func samples(kind query.Kind) []string {
	switch kind.Wants {
	case query.Text().Wants:
		return []string{"js/sql-injection", "JS/*", "devin-0123,x", `"it's 100% _a\\b"`}
	case query.Path().Wants:
		return []string{"app", "/app", "*.js", `"100%"`}
	case query.Prefix().Wants:
		return []string{"0123"}
	case query.Exact().Wants:
		return []string{"34", "34,35"}
	case query.Number().Wants:
		return []string{"1", ">1", "1..5", "<3,>=40"}
	case query.Age().Wants:
		return []string{">1d", "<=3w", "1h..500w"}
	case query.Date().Wants:
		return []string{"2026", ">=2025-01", "<30d"}
	}
	switch {
	case strings.Contains(kind.Wants, "owner/*"):
		return []string{"o/r", "o/*", "o/r,x/y"}
	case strings.Contains(kind.Wants, "#number"):
		return []string{"94", "o/r#94", "https://github.com/o/r/pull/94"}
	}
	return nil
}

// TestEveryFieldIsCompleted: what both databases are asked for the values of a field
// can be asked.
func TestEveryFieldIsCompleted(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		for _, l := range []interface {
			Schema() *query.Schema
			Values(ctx context.Context, at time.Time, field, typed string, most int) ([]string, error)
		}{
			lists.Audit(s.Store), lists.Changes(s.Store), lists.Decisions(s.Store), lists.Deliveries(s.Store), lists.Files(s.Store), lists.Issues(s.Store),
			lists.Jobs(s.Store), lists.Needs(s.Store), lists.Pulls(s.Store), lists.Repos(s.Store), lists.Runs(s.Store), lists.Sessions(s.Store),
			lists.Verifications(s.Store), lists.Notifications(s.Store),
		} {
			for _, f := range l.Schema().Fields {
				if values, err := l.Values(t.Context(), time.Time{}, f.Name, "o", 20); err != nil {
					t.Errorf("%s of %T: %q, %v", f.Name, l, values, err)
				}
			}
		}
	})
}

// TestCompletionOfAuthors: of sessions, those are offered who opened a pull
// request of one.
func TestCompletionOfAuthors(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		files := storetest.DisturbedFiles(3)
		storetest.PutFrom(t, s, "", files...)
		pulls := storetest.PullsFor(files)
		for i := range pulls {
			pulls[i].User = "nobody-of-ours"
			if pulls[i].Body != "" { // it names its session
				pulls[i].User = "devin[bot]"
			}
		}
		pulls = slices.DeleteFunc(pulls, func(p telemetry.PullRequest) bool { return p.Body == "" && p.Title != "a fix" })
		storetest.SavePulls(t, s, pulls)
		values, err := lists.Sessions(s.Store).Values(t.Context(), time.Time{}, "author", "o", 20)
		if err != nil || !slices.Equal(values, []string{"devin[bot]"}) {
			t.Errorf("%q, %v", values, err)
		}
	})
}
