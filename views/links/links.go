// Package links owns every address of the program: pages, fragments, actions,
// the JSON API, and what it links to on GitHub and Devin. Functions that name
// one thing return "" where nothing is named, and escape what they are given.
package links

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Pages that show no single thing.
const (
	Overview      = "/"
	NeedsYou      = "/needs-you"
	Issues        = "/issues"
	Changes       = "/changes"
	Report        = "/report"
	Sessions      = "/sessions"
	Pulls         = "/pulls"
	Verified      = "/verifications"
	Runs          = "/runs"
	Repos         = "/repos"
	Activity      = "/activity"
	Effectiveness = "/effectiveness"
	Owners        = "/owners"
	Campaigns     = "/campaigns"
	NewCampaign   = Campaigns + "/new" // of the issues that a query names
	Search        = "/search"
	APIDocs       = "/docs/api"
	Deliveries    = "/deliveries"
	Audit         = "/audit"
	Decide        = "/decide" // on the issues that it names
	Decisions     = "/decisions"
	Send          = "/send" // the issues that it names, to Devin
	Batches       = "/batches"
	Tokens        = "/tokens"
	Notifications = "/notifications"
	NotifyRule    = Notifications + "/rule" // the form that makes one, or with id changes it
	Share         = "/share"                // an address, with those who do not sign in
	Calendar      = "/issues.ics"           // of due dates
	SignIn        = "/sign-in"
	Icon          = "/icon.svg" // with n over it
	Events        = "/events"   // the stream that open pages listen to
)

// Dispatch is, In a repository, the page on which a run is started.
const Dispatch = "/dispatch"

// Actions are what forms are posted to.
const (
	Actions             = "/actions/" // how they all begin
	ActionRefresh       = Actions + "refresh"
	ActionPoll          = Actions + "poll"
	ActionPollPRs       = Actions + "poll-prs"
	ActionBackfill      = Actions + "backfill"
	ActionDispatch      = Actions + "dispatch"
	ActionReply         = Actions + "reply"
	ActionAcceptScope   = Actions + "accept-scope"
	ActionAcceptListing = Actions + "accept-listing"
	ActionRetryDelivery = Actions + "retry-delivery"
	ActionDismiss       = Actions + "dismiss"
	ActionCancel        = Actions + "cancel"
	ActionLog           = Actions + "log"
	ActionDecide        = Actions + "decide"
	ActionUndoDecision  = Actions + "undo-decision"
	ActionDecideMany    = Actions + "decisions"
	ActionSnooze        = Actions + "snooze"
	ActionSend          = Actions + "send"
	ActionBegin         = Actions + "campaigns"
	ActionEditCampaign  = Actions + "campaigns/edit"
	ActionCloseCampaign = Actions + "campaigns/close"
	ActionAutoSend      = Actions + "campaigns/auto-send"
	ActionStopSends     = Actions + "campaigns/stop"
	ActionResumeSends   = Actions + "campaigns/resume"
	ActionSaveView      = Actions + "views"
	ActionRenameView    = Actions + "views/rename"
	ActionDeleteView    = Actions + "views/delete"
	ActionSignOut       = Actions + "sign-out"
	ActionSignOutAll    = Actions + "sign-out-everywhere"
	ActionNewToken      = Actions + "tokens"
	ActionRevokeToken   = Actions + "tokens/revoke"
	ActionShare         = Actions + "share"

	ActionSaveRule          = Actions + "notifications"
	ActionPreviewRule       = Actions + "notifications/preview"
	ActionSwitchRule        = Actions + "notifications/switch"
	ActionDeleteRule        = Actions + "notifications/delete"
	ActionTestRule          = Actions + "notifications/test"
	ActionRetryNotification = Actions + "notifications/retry"
)

// Where people sign in, and GitHub leads back to.
const (
	SignInToken    = SignIn + "/token"
	SignInGitHub   = SignIn + "/github"
	SignInCallback = SignInGitHub + "/callback"
)

// APINotifyRules are the rules of notifications in the API.
const APINotifyRules = "/api/notification-rules"

// GitHubWebhook is where GitHub sends its webhooks.
const GitHubWebhook = "/webhooks/github"

// MCP is where agents ask, by the Model Context Protocol.
const MCP = "/mcp"

// Issue is the page of an issue, by any of its ids.
func Issue(id string) string { return under(Issues, id) }

// Session is the page of a session, by its bare id or its key.
func Session(key string) string { return under(Sessions, key) }

// Campaign is the page of a campaign.
func Campaign(id int64) string { return under(Campaigns, strconv.FormatInt(id, 10)) }

// SendNext is the page on which the next batches of a campaign are sent.
func SendNext(campaign int64) string {
	id := strconv.FormatInt(campaign, 10)
	return Send + "?" + url.Values{"all": {"1"}, "campaign": {id}, "q": {"campaign:" + id + " progress:not_started,tried"}}.Encode()
}

