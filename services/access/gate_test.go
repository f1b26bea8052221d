package access_test

import (
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// house is a gate over a real database, with a clock of its own.
type house struct {
	*access.Gate
	t   *testing.T
	db  *storetest.Store
	now *atomic.Int64
	o   access.Options
}

func (h house) time() time.Time { return time.Unix(h.now.Load(), 0) }

func (h house) pass(d time.Duration) { h.now.Add(int64(d / time.Second)) }

func newHouse(t *testing.T, change func(*access.Options)) house {
	t.Helper()
	h := house{t: t, now: &atomic.Int64{}}
	h.now.Store(1_790_000_000)
	h.db = storetest.OpenWith(t, store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "a.db"), Now: h.time})
	h.o = access.Options{Sessions: h.db, Tokens: h.db, Usage: h.db, Log: slog.New(slog.DiscardHandler), Now: h.time}
	if change != nil {
		change(&h.o)
	}
	h.Gate = access.New(h.o)
	return h
}

// again is the gate of another program on the same database.
func (h house) again(change func(*access.Options)) house {
	if change != nil {
		change(&h.o)
	}
	h.Gate = access.New(h.o)
	return h
}

// is says who comes with credentials: "name role", or the error.
func (h house) is(c access.Credentials) string {
	p, err := h.Identify(h.t.Context(), c)
	if err != nil {
		return string(telemetry.CodeOf(err)) + ": " + telemetry.Sentence(err)
	}
	return strings.TrimSpace(p.Name + " " + string(p.Role))
}

