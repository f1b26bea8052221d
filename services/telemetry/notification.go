package telemetry

import (
	"net/mail"
	"slices"
	"strings"
	"time"
)

// NotifyEvent is what a rule of notifications waits for.
type NotifyEvent string

// The events that rules wait for.
const (
	NotifyNew         NotifyEvent = "new"          // an issue is open that was not
	NotifyReopened    NotifyEvent = "reopened"     // an issue that was fixed is there again
	NotifyOverdue     NotifyEvent = "overdue"      // an issue's due date has passed
	NotifyDueSoon     NotifyEvent = "due_soon"     // an issue is due within NotifyDueWithin
	NotifyWaiting     NotifyEvent = "waiting"      // Devin waits for an answer for some hours
	NotifyPullReady   NotifyEvent = "pr_ready"     // a pull request waits to be reviewed
	NotifyStillThere  NotifyEvent = "still_there"  // a fix is merged, and the issue is still found
	NotifyScanOverdue NotifyEvent = "scan_overdue" // a repository was not scanned when it was to be
	NotifyJobFailing  NotifyEvent = "job_failing"  // the last job of a kind failed
	NotifyBudget      NotifyEvent = "budget"       // a campaign has used BudgetNearly of its budget

	NotifyTest NotifyEvent = "test" // a person tries a rule; no rule waits for it
)

// NotifyDueWithin is how long before its due date an issue is due soon, and BudgetNearly the
// percentage of a budget that is nearly all of it.
const (
	NotifyDueWithin = 3 * 24 * time.Hour
	BudgetNearly    = 80
)

// NotifyEvents are the events that a rule may wait for.
func NotifyEvents() []NotifyEvent {
	return []NotifyEvent{NotifyNew, NotifyOverdue, NotifyDueSoon, NotifyReopened, NotifyWaiting, NotifyPullReady, NotifyStillThere,
		NotifyScanOverdue, NotifyJobFailing, NotifyBudget}
}

// OfIssues reports whether the event is of issues, which have a severity and owners.
func (e NotifyEvent) OfIssues() bool {
	return !slices.Contains([]NotifyEvent{NotifyScanOverdue, NotifyJobFailing, NotifyBudget, NotifyTest}, e)
}

// OfRepo reports whether the event is of a repository.
func (e NotifyEvent) OfRepo() bool { return e.OfIssues() || e == NotifyScanOverdue }

// Words name the event on pages and in messages.
func (e NotifyEvent) Words() string {
	switch e {
	case NotifyNew:
		return "New issue"
	case NotifyReopened:
		return "Issue reopened"
	case NotifyOverdue:
		return "Issue overdue"
	case NotifyDueSoon:
		return "Issue due in 3 days"
	case NotifyWaiting:
		return "Devin waits for an answer"
	case NotifyPullReady:
		return "Pull request ready"
	case NotifyStillThere:
		return "Merged, but still there"
	case NotifyScanOverdue:
		return "Scan overdue"
	case NotifyJobFailing:
		return "Job failing"
	case NotifyBudget:
		return "Budget nearly spent"
	}
	return "Test"
}

// NotifyChannel is a way on which notifications are sent. Where it leads is a setting.
type NotifyChannel string

// The channels.
const (
	ChannelSlack   NotifyChannel = "slack"
	ChannelWebhook NotifyChannel = "webhook"
	ChannelMail    NotifyChannel = "mail"
)

// NotifyChannels are all channels.
func NotifyChannels() []NotifyChannel {
	return []NotifyChannel{ChannelSlack, ChannelWebhook, ChannelMail}
}

// NotifyRule says who is told of what, on which channel and when.
type NotifyRule struct {
	ID        int64         `json:"id"`
	Name      string        `json:"name"`
	Event     NotifyEvent   `json:"event"`
	Severity  string        `json:"severity"` // the least; "" is any
	Repo      RepoName      `json:"repo"`     // "" is any
	Owner     string        `json:"owner"`    // "" is any
	Hours     int64         `json:"hours"`    // of NotifyWaiting: how long
	Channel   NotifyChannel `json:"channel"`
	Addresses []string      `json:"addresses"` // of ChannelMail
	DigestAt  string        `json:"digest_at"` // "08:00" each day, a message an owner; "" is at once
	QuietFrom string        `json:"quiet_from"`
	QuietTo   string        `json:"quiet_to"`
	Zone      string        `json:"time_zone"` // the IANA name of the zone of these times
	On        bool          `json:"on"`
	By        string        `json:"by"`
	At        Time          `json:"at"`
	NextAt    Time          `json:"next_digest_at"` // zero without a digest
}

// Bounds of rules.
const (
	NotifyRulesMost      = 100
	notifyAddressesMost  = 20
	notifyHoursMost      = 24 * 90
	notifyTextMost       = 200 // bytes of an owner or an address
	notifyHoursByDefault = 4
)

