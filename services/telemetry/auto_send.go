package telemetry

import (
	"fmt"
	"strconv"
	"time"
)

// AutoSend is how a campaign sends by itself.
type AutoSend struct {
	PerDay  int64    `json:"per_day"` // sessions a day (UTC); 0: it does not
	Floor   int64    `json:"floor"`   // percent: under these odds it stops
	By      Optional `json:"by"`      // who switched it on
	Since   Time     `json:"since"`   // when
	Stopped Optional `json:"stopped"` // why it stopped by itself, "" where it did not
	Note    Optional `json:"-"`       // why nothing was sent when it was last tried, "" where something was
	NotedAt Time     `json:"-"`
}

// On reports whether it sends as far as nothing else keeps it from it.
func (a AutoSend) On() bool { return a.PerDay > 0 && a.Stopped == "" }

// Words are how it sends, for the audit log.
func (a AutoSend) Words() string {
	if a.PerDay == 0 {
		return ""
	}
	words := fmt.Sprintf("sends %d a day by itself above %d %%", a.PerDay, a.Floor)
	if a.Stopped != "" {
		words += ", stopped"
	}
	return words
}

// Bounds of what is sent by itself.
const (
	// AutoSendMost is how many sessions a campaign starts on a day at most.
	AutoSendMost = 100
	// AutoFloor is the floor of a campaign for which nobody has set one.
	AutoFloor = 30
	// AutoAttempts is how many of the last ended attempts give the odds.
	AutoAttempts = 10
	// AutoRunning is how many attempts may be under way while fewer have ended.
	AutoRunning = 5
	// AutoTries is how often an issue is tried by itself.
	AutoTries = 3

	autoAgain    = 10 * time.Minute // after nothing could be sent
	autoFailures = 3                // in a row stop a campaign
)

// Slot is the part of a day (UTC) that a time is in, where each is of one session: a
// campaign that sends four a day sends at 00:00, 06:00, 12:00 and 18:00 at the earliest.
func (a AutoSend) Slot(now time.Time) (from, until time.Time) {
	const day = 24 * time.Hour
	midnight := now.UTC().Truncate(day)
	parts := max(1, a.PerDay)
	length := (day / time.Duration(parts)).Truncate(time.Millisecond)
	n := min(int64(now.Sub(midnight)/length), parts-1) // the last one has what is left over
	from, until = midnight.Add(time.Duration(n)*length), midnight.Add(time.Duration(n+1)*length)
	if n == parts-1 {
		until = midnight.Add(day)
	}
	return from, until
}

// checkAutoSend says what is wrong with what is to be sent by itself.
func (e CampaignEdit) checkAutoSend() error {
	if e.PerDay != nil && (*e.PerDay < 0 || *e.PerDay > AutoSendMost) {
		return invalidField("per_day", "Invalid per_day: want how many sessions a day it starts by itself, up to %d, or 0.", AutoSendMost)
	}
	if e.Floor != nil && (*e.Floor < 0 || *e.Floor > 100) {
		return invalidField("floor", "Invalid floor: want percent, from 0 to 100.")
	}
	return nil
}

// AutoToken names the order of a campaign's slot: however often it is ordered, it is one.
func AutoToken(campaign int64, slot time.Time) string {
	return "campaign " + strconv.FormatInt(campaign, 10) + " " + slot.UTC().Format(time.RFC3339Nano)
}

// SendSwitch is whether all campaigns are stopped from sending by themselves.
type SendSwitch struct {
	Stopped bool     `json:"stopped"`
	By      Optional `json:"by"` // who stopped it
	At      Time     `json:"at"`
}

// CampaignUse is what has been used of a campaign's budget. What is reserved is what
// its sessions that are under way, or whose cost is not known, may still use.
type CampaignUse struct {
	Sessions int64
	MilliACU int64
	Reserved int64 // thousandths of an ACU
}

// Room is how many sessions of so many ACUs each the budget of c has room for; -1 where
// it sets no limit.
func (u CampaignUse) Room(c Campaign, acus int64) int64 {
	room := int64(-1)
	if c.MaxSessions > 0 {
		room = max(0, c.MaxSessions-u.Sessions)
	}
	if c.MaxACUs == 0 {
		return room
	}
	left := max(0, c.MaxACUs*1000-u.MilliACU-u.Reserved)
	byCost := left / max(1000, acus*1000)
	if acus == 0 { // nobody knows what one costs
		byCost = (left + 999) / 1000
	}
	if room < 0 || byCost < room {
		room = byCost
	}
	return room
}

