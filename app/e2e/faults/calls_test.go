package faults

import (
	"context"
	"crypto/sha1" //nolint:gosec // Git names blobs by SHA-1
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

// The APIs that are called.
type api string

const (
	gh api = "github"
	v1 api = "v1"
	v3 api = "v3"
)

// kind is what the true answer of a call is.
type kind string

const (
	kindObject kind = "an object"
	kindList   kind = "a list"
	kindBytes  kind = "bytes"
	kindLink   kind = "a redirect"
	kindSend   kind = "what became of an order" // it changes something upstream, and is sent once
)

// call is one request that a client makes of an upstream.
type call struct {
	name    string
	api     api
	methods []string // of the client, that make it
	kind    kind
	list    string // the field that holds the answer's list
	paged   bool
	dated   bool // it has times and texts that are stored or shown
	goesOn  bool // its job reads other things, also when it fails
	match   func(*http.Request) bool
	set     func(*world)                         // before the first call
	ask     func(context.Context, *world) error  // the client alone
	use     func(context.Context, *world) ending // the program's part that needs it
}

func (c *call) devin() bool     { return c.api != gh }
func (c *call) hasBody() bool   { return c.kind != kindLink }
func (c *call) isJSON() bool    { return c.kind == kindObject || c.kind == kindList || c.kind == kindSend }
func (c *call) isObject() bool  { return c.kind == kindObject || c.kind == kindSend }
func (c *call) hasRows() bool   { return c.kind == kindList || c.list != "" }
func (c *call) holdsList() bool { return c.hasRows() }

// path matches a GET of a path of the repositories, or of Devin's sessions.
func path(fits func(p, query string) bool) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == http.MethodGet && fits(r.URL.Path, r.URL.RawQuery) }
}

func posts(part string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == http.MethodPost && strings.Contains(r.URL.Path, part) }
}

// calls is the table's one side.
func calls() []call {
	return append(append(append(runCalls(), logCalls()...), pullCalls()...), devinCalls()...)
}

// runCalls are what reading run files asks for.
func runCalls() []call {
	list := func(ctx context.Context, w *world) error { _, err := w.action.RunFiles(ctx); return err }
	without := func(f ...githubtest.Feature) func(*world) { return func(w *world) { w.gh.Without(f...) } }
	methods, fetches := []string{"github.RunFiles"}, []string{"github.FetchRunFiles"}
	return []call{
		{name: "repository", api: gh, methods: methods, kind: kindObject, ask: list, use: refresh,
			match: path(func(p, _ string) bool { return strings.Count(p, "/") == 3 && strings.HasPrefix(p, "/repos/") })},
		{name: "name and state of a repository", api: gh, methods: []string{"github.Repository"}, kind: kindObject, ask: nameOf,
			use:   func(ctx context.Context, w *world) ending { return ended(nameOf(ctx, w)) }, // a refresh does without it
			match: path(func(p, _ string) bool { return strings.Count(p, "/") == 3 && strings.HasPrefix(p, "/repos/") })},
		{name: "tree, whole", api: gh, methods: methods, kind: kindObject, list: "tree", ask: list, use: refresh,
			match: path(func(p, q string) bool { return strings.Contains(p, "/git/trees/") && q != "" })},
		{name: "tree, walked", api: gh, methods: methods, kind: kindObject, list: "tree", ask: list, use: refresh,
			set:   func(w *world) { w.gh.Repo(actionRepo).Truncate(true) },
			match: path(func(p, q string) bool { return strings.Contains(p, "/git/trees/") && q == "" })},
		{name: "contents listing", api: gh, methods: methods, kind: kindList, ask: list, use: refresh, set: without(githubtest.Trees),
			match: path(func(p, _ string) bool { return strings.HasSuffix(p, "/contents/telemetry/runs") })},
		{name: "blob", api: gh, methods: fetches, kind: kindObject, goesOn: true, ask: fetch, use: refresh,
			match: path(func(p, _ string) bool { return strings.Contains(p, "/git/blobs/") })},
		{name: "content by path", api: gh, methods: fetches, kind: kindObject, ask: fetch, use: refresh, set: without(githubtest.Blobs),
			match: path(func(p, _ string) bool { return strings.Contains(p, "/contents/telemetry/runs/") })},
		{name: "raw download", api: gh, methods: fetches, kind: kindBytes, ask: fetch, use: refresh,
			set:   func(w *world) { w.gh.Without(githubtest.Blobs); w.downloads = true },
			match: path(func(p, _ string) bool { return strings.HasPrefix(p, "/raw/") })},
		{name: "archive link", api: gh, methods: fetches, kind: kindLink, ask: fetch, use: refresh, set: many,
			match: path(func(p, _ string) bool { return strings.Contains(p, "/tarball/") })},
		{name: "archive body", api: gh, methods: fetches, kind: kindBytes, goesOn: true, ask: fetch, use: refresh, set: many,
			match: path(func(p, _ string) bool { return strings.HasPrefix(p, "/_archive/") })},
	}
}

