package lists_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// issueFacts is an issue and what its details say.
type issueFacts struct {
	telemetry.IssueRow
	opened, closed, taken []time.Time
	sessions              []string
	pulls                 []telemetry.PullRef
	last                  telemetry.SessionRow // of its latest attempt
	reason                string               // why that was blocked
	unsure                bool                 // nobody knows of a merge of it
	began                 time.Time            // when that did
	current               telemetry.SessionRow // that the issue names
	message               string
	decisions             []int64
	due                   telemetry.Due
}

func everyIssue(t *testing.T, s *storetest.Store, linked map[string][]telemetry.PullRef) []issueFacts {
	t.Helper()
	list, err := lists.Issues(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
	if err != nil {
		t.Fatal(err)
	}
	facts := make([]issueFacts, len(list.Items))
	for i, row := range list.Items {
		d, _, _, err := s.IssueDetail(t.Context(), row.PublicID, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		f := issueFacts{IssueRow: row, message: string(d.Message), due: d.Due}
		for _, made := range d.Decisions {
			f.decisions = append(f.decisions, made.ID)
		}
		for _, step := range d.Timeline {
			switch step.Kind {
			case telemetry.StepFirstSeen, telemetry.StepBack:
				f.opened = append(f.opened, step.At.Time)
			case telemetry.StepGone:
				f.closed = append(f.closed, step.At.Time)
			case telemetry.StepAttempt, telemetry.StepVerified: // a verification says that its session worked on the issue
				f.taken = append(f.taken, step.At.Time)
			}
		}
		for _, v := range d.Verifications {
			f.pulls = append(f.pulls, v.PullRef)
		}
		for _, a := range d.Attempts {
			key := telemetry.SessionKey(a.Session)
			f.sessions, f.pulls = append(f.sessions, key), append(f.pulls, linked[key]...)
			began, row := a.At.Time, telemetry.SessionRow{Key: key}
			if d, known, err := s.SessionDetail(t.Context(), key, time.Time{}); err != nil {
				t.Fatal(err)
			} else if known {
				began, row = d.At.Time, d.SessionRow
			}
			if row.ID != "" && key == telemetry.SessionKey(d.Session) {
				f.current = row
			}
			if !began.Before(f.began) {
				f.began, f.last, f.reason, f.unsure = began, row, string(a.Reason), a.Unsure
			}
		}
		facts[i] = f
	}
	return facts
}

func issueOracle(t *testing.T, s *storetest.Store, now time.Time, linked map[string][]telemetry.PullRef) oracle[issueFacts] {
	type row = issueFacts
	rows := everyIssue(t, s, linked)
	is := map[string]func(row) bool{telemetry.KeywordOpen: func(r row) bool { return r.State.Open() }}
	for _, state := range telemetry.IssueStates() {
		is[string(state)] = func(r row) bool { return r.State == state }
	}
	is["overdue"] = func(r row) bool { return r.Overdue }
	is["in_time"] = func(r row) bool { return r.closedInTime(true) }
	is["late"] = func(r row) bool { return r.closedInTime(false) }
	is["under_way"] = row.underWay
	status := map[string]func(row) bool{telemetry.KeywordOpen: func(r row) bool { return r.Status != telemetry.StatusFixed }}
	for _, s := range telemetry.Statuses() {
		status[string(s)] = func(r row) bool { return r.Status == s }
	}
	severity := map[string]func(row) bool{telemetry.KeywordOther: func(r row) bool { return !slices.Contains(telemetry.Severities(), r.Severity) }}
	for _, tier := range telemetry.Severities() {
		severity[tier] = func(r row) bool { return r.Severity == tier }
	}
	count := func(of func(row) int64) randomTerms[row] {
		return numbers(rows, func(r row) []int64 { return []int64{of(r)} })
	}
	first := func(r row) []time.Time { return []time.Time{r.FirstSeen.At.Time} }
	return oracle[row]{list: "issues", schema: lists.Issues(s.Store).Schema(), sorts: lists.Issues(s.Store).Sorts(), rows: rows, id: func(r row) string { return r.PublicID },
		ask: func(a query.Ask) (out telemetry.List[row], err error) {
			list, err := lists.Issues(s.Store).Rows(t.Context(), a)
			for _, r := range list.Items {
				out.Items = append(out.Items, row{IssueRow: r})
			}
			out.Total = list.Total
			return out, err
		},
		ascending: issueSorts(),
		vocabulary: map[string]randomTerms[row]{
			"": pieces(rows, func(r row) []string {
				return []string{r.File, r.Rule, r.Family, r.LatestIssueID, r.PublicID, string(r.Repo), string(r.Title), r.message}
			}, issueHas),
			"cwe": texts(rows, func(r row) []string { return r.CWEs }), "score": scores(rows),
			"is": words(is), "campaign": texts(rows, campaignsOfIssue),
			"status": words(status), "progress": words(progressWords(now)),
			"group":       words(map[string]func(row) bool{"rule": whole, "repo": whole, "owner": whole, "family": whole}),
			"assignee":    texts(rows, func(r row) []string { return present(string(r.Assignee)) }),
			"owner":       texts(rows, ownerNames),
			"due":         dueDates(now, rows),
			"decision":    exactly(rows, func(r row) []int64 { return r.decisions }),
			"severity":    words(severity),
			"family":      texts(rows, func(r row) []string { return []string{r.Family} }),
			"rule":        texts(rows, func(r row) []string { return []string{r.Rule} }),
			"repo":        repos(rows, func(r row) []telemetry.RepoName { return []telemetry.RepoName{r.Repo} }),
			"path":        paths(rows, func(r row) string { return r.File }),
			"id":          issueIDs(rows),
			"fingerprint": fingerprints(rows),
			"run":         exactly(rows, func(r row) []int64 { return r.Runs }),
			"appearances": count(func(r row) int64 { return r.Appearances }),
			"age":         ages(now, rows, first),
			"first":       dates(now, rows, first),
			"opened":      dates(now, rows, func(r row) []time.Time { return r.opened }),
			"closed":      dates(now, rows, func(r row) []time.Time { return r.closed }),
			"taken":       dates(now, rows, func(r row) []time.Time { return r.taken }),
			"seen":        dates(now, rows, func(r row) []time.Time { return []time.Time{r.LastSeen.At.Time} }),
			"attempts":    count(func(r row) int64 { return int64(len(r.sessions)) }),
			"session":     sessionRefs(rows, func(r row) []string { return r.sessions }),
			"pr":          pullRefs(rows, func(r row) []telemetry.PullRef { return r.pulls }),
			"tried":       dates(now, rows, func(r row) []time.Time { return []time.Time{r.began} }),
			"playbook":    texts(rows, func(r row) []string { return present(string(r.last.Playbook)) }),
			"reason":      texts(rows, func(r row) []string { return append(present(r.reason), dismissedFor(r)...) }),
			"merge":       words(mergeWords()),
			"claim":       words(saidWords(func(r row) string { return string(r.Claim) })),
			"found":       words(foundWords(func(r row) []string { return []string{string(r.Found)} })),
			"verified": outcomes(t, s, func(r row, v telemetry.VerificationRow) bool {
				return slices.ContainsFunc(v.Issues, func(i telemetry.VerifiedIssue) bool { return i.PublicID == r.PublicID })
			}),
			"has": words(map[string]func(row) bool{"session": func(r row) bool { return len(r.sessions) > 0 }, "pr": func(r row) bool { return len(r.pulls) > 0 }}),
			"no": words(map[string]func(row) bool{"session": func(r row) bool { return len(r.sessions) == 0 }, "pr": func(r row) bool { return len(r.pulls) == 0 },
				"family": func(r row) bool { return r.Family == "" }, "playbook": func(r row) bool { return r.last.Playbook == "" },
				"reason": func(r row) bool { return r.reason == "" }, "assignee": func(r row) bool { return r.Assignee == "" },
				"owner": func(r row) bool { return len(r.Owners) == 0 }}),
		}}
}

// whole holds for every issue: what a page groups by leaves none out.
func whole(issueFacts) bool { return true }

// issueHas reports whether an issue has a text: ids are looked at where the
// text may be one.
func issueHas(r issueFacts, text string) bool {
	hex := len(text) >= 6 && strings.Trim(strings.ToLower(text), "0123456789abcdef") == ""
	begins := func(id string) bool { return strings.HasPrefix(strings.ToLower(id), strings.ToLower(text)) }
	return partOf(text, r.File, r.Rule, r.Family, strings.ToLower(string(r.Repo)), string(r.Title), r.message) || strings.ContainsAny(text, "0123456789") && partOf(text, r.LatestIssueID) ||
		hex && (begins(r.PublicID) || slices.ContainsFunc(r.Fingerprints, begins))
}

// issueIDs are ids of records, with and without *, and public ids.
func issueIDs(rows []issueFacts) randomTerms[issueFacts] {
	recorded := texts(rows, func(r issueFacts) []string { return []string{r.LatestIssueID} })
	return func(dice *rand.Rand) randomTerm[issueFacts] {
		if dice.IntN(3) > 0 {
			return recorded(dice)
		}
		id := pick(dice, rows).PublicID
		return randomTerm[issueFacts]{recased(dice, id), func(r issueFacts) bool { return r.PublicID == id }}
	}
}

func fingerprints(rows []issueFacts) randomTerms[issueFacts] {
	exact := texts(rows, func(r issueFacts) []string { return r.Fingerprints })
	return func(dice *rand.Rand) randomTerm[issueFacts] {
		text := exact(dice).text
		text = strings.ReplaceAll(text, "*", "")
		text = (text + "0123")[:4+dice.IntN(len(text)+1)]
		return randomTerm[issueFacts]{text, func(r issueFacts) bool {
			return slices.ContainsFunc(r.Fingerprints, func(fingerprint string) bool {
				return strings.HasPrefix(strings.ToLower(fingerprint), strings.ToLower(text))
			})
		}}
	}
}

// exactly is one number of those that a row has.
func exactly[T any](rows []T, of func(T) []int64) randomTerms[T] {
	return func(dice *rand.Rand) randomTerm[T] {
		n := int64(7)
		if list := of(pick(dice, rows)); len(list) > 0 {
			n = pick(dice, list)
		}
		return randomTerm[T]{strconv.FormatInt(n, 10), func(row T) bool { return slices.Contains(of(row), n) }}
	}
}

func sessionOracle(t *testing.T, s *storetest.Store, now time.Time, pulls []telemetry.PullRow,
	linked map[string][]telemetry.PullRef) oracle[telemetry.SessionRow] {
	type row = telemetry.SessionRow
	l := lists.Sessions(s.Store)
	var rows []row
	for _, text := range []string{"", "is:never_started"} {
		some, err := l.Rows(t.Context(), query.Ask{Query: storetest.Parse(t, l, text), Page: storetest.AllRows()})
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, some.Items...)
	}
	is := map[string]func(row) bool{telemetry.KeywordActive: func(r row) bool {
		return r.State.Active() && (!r.PolledAt.IsZero() || now.Sub(r.StateSince.Time) < telemetry.RecordedFor)
	}}
	for _, state := range telemetry.States() {
		is[string(state)] = func(r row) bool { return r.State == state }
	}
	users := map[telemetry.PullRef]string{}
	for _, p := range pulls {
		users[telemetry.PullRef{Repo: p.Repo, Number: p.Number}] = p.User
	}
	authors := func(r row) (names []string) {
		for _, ref := range linked[r.Key] {
			names = append(names, users[ref])
		}
		return names
	}
	results, rules := map[string][]string{}, map[string][]string{}
	for _, r := range rows {
		d, _, err := s.SessionDetail(t.Context(), r.Key, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range d.IssueClaims {
			results[r.Key] = append(results[r.Key], string(c.Found))
		}
		for _, i := range d.Issues {
			rules[r.Key] = append(rules[r.Key], i.Rule)
		}
	}
	has := map[string]func(row) bool{"pr": func(r row) bool { return r.HasPR }, "issue": func(r row) bool { return len(r.IssueIDs) > 0 },
		"attempt": func(r row) bool { return len(results[r.Key]) > 0 }}
	return oracle[row]{list: "sessions", schema: l.Schema(), sorts: l.Sorts(), rows: rows, id: func(r row) string { return r.Key },
		ask: func(a query.Ask) (telemetry.List[row], error) {
			return l.Rows(t.Context(), a)
		},
		unasked: func(r row, words []string) bool {
			return r.State == telemetry.StateNeverStarted && !slices.ContainsFunc(words, func(w string) bool {
				return strings.HasPrefix(w, "is:") && strings.Contains(strings.ReplaceAll(w, "-", "_"), string(telemetry.StateNeverStarted))
			})
		},
		ascending: sessionSorts(),
		vocabulary: map[string]randomTerms[row]{
			"":       pieces(rows, sessionTexts, func(r row, text string) bool { return partOf(text, sessionTexts(r)...) || fileHas(r.RunFile, text) }),
			"is":     words(is),
			"repo":   repos(rows, func(r row) []telemetry.RepoName { return []telemetry.RepoName{r.Repo} }),
			"family": texts(rows, func(r row) []string { return []string{r.Family} }),
			"run":    numbers(rows, func(r row) []int64 { return []int64{r.RunNumber} }),
			"batch":  numbers(rows, func(r row) []int64 { return []int64{int64(r.BatchID)} }),
			"issue":  texts(rows, func(r row) []string { return r.IssueIDs }),
			"id":     sessionRefs(rows, func(r row) []string { return []string{r.Key} }),
			"pr":     pullRefs(rows, func(r row) []telemetry.PullRef { return linked[r.Key] }),
			"author": texts(rows, authors), "campaign": texts(rows, campaignsOfSessions(t, s)),
			"verified": outcomes(t, s, func(r row, v telemetry.VerificationRow) bool {
				return v.Session != "" && telemetry.SessionKey(v.Session) == r.Key
			}),
			"has":     words(has),
			"no":      words(map[string]func(row) bool{"pr": func(r row) bool { return !has["pr"](r) }, "issue": func(r row) bool { return !has["issue"](r) }}),
			"age":     ages(now, rows, func(r row) []time.Time { return []time.Time{r.StateSince.Time} }),
			"started": dates(now, rows, func(r row) []time.Time { return []time.Time{r.At.Time} }),
			"claim": words(map[string]func(row) bool{"fixed": func(r row) bool { return r.ClaimedFixed > 0 }, "blocked": func(r row) bool { return r.ClaimedBlocked > 0 },
				"nothing": func(r row) bool { return r.ClaimedFixed+r.ClaimedBlocked == 0 }}),
			"found": words(foundWords(func(r row) []string { return results[r.Key] })),
			"acus": numbers(rows, func(r row) []int64 {
				if r.ACUs == nil {
					return nil
				}
				return []int64{int64(*r.ACUs)}
			}),
			"playbook": texts(rows, func(r row) []string { return present(string(r.Playbook)) }),
			"rule":     texts(rows, func(r row) []string { return rules[r.Key] }),
			"tests": words(map[string]func(row) bool{"passing": func(r row) bool { return r.TestsPassing != nil && *r.TestsPassing },
				"failing": func(r row) bool { return r.TestsPassing != nil && !*r.TestsPassing }, "unknown": func(r row) bool { return r.TestsPassing == nil }}),
			"tag": texts(rows, func(r row) []string { return r.Tags }),
		}}
}

func sessionSorts() map[string]func(a, b telemetry.SessionRow) int {
	type row = telemetry.SessionRow
	started := along(func(r row) int64 { return r.At.UnixMilli() })
	run := func(a, b row) int {
		return cmp.Or(cmp.Compare(a.RunNumber, b.RunNumber), cmp.Compare(a.BatchID, b.BatchID))
	}
	return map[string]func(a, b row) int{"timestamp": started, "started": started, "state": along(func(r row) int { return slices.Index(telemetry.States(), r.State) }),
		"since": along(func(r row) int64 { return r.StateSince.UnixMilli() }), "age": along(func(r row) int64 { return -r.StateSince.UnixMilli() }), "run_number": run, "run": run,
		"batch": along(func(r row) int64 { return int64(r.BatchID) }), "repo": along(func(r row) string { return r.Repo.Key() }), "family": along(func(r row) string { return r.Family }),
		"pr": along(func(r row) string { return fmt.Sprint(r.HasPR) }), "acus": along(func(r row) float64 {
			if r.ACUs == nil {
				return 0
			}
			return *r.ACUs
		})}
}

// sessionTexts are what free text finds of a session, beside its file.
func sessionTexts(r telemetry.SessionRow) []string {
	return append([]string{r.ID, r.Title, r.Family, r.TargetRepo, r.Status, r.Reason, r.RunLabel, r.PRURL}, r.IssueIDs...)
}

// fileHas reports whether a record's file has a text. The ending, which all
// have, is found only with what stands before it.
func fileHas(file, text string) bool {
	if slices.Contains([]string{".", ".j", ".js", ".jso", ".json"}, strings.ToLower(text)) || !strings.Contains(text, ".") {
		file = strings.ReplaceAll(file, ".json", "")
	}
	return partOf(text, file)
}

func pullOracle(t *testing.T, s *storetest.Store, now time.Time, rows []telemetry.PullRow, heads map[string]string) oracle[telemetry.PullRow] {
	type row = telemetry.PullRow
	targets, err := lists.Repos(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
	if err != nil {
		t.Fatal(err)
	}
	at := func(of func(row) time.Time) func(row) []time.Time {
		return func(r row) []time.Time { return []time.Time{of(r)} }
	}
	created := at(func(r row) time.Time { return r.CreatedAt.Time.Time })
	has := map[string]func(row) bool{"session": func(r row) bool { return r.Session != "" }, "issue": func(r row) bool { return len(r.IssueIDs) > 0 }}
	is := map[string]func(row) bool{"draft": func(r row) bool { return r.State == "open" && r.Draft }, "reverted": func(r row) bool { return !r.RevertedAt.IsZero() }, "merged": func(r row) bool { return r.Merged }}
	for _, state := range []string{"open", "closed", "unknown"} {
		is[state] = func(r row) bool { return r.State == state && !r.Merged }
	}
	linkedBy := map[string]func(row) bool{}
	for _, basis := range []telemetry.LinkBasis{telemetry.LinkDevin, telemetry.LinkVerification, telemetry.LinkRecorded, telemetry.LinkSessionID, telemetry.LinkIssueID} {
		linkedBy[string(basis)] = func(r row) bool { return r.Basis == basis }
	}
	ref := func(r row) telemetry.PullRef { return telemetry.PullRef{Repo: r.Repo, Number: r.Number} }
	of := func(r row) []string {
		return append([]string{r.Title, r.User, strings.ToLower(string(r.Repo)), telemetry.SessionKey(r.Session), heads[ref(r).Key()]}, r.IssueIDs...)
	}
	return oracle[row]{list: "pulls", schema: lists.Pulls(s.Store).Schema(), sorts: lists.Pulls(s.Store).Sorts(), rows: rows, id: func(r row) string { return ref(r).Key() },
		ask: func(a query.Ask) (telemetry.List[row], error) {
			return lists.Pulls(s.Store).Rows(t.Context(), a)
		},
		ascending: pullSorts(),
		vocabulary: map[string]randomTerms[row]{
			"": pieces(rows, of, func(r row, text string) bool {
				n, err := strconv.ParseInt(strings.TrimPrefix(text, "#"), 10, 64)
				return partOf(text, of(r)...) || err == nil && n == r.Number
			}),
			"is": words(is),
			"repo": repos(rows, func(r row) []telemetry.RepoName {
				names := []telemetry.RepoName{r.Repo}
				for _, target := range targets.Items {
					if strings.EqualFold(string(target.Fork), string(r.Repo)) {
						names = append(names, target.Name)
					}
				}
				return names
			}),
			"author":  texts(rows, func(r row) []string { return []string{r.User} }),
			"session": sessionRefs(rows, func(r row) []string { return []string{r.Session} }),
			"issue":   texts(rows, func(r row) []string { return r.IssueIDs }),
			"pr":      pullRefs(rows, func(r row) []telemetry.PullRef { return []telemetry.PullRef{ref(r)} }),
			"linked":  words(linkedBy),
			"checks":  words(statusWords(func(r row) telemetry.Optional { return r.Checks }, "success", "failure", "pending", "none")),
			"review": words(statusWords(func(r row) telemetry.Optional { return r.Review },
				"approved", "changes_requested", "required", "none")),
			"mergeable": words(statusWords(func(r row) telemetry.Optional { return r.Mergeable }, "mergeable", "conflict", "unknown")),
			"verified":  outcomes(t, s, func(r row, v telemetry.VerificationRow) bool { return v.PullRef == ref(r) }),
			"has":       words(has),
			"no":        words(map[string]func(row) bool{"session": func(r row) bool { return !has["session"](r) }, "issue": func(r row) bool { return !has["issue"](r) }}),
			"age":       ages(now, rows, created),
			"created":   dates(now, rows, created),
			"merged":    dates(now, rows, at(func(r row) time.Time { return r.MergedAt.Time })),
			"closed":    dates(now, rows, at(func(r row) time.Time { return r.ClosedAt.Time })),
		}}
}
