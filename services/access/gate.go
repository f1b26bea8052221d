package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// How long things hold.
const (
	// IdleTime is when a session ends that is not used; SessionTime is its end
	// however much it is used, after which GitHub is asked again who somebody is.
	IdleTime    = 24 * time.Hour
	SessionTime = 7 * 24 * time.Hour

	// knownTime is how long it is remembered who a session or token is of: so
	// long another program may take to notice that one was revoked.
	knownTime = 2 * time.Second
	knownMost = 10_000

	// useTime is how often it is noted when sessions and tokens were used.
	useTime = time.Minute

	secretBytes = 32
)

// Sessions are those of browsers.
type Sessions interface {
	PutSignIn(ctx context.Context, in telemetry.SignIn, replaced string) error
	SignInOf(ctx context.Context, id string) (telemetry.SignIn, bool, error)
	EndSignIns(ctx context.Context, person, id string) (int64, error)
}

// Tokens are the access tokens.
type Tokens interface {
	TokenOf(ctx context.Context, hash string) (telemetry.Token, bool, error)
	AddToken(ctx context.Context, t telemetry.Token, hash string, most int64) error
	RevokeToken(ctx context.Context, id, by string) (telemetry.Token, error)
}

// Usage keeps when sessions and tokens were used.
type Usage interface {
	NoteUse(ctx context.Context, u telemetry.Use) error
}

// Options are what a Gate works with.
type Options struct {
	Sessions Sessions
	Tokens   Tokens
	Usage    Usage
	Open     telemetry.Person // who asks without credentials; the zero Person: they are needed
	Rules    Rules            // who has which role
	Header   string           // in which a proxy says who asks; "" trusts none
	Proxies  []netip.Prefix   // which may send it
	Public   string           // the address that people use, for the cookie; "" is that of the program itself
	TLS      bool             // the program itself serves https
	Log      *slog.Logger
	Now      func() time.Time
}

// Gate says who asks, and lets people in and out. Make it with New. It is safe
// for concurrent use.
type Gate struct {
	o     Options
	names Names

	mu    sync.Mutex
	known map[string]known // by hash
	used  telemetry.Use    // since it was noted last
	seen  map[string]telemetry.Person
}

// known is whose a session or token is, as it was stored a moment ago.
type known struct {
	session telemetry.SignIn
	token   telemetry.Token
	found   bool
	until   time.Time
}

// New returns a Gate.
func New(o Options) *Gate {
	return &Gate{
		o:     o,
		names: Names{Cookie: cookieName(o.Public, o.TLS), Header: o.Header},
		known: map[string]known{},
		used:  noUse(),
		seen:  map[string]telemetry.Person{},
	}
}

func noUse() telemetry.Use {
	return telemetry.Use{Sessions: map[string]telemetry.Time{}, Tokens: map[string]telemetry.Time{}}
}

// cookieName is the name of the session's cookie. Browsers take one that begins
// with __Host- or __Secure- only over https, and the first only for the whole
// host: no page under another path or name can set it.
func cookieName(public string, tls bool) string {
	rest, https := strings.CutPrefix(public, "https://")
	switch {
	case !https && (public != "" || !tls):
		return "dashboard_session"
	case strings.Contains(rest, "/"):
		return "__Secure-dashboard_session"
	}
	return "__Host-dashboard_session"
}

// Names are where credentials stand in a request.
func (g *Gate) Names() Names { return g.names }

// Identify returns who asks: who has the read token of the address, else who
// sends an access token, else whom a proxy names, else whose session it is. See
// server.Access.
func (g *Gate) Identify(ctx context.Context, c Credentials) (telemetry.Person, error) {
	token, err := bearer(c.Authorization)
	if err != nil {
		return telemetry.Person{}, err
	}
	named, err := g.named(c) // refused also beside a token: a proxy that is not trusted is to be noticed
	if err != nil {
		return telemetry.Person{}, err
	}
	switch {
	case c.ReadToken != "":
		return g.ofReadToken(ctx, c.ReadToken, c.Address)
	case strings.HasPrefix(token, TokenPrefix):
		return g.ofToken(ctx, token)
	case named.Known():
		g.note(named)
		return named, nil
	case c.Session != "":
		p, err := g.ofSession(ctx, c.Session)
		if err == nil || !g.o.Open.Known() {
			return p, err
		}
	case token != "" && !g.o.Open.Known():
		return telemetry.Person{}, noSuchToken()
	}
	return g.o.Open, nil
}

