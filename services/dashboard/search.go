package dashboard

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/telemetry"
)

// Finds is where values for completion, and all rows of a list, are read.
type Finds interface {
	QueryValues(ctx context.Context, list telemetry.ListName, qualifier, typed string, most int) ([]string, error)
	EachIssue(ctx context.Context, f telemetry.IssueFilter, p telemetry.Page, do func([]telemetry.IssueRow) error) error
	EachSession(ctx context.Context, f telemetry.SessionFilter, p telemetry.Page, do func([]telemetry.SessionRow) error) error
	EachPull(ctx context.Context, f telemetry.PullFilter, p telemetry.Page, do func([]telemetry.PullRow) error) error
	EachRun(ctx context.Context, f telemetry.RunFilter, p telemetry.Page, do func([]telemetry.RunRow) error) error
}

// completionValues is how many of the data's values a completion asks for.
const completionValues = 20

// Complete returns what may stand at the caret of a list's query, which
// counts UTF-16 units as browsers do; none where nothing can be offered. The
// error is CodeInvalid for an unknown list.
func (d *Dashboard) Complete(ctx context.Context, list telemetry.ListName, text string, caret int) ([]telemetry.Completion, error) {
	if _, err := telemetry.ParseQuery(list, ""); err != nil {
		return nil, err
	}
	at, ok := telemetry.CompleteAt(list, text, caret)
	if !ok {
		return []telemetry.Completion{}, nil
	}
	var values []string
	if at.Qualifier != nil && at.Qualifier.Dynamic {
		var err error
		if values, err = d.QueryValues(ctx, list, at.Qualifier.Name, at.Typed, completionValues); err != nil {
			return nil, err
		}
	}
	return at.Choices(values), nil
}

// Hit is one thing that a search names exactly.
type Hit struct {
	Kind  string // issue, session, pull, run or repo
	Title string
	Repo  telemetry.RepoName
	Path  string // of its page
}

// Found is one list's part of a search: its first rows and how many there
// are. Query is what the list's page takes; it is empty with Note, which
// says why the list was not searched.
type Found[T any] struct {
	telemetry.List[T]
	Query telemetry.Query
	Note  string
}

// SearchResult is what a search over everything finds.
type SearchResult struct {
	Note     string // what of the text was not understood; "" for nothing
	Exact    []Hit
	Issues   Found[telemetry.IssueRow]
	Sessions Found[telemetry.SessionRow]
	Pulls    Found[telemetry.PullRow]
	Runs     Found[telemetry.RunRow]
	Repos    Found[telemetry.RepoRow]
}

// searchRows is how many rows of each list a search shows.
const searchRows = 5

// searchedAtOnce is how many lists a search asks at a time: each takes a
// reading connection of its own, with its cache.
const searchedAtOnce = 2

// Search looks for a text in every list and for what it names exactly: an
// issue's id or fingerprint, a session, a pull request, a run or its file, a
// repository. Qualifiers search the lists that have them, which are asked side
// by side; one that no list has is looked for as a word, and told. The error
// is CodeInvalid for a text that cannot be read.
func (d *Dashboard) Search(ctx context.Context, text string) (SearchResult, error) {
	var out SearchResult
	quoted, note := telemetry.QuoteUnknown(text)
	queries, notes, err := searchQueries(quoted)
	if err != nil {
		return out, err
	}
	page := telemetry.Page{Number: 1, Size: searchRows}
	var all errgroup.Group
	all.SetLimit(searchedAtOnce)
	ask := func(list telemetry.ListName, do func(q telemetry.Query) error) {
		if notes[list] == "" && text != "" {
			all.Go(func() error {
				return telemetry.Guard("search "+string(list), func() error { return do(queries[list]) })
			})
		}
	}
	out.Issues = found[telemetry.IssueRow](telemetry.ListIssues, queries, notes)
	out.Sessions = found[telemetry.SessionRow](telemetry.ListSessions, queries, notes)
	out.Pulls = found[telemetry.PullRow](telemetry.ListPulls, queries, notes)
	out.Runs = found[telemetry.RunRow](telemetry.ListRuns, queries, notes)
	out.Repos = found[telemetry.RepoRow](telemetry.ListRepos, queries, notes)
	ask(telemetry.ListIssues, func(q telemetry.Query) (err error) {
		out.Issues.List, err = d.Issues(ctx, telemetry.IssueFilter{Query: q}, page)
		return err
	})
	ask(telemetry.ListSessions, func(q telemetry.Query) (err error) {
		out.Sessions.List, err = d.Sessions(ctx, telemetry.SessionFilter{Query: q}, page)
		return err
	})
	ask(telemetry.ListPulls, func(q telemetry.Query) (err error) {
		out.Pulls.List, err = d.Pulls(ctx, telemetry.PullFilter{Query: q}, page)
		return err
	})
	ask(telemetry.ListRuns, func(q telemetry.Query) (err error) {
		out.Runs.List, err = d.Runs(ctx, telemetry.RunFilter{Query: q}, page)
		return err
	})
	ask(telemetry.ListRepos, func(q telemetry.Query) (err error) {
		out.Repos.List, err = d.Repos(ctx, telemetry.RepoFilter{Query: q}, page)
		return err
	})
	exact, err := d.exact(ctx, strings.TrimSpace(text))
	err = errors.Join(all.Wait(), err)
	if out.Exact = exact; len(exact) == 0 {
		out.Note = note
	}
	return out, err
}

