package dashboard

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// completionValues is how many of the data's values a completion asks for.
const completionValues = 20

// Complete returns what may stand at the caret of a list's query, which counts UTF-16
// units as browsers do: now, or as of a time what is known of it. The error is
// CodeInvalid for an unknown list.
func (d *Dashboard) Complete(ctx context.Context, name, text string, caret int, asOf time.Time) ([]query.Completion, error) {
	list, err := d.Named(name)
	if err != nil {
		return nil, err
	}
	if list == Described(d.Audit) && !telemetry.PersonOf(ctx).May(telemetry.RoleAdmin) {
		return nil, telemetry.Errorf(telemetry.CodeForbidden, "The audit log is for admins.")
	}
	schema := list.Schema()
	if !asOf.IsZero() {
		schema = schema.Past()
	}
	at, ok := schema.At(text, caret)
	if !ok {
		return []query.Completion{}, nil
	}
	var values []string
	if at.Field != nil && at.Field.Dynamic {
		if values, err = list.Values(ctx, asOf, at.Field.Name, at.Typed, completionValues); err != nil {
			return nil, err
		}
	}
	return at.Choices(values), nil
}

// Hit is one thing that a search names exactly.
type Hit struct {
	Kind  string             `json:"kind"` // issue, session, pull, run or repo
	Title string             `json:"title"`
	Repo  telemetry.RepoName `json:"repo"`
	Path  string             `json:"path"` // of its page
}