// bearer is the token of an Authorization header, "" for another scheme: a proxy
// may have its own there.
func bearer(headers []string) (string, error) {
	if len(headers) > 1 {
		return "", telemetry.Errorf(telemetry.CodeUnauthenticated, "The request has several Authorization headers. Send one.")
	}
	if len(headers) == 0 {
		return "", nil
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", nil
	}
	return strings.TrimSpace(token), nil
}

func noSuchToken() error {
	return telemetry.Errorf(telemetry.CodeUnauthenticated,
		"The access token is not known here. Check that it is complete, or ask an admin for another one.")
}

// named is whom the header of a proxy names. It is taken from the proxies of the
// settings alone: from anywhere else anybody could be named.
func (g *Gate) named(c Credentials) (telemetry.Person, error) {
	if len(c.Proxy) == 0 {
		return telemetry.Person{}, nil
	}
	if !slices.ContainsFunc(g.o.Proxies, func(p netip.Prefix) bool { return p.Contains(c.From) }) {
		return telemetry.Person{}, telemetry.Errorf(telemetry.CodeForbidden,
			"The header %s was sent by %s, which is not one of ACCESS_PROXIES. Open the dashboard through its proxy, or add that address.",
			g.o.Header, c.From)
	}
	name := strings.TrimSpace(c.Proxy[0])
	if len(c.Proxy) > 1 || len(name) > nameMost || strings.ContainsFunc(name, func(r rune) bool { return r == ',' || r < ' ' || r == 0x7f }) {
		return telemetry.Person{}, telemetry.Errorf(telemetry.CodeForbidden,
			"The header %s names several people, or none. The proxy must replace what clients send in it.", g.o.Header)
	}
	if name == "" {
		return telemetry.Person{}, nil
	}
	role := g.o.Rules.ofName(name)
	if role == "" {
		return telemetry.Person{}, telemetry.Errorf(telemetry.CodeForbidden,
			"%s is not among those who may use this dashboard. Ask an admin to be added to ACCESS_VIEWERS.", telemetry.Shown(name))
	}
	return telemetry.Person{Key: keyOf(telemetry.EntryProxy, name), Name: name, Role: role, Way: telemetry.EntryProxy}, nil
}

// nameMost is how long a name may be.
const nameMost = 200

// keyOf names a person by the way in: the same name may be another person there.
func keyOf(way telemetry.EntryWay, name string) string {
	return string(way) + ":" + strings.ToLower(name)
}

func (g *Gate) ofToken(ctx context.Context, secret string) (telemetry.Person, error) {
	t, err := g.active(ctx, secret)
	switch {
	case err != nil:
		return telemetry.Person{}, err
	case t.Opens != "":
		return telemetry.Person{}, noSuchToken()
	}
	return g.uses(t), nil
}

// ofReadToken is who has the read token of an address.
func (g *Gate) ofReadToken(ctx context.Context, secret, address string) (telemetry.Person, error) {
	if !strings.HasPrefix(secret, ReadPrefix) {
		return telemetry.Person{}, noSuchToken()
	}
	t, err := g.active(ctx, secret)
	switch {
	case err != nil:
		return telemetry.Person{}, err
	case t.Opens == "" || t.Opens != address:
		return telemetry.Person{}, telemetry.Errorf(telemetry.CodeUnauthenticated,
			"The read token in the address is for another address. It opens that one alone, exactly as it was made.")
	}
	return g.uses(t), nil
}

