package derive_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/testsize"
)

// answer is what GitHub says when it is asked for a name.
func answer(asked, now telemetry.RepoName, id int64) telemetry.RepoAnswer {
	return telemetry.RepoAnswer{Asked: asked, GitHubRepo: telemetry.GitHubRepo{ID: id, Name: now}}
}

// TestRenamesInAnyOrder: whenever a repository was renamed, whenever that was
// learned, and under whichever name records, pull requests and sessions name it,
// everything is as if all had named it as it is called now.
func TestRenamesInAnyOrder(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, first *storetest.Store) {
		for seed := range uint64(testsize.Of(t, "histories", 2, 3)) {
			files := storetest.DisturbedFiles(seed)
			name := busiest(files)
			chain := []telemetry.RepoName{"renamed/aaa", "renamed/bbb", name}
			if seed == 1 { // and back again
				chain = []telemetry.RepoName{name, "renamed/aaa", name}
			}
			pulls := storetest.PullsFor(files)
			want := storetest.OpenLike(t, first)
			storetest.PutEach(t, want, files)
			storetest.SavePulls(t, want, pulls)
			askedAbout(t, want, answer(name, name, 7))
			got := storetest.OpenLike(t, first)
			renameWhilePutting(t, got, rand.New(rand.NewPCG(seed, 1)), files, pulls, chain)
			storetest.SameDump(t, fmt.Sprint("seed ", seed), renamedDump(t, got, chain), storetest.DumpOf(t, want))
			before := storetest.DumpOf(t, got)
			if err := got.Exec(t.Context(), `UPDATE files SET derived = 'old rules'`); err != nil {
				t.Fatal(err)
			}
			if err := got.Rebuild(t.Context(), func(int, int) {}); err != nil {
				t.Fatal(err)
			}
			storetest.SameDump(t, fmt.Sprint("rebuilt, seed ", seed), storetest.DumpOf(t, got), before)
		}
	})
}

// busiest is the target of most records.
func busiest(files []telemetry.FetchedFile) telemetry.RepoName {
	counts, most := map[telemetry.RepoName]int{}, telemetry.RepoName("")
	for _, f := range files {
		if counts[f.Record.Repo]++; f.Record.Repo != "" && counts[f.Record.Repo] > counts[most] {
			most = f.Record.Repo
		}
	}
	return most
}

// called has a text name a repository otherwise.
func called(body []byte, from, to telemetry.RepoName) []byte {
	return bytes.ReplaceAll(body, []byte("github.com/"+string(from)), []byte("github.com/"+string(to)))
}

// renameWhilePutting stores records and pull requests in any order, each under one
// of the names of a chain, and meanwhile has GitHub asked for some.
func renameWhilePutting(
	t *testing.T, s *storetest.Store, dice *rand.Rand, files []telemetry.FetchedFile, pulls []telemetry.PullRequest, chain []telemetry.RepoName,
) {
	t.Helper()
	name, files, at := chain[len(chain)-1], slices.Clone(files), 0
	dice.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
	pick := func() telemetry.RepoName { return chain[dice.IntN(len(chain))] }
	for len(files) > 0 {
		n := min(1+dice.IntN(9), len(files))
		var some []telemetry.FetchedFile
		for _, f := range files[:n] {
			some = append(some, storetest.Fetched(f.Name, called(f.Body, name, pick())))
		}
		storetest.Put(t, s, some...)
		files = files[n:]
		as := pick()
		var listed []telemetry.PullRequest
		for _, p := range pulls {
			if telemetry.ParseRepo(p.Repo).Key() == name.Key() {
				p.Repo, p.HTMLURL = string(as), string(called([]byte(p.HTMLURL), name, as))
			}
			if dice.IntN(4) == 0 {
				listed = append(listed, p)
			}
		}
		storetest.SavePulls(t, s, listed)
		if at < len(chain)-1 && dice.IntN(3) == 0 {
			at++
		}
		if dice.IntN(2) == 0 {
			askedAbout(t, s, answer(pick(), chain[at], 7))
		}
	}
	for _, former := range chain {
		askedAbout(t, s, answer(former, name, 7))
	}
	storetest.SavePulls(t, s, pulls)
}