// Left says what is left of the budget of c, "" where it sets no limit.
func (u CampaignUse) Left(c Campaign) string {
	text := ""
	if c.MaxSessions > 0 {
		text = fmt.Sprintf("%d of %d sessions are used", u.Sessions, c.MaxSessions)
	}
	if c.MaxACUs > 0 {
		if text != "" {
			text += ", and "
		}
		text += fmt.Sprintf("%s of %d ACUs", thousandths(u.MilliACU), c.MaxACUs)
		if u.Reserved > 0 {
			text += fmt.Sprintf(", and sessions under way may use %s more", thousandths(u.Reserved))
		}
	}
	return text
}

func thousandths(n int64) string { return strconv.FormatFloat(float64(n)/1000, 'f', -1, 64) }

// CampaignAttempts are the last attempts at issues of a campaign that have ended, at
// most AutoAttempts.
type CampaignAttempts struct {
	Ended   int64 // attempts
	Issues  int64 // of the campaign, that they took
	Gone    int64 // of these
	Running int64 // attempts that have not ended, of all
}

// Percent is the share of their issues that are gone, 0 without one.
func (a CampaignAttempts) Percent() float64 {
	return PullCounts{Total: a.Issues, Merged: a.Gone}.FixRate()
}

// Under reports whether there are enough attempts to tell, and they are under a floor.
func (a CampaignAttempts) Under(floor int64) bool {
	return a.Ended >= AutoAttempts && a.Gone*100 < floor*a.Issues
}

// AutoSendFacts are what decides whether a campaign sends now.
type AutoSendFacts struct {
	Campaign
	Use       CampaignUse
	Attempts  CampaignAttempts
	Switch    SendSwitch
	Off       string    // why nothing can be sent from here, "" where it can
	Today     int64     // sessions that were started from here today (UTC)
	Most      int64     // how many may be, 0 for no limit
	Each      int64     // ACUs of a session at most
	SentToday int64     // of this campaign by itself
	LastSlot  time.Time // of its last order by itself
	LastState BatchState
	LastError string   // why that was not started, or why that is not known
	Failing   int64    // its last orders by itself since it was switched on that did not start a session, or of which that is not known
	Stale     string   // why it is not known who works on its issues now, "" where it is
	Sendable  int64    // issues that nobody works on
	Snoozed   []string // issues of it that are snoozed
}

// EveryCampaign stands for all campaigns where the facts of one are asked for.
const EveryCampaign = -1

// staleAfter is how old what is known of runs may be when a campaign sends by itself:
// beyond it others may work on its issues, and scans may have closed them.
const staleAfter = time.Hour

// StaleRuns says that the run files were not read in the last hour, "" where they were,
// or are read from nowhere.
func StaleRuns(sources []SourceStatus, now time.Time) string {
	for _, s := range sources {
		if (s.Name == "runs" || s.Name == "runs_dir") && now.Sub(s.OKAt.Time) > staleAfter {
			return "The run files have not been read for an hour. It sends once they have: somebody else may work on its issues."
		}
	}
	return ""
}

// AutoSendWord is what a campaign does by itself.
type AutoSendWord string

// The words.
const (
	AutoOff     AutoSendWord = "off"
	AutoSending AutoSendWord = "sending" // the next batch is sent at once
	AutoWaiting AutoSendWord = "waiting"
	AutoStopped AutoSendWord = "stopped" // until a person switches it on
)

// AutoSendWords are all of them.
func AutoSendWords() []AutoSendWord {
	return []AutoSendWord{AutoOff, AutoSending, AutoWaiting, AutoStopped}
}

// AutoSendState is what a campaign does by itself now, and why.
type AutoSendState struct {
	State    AutoSendWord `json:"state"`
	Reason   string       `json:"reason"`
	NextAt   Time         `json:"next_at"`  // when it is next tried; zero where nobody knows
	Odds     *float64     `json:"odds"`     // percent; nil before an attempt has ended
	Gone     int64        `json:"gone"`     // of
	Issues   int64        `json:"issues"`   // of the last attempts that have ended
	Attempts int64        `json:"attempts"` // at most 10
	Running  int64        `json:"running"`  // attempts that have not ended

	Slot time.Time `json:"-"` // with AutoSending: what the order is of
	Halt bool      `json:"-"` // it is to be stopped until a person switches it on
}

