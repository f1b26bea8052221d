package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github/githubtest"
)

// played is the whole program, whose GitHub and Devin are played on the wire.
type played struct {
	*site
	github *githubtest.Player
	devin  *devintest.Player
	action *githubtest.Repo
}

const (
	playedToken = "ghp_played"
	playedKey   = "cog_played"
)

// startPlayed runs the program over players until the test ends, and waits
// for what the start does by itself. set changes its settings.
func startPlayed(t *testing.T, records map[string]any, set func(*Config)) *played {
	t.Helper()
	p := &played{
		github: githubtest.New(githubtest.Options{Token: playedToken}),
		devin:  devintest.New(devintest.Options{Key: playedKey, OrgID: "org-played"}),
	}
	p.action = p.github.Repo("octo/action")
	p.github.Repo("octo/shop")
	p.github.Repo("forks/shop")
	p.put(t, records)
	serve := func(h http.Handler) string {
		address, stop, err := play(t.Context(), h, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		return address
	}
	gh, dv := serve(p.github), serve(p.devin)
	p.site = startSite(t, nil, func(c *Config) {
		c.RunsDir, c.ActionRepo, c.GitHubToken, c.GitHubAPIURL = "", "octo/action", playedToken, BaseURL(gh)
		c.DevinAPIKey, c.DevinAPIURL, c.DevinOrgID, c.CacheTTL = playedKey, BaseURL(dv), "org-played", 0
		if set != nil {
			set(c)
		}
	})
	p.wait("/api/jobs", `"state":"done"`)
	return p
}

// put writes records into the played action repository.
func (p *played) put(t *testing.T, records map[string]any) {
	t.Helper()
	for name, record := range records {
		body, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		p.action.PutFile("telemetry/runs/"+name, body)
	}
}

// shopSession is the session of shopRecords.
const shopSession = "0123456789abcdef0123456789abcdef"

// working puts the shop's session as one that works.
func (p *played) working() {
	p.devin.Put(devintest.Session{ID: shopSession, Status: "running", Detail: "working", Title: "Fix XSS"})
}

// post asks for a job by the API and waits for its end.
func (p *played) post(path string) (int, string) {
	res, body := p.do(http.MethodPost, path, "")
	return res.StatusCode, body
}

func TestTroubleUpstream(t *testing.T) {
	soon := time.Now().Add(20 * time.Minute)
	for name, c := range map[string]struct {
		breaks func(p *played)
		path   string
		holds  []string
		lacks  []string
	}{
		"down": {func(p *played) { p.github.Fail(githubtest.Fault{Status: 502}) }, "/api/refresh",
			[]string{"GitHub unreachable since ", "Showing what was stored at ", "Try again", "unreachable</strong>"}, []string{"refuses", "rate limit"}},
		"token": {func(p *played) { p.github.Fail(githubtest.Fault{Status: 401, Message: "Bad credentials"}) }, "/api/refresh",
			[]string{"GitHub refuses the token (401).", "Set a new GITHUB_TOKEN and restart", "Where to get one", "strip-danger"}, []string{"unreachable since", "rate limit"}},
		"permission": {func(p *played) {
			p.github.Fail(githubtest.Fault{Status: 403, Message: "Resource not accessible by personal access token"})
		}, "/api/refresh",
			[]string{"The token may not read this.", "Which scopes", "strip-danger"}, []string{"unreachable since", "rate limit"}},
		"rate limit": {func(p *played) { p.github.SetRate(5000, 0, soon, 403) }, "/api/refresh",
			[]string{"GitHub rate limit reached.", "Resumes " + soon.UTC().Format("15:04") + " (20 min)", "at " + soon.UTC().Format("15:04"), "disabled"}, []string{"unreachable since", "refuses"}},
		"Devin": {func(p *played) { p.devin.Fail(devintest.KindAny, devintest.Fault{Status: 401}) }, "/api/poll",
			[]string{"Devin refuses the token (401).", "Set a new DEVIN_API_KEY and restart"}, []string{"GitHub refuses"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := startPlayed(t, shopRecords(), nil)
			p.working()
			if _, body := p.get("/"); !strings.Contains(body, "/5,000</span> left") || strings.Contains(body, "strip-attention") {
				t.Errorf("while all is well: %v", strings.Contains(body, "strip-attention"))
			}
			c.breaks(p)
			if status, body := p.post(c.path); status < 400 {
				t.Errorf("%s answered %d %s", c.path, status, body)
			}
			res, body := p.get("/")
			if res.StatusCode != 200 || !strings.Contains(body, ">59</a>") {
				t.Errorf("what was stored is not served: %d", res.StatusCode)
			}
			for _, text := range c.holds {
				if !strings.Contains(body, text) {
					t.Errorf("it does not say %q", text)
				}
			}
			for _, text := range c.lacks {
				if strings.Contains(body, text) {
					t.Errorf("it says %q", text)
				}
			}
		})
	}
}

// TestStreamsAskNothing: 500 open pages cost the upstreams nothing more than
// one does, and a poll that finds nothing new tells them only its time.
func TestStreamsAskNothing(t *testing.T) {
	p := startPlayed(t, shopRecords(), nil)
	p.working()
	if status, body := p.post("/api/poll"); status != 200 {
		t.Fatalf("poll: %d %s", status, body)
	}
	asked := func() int {
		n := len(p.github.Requests())
		for _, count := range p.devin.Counts() {
			n += count
		}
		return n
	}
	before := asked()
	const pages = 500
	said := make(chan string, pages*4)
	for range pages {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := p.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		go func() {
			buffer := make([]byte, 4096)
			for {
				n, err := res.Body.Read(buffer)
				if err != nil {
					return
				}
				said <- string(buffer[:n])
			}
		}()
	}
	first := map[string]int{}
	for range pages {
		first[<-said]++
	}
	if len(first) > 2 { // the pulse can pass a second meanwhile
		t.Errorf("the pages were told %d different things: %v", len(first), first)
	}
	if n := asked() - before; n != 0 {
		t.Errorf("%d open pages asked the upstreams %d times", pages, n)
	}
	before = asked()
	if status, _ := p.post("/api/poll"); status != 200 {
		t.Fatal("poll")
	}
	one := asked() - before
	if res, body := p.get("/panels/tiles", "HX-Request", "true"); res.StatusCode != 200 {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	if n := asked() - before; n != one || one > 4 {
		t.Errorf("a poll of one session cost %d requests, with 500 pages %d", one, n)
	}
}