// Run is the page of a run's record.
func Run(file string) string { return under(Runs, file) }

// Pull is the page of a pull request of the repository "owner/name".
func Pull[R ~string](repo R, number int64) string { return numbered(Pulls, repo, number) }

// Repo is the page of a repository "owner/name".
func Repo[R ~string](name R) string {
	if !strings.Contains(string(name), "/") {
		return ""
	}
	return "/repo/" + path(string(name))
}

// In is the tab of the repository's page that shows what page shows of all
// repositories; without a repository it is page itself.
func In[R ~string](repo R, page string) string { return Repo(repo) + page }

// Of is the page of one thing, which is named by the steps below the page of
// all: an id, or "owner/name/12".
func Of(page, subject string) string { return page + "/" + path(subject) }

// Panel is the address of a fragment; pairs as in With.
func Panel(name string, pairs ...string) string { return With("/panels/"+name, pairs...) }

// List is the page of a list by its name: "issues".
func List(name string) string {
	if name == "needs-attention" {
		return NeedsYou
	}
	return "/" + name
}

// Feed is the Atom feed of a list by its name: "issues".
func Feed(list string) string { return List(list) + atomEnd }

const (
	atomEnd  = ".atom"
	badges   = "/badge/"
	badgeEnd = ".svg"
)

// Badge is the badge of a repository "owner/name".
func Badge[R ~string](repo R) string { return badges + path(string(repo)) + badgeEnd }

// OwnerBadge is the badge of an owner of issues: "@org/team".
func OwnerBadge(owner string) string { return badges + "owner/" + path(owner) + badgeEnd }

// IsFeed reports whether an address is of a form that programs follow or embed,
// and may have a read token.
func IsFeed(address string) bool {
	path, _, _ := strings.Cut(address, "?")
	return IsCalendar(address) || strings.HasSuffix(path, atomEnd) && HasPast(strings.TrimSuffix(path, atomEnd)) ||
		IsBadge(path) && strings.HasSuffix(path, badgeEnd)
}

// IsBadge reports whether an address is that of a badge.
func IsBadge(address string) bool { return strings.HasPrefix(address, badges) }

// IsCalendar reports whether an address is that of a calendar.
func IsCalendar(address string) bool {
	path, _, _ := strings.Cut(address, "?")
	return path == Calendar
}

// BadgePage is the page to which a badge leads, "" for what is none.
func BadgePage(address string) string {
	path, _, _ := strings.Cut(address, "?")
	name, ok := strings.CutPrefix(strings.TrimSuffix(path, badgeEnd), badges)
	if !ok {
		return ""
	}
	name = Unescape(name)
	if owner, ok := strings.CutPrefix(name, "owner/"); ok {
		return Matching(Issues, `is:open owner:"`+owner+`"`)
	}
	return Repo(name)
}

// Sharing is the page on which an address is shared.
func Sharing(address string) string { return With(Share, "address", address) }

// Steps escapes the steps of a path, and joins them.
func Steps(steps ...string) string {
	list := make([]string, len(steps))
	for i, step := range steps {
		list[i] = url.PathEscape(step)
	}
	return strings.Join(list, "/")
}

// View is the page of a list as a saved view shows it: query is that of the
// page's address, encoded.
func View(list, query string) string { return List(list) + "?" + query }

// Matching is a list's page with a query in the language of lists.
func Matching(page, query string) string { return With(page, "q", query) }

// With adds parameters to an address that has none: keys and values in turn.
// An empty value is left out.
func With(address string, pairs ...string) string {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	if len(query) == 0 {
		return address
	}
	return address + "?" + query.Encode()
}

// Time is a time as parameters have it: UTC, to the millisecond.
func Time(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

func under(page, key string) string {
	if key == "" {
		return ""
	}
	return page + "/" + url.PathEscape(key)
}

func numbered[R ~string](page string, repo R, number int64) string {
	if number < 1 || !strings.Contains(string(repo), "/") {
		return ""
	}
	return Of(page, string(repo)) + "/" + strconv.FormatInt(number, 10)
}

// Base is the path under which a proxy serves the program, "" at the root of
// its host. The addresses of this package are without it.
type Base string

// To is an address of this server as clients outside use it; "" and one that
// leads elsewhere stay.
func (b Base) To(address string) string {
	if !strings.HasPrefix(address, "/") {
		return address
	}
	return string(b) + address
}

// Unescape reads a step of a path. What cannot be read stays as it is, and
// what is no text is replaced.
func Unescape(step string) string {
	if text, err := url.PathUnescape(step); err == nil {
		step = text
	}
	return strings.ToValidUTF8(step, "\ufffd")
}

// path escapes the steps of a path, and leaves the slashes between them.
func path(s string) string {
	steps := strings.Split(s, "/")
	for i, step := range steps {
		steps[i] = url.PathEscape(step)
	}
	return strings.Join(steps, "/")
}