// State says whether the campaign sends now and, if not, why, and when it may.
func (f *AutoSendFacts) State(now time.Time) AutoSendState {
	s := AutoSendState{Gone: f.Attempts.Gone, Issues: f.Attempts.Issues, Attempts: f.Attempts.Ended, Running: f.Attempts.Running}
	if s.Attempts > 0 {
		odds := f.Attempts.Percent()
		s.Odds = &odds
	}
	if f.kept(&s) {
		return s
	}
	wait := func(until time.Time, format string, args ...any) AutoSendState {
		s.State, s.Reason, s.NextAt = AutoWaiting, fmt.Sprintf(format, args...), At(until)
		return s
	}
	never, tomorrow := time.Time{}, now.UTC().Truncate(24*time.Hour).Add(24*time.Hour)
	slot, next := f.AutoSend.Slot(now)
	switch {
	case f.Sendable == 0:
		return wait(never, "Nothing is left to send.")
	case f.Use.Room(f.Campaign, f.Each) == 0:
		return wait(never, "%s", f.noRoom())
	case f.Attempts.Ended < AutoAttempts && f.Attempts.Running >= AutoRunning:
		return wait(never, "%d of its sessions have not ended. It sends no more than %d at a time until %d have ended.",
			f.Attempts.Running, AutoRunning, AutoAttempts)
	case f.Most > 0 && f.Today >= f.Most:
		return wait(tomorrow, "The limit of a day is reached: %d of %d sessions (MAX_SESSIONS_PER_DAY).", f.Today, f.Most)
	case f.SentToday >= f.PerDay:
		return wait(tomorrow, "It has started as many sessions as it may today: %d of %d.", f.SentToday, f.PerDay)
	case !f.LastSlot.Before(slot): // a later one where its sessions a day, or the clock, were changed
		if _, until := f.AutoSend.Slot(f.LastSlot); until.After(next) {
			next = until
		}
		return wait(next, "%s", f.last())
	case f.Stale != "":
		return wait(never, "%s", f.Stale)
	case f.Note != "" && !now.Before(f.NotedAt.Time) && now.Before(f.NotedAt.Add(autoAgain)):
		return wait(f.NotedAt.Add(autoAgain), "%s", f.Note)
	}
	s.State, s.Reason, s.Slot = AutoSending, "The next batch is sent within a minute.", slot
	return s
}

// kept reports whether the campaign is kept from sending until a person changes it.
func (f *AutoSendFacts) kept(s *AutoSendState) bool {
	switch {
	case !f.ClosedAt.IsZero():
		s.State, s.Reason = AutoOff, "The campaign is closed."
	case f.PerDay == 0:
		s.State, s.Reason = AutoOff, "It does not send by itself."
	case f.Stopped != "":
		s.State, s.Reason = AutoStopped, string(f.Stopped)
	case f.Switch.Stopped:
		s.State, s.Reason = AutoStopped, StoppedBy(f.Switch)
	case f.Off != "":
		s.State, s.Reason = AutoWaiting, f.Off
	case f.Failing >= autoFailures:
		s.State, s.Halt = AutoStopped, true
		s.Reason = fmt.Sprintf("Its last %d batches did not start a session, or it is not known whether they did. %s "+
			"It stays stopped until somebody switches it on again.", f.Failing, f.last())
	case f.Attempts.Under(f.Floor):
		s.State, s.Halt = AutoStopped, true
		s.Reason = fmt.Sprintf("The odds are %v %% in the last %d attempts (%d of %d issues gone), under the floor of %d %%. "+
			"It stays stopped until somebody switches it on again.",
			f.Attempts.Percent(), f.Attempts.Ended, f.Attempts.Gone, f.Attempts.Issues, f.Floor)
	default:
		return false
	}
	return true
}

// noRoom says that the budget has no room for another session.
func (f *AutoSendFacts) noRoom() string {
	left := f.Use.Left(f.Campaign)
	if sessions := f.MaxSessions > 0 && f.Use.Sessions >= f.MaxSessions; sessions || f.Use.MilliACU >= f.MaxACUs*1000 || f.Each == 0 {
		return "The budget is spent: " + left + "."
	}
	return fmt.Sprintf("The budget has no room for another session of up to %d ACUs: %s.", f.Each, left)
}

// last says what came of the last order.
func (f *AutoSendFacts) last() string {
	switch f.LastState {
	case BatchFailed:
		return "The last send failed: " + f.LastError
	case BatchUnknown:
		return "It is not known whether the last session was started: it is looked for by its tag."
	}
	return "It has sent, and waits for its next turn."
}

// StoppedBy says that all campaigns are stopped.
func StoppedBy(s SendSwitch) string {
	return "All automatic sending was stopped by " + Shown(string(s.By)) + "."
}

// Words are the switch as the audit log has it.
func (s SendSwitch) Words() string {
	if s.Stopped {
		return "stopped by " + string(s.By)
	}
	return "on"
}
