package telemetry

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// BatchState is how far a batch came.
type BatchState string

// The states of a batch.
const (
	BatchQueued  BatchState = "queued"  // it is to be sent next
	BatchBegun   BatchState = "begun"   // the program that sends it has no answer yet
	BatchSent    BatchState = "sent"    // its session is known
	BatchUnknown BatchState = "unknown" // Devin may have started a session; it is looked for by its tag
	BatchFailed  BatchState = "failed"  // no session was started
)

// BatchStates are all states, in the order in which a batch goes through them.
func BatchStates() []BatchState {
	return []BatchState{BatchQueued, BatchBegun, BatchSent, BatchUnknown, BatchFailed}
}

// BatchStateParam reads one of them, "" for an empty text. The error is CodeInvalid.
func BatchStateParam(text string) (BatchState, error) {
	if text == "" || slices.Contains(BatchStates(), BatchState(text)) {
		return BatchState(text), nil
	}
	return "", Errorf(CodeInvalid, "Invalid state %q: want queued, begun, sent, unknown or failed.", Shown(text))
}

// BatchFilter names batches; what is empty asks for nothing.
type BatchFilter struct {
	Token, ID, Issue string
	State            BatchState
	Skip, Most       int64
}

// SendOrder is what a person has sent to Devin at once. Token names the order: sent
// again with the same one, nothing is sent twice.
type SendOrder struct {
	Token   string
	By      string
	MaxACUs int64 // of each session
	PerDay  int64 // batches that may be sent on a day (UTC), 0 for no limit
	Batches []NewBatch

	// Known are the ids of the batches of these issues that were sent before this was
	// planned: where there is another, somebody was faster, and nothing is sent.
	Known []string
	// Asked is the SendAsk.Print of what was asked.
	Asked string
	// Replaces is a batch of which a person says that it was not started, "" for none.
	Replaces string
	// Campaign is the campaign of which the issues are and whose budget bounds this; 0 for none.
	Campaign int64
	// Slot is that of AutoSend in which the campaign sends this by itself; zero where a person sends it.
	Slot time.Time
}

// SentBatch is a batch that was ordered, and what became of it.
type SentBatch struct {
	NewBatch
	State   BatchState `json:"state"`
	Session Optional   `json:"session_id"` // session key, "" while none is known
	URL     Optional   `json:"session_url"`
	Error   Optional   `json:"error"` // why it was not sent
	MaxACUs int64      `json:"max_acus"`
	By      string     `json:"by"`
	At      Time       `json:"at"`      // when it was ordered
	SentAt  Time       `json:"sent_at"` // when its session was known, zero before that
	Order   string     `json:"order"`   // the token of its order

	Campaign int64 `json:"campaign_id"` // that it was sent from, 0 for none

	Asked string `json:"-"` // SendOrder.Asked
}

// What one press may ask for.
const (
	// SendMost is how many sessions one press starts at most.
	SendMost = 10
	// SendIssuesMost is how many issues may be named or matched by what is asked.
	SendIssuesMost = 10_000
	// SessionACUsMost is what a session may be allowed to cost where no setting says less.
	SessionACUsMost = 10_000
)

// SendLimits are the settings that bound what is sent.
type SendLimits struct {
	PerDay  int64 // sessions a day (UTC), 0 for no limit
	MaxACUs int64 // what each may cost, 0 leaves it to Devin
}

// SendAsk is what somebody asks to be sent: issues by their ids, all that a query
// names, or a batch again.
type SendAsk struct {
	Key        string   // by which the same request is known when it is sent again
	Issues     []string // nil: those that a query names
	Query      string
	Expect     int64 // how many issues the query names, as confirmed
	Any        bool  // however many it names: nobody has confirmed a number yet, or ever will
	Sessions   int64 // how many sessions were confirmed; 0 = not asked
	Size       int64 // issues a batch; 0 = BatchSize
	MaxACUs    int64 // of each session; 0 = the setting
	Anyway     bool  // also issues that are under way in a session or a pull request
	Retry      string
	NotStarted bool   // a person says that Retry was not started, where that is not known
	Note       string // is added to each prompt; of a retry "" is that of the batch
	Playbook   string // that each session follows; of a retry "" is that of the batch

	Campaign int64     // of which the issues are, 0 for none
	Most     int64     // sessions at most; 0 = SendMost
	Without  []string  // issues that are not sent whatever else is asked
	Slot     time.Time // see SendOrder

	// Known are the batches that were sent when this was planned; nil are those of now.
	Known []string
}

// Excludes is LeftSnoozed for an issue of Without, "" for any other.
func (a SendAsk) Excludes(issue string) LeftWhy {
	if slices.Contains(a.Without, issue) {
		return LeftSnoozed
	}
	return ""
}