// logCalls are what reading run logs, and what lies beside run files, asks for.
func logCalls() []call {
	run := telemetry.LogRef{Repo: shop, Label: "run-1"}
	asks := func(ctx context.Context, w *world) error {
		l, err := w.github.RunLog(ctx, telemetry.LogQuestion{LogRef: run, In: shopFork})
		if err == nil && (l.State != telemetry.LogFound || len(l.Files) != 2) {
			err = noted(fmt.Sprintf("%s, %d files", l.State, len(l.Files)))
		}
		return err
	}
	reads := func(ctx context.Context, w *world) ending {
		h, err := w.jobs.AskLog(ctx, run, telemetry.ByAPI)
		if err != nil {
			return ended(err)
		}
		return waited(ctx, h)
	}
	sides := func(ctx context.Context, w *world) error {
		if _, err := w.action.RunFiles(ctx); err != nil {
			return err
		}
		files, err := w.action.Sides(ctx)
		for _, f := range files {
			_, fetchErr := w.action.FetchSide(ctx, f)
			err = errors.Join(err, fetchErr)
		}
		return err
	}
	logs := []string{"github.RunLog"}
	set := func(w *world) {
		w.logs = true
		for _, name := range []string{"issues.json", "sessions.json"} {
			w.gh.Repo(shopFork).PutFile("logs/run-1/"+name, []byte("[]"))
		}
	}
	in := func(repo, part string) func(*http.Request) bool {
		return path(func(p, q string) bool { return strings.Contains(p, repo+part) && q == "" })
	}
	return []call{
		{name: "log folder", api: gh, methods: logs, kind: kindObject, list: "tree", ask: asks, use: reads, set: set, match: in(shopFork, "/git/trees/")},
		{name: "log file", api: gh, methods: logs, kind: kindObject, ask: asks, use: reads, set: set, match: in(shopFork, "/git/blobs/")},
		{name: "registry", api: gh, methods: []string{"github.Sides", "github.FetchSide"}, kind: kindObject, goesOn: true, ask: sides, use: refresh,
			set:   func(w *world) { w.sides = true },
			match: in(actionRepo, "/git/blobs/"+gitSHA([]byte(registry)))},
	}
}

func nameOf(ctx context.Context, w *world) error {
	_, err := w.github.Repository(ctx, actionRepo)
	return err
}

// many adds as many new files as one archive is worth.
func many(w *world) { w.more = 30 }