// renamedDump is a dump in which addresses as recorded name the newest of names.
func renamedDump(t *testing.T, s *storetest.Store, chain []telemetry.RepoName) map[string][]string {
	t.Helper()
	dump := storetest.DumpOf(t, s)
	for _, rows := range dump {
		for i := range rows {
			for _, former := range chain {
				rows[i] = string(called([]byte(rows[i]), former, chain[len(chain)-1]))
			}
		}
		slices.Sort(rows)
	}
	return dump
}

// TestRenamedTargetCase is the shared case: two records, and GitHub leads from the
// old target to the new one.
func TestRenamedTargetCase(t *testing.T) {
	files := storetest.CaseFiles(t, "renamed-target")
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, files...)
		askedAbout(t, s, answer("acme/old-name", "acme/new-name", 7), answer("acme/new-name", "acme/new-name", 7))
		statuses(t, s, "", "recurring recurring fixed")
		for _, name := range []string{"acme/old-name", "acme/new-name"} {
			statuses(t, s, name, "recurring recurring fixed")
		}
		totals, err := s.Totals(t.Context())
		if err != nil || len(totals.Repos) != 1 || totals.Repos[0] != "https://github.com/acme/new-name" || totals.Latest != 2 {
			t.Errorf("%d open of %v (%v), want 2 of the new name", totals.Latest, totals.Repos, err)
		}
	})
}

// statuses compares the statuses of a repository's issues.
func statuses(t *testing.T, s *storetest.Store, repo, want string) {
	t.Helper()
	rows, err := lists.Issues(s.Store).Rows(t.Context(), query.Ask{Repo: repo, Page: storetest.AllRows()})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range rows.Items {
		got = append(got, string(row.Status))
	}
	if strings.Join(got, " ") != want {
		t.Errorf("issues of %q are %v, want %s", repo, got, want)
	}
}

const finding = "js/xss a.js 1 aaaaaaaaaaaaaaaa1"

func scanOf(repo, fork string, run int, at string) telemetry.FetchedFile {
	f := storetest.ScanRecord{Repo: repo, Run: int64(run), At: at, Findings: []string{finding}}.File(fmt.Sprint(run, ".json"))
	if fork == "" {
		return f
	}
	return storetest.Fetched(f.Name, bytes.Replace(f.Body, []byte(`"fork_url":""`), []byte(`"fork_url":"https://github.com/`+fork+`"`), 1))
}

