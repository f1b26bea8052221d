package access_test

import (
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/telemetry"
)

func (h house) readToken(address string, days int64) (telemetry.Token, string) {
	h.t.Helper()
	made, secret, err := h.NewReadToken(h.t.Context(), telemetry.Person{Name: "mona"}, address, days)
	if err != nil {
		h.t.Fatal(err)
	}
	return made, secret
}

// at are the credentials of a request to an address that holds a read token.
func at(t *testing.T, secret, address string) access.Credentials {
	t.Helper()
	opened, err := access.Address(address)
	if err != nil {
		t.Fatal(err)
	}
	return access.Credentials{ReadToken: secret, Address: opened}
}

// TestAReadTokenOpensOneAddress: the path and the parameters that it was made
// for, and nothing else, by no other way in.
func TestAReadTokenOpensOneAddress(t *testing.T) {
	h := newHouse(t, nil)
	made, secret := h.readToken("/issues.atom?q=is%3Aopen+xss&repo=octo%2Fshop", 30)
	if made.Opens != "/issues.atom?q=is%3Aopen+xss&repo=octo%2Fshop" || made.Role != telemetry.RoleViewer || made.Name != "/issues.atom" {
		t.Errorf("made %+v", made)
	}
	const who = "/issues.atom viewer"
	h.wants("its address", at(t, secret, "/issues.atom?q=is:open%20xss&repo=octo/shop&token="+secret), who)
	h.wants("in another order", at(t, secret, "/issues.atom?token=x&repo=octo/shop&q=is:open+xss"), who)
	for _, other := range []string{
		"/issues.atom", "/issues.atom?q=is:open+xss", "/issues.atom?q=is:open+xss&repo=octo/shop&repo=octo/api", "/issues.ics?q=is:open+xss&repo=octo/shop",
		"/issues.atom/?q=is:open+xss&repo=octo/shop", "/issues.atom?q=is:open+xss&repo=octo/shop&sort=rule",
	} {
		h.wants(other, at(t, secret, other), "unauthenticated: The read token in the address is for another address.…")
	}
	h.wants("as an access token", bearer(secret), "unauthenticated: The access token is not known here.…")
	if _, _, _, err := h.SignInWithToken(t.Context(), secret, ""); telemetry.CodeOf(err) != telemetry.CodeUnauthenticated {
		t.Errorf("it signs in: %v", err)
	}
	_, full := h.token("ci", telemetry.RoleAdmin, 1)
	h.wants("an access token in the address", at(t, full, "/issues.atom"), "unauthenticated: The access token is not known here.…")
	h.wants("a guess", at(t, access.ReadPrefix+"x", "/issues.atom"), "unauthenticated: The access token is not known here.…")
}

// TestAReadTokenEnds by its date, and where an admin revokes it.
func TestAReadTokenEnds(t *testing.T) {
	h := newHouse(t, nil)
	_, short := h.readToken("/issues.ics", 1)
	long, secret := h.readToken("/issues.ics", access.MostReadDays)
	h.pass(25 * time.Hour)
	h.wants("expired", at(t, short, "/issues.ics"), "unauthenticated: The read token of this address is expired.…")
	h.wants("active", at(t, secret, "/issues.ics"), "/issues.ics viewer")
	if _, err := h.RevokeToken(t.Context(), telemetry.Person{Name: "root"}, long.ID); err != nil {
		t.Fatal(err)
	}
	h.wants("revoked", at(t, secret, "/issues.ics"), "unauthenticated: The read token of this address is revoked.…")
}

func TestReadTokensAreBounded(t *testing.T) {
	h := newHouse(t, nil)
	for name, tc := range map[string]struct {
		address string
		days    int64
		says    string
	}{
		"no end":       {"/issues.atom", 0, "Invalid days"},
		"too long":     {"/issues.atom", access.MostReadDays + 1, "Invalid days"},
		"another host": {"https://example.com/issues.atom", 1, "Invalid address"},
		"no path":      {"issues.atom", 1, "Invalid address"},
		"a long query": {"/issues.atom?q=" + strings.Repeat("a", 3000), 1, "longer than"},
	} {
		_, _, err := h.NewReadToken(t.Context(), telemetry.Person{Name: "mona"}, tc.address, tc.days)
		if telemetry.CodeOf(err) != telemetry.CodeInvalid || !strings.Contains(telemetry.Sentence(err), tc.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for range 100 {
		h.readToken("/issues.atom", 1)
	}
	if _, _, err := h.NewReadToken(t.Context(), telemetry.Person{Name: "mona"}, "/issues.atom", 1); telemetry.CodeOf(err) != telemetry.CodeConflict {
		t.Errorf("one more: %v", err)
	}
	if _, _, err := h.NewReadToken(t.Context(), telemetry.Person{Name: "ann"}, "/issues.atom", 1); err != nil {
		t.Errorf("of another person: %v", err)
	}
	h.token("ci", telemetry.RoleViewer, 1)
}
