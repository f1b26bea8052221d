package dashboard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
)

// Messages tells the messages of a Devin session, oldest first.
type Messages interface {
	Messages(ctx context.Context, id string) ([]telemetry.Message, error)
}

// GitHub tells of the pull requests of a repository, "owner/name": the open
// ones, and one with its checks and reviews.
type GitHub interface {
	OpenPulls(ctx context.Context, repo string) ([]telemetry.PullRequest, error)
	PullDetails(ctx context.Context, repo string, number int) (telemetry.PullDetails, error)
}

// PullKeeper keeps what GitHub said of a pull request, so that lists show it.
type PullKeeper interface {
	SavePullDetails(ctx context.Context, d telemetry.PullDetails) error
}

// PullUpstream returns GitHub's checks and reviews of a pull request, and keeps what
// they come to. The error is
// CodeMissingSetting without a token, or what GitHub's client says.
func (d *Dashboard) PullUpstream(ctx context.Context, ref telemetry.PullRef) (telemetry.PullDetails, error) {
	if d.o.GitHub == nil {
		return telemetry.PullDetails{}, telemetry.Errorf(telemetry.CodeMissingSetting,
			"GITHUB_TOKEN is not set, so checks and reviews cannot be read from GitHub. Set it and restart.")
	}
	details, err := d.o.GitHub.PullDetails(ctx, string(ref.Repo), int(ref.Number))
	if err == nil && details.Stale == "" && d.o.Keeper != nil {
		// Lists show it too. While nothing can be stored, the page says so itself.
		_ = d.o.Keeper.SavePullDetails(ctx, details)
	}
	return details, err
}

// SessionWithID returns the row of a session by its id. The error is CodeNotFound also
// for one that never started: there is nobody to talk to.
func (d *Dashboard) SessionWithID(ctx context.Context, id string) (telemetry.SessionRow, error) {
	key := telemetry.SessionKey(id)
	sessions, err := d.SessionsByKey(ctx, []string{key}, time.Time{})
	if err == nil && (key == "" || sessions[key].ID == "") {
		err = noSession(id, time.Time{})
	}
	return sessions[key], err
}

// SessionMessages returns a session and its messages, oldest first. The error is
// CodeNotFound for an unknown session, CodeMissingSetting without a Devin
// key, or what Devin's client says.
func (d *Dashboard) SessionMessages(ctx context.Context, id string) (telemetry.SessionRow, []telemetry.Message, error) {
	session, err := d.SessionWithID(ctx, id)
	if err != nil {
		return session, nil, err
	}
	if d.o.Messages == nil {
		return session, nil, telemetry.Errorf(telemetry.CodeMissingSetting,
			"DEVIN_API_KEY is not set, so messages cannot be read from Devin. Set it and restart.")
	}
	messages, err := d.o.Messages.Messages(ctx, telemetry.SessionKey(session.ID))
	return session, messages, err
}