// Print is the same for two requests for the same, whatever their keys.
func (a SendAsk) Print() string {
	a.Key = ""
	text, _ := json.Marshal(a) // it has nothing that does not encode
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// SameOrder is CodeConflict where batches were ordered under a key by another
// request; "" asks for nothing but the key's.
func SameOrder(list []SentBatch, asked string) error {
	if len(list) == 0 || asked == "" || list[0].Asked == asked {
		return nil
	}
	return Errorf(CodeConflict, "This key was used for another request. Nothing was sent. Send this one with a key of its own.")
}

// ByQuery reports whether all that a query names are asked for: a blank one names
// the whole list, where how many these are was confirmed.
func (a SendAsk) ByQuery() bool {
	return a.Issues == nil && a.Retry == "" && (a.Any || Named(a.Query, a.Expect))
}

// Check returns a with its defaults, or says what is wrong with it.
func (a SendAsk) Check(l SendLimits) (SendAsk, error) {
	if a.Size == 0 {
		a.Size = BatchSize
	}
	if a.MaxACUs == 0 {
		a.MaxACUs = l.MaxACUs
	}
	most := cmp.Or(l.MaxACUs, SessionACUsMost)
	switch {
	case len(a.Issues) == 0 && a.Retry == "" && !a.ByQuery():
		return a, Errorf(CodeInvalid, "No issue is named. Name some by their ids, or all by a query, with how many it names.")
	case strings.TrimSpace(a.Query) != "" && (len(a.Issues) > 0 || a.Retry != "") || len(a.Issues) > 0 && a.Retry != "":
		return a, Errorf(CodeInvalid, "Name issues by their ids or by a query, not both.")
	case len(a.Issues) > SendIssuesMost:
		return a, Errorf(CodeInvalid, "Too many issues: at most %d can be looked at together.", SendIssuesMost)
	case a.Size < 1 || a.Size > BatchMost:
		return a, invalidField("size", "Invalid size: want a whole number of issues a batch, from 1 to %d.", BatchMost)
	case (a.MaxACUs < 0 || a.MaxACUs > most) && l.MaxACUs > 0:
		return a, invalidField("max_acus", "Invalid max_acus: want a whole number from 1 to %d (MAX_ACU_PER_SESSION).", most)
	case a.MaxACUs < 0 || a.MaxACUs > most:
		return a, invalidField("max_acus", "Invalid max_acus: want a whole number from 1 to %d, or leave it out to leave it to Devin.", most)
	}
	return a.checkAdded()
}

// LeftWhy is why an issue is not sent.
type LeftWhy string

// The reasons, in the order in which they are looked at.
const (
	LeftClosed    LeftWhy = "closed"
	LeftDismissed LeftWhy = "dismissed"
	LeftAccepted  LeftWhy = "accepted"
	LeftBatch     LeftWhy = "batch"         // it is in a batch that is being sent
	LeftUnsure    LeftWhy = "batch_unknown" // it is in a batch of which it is not known whether it was started
	LeftWaiting   LeftWhy = "waiting"       // the session that works on it waits for an answer
	LeftSession   LeftWhy = "session"       // a session works on it
	LeftPull      LeftWhy = "pull_request"  // a pull request for it is open
	LeftSnoozed   LeftWhy = "snoozed"       // somebody has put it off, and it would be sent by itself
	LeftLimit     LeftWhy = "limit"         // no more sessions may be started at once, today, or of the campaign's budget
)

// LeftWhys are all reasons.
func LeftWhys() []LeftWhy {
	return []LeftWhy{LeftClosed, LeftDismissed, LeftAccepted, LeftBatch, LeftUnsure, LeftWaiting, LeftSession, LeftPull, LeftSnoozed,
		LeftLimit}
}

// UnderWay reports whether somebody may send the issue all the same.
func (w LeftWhy) UnderWay() bool { return w == LeftWaiting || w == LeftSession || w == LeftPull }

// LeftOut is an issue that is not sent.
type LeftOut struct {
	Issue   string   `json:"id"`
	Rule    string   `json:"rule_id"`
	Repo    RepoName `json:"repo"`
	Why     LeftWhy  `json:"why"`
	Session Optional `json:"session"` // key of the session that it is under way in, "" without one
	PRURL   Optional `json:"pr_url"`
	Batch   Optional `json:"batch"`

	PR *PullState `json:"-"`
}

// BatchOdds is what came of earlier attempts like a batch's.
type BatchOdds struct {
	Of      RateGroup `json:"of"` // whether they are of its rule or of its family
	Name    string    `json:"name"`
	Issues  int64     `json:"issues"`
	Gone    int64     `json:"gone"`
	FixRate *float64  `json:"fix_rate"` // nil without any
	ACUs    *float64  `json:"acus"`     // what as many issues took, nil where that is not known
}

// OddsOf is what the attempts at a rule or, where they are few, at a family say of
// a batch of n issues.
func OddsOf(e Effectiveness, rules []string, family string, n int) BatchOdds {
	find := func(group RateGroup, name string) BatchOdds {
		o := BatchOdds{Of: group, Name: name}
		i := slices.IndexFunc(e.Rates[group], func(r Rate) bool { return r.Name == name })
		if i < 0 || e.Rates[group][i].Issues == 0 {
			return o
		}
		r := e.Rates[group][i]
		rate := r.Percent()
		o.Issues, o.Gone, o.FixRate = r.Issues, r.Gone, &rate
		if r.MilliACUs > 0 {
			o.ACUs = ACUsOf(r.MilliACUs / r.Issues * int64(n))
		}
		return o
	}
	if len(rules) == 1 {
		if o := find(RateByRule, rules[0]); o.Issues >= OddsLeast {
			return o
		}
	}
	return find(RateByFamily, family)
}

// PlannedBatch is a batch as it would be sent.
type PlannedBatch struct {
	NewBatch
	Rules []string  `json:"rules"`
	Odds  BatchOdds `json:"odds"`
}

// SendPlan is what sending some issues would start, and what it leaves out.
type SendPlan struct {
	Selected int64          `json:"selected"` // issues that were asked for
	Batches  []PlannedBatch `json:"batches"`
	Left     []LeftOut      `json:"left_out"`
	MaxACUs  int64          `json:"max_acus"`       // of each session, 0 leaves it to Devin
	Today    int64          `json:"sessions_today"` // started from here
	PerDay   int64          `json:"max_sessions_per_day"`
	AtOnce   int64          `json:"max_sessions_at_once"`
	Size     int64          `json:"size"`        // issues a batch, at most
	Campaign int64          `json:"campaign_id"` // whose budget bounds this, 0 for none
	Budget   Optional       `json:"budget"`      // what is used of it, in words
	Known    []string       `json:"-"`           // batches of these issues that were sent before
	Replaces string         `json:"-"`           // see SendOrder
	Retry    string         `json:"-"`           // the batch that is sent again
	Note     string         `json:"-"`           // of each batch
	Playbook string         `json:"-"`           // likewise
	Slot     time.Time      `json:"-"`           // see SendOrder
}

// Issues is how many issues would be sent.
func (p *SendPlan) Issues() (n int64) {
	for _, b := range p.Batches {
		n += int64(len(b.Issues))
	}
	return n
}

// LeftFor is how many issues are left out for a reason.
func (p *SendPlan) LeftFor(why LeftWhy) (n int) {
	for _, l := range p.Left {
		if l.Why == why {
			n++
		}
	}
	return n
}

// Sentence says of n issues that they are left out for the reason.
func (w LeftWhy) Sentence(n int) string {
	what := counted(n, "issue")
	return map[LeftWhy]string{
		LeftClosed:    what + " closed.",
		LeftDismissed: what + " dismissed.",
		LeftAccepted:  what + " accepted as a risk.",
		LeftBatch:     what + " in a batch that is being sent.",
		LeftUnsure:    what + " in a batch of which it is not known whether Devin started it.",
		LeftWaiting:   what + " in a session that waits for an answer.",
		LeftSession:   what + " in a session that is under way.",
		LeftPull:      what + " in an open pull request.",
		LeftSnoozed:   what + " snoozed.",
		LeftLimit:     what + " beyond the limits.",
	}[w]
}

// DryRun says that only the plan was asked for, for the audit log.
func (p *SendPlan) DryRun() Effect {
	return Effect{Subject: p.Retry, After: "dry run, nothing was sent: " + counted(len(p.Batches), "session") + " for " +
		counted(int(p.Issues()), "issue")}
}

// WhyNothing says why nothing would be sent.
func (p *SendPlan) WhyNothing() string {
	var all []string
	for _, why := range LeftWhys() {
		if n := p.LeftFor(why); n > 0 {
			all = append(all, why.Sentence(n))
		}
	}
	if len(all) == 0 {
		return "no issue is asked for."
	}
	return strings.Join(all, " ")
}

// Has reports whether batches are those of the plan, and not of an order before it.
func (p *SendPlan) Has(sent []SentBatch) bool {
	return slices.ContainsFunc(p.Batches, func(b PlannedBatch) bool { return len(sent) > 0 && b.ID == sent[0].ID })
}

// Order is the order of what was planned.
func (p *SendPlan) Order(token, asked, by string) SendOrder {
	o := SendOrder{Token: token, Asked: asked, By: by, MaxACUs: p.MaxACUs, PerDay: p.PerDay, Known: p.Known, Replaces: p.Replaces,
		Campaign: p.Campaign, Slot: p.Slot}
	for _, b := range p.Batches {
		o.Batches = append(o.Batches, b.NewBatch)
	}
	return o
}
