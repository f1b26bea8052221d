package program

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

// What the program is given for the players, unless settings say otherwise.
const (
	ActionRepo = "octo/action"
	token      = "ghp_played"
	orgID      = "org-played"
)

// Played is a program whose GitHub and Devin are played on the wire.
type Played struct {
	*Program
	GitHub *githubtest.Player
	Devin  *devintest.Player
	Action *githubtest.Repo

	key string
}

// Front is a proxy of a player that may answer in its place.
type Front func(player http.Handler) http.Handler

// Fronts are by the variable that names the upstream.
type Fronts map[string]Front

// NewPlayed plays the upstreams, Devin for a key, with run files in the
// action repository. It starts nothing yet.
func NewPlayed(t *testing.T, key string, records map[string]any) *Played {
	t.Helper()
	p := &Played{
		Program: &Program{T: t},
		GitHub:  githubtest.New(githubtest.Options{Token: token}),
		Devin:   devintest.New(devintest.Options{Key: key, OrgID: orgID}),
		key:     key,
	}
	p.Action = p.GitHub.Repo(ActionRepo)
	p.GitHub.Repo("octo/shop")
	p.GitHub.Repo("forks/shop")
	p.Put(records)
	return p
}

// Settings are those that make a program ask the players, behind fronts. No
// answer is kept.
func (p *Played) Settings(fronts Fronts) Settings {
	serve := func(variable string, player http.Handler) string {
		if front := fronts[variable]; front != nil {
			player = front(player)
		}
		server := httptest.NewServer(player)
		p.T.Cleanup(func() {
			server.CloseClientConnections() // Close waits for them
			server.Close()
		})
		return server.URL
	}
	return Settings{
		"GITHUB_API_URL": serve("GITHUB_API_URL", p.GitHub),
		"GITHUB_TOKEN":   token,
		"ACTION_REPO":    ActionRepo,
		"DEVIN_API_URL":  serve("DEVIN_API_URL", p.Devin),
		"DEVIN_API_KEY":  p.key,
		"DEVIN_ORG_ID":   orgID,
		"CACHE_TTL":      "0",
	}
}

// WithPlayers starts the program over players, and waits for what the start
// does by itself.
func WithPlayers(t *testing.T, records map[string]any, settings Settings) *Played {
	t.Helper()
	p := NewPlayed(t, "cog_played", records)
	p.Start(p.Settings(nil).With(settings))
	return p
}

// Start starts the program and waits for what the start does by itself.
func (p *Played) Start(settings Settings) {
	p.T.Helper()
	p.Program = Start(p.T, settings)
	p.UntilSays("/api/jobs", `"kind":"refresh","state":"done"`) // its steps have a state, too
}

// Put writes records into the action repository.
func (p *Played) Put(records map[string]any) {
	p.T.Helper()
	for name, record := range records {
		p.Action.PutFile("telemetry/runs/"+name, encoded(p.T, record))
	}
}

// Working puts the session of the sample as one that works.
func (p *Played) Working() {
	p.Devin.Put(devintest.Session{ID: SampleSession, Status: "running", Detail: "working", Title: "Fix XSS"})
}

// WithWaitingSession starts the program over players. The session of the
// sample waits for the answer to a question, and has no pull request.
func WithWaitingSession(t *testing.T, question string, issues ...string) *Played {
	t.Helper()
	session := map[string]any{"pr_url": ""}
	if issues != nil {
		session["issue_ids"] = issues
	}
	p := WithPlayers(t, SampleWith(session), nil)
	now := time.Now().UTC().Truncate(time.Second)
	p.Devin.Put(devintest.Session{
		ID: SampleSession, Status: "running", Detail: "waiting_for_user", Title: "Fix xss", CreatedAt: now.Add(-time.Hour), UpdatedAt: now,
		Messages: []telemetry.Message{{ID: "m1", From: "devin", Text: question, At: telemetry.At(now)}},
	})
	p.Job("poll")
	return p
}

// Replies are the messages that people sent to the session of the sample.
func (p *Played) Replies() []string {
	p.T.Helper()
	s, ok := p.Devin.Session(SampleSession)
	if !ok {
		p.T.Fatal("the player lost its session")
	}
	texts := []string{}
	for _, m := range s.Messages {
		if m.From == "user" {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// PutWorkflow lets runs of the action be started.
func (p *Played) PutWorkflow() {
	p.Action.PutWorkflow("codeql-fixer.yml", append([]string{"target_repo"}, telemetry.DispatchInputs()...)...)
}

// Refresh puts records and lets the program read them.
func (p *Played) Refresh(records map[string]any) {
	p.T.Helper()
	p.Put(records)
	p.Job("refresh")
}