// TestNamesOfRepositories: what names stand for, by what GitHub said of them.
func TestNamesOfRepositories(t *testing.T) {
	first, second, third := "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"
	for _, test := range []struct {
		name    string
		files   []telemetry.FetchedFile
		answers []telemetry.RepoAnswer // each in its own turn
		want    string                 // repositories with the statuses of their issues
		means   map[string]string      // names and the repository that they mean
	}{
		{name: "not asked", files: []telemetry.FetchedFile{scanOf("o/a", "", 1, first), scanOf("o/b", "", 2, second)}, want: "o/a new, o/b new"},
		{name: "renamed, and no record has the new name", files: []telemetry.FetchedFile{scanOf("o/a", "", 1, first)},
			answers: []telemetry.RepoAnswer{answer("o/a", "O/B", 7)}, want: "O/B new", means: map[string]string{"o/a": "O/B", "o/b": "O/B"}},
		{name: "twice, and only the first name is recorded", files: []telemetry.FetchedFile{scanOf("o/a", "", 1, first)},
			answers: []telemetry.RepoAnswer{answer("o/a", "o/b", 7), answer("o/a", "o/c", 7)}, want: "o/c new",
			means: map[string]string{"o/a": "o/c", "o/b": "o/c"}},
		{name: "and back", files: []telemetry.FetchedFile{scanOf("o/a", "", 1, first), scanOf("o/b", "", 2, second), scanOf("o/a", "", 3, third)},
			answers: []telemetry.RepoAnswer{answer("o/a", "o/b", 7), answer("o/b", "o/a", 7)}, want: "o/a recurring", means: map[string]string{"o/b": "o/a"}},
		{name: "the new name alone was asked for, the old one before", files: []telemetry.FetchedFile{scanOf("o/a", "", 1, first), scanOf("o/b", "", 2, second)},
			answers: []telemetry.RepoAnswer{answer("o/a", "o/a", 7), answer("o/b", "o/b", 7)}, want: "o/b recurring", means: map[string]string{"o/a": "o/b"}},
		{name: "another one made under the old name", files: []telemetry.FetchedFile{scanOf("o/a", "", 1, first), scanOf("o/b", "", 2, second)},
			answers: []telemetry.RepoAnswer{answer("o/a", "o/b", 7), answer("o/b", "o/b", 7), answer("o/a", "o/a", 9)}, want: "o/a new, o/b new"},
		{name: "in another case", files: []telemetry.FetchedFile{scanOf("O/A", "", 1, first), scanOf("o/b", "", 2, second)},
			answers: []telemetry.RepoAnswer{answer("o/a", "O/b", 7), answer("O/B", "O/b", 7)}, want: "o/b recurring", means: map[string]string{"o/a": "o/b"}},
		{name: "not shown by GitHub", files: []telemetry.FetchedFile{scanOf("o/a", "", 1, first)},
			answers: []telemetry.RepoAnswer{{Asked: "o/a"}}, want: "o/a new"},
		{name: "a fork of a target", files: []telemetry.FetchedFile{scanOf("o/up", "me/fork", 1, first), scanOf("me/fork", "", 2, second)},
			want: "o/up recurring", means: map[string]string{"me/fork": "o/up"}},
		{name: "a fork that was renamed, of a target that was", files: []telemetry.FetchedFile{
			scanOf("o/up", "me/fork", 1, first), scanOf("me/fork2", "me/fork2", 2, second), scanOf("o/up2", "", 3, third)},
			answers: []telemetry.RepoAnswer{answer("me/fork", "me/fork2", 8), answer("o/up", "o/up2", 7)},
			want:    "o/up2 recurring", means: map[string]string{"me/fork": "o/up2", "me/fork2": "o/up2", "o/up": "o/up2"}},
		{name: "a fork of two targets stays by itself", files: []telemetry.FetchedFile{
			scanOf("o/up", "me/fork", 1, first), scanOf("me/fork", "", 2, second), scanOf("o/other", "me/fork", 3, third)},
			want: "me/fork new, o/other new, o/up new"},
		{name: "forks of each other", files: []telemetry.FetchedFile{scanOf("o/b", "o/a", 1, first), scanOf("o/a", "o/b", 2, second)}, want: "o/a recurring"},
	} {
		t.Run(test.name, func(t *testing.T) {
			storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
				for _, early := range []int{0, len(test.files)} { // GitHub is asked before the records came, or after
					s := storetest.OpenLike(t, s)
					storetest.Put(t, s, test.files[:early]...)
					for _, a := range test.answers {
						askedAbout(t, s, a)
					}
					storetest.Put(t, s, test.files[early:]...)
					compareRepos(t, s, test.want, test.means)
				}
			})
		})
	}
}