// Check returns r as it is kept, or what is wrong with it: CodeInvalid with the field.
func (r NotifyRule) Check() (NotifyRule, error) {
	var err error
	if r.Name, err = ViewName(r.Name); err != nil {
		return r, withField("name", err)
	}
	if !slices.Contains(NotifyEvents(), r.Event) {
		return r, invalidField("event", "Invalid event: want one of %s.", joinWords(NotifyEvents()))
	}
	if r, err = r.checkScope(); err != nil {
		return r, err
	}
	if r, err = r.checkChannel(); err != nil {
		return r, err
	}
	return r.checkTimes()
}

func (r NotifyRule) checkScope() (NotifyRule, error) {
	r.Owner = strings.TrimSpace(r.Owner)
	switch {
	case r.Severity != "" && !slices.Contains(Severities(), r.Severity):
		return r, invalidField("severity", "Invalid severity: want one of %s, or an empty text for any.", strings.Join(Severities(), ", "))
	case !r.Event.OfIssues() && (r.Severity != "" || r.Owner != ""):
		return r, invalidField("event", "The event %s has no severity and no owner: leave them out.", r.Event)
	case r.Repo != "" && !r.Event.OfRepo():
		return r, invalidField("repo", "The event %s is of no repository: leave the repository out.", r.Event)
	case len(r.Owner) > notifyTextMost:
		return r, invalidField("owner", "Invalid owner: it has %d bytes; the limit is %d.", len(r.Owner), notifyTextMost)
	case r.Hours < 0 || r.Hours > notifyHoursMost:
		return r, invalidField("hours", "Invalid hours: want a whole number from 1 to %d.", notifyHoursMost)
	}
	if r.Repo != "" {
		name := ParseRepo(string(r.Repo))
		if name == "" {
			return r, invalidField("repo", "Invalid repo: want owner/name or the repository's URL, or an empty text for all.")
		}
		r.Repo = name
	}
	if r.Event != NotifyWaiting {
		r.Hours = 0
	} else if r.Hours == 0 {
		r.Hours = notifyHoursByDefault
	}
	return r, nil
}

func (r NotifyRule) checkChannel() (NotifyRule, error) {
	if !slices.Contains(NotifyChannels(), r.Channel) {
		return r, invalidField("channel", "Invalid channel: want one of %s.", joinWords(NotifyChannels()))
	}
	given := r.Addresses
	r.Addresses = []string{}
	for _, text := range given {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		a, err := mail.ParseAddress(text)
		if err != nil || len(text) > notifyTextMost || strings.ContainsAny(a.Address, "\r\n") {
			return r, invalidField("addresses", "Invalid address %s: want one such as team@example.com.", Shown(text))
		}
		if !slices.Contains(r.Addresses, a.Address) {
			r.Addresses = append(r.Addresses, a.Address)
		}
	}
	switch {
	case r.Channel != ChannelMail && len(r.Addresses) > 0:
		return r, invalidField("addresses", "The channel %s has no addresses: leave them out.", r.Channel)
	case r.Channel == ChannelMail && len(r.Addresses) == 0:
		return r, invalidField("addresses", "The addresses are missing: want those that the mail goes to.")
	case len(r.Addresses) > notifyAddressesMost:
		return r, invalidField("addresses", "There are %d addresses; the limit is %d. Use a mailing list.", len(r.Addresses), notifyAddressesMost)
	}
	return r, nil
}

func (r NotifyRule) checkTimes() (NotifyRule, error) {
	for _, t := range []struct{ field, text string }{{"digest_at", r.DigestAt}, {"quiet_from", r.QuietFrom}, {"quiet_to", r.QuietTo}} {
		if _, ok := ClockMinutes(t.text); t.text != "" && !ok {
			return r, invalidField(t.field, "Invalid %s: want a time of day such as 08:00, or an empty text.", t.field)
		}
	}
	switch {
	case (r.QuietFrom == "") != (r.QuietTo == ""):
		return r, invalidField("quiet_to", "Quiet hours need both their times, or none.")
	case r.QuietFrom != "" && r.QuietFrom == r.QuietTo:
		return r, invalidField("quiet_to", "Quiet hours of a whole day would send nothing: want two different times.")
	}
	if r.Zone == "" {
		r.Zone = "UTC"
	}
	if _, err := time.LoadLocation(r.Zone); err != nil || r.Zone == "Local" {
		return r, invalidField("time_zone", "Unknown time zone %s: want an IANA name such as Europe/Berlin.", Shown(r.Zone))
	}
	return r, nil
}

// ClockMinutes reads a time of day, "08:00", as minutes since midnight.
func ClockMinutes(text string) (minutes int, ok bool) {
	t, err := time.Parse("15:04", text)
	return t.Hour()*60 + t.Minute(), err == nil && len(text) == 5
}