// Found is one list's part of a search: its first rows and how many there are. Query is
// empty with Note, which says why the list was not searched.
type Found[T any] struct {
	telemetry.List[T]
	Query query.Query
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

// Search looks for a text in every list, as of a time, and for what it names exactly. Qualifiers
// search the lists that have them; one that no list has is looked for as a word, which
// the note says. The error is CodeInvalid for a text that cannot be read.
func (d *Dashboard) Search(ctx context.Context, text string, at time.Time) (SearchResult, error) {
	var out SearchResult
	var schemas []*query.Schema
	for _, l := range d.Searched() {
		schemas = append(schemas, l.Schema())
	}
	quoted, note := query.QuoteUnknown(schemas, text)
	finds := []find{
		finding(d.Repos, quoted, at, &out.Repos), finding(d.Issues, quoted, at, &out.Issues), finding(d.Pulls, quoted, at, &out.Pulls),
		finding(d.Sessions, quoted, at, &out.Sessions), finding(d.Runs, quoted, at, &out.Runs),
	}
	if fault := sameFault(finds); fault != nil {
		return SearchResult{}, fault
	}
	var all errgroup.Group
	all.SetLimit(searchedAtOnce)
	for i, f := range finds {
		if f.fault == nil && text != "" {
			all.Go(func() error {
				return telemetry.Guard("search "+schemas[i].Name, func() error { return f.rows(ctx) })
			})
		}
	}
	exact, err := d.exact(ctx, strings.TrimSpace(text), at)
	err = errors.Join(all.Wait(), err)
	if out.Exact = exact; len(exact) == 0 {
		out.Note = note
	}
	return out, err
}

// find is the search of one list: what is wrong with its text there, or what
// reads its rows.
type find struct {
	fault error
	rows  func(context.Context) error
}

// finding reads the text of a search as a query of a list.
func finding[T any](l List[T], text string, at time.Time, into *Found[T]) find {
	into.Items = []T{}
	q, err := Parse(l, text)
	if err != nil {
		into.Note = err.Error()
		return find{fault: err}
	}
	into.Query = q
	return find{rows: func(ctx context.Context) (err error) {
		into.List, err = l.Rows(ctx, query.Ask{Query: q, AsOf: at, Page: query.Page{Number: 1, Size: searchRows}})
		if telemetry.CodeOf(err) == telemetry.CodeNoPast {
			*into = Found[T]{Note: err.Error()}
			into.Items, err = []T{}, nil
		}
		return err
	}}
}

// sameFault is the fault that all lists find with a text: then it is the text
// that is wrong.
func sameFault(finds []find) error {
	fault := finds[0].fault
	for _, f := range finds {
		if fault == nil || f.fault == nil || f.fault.Error() != fault.Error() {
			return nil
		}
	}
	return fault
}

// exact finds what the text as a whole names.
func (d *Dashboard) exact(ctx context.Context, text string, at time.Time) ([]Hit, error) {
	hits := []Hit{}
	if text == "" || strings.ContainsAny(text, " \"") {
		return hits, nil
	}
	for _, find := range []func(context.Context, string, time.Time) ([]Hit, error){
		d.exactIssues, d.exactSession, d.exactPulls, d.exactRuns, d.exactRepo,
	} {
		more, err := find(ctx, text, at)
		if err != nil {
			return nil, err
		}
		hits = append(hits, more...)
	}
	return hits, nil
}

func (d *Dashboard) exactIssues(ctx context.Context, text string, at time.Time) ([]Hit, error) {
	ids, hex := telemetry.IssueIDs(text), telemetry.IsHex(strings.ToLower(text))
	var hits []Hit
	for qualifier, fits := range map[string]bool{
		"id":          len(ids) == 1 && strings.EqualFold(ids[0], text) || len(text) == 12 && hex,
		"fingerprint": len(text) >= 8 && hex,
	} {
		if !fits {
			continue
		}
		term, err := Term(d.Issues, qualifier, text)
		if err != nil {
			return nil, err
		}
		list, err := d.Issues.Rows(ctx, query.Ask{AsOf: at, Page: query.Page{Size: searchRows}}.And(term))
		if err != nil {
			return nil, err
		}
		for _, i := range list.Items {
			hits = append(hits, Hit{
				Kind:  "issue",
				Title: i.Rule + " " + i.File + ":" + strconv.FormatInt(i.Line, 10),
				Repo:  i.Repo,
				Path:  links.Issue(i.PublicID),
			})
		}
	}
	return hits, nil
}

func (d *Dashboard) exactSession(ctx context.Context, text string, at time.Time) ([]Hit, error) {
	id := telemetry.SessionKey(text)
	if tokens := telemetry.SessionTokens(text); strings.Contains(text, "://") && len(tokens) == 1 {
		id = tokens[0]
	}
	sessions, err := d.SessionsByKey(ctx, []string{id}, at)
	s, found := sessions[id]
	if err != nil || id == "" || !found {
		return nil, err
	}
	return []Hit{{Kind: "session", Title: s.ID, Repo: s.Repo, Path: links.Session(s.Key)}}, nil
}

func (d *Dashboard) exactPulls(ctx context.Context, text string, at time.Time) ([]Hit, error) {
	if _, ok := telemetry.PullOf(text); !ok {
		return nil, nil
	}
	term, err := Term(d.Pulls, "pr", text)
	if err != nil {
		return nil, err
	}
	list, err := d.Pulls.Rows(ctx, query.Ask{AsOf: at, Page: query.Page{Size: searchRows}}.And(term))
	var hits []Hit
	for _, p := range list.Items {
		number := strconv.FormatInt(p.Number, 10)
		hits = append(hits, Hit{
			Kind:  "pull",
			Title: strings.TrimSpace("#" + number + " " + p.Title),
			Repo:  p.Repo,
			Path:  links.Pull(p.Repo, p.Number),
		})
	}
	return hits, err
}

func (d *Dashboard) exactRuns(ctx context.Context, text string, at time.Time) ([]Hit, error) {
	term := query.Term{Field: "name", Values: []query.Value{{Text: text}}}
	if number := strings.TrimPrefix(text, "#"); strings.Trim(number, "0123456789") == "" && number != "" {
		var err error
		if term, err = Term(d.Runs, "run", number); err != nil {
			return nil, nil //nolint:nilerr // a number beyond all counts names no run
		}
	}
	list, err := d.Runs.Rows(ctx, query.Ask{Brief: true, AsOf: at, Page: query.Page{Size: searchRows}}.And(term))
	var hits []Hit
	for _, r := range list.Items {
		hits = append(hits, Hit{Kind: "run", Title: r.File, Repo: r.Repo, Path: links.Run(r.File)})
	}
	return hits, err
}

func (d *Dashboard) exactRepo(ctx context.Context, text string, at time.Time) ([]Hit, error) {
	r, ok, err := d.repo(ctx, telemetry.ParseRepo(text), at)
	if err != nil || !ok {
		return nil, err
	}
	return []Hit{{Kind: "repo", Title: string(r.Name), Repo: r.Name, Path: links.Repo(r.Name)}}, nil
}
