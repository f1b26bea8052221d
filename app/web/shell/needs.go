package shell

import (
	"context"
	"strings"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// NeedsForYou is what Needs you shows first, and what the navigation counts.
const NeedsForYou = "for:you"

// namedMost is how many ids an address names: beyond that it leads to the list
// that has them among others.
const namedMost = 40

// NeedRow is what waits for a person, as lists show it.
func (w *Shell) NeedRow(n telemetry.NeedRow) panels.NeedRow {
	r := panels.NeedRow{NeedRow: n, Title: n.Subject()}
	name, label := n.Action()
	switch n.Need {
	case telemetry.NeedReview, telemetry.NeedMerge:
		r.Action = parts.Link{Text: label, URL: w.Settings.GitHubWeb.Pull(n.PullRepo, n.PullNumber)}
		if name == "checks" {
			r.Action.URL += "/checks"
		}
		r.Reason = panels.PullReason(n.PullReason())
	case telemetry.NeedWaiting:
		page := links.Session(telemetry.SessionKey(n.SessionID))
		r.Action, r.Dialog = parts.Link{Text: label, URL: page + "#reply-form"}, links.Panel("reply", "id", telemetry.SessionKey(n.SessionID))
	case telemetry.NeedStuck:
		r.Action = parts.Link{Text: label, URL: w.Settings.DevinWeb.Session(n.SessionID, n.SessionURL)}
	default:
		if name == "send" || name == "retry" {
			r.Action, r.Dialog = sendOf(n, label)
			break
		}
		r.Action = parts.Link{Text: label, URL: links.In(n.Repo, links.Dispatch)}
		r.Dialog = links.Panel("dispatch", "scope", string(n.Repo))
	}
	switch {
	case n.Need == telemetry.NeedScan:
		r.Title, r.URL = "Usually every "+DaysText(n.Interval), links.Repo(n.Repo)
	case n.Need == telemetry.NeedNew:
		describeNew(&r)
	case n.PullNumber > 0:
		describePull(&r)
	default:
		describeSession(&r)
	}
	return r
}

// sendOf is what sends the issues of a row to Devin: those of a batch in one again.
func sendOf(n telemetry.NeedRow, label string) (page parts.Link, fragment string) {
	pairs := []string{"issues", strings.Join(n.Issues, " ")}
	if n.Need != telemetry.NeedNew && n.Sessions <= 1 {
		pairs = append(pairs, "size", parts.Decimal(min(len(n.Issues), telemetry.BatchMost)))
	}
	return parts.Link{Text: label, URL: links.With(links.Send, pairs...)}, links.Panel("send", pairs...)
}

// describeNew says what a row of issues of one rule is about.
func describeNew(r *panels.NeedRow) {
	switch n := r.NeedRow; {
	case len(n.Issues) == 1:
		r.Ref, r.URL = SpotText(n.File, n.Line), links.Issue(n.Issues[0])
	case len(n.Issues) <= namedMost:
		r.URL = issuesURL(n)
	default:
		r.URL = TermURL(links.In(n.Repo, links.Issues), "rule", n.Rule)
	}
}

// issuesURL is the list of the issues of a row, "" where they are too many to
// be named.
func issuesURL(n telemetry.NeedRow) string {
	if len(n.Issues) > namedMost {
		return ""
	}
	return links.Matching(links.In(n.Repo, links.Issues), TermText("id", n.Issues...))
}

// describePull says what a row about a pull request is about.
func describePull(r *panels.NeedRow) {
	n := r.NeedRow
	r.Title, r.Ref, r.URL = telemetry.ShortenIssueIDs(n.PullTitle), "#"+parts.Decimal(n.PullNumber), links.Pull(n.PullRepo, n.PullNumber)
	if r.Title == "" {
		r.Title = "Pull request"
	}
	if n.Need == telemetry.NeedStillThere {
		r.Counted = parts.Link{Text: parts.Plural(len(n.Issues), "issue", "") + " still there", URL: issuesURL(n)}
	}
}

// describeSession says what a row about a session, or several, is about.
func describeSession(r *panels.NeedRow) {
	n := r.NeedRow
	r.URL = links.Session(telemetry.SessionKey(n.SessionID))
	switch n.Need {
	case telemetry.NeedNeverStarted:
		r.URL, r.Remark = links.Run(n.RunFile), n.Reason
	case telemetry.NeedGaveUp:
		r.Remark = n.End()
	case telemetry.NeedWaiting:
		if n.Reason == "waiting_for_approval" { // the other word says what the state does
			r.Remark = "waiting for approval"
		}
	}
	if n.Sessions > 1 {
		if len(n.Issues) > 0 {
			r.Ref = parts.Plural(len(n.Issues), "issue", "")
			r.RefURL = issuesURL(n)
		}
		if n.Need == telemetry.NeedGaveUp && len(n.Ended) <= namedMost {
			r.URL = links.Matching(links.In(n.Repo, links.Sessions), TermText("id", n.Ended...))
		} else if n.Need == telemetry.NeedGaveUp {
			r.URL = links.Matching(links.In(n.Repo, links.Sessions), "no:pr is:"+string(n.State))
		}
		return
	}
	r.Ref = RunName(n.RunNumber, n.BatchID)
	r.Title = telemetry.ShortenIssueIDs(n.SessionTitle)
	if count := max(len(n.IssueIDs), len(n.Issues)); r.Title == "" && count > 0 {
		r.Title = strings.TrimSpace(parts.Plural(count, strings.TrimSpace(n.Family+" issue"), ""))
	} else if r.Title == "" {
		r.Title = "Session " + ShortID(n.SessionID)
	}
}

// NothingNeeded says that nothing waits, and how many sessions are working.
func (w *Shell) NothingNeeded(ctx context.Context, v View) (parts.Empty, error) {
	none := parts.Empty{Icon: "check-circle", Title: "Nothing needs you.", Text: "No session is working."}
	working, err := CountOf(ctx, w.Dashboard.Sessions, v, "is:active is:working")
	if err == nil && working[0] > 0 {
		none.Text = parts.Plural(working[0], "session", "") + " working."
	}
	return none, err
}