func found[T any](list telemetry.ListName, queries map[telemetry.ListName]telemetry.Query, notes map[telemetry.ListName]string) Found[T] {
	return Found[T]{List: telemetry.List[T]{Items: []T{}}, Query: queries[list], Note: notes[list]}
}

// searchQueries reads a text as a query of each list, and tells of each that
// does not understand it why. Where all have the same reason, it is the text
// that is wrong.
func searchQueries(text string) (map[telemetry.ListName]telemetry.Query, map[telemetry.ListName]string, error) {
	queries, notes := map[telemetry.ListName]telemetry.Query{}, map[telemetry.ListName]string{}
	faults := map[string]error{}
	for _, list := range telemetry.ListNames() {
		q, err := telemetry.ParseQuery(list, text)
		if err != nil {
			notes[list], faults[err.Error()] = err.Error(), err
			continue
		}
		queries[list] = q
	}
	if len(queries) == 0 && len(faults) == 1 {
		for _, err := range faults {
			return nil, nil, err
		}
	}
	return queries, notes, nil
}

// exact finds what the text as a whole names.
func (d *Dashboard) exact(ctx context.Context, text string) ([]Hit, error) {
	hits := []Hit{}
	if text == "" || strings.ContainsAny(text, " \"") {
		return hits, nil
	}
	for _, find := range []func(context.Context, string) ([]Hit, error){
		d.exactIssues, d.exactSession, d.exactPulls, d.exactRuns, d.exactRepo,
	} {
		more, err := find(ctx, text)
		if err != nil {
			return nil, err
		}
		hits = append(hits, more...)
	}
	return hits, nil
}

func (d *Dashboard) exactIssues(ctx context.Context, text string) ([]Hit, error) {
	ids := telemetry.IssueIDs(text)
	var hits []Hit
	for qualifier, fits := range map[string]bool{
		"id":          len(ids) == 1 && strings.EqualFold(ids[0], text) || len(text) == 12 && isHex(text),
		"fingerprint": len(text) >= 8 && isHex(text),
	} {
		if !fits {
			continue
		}
		q, err := telemetry.Query{List: telemetry.ListIssues}.And(qualifier, text)
		if err != nil {
			return nil, err
		}
		list, err := d.Issues(ctx, telemetry.IssueFilter{Query: q}, telemetry.Page{Size: searchRows})
		if err != nil {
			return nil, err
		}
		for _, i := range list.Items {
			hits = append(hits, Hit{
				Kind:  "issue",
				Title: i.Rule + " " + i.File + ":" + strconv.FormatInt(i.Line, 10),
				Repo:  i.Repo,
				Path:  "/issues/" + i.PublicID,
			})
		}
	}
	return hits, nil
}

func (d *Dashboard) exactSession(ctx context.Context, text string) ([]Hit, error) {
	id := telemetry.BareID(text)
	if tokens := telemetry.SessionTokens(text); strings.Contains(text, "://") && len(tokens) == 1 {
		id = tokens[0]
	}
	list, err := d.Sessions(ctx, telemetry.SessionFilter{ID: id}, telemetry.Page{Size: 1})
	if err != nil || id == "" || len(list.Items) == 0 {
		return nil, err
	}
	s := list.Items[0]
	return []Hit{{Kind: "session", Title: s.ID, Repo: s.Repo, Path: "/sessions/" + url.PathEscape(s.Key)}}, nil
}

func (d *Dashboard) exactPulls(ctx context.Context, text string) ([]Hit, error) {
	if _, ok := telemetry.PullOf(text); !ok {
		return nil, nil
	}
	q, err := telemetry.Query{List: telemetry.ListPulls}.And("pr", text)
	if err != nil {
		return nil, err
	}
	list, err := d.Pulls(ctx, telemetry.PullFilter{Query: q}, telemetry.Page{Size: searchRows})
	var hits []Hit
	for _, p := range list.Items {
		number := strconv.FormatInt(p.Number, 10)
		hits = append(hits, Hit{
			Kind:  "pull",
			Title: strings.TrimSpace("#" + number + " " + p.Title),
			Repo:  p.Repo,
			Path:  "/pulls/" + string(p.Repo) + "/" + number,
		})
	}
	return hits, err
}

func (d *Dashboard) exactRuns(ctx context.Context, text string) ([]Hit, error) {
	f := telemetry.RunFilter{File: text}
	if number := strings.TrimPrefix(text, "#"); strings.Trim(number, "0123456789") == "" && number != "" {
		q, err := telemetry.Query{List: telemetry.ListRuns}.And("run", number)
		if err != nil {
			return nil, nil //nolint:nilerr // a number beyond all counts names no run
		}
		f = telemetry.RunFilter{Query: q}
	}
	list, err := d.Runs(ctx, f, telemetry.Page{Size: searchRows})
	var hits []Hit
	for _, r := range list.Items {
		hits = append(hits, Hit{Kind: "run", Title: r.File, Repo: r.Repo, Path: "/runs/" + url.PathEscape(r.File)})
	}
	return hits, err
}

func (d *Dashboard) exactRepo(ctx context.Context, text string) ([]Hit, error) {
	key := telemetry.ParseRepo(text).Key()
	if key == "" {
		return nil, nil
	}
	r, ok, err := d.Repo(ctx, key)
	if err != nil || !ok {
		return nil, err
	}
	return []Hit{{Kind: "repo", Title: string(r.Name), Repo: r.Name, Path: "/repo/" + string(r.Name)}}, nil
}

func isHex(s string) bool { return strings.Trim(strings.ToLower(s), "0123456789abcdef") == "" }