// active is the token of a secret. The error is CodeUnauthenticated where there
// is none, or it has ended.
func (g *Gate) active(ctx context.Context, secret string) (telemetry.Token, error) {
	hash := hashOf(secret)
	k, err := g.look(hash, func() (k known, err error) {
		k.token, k.found, err = g.o.Tokens.TokenOf(ctx, hash)
		return k, err
	})
	switch state := k.token.StateAt(telemetry.At(g.o.Now())); {
	case err != nil:
		return telemetry.Token{}, err
	case !k.found:
		return telemetry.Token{}, noSuchToken()
	case state != telemetry.TokenActive && k.token.Opens != "":
		return telemetry.Token{}, telemetry.Errorf(telemetry.CodeUnauthenticated,
			"The read token of this address is %s. Make another address where the dashboard offers it.", state)
	case state != telemetry.TokenActive:
		return telemetry.Token{}, telemetry.Errorf(telemetry.CodeUnauthenticated,
			"The access token %s is %s. Ask an admin for another one.", telemetry.Shown(k.token.Name), state)
	}
	return k.token, nil
}

// uses notes that a token was used now, and returns who has it.
func (g *Gate) uses(t telemetry.Token) telemetry.Person {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.used.Tokens[t.ID] = telemetry.At(g.o.Now())
	return t.Person()
}

func (g *Gate) ofSession(ctx context.Context, secret string) (telemetry.Person, error) {
	id := hashOf(secret)
	k, err := g.look(id, func() (k known, err error) {
		k.session, k.found, err = g.o.Sessions.SignInOf(ctx, id)
		return k, err
	})
	if err != nil {
		return telemetry.Person{}, err
	}
	now, in := g.o.Now(), k.session
	g.mu.Lock()
	defer g.mu.Unlock()
	seen := in.Seen.Time
	if here := g.used.Sessions[id]; here.After(seen) {
		seen = here.Time
	}
	byOtherRules := in.Person.Way == telemetry.EntryGitHub && in.Rules != g.o.Rules.Print()
	if !k.found || byOtherRules || !now.Before(in.Until.Time) || now.Sub(seen) >= IdleTime {
		return telemetry.Person{}, telemetry.Errorf(telemetry.CodeUnauthenticated, "Your session has ended. Sign in again.")
	}
	g.used.Sessions[id] = telemetry.At(now)
	return in.Person, nil
}

// look returns what is known by a hash, and asks the store where that is not of
// this moment.
func (g *Gate) look(hash string, ask func() (known, error)) (known, error) {
	now := g.o.Now()
	g.mu.Lock()
	k, ok := g.known[hash]
	g.mu.Unlock()
	if ok && now.Before(k.until) && k.until.Sub(now) <= knownTime {
		return k, nil
	}
	k, err := ask()
	if err != nil || !k.found {
		return k, err // who guesses fills nothing
	}
	k.until = now.Add(knownTime)
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.known) >= knownMost {
		clear(g.known)
	}
	g.known[hash] = k
	return k, nil
}

// forget makes the next request of anybody one of which the store is asked.
func (g *Gate) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.known)
}

// note remembers that a person came whom no session or token of here tells.
func (g *Gate) note(p telemetry.Person) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.seen) < knownMost {
		g.seen[p.Key] = p
	}
}

// Run notes when sessions and tokens were used, until ctx ends.
func (g *Gate) Run(ctx context.Context) error {
	g.note(g.o.Open)
	ticker := time.NewTicker(useTime)
	defer ticker.Stop()
	for {
		g.Flush(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Flush notes now when sessions and tokens were used. What cannot be noted is
// lost: at worst a session ends early after a restart.
func (g *Gate) Flush(ctx context.Context) {
	g.mu.Lock()
	u := g.used
	for _, p := range g.seen {
		if p.Known() {
			u.People = append(u.People, p)
		}
	}
	g.used, g.seen = noUse(), map[string]telemetry.Person{}
	g.mu.Unlock()
	if len(u.Sessions)+len(u.Tokens)+len(u.People) == 0 {
		return
	}
	if err := g.o.Usage.NoteUse(ctx, u); err != nil && ctx.Err() == nil {
		g.o.Log.Warn("could not note who came", "err", err)
	}
}

// hashOf is how a secret of 32 random bytes is stored: nobody can try all of
// them, so that a fast hash without salt tells nothing.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// newSecret returns 32 random bytes as text.
func newSecret() string {
	var b [secretBytes]byte
	_, _ = rand.Read(b[:]) // it never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}