func (h house) wants(what string, c access.Credentials, want string) {
	h.t.Helper()
	if got := h.is(c); got != want && !(strings.HasSuffix(want, "…") && strings.HasPrefix(got, strings.TrimSuffix(want, "…"))) {
		h.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func bearer(token string) access.Credentials {
	return access.Credentials{Authorization: []string{"Bearer " + token}}
}

func cookie(secret string) access.Credentials { return access.Credentials{Session: secret} }

func (h house) token(name string, role telemetry.Role, days int64) (telemetry.Token, string) {
	h.t.Helper()
	made, secret, err := h.NewToken(h.t.Context(), telemetry.Person{Name: "root"}, name, role, days)
	if err != nil {
		h.t.Fatal(err)
	}
	return made, secret
}

func TestTokens(t *testing.T) {
	h := newHouse(t, nil)
	made, secret := h.token("ci", telemetry.RoleOperator, 2)
	h.wants("a stranger", access.Credentials{}, "")
	h.wants("its holder", bearer(secret), "ci operator")
	h.wants("in another case", access.Credentials{Authorization: []string{"bearer  " + secret}}, "ci operator")
	h.wants("a letter short", bearer(secret[:len(secret)-1]), "unauthenticated: The access token is not known here.…")
	h.wants("another's", bearer("ghp_abc"), "unauthenticated: The access token is not known here.…")
	h.wants("two", access.Credentials{Authorization: []string{"Bearer " + secret, "Bearer x"}}, "unauthenticated: The request has several…")
	h.wants("another scheme", access.Credentials{Authorization: []string{"Basic " + secret}}, "")
	h.pass(48*time.Hour - time.Second)
	h.wants("a second before its end", bearer(secret), "ci operator")
	h.pass(time.Second)
	h.wants("at its end", bearer(secret), "unauthenticated: The access token ci is expired.…")

	for name, of := range map[string]struct {
		name string
		role telemetry.Role
		days int64
	}{
		"no name": {"  ", "viewer", 1}, "a long name": {strings.Repeat("a", 101), "viewer", 1}, "a line break": {"a\nb", "viewer", 1},
		"no role": {"a", "", 1}, "another role": {"a", "anyone", 1}, "a past end": {"a", "viewer", -1}, "a far end": {"a", "viewer", 3651},
	} {
		if _, _, err := h.NewToken(t.Context(), telemetry.Person{}, of.name, of.role, of.days); telemetry.CodeOf(err) != telemetry.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	h.Flush(t.Context())
	list, err := h.db.Tokens(t.Context())
	if err != nil || len(list) != 1 || list[0].ID != made.ID || list[0].UsedAt.IsZero() || list[0].MadeBy != "root" {
		t.Errorf("stored are %+v, %v", list, err)
	}
	stored, err := h.db.Texts(t.Context(), `SELECT hash FROM tokens`)
	if err != nil || len(stored) != 1 || len(stored[0]) != 64 || strings.Contains(secret, stored[0]) {
		t.Errorf("the token is stored as %q, %v", stored, err)
	}
}

// TestARevokedTokenIsRefused: at once where it was revoked, and soon by other
// programs; the sessions that were signed in with it end, and no new one begins.
func TestARevokedTokenIsRefused(t *testing.T) {
	h := newHouse(t, nil)
	made, secret := h.token("ci", telemetry.RoleViewer, 0)
	_, session, _, err := h.SignInWithToken(t.Context(), " "+secret, "")
	if err != nil {
		t.Fatal(err)
	}
	other := h.again(nil)
	other.wants("at another program", bearer(secret), "ci viewer")
	other.wants("its session there", cookie(session), "ci viewer")
	if _, err := h.RevokeToken(t.Context(), telemetry.Person{Name: "root"}, made.ID); err != nil {
		t.Fatal(err)
	}
	h.wants("here", bearer(secret), "unauthenticated: The access token ci is revoked.…")
	h.wants("its session", cookie(session), "unauthenticated: Your session has ended.…")
	other.pass(3 * time.Second)
	other.wants("at another program, seconds later", bearer(secret), "unauthenticated: The access token ci is revoked.…")
	other.wants("its session there", cookie(session), "unauthenticated: Your session has ended.…")
	if _, _, _, err := h.SignInWithToken(t.Context(), secret, ""); telemetry.CodeOf(err) != telemetry.CodeUnauthenticated {
		t.Errorf("it still signs in: %v", err)
	}
	for id, code := range map[string]telemetry.Code{made.ID: telemetry.CodeConflict, "none": telemetry.CodeNotFound} {
		if _, err := h.RevokeToken(t.Context(), telemetry.Person{}, id); telemetry.CodeOf(err) != code {
			t.Errorf("revoking %s: %v", id, err)
		}
	}
}

// TestSessionsEnd: when they are not used, whatever their use, by their person
// alone, and everywhere.
func TestSessionsEnd(t *testing.T) {
	h := newHouse(t, nil)
	mona := telemetry.Person{Key: "github:mona", Name: "mona", Role: telemetry.RoleOperator, Way: telemetry.EntryGitHub}
	signIn := func(had string) string {
		t.Helper()
		secret, _, err := h.SignIn(t.Context(), mona, had)
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	const ended = "unauthenticated: Your session has ended.…"
	h.wants("a made-up cookie", cookie("abc"), ended)
	first := signIn("")
	h.wants("signed in", cookie(first), "mona operator")
	second := signIn(first)
	h.wants("the session before", cookie(first), ended)
	h.pass(access.IdleTime - time.Second)
	h.wants("used just in time", cookie(second), "mona operator")
	h.Flush(t.Context())
	h.pass(access.IdleTime - time.Second)
	h.again(nil).wants("at another program that read the use", cookie(second), "mona operator")
	h.pass(time.Second)
	h.again(nil).wants("not used for long", cookie(second), ended)
	third := signIn("")
	for range int(access.SessionTime/access.IdleTime)*2 - 1 {
		h.pass(access.IdleTime / 2)
		h.wants("used often", cookie(third), "mona operator")
	}
	h.pass(access.IdleTime / 2)
	h.wants("at its end", cookie(third), ended)

	here, there := signIn(""), signIn("")
	p, err := h.Identify(t.Context(), cookie(here))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.SignOut(t.Context(), p, false); err != nil {
		t.Fatal(err)
	}
	h.wants("signed out", cookie(here), ended)
	h.wants("the other one", cookie(there), "mona operator")
	anew := signIn("")
	if err := h.SignOut(t.Context(), mona, true); err != nil {
		t.Fatal(err)
	}
	h.wants("signed out everywhere", cookie(there), ended)
	h.wants("signed out everywhere, too", cookie(anew), ended)
	people, err := h.db.People(t.Context())
	if err != nil || len(people) != 1 || people[0].Name != "mona" {
		t.Errorf("who came: %+v, %v", people, err)
	}
}

// TestOtherRulesEndSessions: who has a role by rules that no longer hold signs in again.
func TestOtherRulesEndSessions(t *testing.T) {
	h := newHouse(t, func(o *access.Options) { o.Rules.Admins = []access.Member{{Login: "mona"}} })
	secret, _, err := h.SignIn(t.Context(), telemetry.Person{Key: "github:mona", Name: "mona", Role: telemetry.RoleAdmin, Way: telemetry.EntryGitHub}, "")
	if err != nil {
		t.Fatal(err)
	}
	h.again(nil).wants("after a restart", cookie(secret), "mona admin")
	h.again(func(o *access.Options) { o.Rules.Admins = nil }).
		wants("after the rules changed", cookie(secret), "unauthenticated: Your session has ended.…")
}

func TestAProxySaysWhoAsks(t *testing.T) {
	h := newHouse(t, func(o *access.Options) {
		o.Header = "X-User"
		o.Proxies = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}
		o.Rules = access.Rules{Admins: []access.Member{{Login: "Mira"}}, Operators: []access.Member{{Login: "noor@acme.example"}}}
	})
	from := func(address string, values ...string) access.Credentials {
		return access.Credentials{From: netip.MustParseAddr(address), Proxy: values}
	}
	h.wants("an admin", from("10.1.2.3", "mira"), "mira admin")
	h.wants("an operator", from("10.1.2.3", "noor@acme.example"), "noor@acme.example operator")
	h.wants("whoever else the proxy lets in", from("10.1.2.3", "otto"), "otto viewer")
	h.wants("nobody", from("10.1.2.3", ""), "")
	h.wants("no header", from("10.1.2.3"), "")
	h.wants("another address", from("10.2.0.1", "mira"), "forbidden: The header X-User was sent by 10.2.0.1, which is not one of ACCESS_PROXIES.…")
	h.wants("two headers", from("10.1.2.3", "mira", "otto"), "forbidden: The header X-User names several people…")
	h.wants("two names", from("10.1.2.3", "mira, otto"), "forbidden: The header X-User names several people…")
	_, secret := h.token("ci", telemetry.RoleViewer, 1)
	both := from("10.1.2.3", "mira")
	both.Authorization = []string{"Bearer " + secret}
	h.wants("a token beside it", both, "ci viewer")
	both.From = netip.MustParseAddr("10.2.0.1")
	h.wants("a token beside one that is not believed", both, "forbidden: The header X-User was sent by 10.2.0.1…")
	h.Flush(t.Context())
	if people, err := h.db.People(t.Context()); err != nil || len(people) != 3 {
		t.Errorf("who came: %+v, %v", people, err)
	}
	named := h.again(func(o *access.Options) { o.Rules.Viewers = []access.Member{{Login: "vera"}} })
	named.wants("a viewer who is named", from("10.1.2.3", "vera"), "vera viewer")
	named.wants("who is not", from("10.1.2.3", "otto"), "forbidden: otto is not among those who may use this dashboard.…")
}

// TestWhereNobodySignsIn everybody is one person, and tokens keep their roles.
func TestWhereNobodySignsIn(t *testing.T) {
	h := newHouse(t, func(o *access.Options) { o.Open = telemetry.Person(access.Everyone("mira")) })
	h.wants("without anything", access.Credentials{}, "mira admin")
	h.wants("with an old cookie", cookie("abc"), "mira admin")
	h.wants("with a token of something else", bearer("eyJhbGci"), "mira admin")
	_, secret := h.token("ci", telemetry.RoleViewer, 1)
	h.wants("with a token", bearer(secret), "ci viewer")
	h.wants("with a token that is none", bearer("tdash_abc"), "unauthenticated: The access token is not known here.…")
}

func TestMembers(t *testing.T) {
	for text, want := range map[string]access.Member{
		"mona": {Login: "mona"}, "mona@acme.example": {Login: "mona@acme.example"}, "acme/*": {Org: "acme"}, "acme/app-sec": {Org: "acme", Team: "app-sec"},
	} {
		if got, err := access.ParseMember(text); err != nil || got != want || got.String() != text {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "*", "a*", "acme/", "/team", "acme/a/b", "*/team", "acme/a*", "a b", "a;b"} {
		if got, err := access.ParseMember(text); err == nil {
			t.Errorf("%q is taken for %+v", text, got)
		}
	}
}