// Words are the rule as the audit log and the page say it.
func (r NotifyRule) Words() string {
	words := []string{r.Event.Words()}
	if r.Severity != "" {
		words = append(words, r.Severity+" and worse")
	}
	for _, text := range []string{string(r.Repo), r.Owner} {
		if text != "" {
			words = append(words, text)
		}
	}
	when := "at once"
	if r.DigestAt != "" {
		when = "as a digest at " + r.DigestAt + " " + r.Zone
	}
	words = append(words, "to "+string(r.Channel), when)
	if !r.On {
		words = append(words, "off")
	}
	return strings.Join(words, ", ")
}

func joinWords[T ~string](list []T) string {
	var words []string
	for _, w := range list {
		words = append(words, string(w))
	}
	return strings.Join(words, ", ")
}

// Notice is one thing that a rule tells of.
type Notice struct {
	Subject    string   `json:"subject"`    // of an issue or a session its id
	Occurrence string   `json:"occurrence"` // tells one time from the next, for example the due date that passed
	Owner      string   `json:"owner"`      // of a digest: whose it is, "" for nobody's
	Repo       RepoName `json:"repo"`
	Severity   string   `json:"severity"` // "" where it has none
	Title      string   `json:"title"`
	Ref        string   `json:"-"` // names its page, with the event
	Since      Time     `json:"since"`
	Link       string   `json:"url"` // of its page, below PUBLIC_URL
}

// NotifyMessage is what one notification says.
type NotifyMessage struct {
	Event NotifyEvent `json:"event"`
	Rule  string      `json:"rule"`
	Title string      `json:"title"`
	Owner string      `json:"owner"` // of a digest
	Count int64       `json:"count"`
	Items []Notice    `json:"items"` // the worst, at most NotifyItemsMost
	Link  string      `json:"url"`   // of the view that shows all, below PUBLIC_URL
}

// Bounds of messages: how many things one names, and how many messages of a rule are
// sent at once before they become one.
const (
	NotifyItemsMost = 50
	NotifyAtOnce    = 20
)

// Notification is a message in the queue, and what came of it.
type Notification struct {
	ID        string            `json:"id"` // the receiver gets it with each try: webhook-id, Message-ID
	RuleID    int64             `json:"rule_id"`
	Rule      string            `json:"rule"`
	Event     NotifyEvent       `json:"event"`
	Channel   NotifyChannel     `json:"channel"`
	Addresses []string          `json:"addresses"`
	Owner     string            `json:"owner"`
	Title     string            `json:"title"`
	Count     int64             `json:"count"`
	Repo      RepoName          `json:"repo"` // "" where it is of several
	State     NotificationState `json:"state"`
	Error     Optional          `json:"error"`
	Tries     int64             `json:"tries"`
	NextTry   Time              `json:"next_try_at"`
	At        Time              `json:"queued_at"`
	Ended     Time              `json:"ended_at"`

	Message NotifyMessage `json:"-"`
}

// Line is what keeps its order: of one line, one message is sent after the other.
func (n Notification) Line() string {
	return string(n.Channel) + " " + strings.Join(slices.Sorted(slices.Values(n.Addresses)), " ")
}

// NotificationState is how far a notification is.
type NotificationState string

// The states of a notification.
const (
	NotificationWaiting NotificationState = "waiting"
	NotificationFailed  NotificationState = "failed" // the last try failed; it is tried again
	NotificationSent    NotificationState = "sent"
	NotificationGivenUp NotificationState = "given_up" // it is not tried again
)

// NotificationStates are all states of a notification.
func NotificationStates() []NotificationState {
	return []NotificationState{NotificationWaiting, NotificationFailed, NotificationSent, NotificationGivenUp}
}

// NotifyStep is what is to be done with what a rule is to tell now.
type NotifyStep string

// The steps.
const (
	NotifyNothing  NotifyStep = ""         // it is not the time, or there is nothing
	NotifyEach     NotifyStep = "each"     // a message each
	NotifyTogether NotifyStep = "together" // one message of all
	NotifyDigest   NotifyStep = "digest"   // a message an owner
)

// NotifyPreview is what a rule would tell now if nothing had been told.
type NotifyPreview struct {
	Matches int64         `json:"matches"` // how many things match now; they are not sent when the rule is made
	Message NotifyMessage `json:"message"` // the first message
	Text    string        `json:"text"`    // as it is read
}

// NotifyChannelInfo says whether a channel can be used.
type NotifyChannelInfo struct {
	Channel NotifyChannel `json:"channel"`
	Set     bool          `json:"set"`     // its settings are there
	Setting string        `json:"setting"` // the one that it needs first
}

// NotifyPlan decides when what a rule found is told, and in which words. It is pure.
type NotifyPlan interface {
	Step(r NotifyRule, pending int64, now time.Time) NotifyStep
	NextDigest(r NotifyRule, after time.Time) time.Time
	Message(r NotifyRule, owner string, count int64, items []Notice) NotifyMessage
	NewID() string
}