// fetch fetches the files that are new, and holds their bytes against their
// names.
func fetch(ctx context.Context, w *world) error {
	var wanted []telemetry.RunFile
	files, err := w.action.RunFiles(ctx)
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	for _, f := range files {
		if !w.known[f.Name] {
			wanted = append(wanted, f)
		}
	}
	got := make(chan error, len(wanted))
	err = w.action.FetchRunFiles(ctx, wanted, func(f telemetry.RunFile, body []byte, err error) error {
		if err == nil && gitSHA(body) != f.SHA {
			err = fmt.Errorf("%s was given with bytes that are not its own", f.Name)
		}
		got <- err
		return nil
	})
	close(got)
	n := 0
	for fileErr := range got {
		n++
		err = errors.Join(err, fileErr)
	}
	if err == nil && n != len(wanted) {
		err = fmt.Errorf("%d of %d files were given, and no error", n, len(wanted))
	}
	return err
}

func gitSHA(body []byte) string {
	hash := sha1.New() //nolint:gosec // see above
	fmt.Fprintf(hash, "blob %d\x00", len(body))
	hash.Write(body)
	return hex.EncodeToString(hash.Sum(nil))
}

// pullCalls are what asking for pull requests, and starting a run, asks for.
func pullCalls() []call {
	listed := func(q string) bool { return strings.Contains(q, "state=all") }
	pulls := func(ctx context.Context, w *world) error { return w.pulls(ctx) }
	details := func(ctx context.Context, w *world) error {
		d, err := w.github.PullDetails(ctx, shop, 7)
		fresh, freshErr := w.github.FreshPullDetails(ctx, shop, 7)
		if telemetry.CodeOf(err) != telemetry.CodeOf(freshErr) || err == nil && d.Status != fresh.Status {
			return fmt.Errorf("FreshPullDetails gives %v and %w, PullDetails %v and %w", fresh.Status, freshErr, d.Status, err)
		}
		return errors.Join(err, unseen(d))
	}
	shown := func(ctx context.Context, w *world) ending {
		d, err := w.board.PullUpstream(ctx, telemetry.PullRef{Repo: shop, Number: 7})
		return ended(errors.Join(err, unseen(d)))
	}
	return []call{
		{name: "pull list, page 1", api: gh, methods: []string{"github.PullRequests"}, kind: kindList, paged: true, dated: true,
			goesOn: true, ask: pulls, use: job(ingest.JobPollPRs),
			match: path(func(p, q string) bool { return strings.HasSuffix(p, "/pulls") && listed(q) })},
		{name: "pull list, page 2", api: gh, methods: []string{"github.PullRequests"}, kind: kindList, dated: true, ask: pulls,
			use:   job(ingest.JobPollPRs),
			set:   func(w *world) { w.pullsMore = 130 },
			match: path(func(p, q string) bool { return strings.HasSuffix(p, "/pulls") && listed(q) && paging(q) })},
		{name: "one pull request", api: gh, methods: []string{"github.PullRequest", "github.PullDetails"}, kind: kindObject, dated: true,
			ask: func(ctx context.Context, w *world) error {
				_, err := w.github.PullRequest(ctx, library, 5)
				return err
			},
			use: job(ingest.JobPollPRs), match: path(func(p, _ string) bool { return strings.HasSuffix(p, "/pulls/5") })},
		{name: "check runs", api: gh, methods: []string{"github.PullDetails", "github.FreshPullDetails"}, kind: kindObject, list: "check_runs", paged: true,
			ask: details, use: shown,
			match: path(func(p, _ string) bool { return strings.HasSuffix(p, "/check-runs") })},
		{name: "commit statuses", api: gh, methods: []string{"github.PullDetails", "github.FreshPullDetails"}, kind: kindObject, list: "statuses",
			paged: true, ask: details, use: shown,
			match: path(func(p, _ string) bool { return strings.HasSuffix(p, "/status") })},
		{name: "reviews", api: gh, methods: []string{"github.PullDetails"}, kind: kindList, paged: true, dated: true, ask: details, use: shown,
			match: path(func(p, _ string) bool { return strings.HasSuffix(p, "/reviews") })},
		{name: "code owners", api: gh, methods: []string{"github.Codeowners"}, kind: kindObject, goesOn: true,
			set: func(w *world) { w.gh.Repo(shop).PutFile(".github/CODEOWNERS", []byte("* @ann\n")) },
			ask: func(ctx context.Context, w *world) error {
				file, err := w.github.Codeowners(ctx, shop)
				if err == nil && file.Text != "* @ann\n" {
					err = noted("the file has " + file.Text)
				}
				return err
			},
			use: job(ingest.JobPollPRs), match: path(func(p, _ string) bool { return strings.HasSuffix(p, "/.github/CODEOWNERS") })},
		{name: "open pull requests", api: gh, methods: []string{"github.OpenPulls"}, kind: kindList, paged: true, dated: true,
			ask: func(ctx context.Context, w *world) error { _, err := w.github.OpenPulls(ctx, shop); return err },
			use: func(ctx context.Context, w *world) ending {
				_, err := w.board.Preflight(ctx, shop)
				return ended(err)
			},
			match: path(func(p, q string) bool { return strings.HasSuffix(p, "/pulls") && strings.Contains(q, "state=open") })},
		{name: "dispatch", api: gh, methods: []string{"github.Dispatch"}, kind: kindSend,
			ask: func(ctx context.Context, w *world) error {
				_, err := w.action.Dispatch(ctx, telemetry.Dispatch{TargetRepo: shop})
				return err
			},
			use: func(ctx context.Context, w *world) ending {
				_, err := w.jobs.Dispatch(ctx, "", telemetry.Dispatch{TargetRepo: shop})
				return ended(err)
			},
			match: posts("/dispatches")},
	}
}