// Preflight returns the open pull requests of earlier runs in a repository
// and its fork, newest first: those that carry an issue id in their title,
// name a known session, or are known as a session's (docs/rules.md#which-pull-requests-are-listed). The
// error is CodeMissingSetting without a token, or what GitHub's client says.
func (d *Dashboard) Preflight(ctx context.Context, repo telemetry.RepoName) ([]telemetry.PullRequest, error) {
	if d.o.GitHub == nil {
		return nil, telemetry.Errorf(telemetry.CodeMissingSetting,
			"GITHUB_TOKEN is not set, so open pull requests cannot be read from GitHub. Set it and restart.")
	}
	names := []string{string(repo)}
	if known, found, err := d.repo(ctx, repo, time.Time{}); err != nil {
		return nil, err
	} else if found {
		names[0] = string(known.Name)
		if known.Fork != "" && known.Fork.Key() != known.Name.Key() {
			names = append(names, string(known.Fork))
		}
	}
	ours, err := d.ours(ctx, repo.Key())
	if err != nil {
		return nil, err
	}
	open := []telemetry.PullRequest{}
	for _, name := range names {
		pulls, err := d.o.GitHub.OpenPulls(ctx, name)
		if err != nil {
			return nil, err
		}
		open = append(open, slices.DeleteFunc(slices.Clone(pulls), func(p telemetry.PullRequest) bool { return !ours(p) })...)
	}
	slices.SortStableFunc(open, func(a, b telemetry.PullRequest) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return open, nil
}

// pendingFor is how long a dispatched run may take to leave its record.
const pendingFor = 6 * time.Hour

// DispatchWarnings are the reasons not to start a run for a repository now, in
// words: it is retired, a run that was started lately has left no record,
// sessions are active, or pull requests are open. The error is that of
// Preflight; the warnings beside it hold.
func (d *Dashboard) DispatchWarnings(ctx context.Context, repo telemetry.RepoName, now time.Time) ([]string, error) {
	warnings := []string{}
	row, err := d.RepoByName(ctx, string(repo), time.Time{})
	if err != nil && telemetry.CodeOf(err) != telemetry.CodeNotFound {
		return nil, err
	}
	if row.Retired != "" {
		warnings = append(warnings, fmt.Sprintf("%s was %s on GitHub: nothing can be pushed or merged there.", repo, row.Retired))
	}
	at, pending, err := d.PendingDispatch(ctx, repo.Key(), now.Add(-pendingFor))
	if err != nil {
		return nil, err
	}
	if pending {
		warnings = append(warnings, fmt.Sprintf("A run for %s was started at %s and has left no record yet.", repo, at.Format(time.RFC3339)))
	}
	active, err := Parse(d.Sessions, "is:"+telemetry.KeywordActive)
	if err != nil {
		return nil, err
	}
	counts, err := d.Sessions.Counts(ctx, []query.Ask{{Repo: repo.Key(), Query: active}})
	if err != nil {
		return nil, err
	}
	if n := counts[0]; n > 0 {
		warnings = append(warnings, fmt.Sprintf("Active sessions of %s: %d. A new run may start others for the same issues.", repo, n))
	}
	pulls, err := d.Preflight(ctx, repo)
	if len(pulls) > 0 {
		names := make([]string, len(pulls))
		for i, p := range pulls {
			names[i] = fmt.Sprintf("%s#%d", p.Repo, p.Number)
		}
		warnings = append(warnings, fmt.Sprintf("Pull requests of earlier runs are open: %s. A new run would find their issues again.",
			strings.Join(names, ", ")))
	}
	return warnings, err
}

// DispatchDoubts are the warnings for someone who may start the run all the
// same: what GitHub does not tell is one of them. A missing setting is none,
// since starting the run says it better.
func (d *Dashboard) DispatchDoubts(ctx context.Context, repo telemetry.RepoName, now time.Time) ([]string, error) {
	warnings, err := d.DispatchWarnings(ctx, repo, now)
	e, told := errors.AsType[*telemetry.Error](err)
	switch {
	case !told:
		return warnings, err
	case e.Code == telemetry.CodeMissingSetting:
		return warnings, nil
	}
	return append(warnings, "It is not known whether pull requests of earlier runs are open: "+e.Message), nil
}

// ours returns what tells the pull requests of earlier runs from others.
func (d *Dashboard) ours(ctx context.Context, repoKey string) (func(telemetry.PullRequest) bool, error) {
	sessions, err := all(ctx, d.Sessions, query.Ask{Repo: repoKey})
	if err != nil {
		return nil, err
	}
	pulls, err := all(ctx, d.Pulls, query.Ask{Repo: repoKey})
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, s := range sessions {
		known[telemetry.SessionKey(s.ID)] = true
	}
	for _, p := range pulls {
		known[telemetry.PullRef{Repo: p.Repo, Number: p.Number}.Key()] = true
	}
	return func(p telemetry.PullRequest) bool {
		ref := telemetry.PullRef{Repo: telemetry.RepoName(p.Repo), Number: int64(p.Number)}
		return len(telemetry.IssueIDs(p.Title)) > 0 || known[ref.Key()] ||
			slices.ContainsFunc(telemetry.SessionTokens(p.Title, p.Body), func(token string) bool { return known[token] })
	}, nil
}
