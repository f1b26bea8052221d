package panels

import (
	"strconv"
	"time"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/parts"
)

// CampaignRow is a campaign as lists show it.
type CampaignRow struct {
	telemetry.CampaignRow
	Page    string
	Parts   []CampaignPart // in the order of its bar
	DoneURL string
	LeftURL string
	Over    bool // it is open and past its due date
	Soon    bool // it is due within a week

	Auto string // what it sends by itself, "" = nothing
}

// CampaignPart is how many of a campaign's issues have come how far.
type CampaignPart struct {
	Name  string
	Class string // its color
	N     int64
	From  int64 // where it begins in the bar
	URL   string
}

// total is what the bar is of, at least one.
func (r *CampaignRow) total() int64 { return max(1, r.Done+r.Left) }

// CampaignList is the panel of all campaigns.
type CampaignList struct {
	Frame
	Rows   []CampaignRow
	Empty  parts.Empty
	Switch *SendSwitch // nil: it is not shown
}

// SendSwitch is whether all campaigns are stopped from sending by themselves.
type SendSwitch struct {
	telemetry.SendSwitch
	On int // how many are switched on
}

// words say how many campaigns send by themselves.
func (s SendSwitch) words() string {
	switch s.On {
	case 0:
		return "No campaign sends by itself."
	case 1:
		return "1 campaign sends by itself."
	}
	return parts.Number(s.On) + " campaigns send by themselves."
}

// AutoSend is what a campaign does by itself.
type AutoSend struct {
	telemetry.AutoSendState
	PerDay, Floor int64
	By            string
	Since         time.Time
	URL           string // the list of sessions that took its issues
}

// look says how what a campaign does by itself looks.
func (a AutoSend) look() parts.State {
	switch a.State {
	case telemetry.AutoSending:
		return parts.State{Icon: "sync", Tone: parts.Accent, Label: "Sending"}
	case telemetry.AutoWaiting:
		return parts.State{Icon: "clock", Tone: parts.Accent, Label: "On"}
	case telemetry.AutoStopped:
		return parts.State{Icon: "pause", Tone: parts.Attention, Label: "Stopped"}
	}
	return parts.State{Icon: "circle", Tone: parts.Muted, Label: "Off"}
}

// CampaignPage is all that is known of a campaign.
type CampaignPage struct {
	Frame
	Head     Heading
	Campaign CampaignRow
	Pace     []Phrase // what its pace comes to; nil = too little is known
	Behind   bool     // it would be late
	Chart    parts.Chart
	Budget   []BudgetLine
	Costs    [][]Phrase
	Next     parts.Link // where its next batch is sent; the zero Link = nowhere
	Facts    []Pair
	Auto     AutoSend
}

// BudgetLine is what of a budget is used.
type BudgetLine struct {
	Name  string
	Used  parts.Link
	Limit string // "" = none
	Note  string
	Part  int  // of 1000
	Over  bool // more than the limit
}

// CampaignForm is what a campaign is begun or changed with.
type CampaignForm struct {
	Fields  []parts.Field // hidden
	Of      string        // the query of a new one
	Issues  parts.Link    // how many it names
	Name    string
	Owner   string
	People  []string
	Due     string // a date
	Least   string // the first that can be chosen
	Session string // of the budget
	ACUs    string
	PerDay  string // what it sends by itself
	Floor   string
	On      bool // it does
	Fault   string
	Off     string // why nothing can be changed; "" = it can
	Open    bool   // the form is shown
}

// percentOf writes a rate: "43.6 %".
func percentOf(rate float64) string { return strconv.FormatFloat(rate, 'f', 1, 64) + " %" }

// dateOf is a date as a field has it.
func dateOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// DateField is when a campaign is due, as its form has it.
func DateField(t telemetry.Time) string { return dateOf(t.Time) }
