package telemetry

// Token is an access token, without the token itself: that is shown once, to
// who made it, and stored as its hash alone.
type Token struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Role      Role   `json:"role"`
	MadeAt    Time   `json:"made_at"`
	MadeBy    string `json:"made_by"`
	ExpiresAt Time   `json:"expires_at"` // zero: never
	RevokedAt Time   `json:"revoked_at"` // zero: it is not
	RevokedBy string `json:"revoked_by"`
	UsedAt    Time   `json:"used_at"` // zero: never; to the minute
	Opens     string `json:"opens"`   // of a read token the one address that it opens; "" opens all that its role may
}

// TokenState says whether a token is taken.
type TokenState string

// The states of tokens.
const (
	TokenActive  TokenState = "active"
	TokenExpired TokenState = "expired"
	TokenRevoked TokenState = "revoked"
)

// StateAt is the state of the token at a time.
func (t Token) StateAt(now Time) TokenState {
	switch {
	case !t.RevokedAt.IsZero():
		return TokenRevoked
	case !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt.Time):
		return TokenExpired
	}
	return TokenActive
}

// Label names the token in the audit log.
func (t Token) Label() string { return t.Name + " (" + t.ID + ")" }

// Person is who sends the token.
func (t Token) Person() Person {
	return Person{Key: string(EntryToken) + ":" + t.ID, Name: t.Name, Role: t.Role, Way: EntryToken, Token: t.ID}
}

// SignIn is the session of a browser.
type SignIn struct {
	ID     string // the hash of what its cookie has
	Person Person
	Rules  string // by which the person has the role
	At     Time
	Seen   Time // last; to the minute
	Until  Time // its end, however much it is used
}

// SignInState is a sign-in at GitHub that has begun, and is used once.
type SignInState struct {
	State    string // the hash of what GitHub is given
	Browser  string // the hash of what the browser was given
	Verifier string // of PKCE
	Back     string // where the person is led then
	At       Time
}

// Use is when sessions and tokens were used last, by their ids, and who came.
type Use struct {
	Sessions map[string]Time
	Tokens   map[string]Time
	People   []Person
}