func compareRepos(t *testing.T, s *storetest.Store, want string, means map[string]string) {
	t.Helper()
	repos, err := lists.Repos(s.Store).Rows(t.Context(), query.Ask{Page: query.Page{Number: 1, Size: 99, Sort: "repo", Order: "asc"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range repos.Items {
		issues, err := lists.Issues(s.Store).Rows(t.Context(), query.Ask{Repo: r.Name.Key(), Page: storetest.AllRows()})
		if err != nil || len(issues.Items) != 1 || issues.Items[0].Repo != r.Name {
			t.Fatalf("issues of %s: %+v (%v)", r.Name, issues.Items, err)
		}
		got = append(got, string(r.Name)+" "+string(issues.Items[0].Status))
	}
	if strings.Join(got, ", ") != want {
		t.Errorf("repositories %v, want %s", got, want)
	}
	for name, repo := range means {
		for _, ask := range []query.Ask{{Repo: name}, {Query: storetest.Parse(t, lists.Repos(s.Store), "repo:"+name)}} {
			ask.Page = storetest.AllRows()
			rows, err := lists.Repos(s.Store).Rows(t.Context(), ask)
			if err != nil || len(rows.Items) != 1 || string(rows.Items[0].Name) != repo {
				t.Errorf("%s means %+v (%v), want %s", name, rows.Items, err, repo)
			}
		}
	}
}

// TestIDsOfRenamed: the ids that issues had under older names of their repository
// lead to what they are now, however often it was renamed, and back.
func TestIDsOfRenamed(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, scanOf("o/a", "", 1, "2026-03-01T00:00:00Z"), scanOf("o/other", "", 2, "2026-03-01T00:00:00Z"))
		former := map[string]bool{}
		for _, name := range []telemetry.RepoName{"o/a", "o/b", "o/c", "o/a", "o/d"} {
			askedAbout(t, s, answer("o/a", name, 7))
			rows, err := lists.Issues(s.Store).Rows(t.Context(), query.Ask{Repo: "o/a", Page: storetest.AllRows()})
			if err != nil || len(rows.Items) != 1 || rows.Items[0].Repo != name {
				t.Fatalf("as %s: %+v (%v)", name, rows.Items, err)
			}
			now := rows.Items[0].PublicID
			delete(former, now)
			for id := range former {
				if _, moved, _, err := s.IssueDetail(t.Context(), id, time.Time{}); err != nil || moved != now {
					t.Errorf("as %s: %s leads to %q (%v), want %s", name, id, moved, err, now)
				}
				found, err := lists.Issues(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows(),
					Query: storetest.Parse(t, lists.Issues(s.Store), "id:"+id)})
				if err != nil || len(found.Items) != 1 || found.Items[0].PublicID != now {
					t.Errorf("as %s: id:%s finds %+v (%v)", name, id, found.Items, err)
				}
			}
			former[now] = true
		}
		if len(former) != 4 {
			t.Errorf("%d ids, want one for each name", len(former))
		}
	})
}

// TestLogsOfRenamed: the log of a run stays that run's log, and is
// asked for once.
func TestLogsOfRenamed(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		f := storetest.ScanRecord{Repo: "o/a", Run: 1, At: "2026-03-01T00:00:00Z", Findings: []string{finding}}.File("1.json")
		f = storetest.Fetched(f.Name, bytes.Replace(f.Body, []byte(`"run_number"`), []byte(`"run_label":"label-1","run_number"`), 1))
		storetest.Put(t, s, f)
		storetest.PutLogs(t, s, storetest.Log("o/a", "label-1", "issues.json",
			`[{"id":"`+storetest.IssueID(1, 0)+`","fingerprint":"aaaaaaaaaaaaaaaa1","rule_id":"js/xss","message":"Bad.","locations":[{"file":"a.js","start_line":1}]}]`))
		described := func(what, repo string) {
			t.Helper()
			if n, err := s.Texts(t.Context(), `SELECT l.repo_key || ' ' || CAST(COUNT(*) AS TEXT) FROM log_issues i
				JOIN run_logs l ON l.id = i.log_id GROUP BY l.repo_key`); err != nil || !slices.Equal(n, []string{repo + " 1"}) {
				t.Errorf("%s: logs describe %v (%v), want one issue of %s", what, n, err, repo)
			}
			if wanted, err := s.LogsToAsk(t.Context(), 9); err != nil || len(wanted) != 0 {
				t.Errorf("%s: asks for %v (%v)", what, wanted, err)
			}
		}
		described("before", "o/a")
		askedAbout(t, s, answer("o/a", "o/b", 7))
		described("renamed", "o/b")
		storetest.PutLogs(t, s, telemetry.FetchedLog{ // asked for before, answered after
			LogRef: telemetry.LogRef{Repo: "o/a", Label: "label-1"}, State: telemetry.LogMissing})
		askedAbout(t, s, answer("o/a", "o/a", 9))
		described("another one under the old name", "o/a")
	})
}
