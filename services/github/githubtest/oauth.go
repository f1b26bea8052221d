package githubtest

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// OAuth plays how GitHub signs people in: the pages under /login/oauth, and what
// its API says of the person whose token it gave. Whoever opens the page of the
// app agrees at once: whom the request suggests by "login", else who was named by
// Is. It is safe for concurrent use.
type OAuth struct {
	ClientID, Secret string

	mu         sync.Mutex
	login      string // who agrees
	denies     bool
	hidesTeams bool
	members    map[string]string // state of a membership, by "org login" and "org/team login"
	codes      map[string]granted
	tokens     map[string]string // login
}

type granted struct{ login, challenge, redirect string }

// NewOAuth returns a player with one app.
func NewOAuth(clientID, secret string) *OAuth {
	return &OAuth{ClientID: clientID, Secret: secret, members: map[string]string{}, codes: map[string]granted{}, tokens: map[string]string{}}
}

// Is says who sits before the browser.
func (o *OAuth) Is(login string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.login, o.denies = login, false
}

// Denies says that the person does not agree.
func (o *OAuth) Denies() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.denies = true
}

// HidesTeams says that the organizations do not allow the app to read teams.
func (o *OAuth) HidesTeams() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hidesTeams = true
}

// Member sets a membership of an organization or "org/team": active, or pending
// until an invitation is accepted.
func (o *OAuth) Member(of, login, state string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.members[of+" "+login] = state
}

// ServeHTTP implements http.Handler.
func (o *OAuth) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/api/v3")
	switch {
	case r.Method == http.MethodGet && path == "/login/oauth/authorize":
		o.authorize(w, r)
	case r.Method == http.MethodPost && path == "/login/oauth/access_token":
		o.token(w, r)
	default:
		o.api(w, r, path)
	}
}

func (o *OAuth) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	to, err := url.Parse(q.Get("redirect_uri"))
	if q.Get("client_id") != o.ClientID || err != nil || q.Get("state") == "" || q.Get("code_challenge_method") != "S256" {
		http.Error(w, "unknown app, or a malformed request", http.StatusNotFound)
		return
	}
	back := url.Values{"state": {q.Get("state")}}
	if o.denies {
		back.Set("error", "access_denied")
	} else {
		code := random()
		o.codes[code] = granted{cmp.Or(q.Get("login"), o.login), q.Get("code_challenge"), q.Get("redirect_uri")}
		back.Set("code", code)
	}
	to.RawQuery = back.Encode()
	http.Redirect(w, r, to.String(), http.StatusFound)
}

// token answers errors with 200, as GitHub does.
func (o *OAuth) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm() // what cannot be read is not there
	code := r.PostForm.Get("code")
	of, known := o.codes[code]
	delete(o.codes, code) // it is taken once
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	answer := map[string]string{}
	switch {
	case r.PostForm.Get("client_id") != o.ClientID || r.PostForm.Get("client_secret") != o.Secret:
		answer["error"] = "incorrect_client_credentials"
	case !known || base64.RawURLEncoding.EncodeToString(sum[:]) != of.challenge:
		answer["error"] = "bad_verification_code"
	case r.PostForm.Get("redirect_uri") != of.redirect:
		answer["error"] = "redirect_uri_mismatch"
	default:
		token := random()
		o.tokens[token] = of.login
		answer = map[string]string{"access_token": token, "token_type": "bearer", "scope": "read:org"}
	}
	send(w, http.StatusOK, answer)
}

func (o *OAuth) api(w http.ResponseWriter, r *http.Request, path string) {
	login, known := o.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	if !known {
		send(w, http.StatusUnauthorized, map[string]string{"message": "Bad credentials"})
		return
	}
	if path == "/user" {
		send(w, http.StatusOK, map[string]any{"login": login, "id": len(login)})
		return
	}
	if path == "/user/teams" {
		o.sendTeams(w, r, login)
		return
	}
	steps := strings.Split(strings.Trim(path, "/"), "/")
	of := ""
	switch {
	case len(steps) == 4 && strings.HasPrefix(path, "/user/memberships/orgs/"):
		of = steps[3]
	case len(steps) == 6 && steps[0] == "orgs" && steps[2] == "teams" && steps[4] == "memberships" && steps[5] == login:
		of = steps[1] + "/" + steps[3]
	}
	state := o.members[of+" "+login]
	if state == "" {
		send(w, http.StatusNotFound, map[string]string{"message": "Not Found"})
		return
	}
	send(w, http.StatusOK, map[string]string{"state": state, "role": "member"})
}

// sendTeams answers with a page of the teams of somebody.
func (o *OAuth) sendTeams(w http.ResponseWriter, r *http.Request, login string) {
	if o.hidesTeams {
		send(w, http.StatusForbidden, map[string]string{"message": "Resource not accessible"})
		return
	}
	list := []map[string]any{}
	for _, member := range slices.Sorted(maps.Keys(o.members)) {
		of, who, _ := strings.Cut(member, " ")
		if org, team, isTeam := strings.Cut(of, "/"); isTeam && who == login && o.members[member] == "active" {
			list = append(list, map[string]any{"slug": team, "organization": map[string]string{"login": org}})
		}
	}
	size, _ := strconv.Atoi(r.FormValue("per_page")) // GitHub takes its own for what is no number
	if size < 1 || size > 100 {
		size = 30
	}
	page, _ := strconv.Atoi(r.FormValue("page"))
	from := min(max(page-1, 0)*size, len(list))
	send(w, http.StatusOK, list[from:min(from+size, len(list))])
}

func send(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}

func random() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}