func paging(query string) bool { return strings.Contains(query, "&page=") }

// unseen are the parts of a pull request that its token may not see, as an
// error.
func unseen(d telemetry.PullDetails) error {
	if len(d.Unseen) == 0 {
		return nil
	}
	return noted(strings.Join(d.Unseen, " "))
}

// devinCalls are what both versions of Devin's API are asked.
func devinCalls() []call {
	sessions := func(ctx context.Context, w *world) error {
		answer, err := w.devin.Sessions(ctx, []string{sessionA, sessionB})
		if err == nil && len(answer.Sessions) < 2 {
			err = noted(fmt.Sprintf("%d skipped, %d unknown", len(answer.Skipped), len(answer.Unknown)))
		}
		return err
	}
	changes := func(ctx context.Context, w *world) error {
		answer, told, err := w.devin.Changed(ctx, time.Unix(1, 0), []string{sessionA, sessionB})
		if err == nil && (!told || len(answer.Sessions) < 2) {
			err = noted(fmt.Sprintf("%d changed, told: %t", len(answer.Sessions), told))
		}
		return err
	}
	messages := func(ctx context.Context, w *world) error {
		m, err := w.devin.Messages(ctx, sessionA)
		fresh, freshErr := w.devin.FreshMessages(ctx, sessionA)
		if telemetry.CodeOf(err) != telemetry.CodeOf(freshErr) || err == nil && len(fresh) != len(m) {
			return fmt.Errorf("FreshMessages gives %d and %w, Messages %d and %w", len(fresh), freshErr, len(m), err)
		}
		if err == nil && len(m) == 0 {
			err = noted("no messages")
		}
		return err
	}
	send := func(ctx context.Context, w *world) error { return w.devin.Send(ctx, sessionA, "go on") }
	create := func(ctx context.Context, w *world) error {
		prompt := "Fix it: " + telemetry.NewID() // v1 has a session of each prompt once
		_, err := w.devin.Create(ctx, telemetry.NewSession{Prompt: prompt, Title: "Fix", Tags: []string{"batch-new"}})
		return err
	}
	tagged := func(ctx context.Context, w *world) error {
		_, err := w.devin.Tagged(ctx, "batch-new", time.Time{})
		return err
	}
	shown := func(ctx context.Context, w *world) ending {
		_, _, err := w.board.SessionMessages(ctx, sessionA)
		return ended(err)
	}
	reply := func(ctx context.Context, w *world) ending { return ended(w.jobs.Reply(ctx, "", sessionA, "go on")) }
	unlisted := func(w *world) { w.hideSessions = true }
	ofV1 := path(func(p, _ string) bool { return strings.HasPrefix(p, "/v1/sessions/") })
	ends := func(suffix string) func(*http.Request) bool {
		return path(func(p, _ string) bool { return strings.HasPrefix(p, "/v3/") && strings.HasSuffix(p, suffix) })
	}
	list := func(p string) bool {
		return p == "/v1/sessions" || strings.HasPrefix(p, "/v3/") && strings.HasSuffix(p, "/sessions")
	}
	posted := func(r *http.Request) bool { return r.Method == http.MethodPost && list(r.URL.Path) }
	alone := func(ask func(context.Context, *world) error) func(context.Context, *world) ending {
		return func(ctx context.Context, w *world) ending { return ended(ask(ctx, w)) } // what became of it is noted in the batch
	}
	creates, finds := []string{"devin.Create"}, []string{"devin.Tagged"}
	poll := job(ingest.JobPoll)
	asks, reads, sends := []string{"devin.Sessions"}, []string{"devin.Messages", "devin.FreshMessages"}, []string{"devin.Send"}
	return []call{
		{name: "v1 list", api: v1, methods: asks, kind: kindObject, list: "sessions", paged: true, dated: true, ask: sessions, use: poll,
			match: path(func(p, _ string) bool { return p == "/v1/sessions" })},
		{name: "v1 session", api: v1, methods: asks, kind: kindObject, dated: true, ask: sessions, use: poll, set: unlisted, match: ofV1},
		{name: "v1 messages", api: v1, methods: reads, kind: kindObject, list: "messages", dated: true, ask: messages, use: shown, match: ofV1},
		{name: "v1 send", api: v1, methods: sends, kind: kindSend, ask: send, use: reply, match: posts("/message")},
		{name: "v1 create", api: v1, methods: creates, kind: kindSend, ask: create, use: alone(create), match: posted},
		{name: "v3 create", api: v3, methods: creates, kind: kindSend, ask: create, use: alone(create), match: posted},
		{name: "v1 tagged", api: v1, methods: finds, kind: kindObject, list: "sessions", paged: true, dated: true, ask: tagged, use: alone(tagged),
			match: path(func(p, _ string) bool { return list(p) })},
		{name: "v3 tagged", api: v3, methods: finds, kind: kindObject, list: "items", paged: true, dated: true, ask: tagged, use: alone(tagged),
			match: path(func(p, _ string) bool { return list(p) })},
		{name: "v3 self", api: v3, methods: asks, kind: kindObject, ask: sessions, use: poll, match: ends("/self"),
			set: func(w *world) { w.askSelf = true }},
		{name: "v3 list", api: v3, methods: asks, kind: kindObject, list: "items", paged: true, dated: true, ask: sessions, use: poll,
			match: ends("/sessions")},
		{name: "v3 changes", api: v3, methods: []string{"devin.Changed"}, kind: kindObject, list: "items", paged: true, dated: true, ask: changes,
			use: func(ctx context.Context, w *world) ending { return ended(changes(ctx, w)) }, // the loop's poll
			match: path(func(p, q string) bool {
				return strings.HasSuffix(p, "/sessions") && strings.Contains(q, "updated_after")
			})},
		{name: "v3 session", api: v3, methods: asks, kind: kindObject, dated: true, ask: sessions, use: poll, set: unlisted,
			match: path(func(p, _ string) bool { return strings.Contains(p, "/sessions/") && !strings.HasSuffix(p, "/messages") })},
		{name: "v3 messages", api: v3, methods: reads, kind: kindObject, list: "items", paged: true, dated: true, ask: messages,
			use: shown, match: ends("/messages")},
		{name: "v3 send", api: v3, methods: sends, kind: kindSend, ask: send, use: reply, match: posts("/messages")},
	}
}
