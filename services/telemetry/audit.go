package telemetry

// AuditEntry is one line of the audit log: who did what, from where, and what
// came of it. Entries are added and, after AUDIT_DAYS, removed; none is changed.
type AuditEntry struct {
	ID      int64       `json:"id"`
	At      Time        `json:"at"`
	Person  string      `json:"person"` // key of who did it
	Name    string      `json:"name"`
	Role    Role        `json:"role"`
	Way     EntryWay    `json:"way"`    // how the person came in
	Origin  string      `json:"origin"` // the address of the other end of the connection
	Action  string      `json:"action"`
	Subject string      `json:"subject"` // what it was done to
	Detail  string      `json:"detail"`  // what was asked, a JSON object of texts, without secrets
	Before  string      `json:"before"`
	After   string      `json:"after"`
	Result  AuditResult `json:"result"`
	Status  int64       `json:"status"` // of the answer
	Error   string      `json:"error"`  // what the person was told, "" where it was done
}

// AuditResult is what came of an action.
type AuditResult string

// The results.
const (
	AuditDone    AuditResult = "done"
	AuditRefused AuditResult = "refused" // the request was not right, or not allowed
	AuditFailed  AuditResult = "failed"
)

// AuditResults are all results.
func AuditResults() []AuditResult { return []AuditResult{AuditDone, AuditRefused, AuditFailed} }

// AuditResultOf is the result of an answer with a status of HTTP.
func AuditResultOf(status int) AuditResult {
	switch {
	case status >= 500:
		return AuditFailed
	case status >= 400:
		return AuditRefused
	}
	return AuditDone
}
