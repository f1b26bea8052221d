package github

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"

	"telemetry-dashboard/services/telemetry"
)

const (
	maxPushCommits = 2048 // GitHub's most in a push; there may be more
	maxHookPulls   = 100  // of a check suite
)

// HookTarget is what the headers of a webhook say of where it is installed.
type HookTarget struct {
	Type string // "repository", "organization", …
	ID   int64
}

// hookRow is what the payload of each webhook has. The rest depends on its event.
type hookRow struct {
	Action     string
	Repository *struct {
		ID            int64
		FullName      string `json:"full_name"`
		DefaultBranch string `json:"default_branch"`
		Archived      bool
	}
	body []byte
	ref  string // see ParseHook
}

// payload is what the payload of an event has beside that.
func payload[T any](row *hookRow) (of T, err error) {
	if err = json.Unmarshal(row.body, &of); err != nil {
		err = payloadError(err)
	}
	return of, err
}

// ParseHook reads the payload of a webhook that was delivered at a time. ref is what
// is read of action repositories, "" for their default branches: pushes to others tell
// nothing. The error is CodeInvalid, in words.
func ParseHook(event string, target HookTarget, ref string, body []byte, now time.Time) (telemetry.Delivery, error) {
	var row *hookRow
	if err := json.Unmarshal(body, &row); err != nil {
		return telemetry.Delivery{}, payloadError(err)
	}
	if row == nil {
		return telemetry.Delivery{}, telemetry.Errorf(telemetry.CodeInvalid, "Invalid payload: want a JSON object.")
	}
	row.body, row.ref = body, ref
	d := telemetry.Delivery{Event: event, Action: clip(row.Action, 64), State: telemetry.DeliveryQueued}
	if r := row.Repository; r != nil {
		d.Repo, d.Hook.RepoID, d.Hook.Archived = telemetry.ParseRepo(r.FullName), r.ID, r.Archived
		if d.Repo == "" || r.ID <= 0 {
			return d, telemetry.Errorf(telemetry.CodeInvalid, "Invalid payload: its repository has no id or no full_name of the form owner/name.")
		}
		if target.Type == "repository" && target.ID != r.ID {
			return d, telemetry.Errorf(telemetry.CodeInvalid, "Invalid payload: it is about repository %d (%s), and its headers name repository %d.",
				r.ID, telemetry.Shown(string(d.Repo)), target.ID)
		}
	}
	err := row.read(&d, now)
	if d.Hook.Note != "" {
		d.State, d.Result, d.Ended = telemetry.DeliveryIgnored, d.Hook.Note, telemetry.At(now)
	}
	return d, err
}

// payloadError words an error of decoding without the names of Go's types.
func payloadError(err error) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && e.Field != "" {
		return telemetry.Errorf(telemetry.CodeInvalid, "Invalid payload: %s cannot be a value of type %s.",
			strings.ToLower(e.Field), e.Value).Because(err)
	}
	return telemetry.Errorf(telemetry.CodeInvalid, "Invalid payload: it is cut short, nested too deeply, or not a JSON object.").Because(err)
}

// read reads what an event of d tells.
func (row *hookRow) read(d *telemetry.Delivery, now time.Time) error {
	used := slices.Contains(telemetry.HookEvents(), d.Event)
	if used && d.Event != telemetry.EventPing && d.Repo == "" {
		return lacks(d, "a repository")
	}
	switch d.Event {
	case telemetry.EventPing:
		return row.ping(d, now)
	case telemetry.EventPush:
		return row.push(d)
	case telemetry.EventPull, telemetry.EventReview:
		return row.pull(d, now)
	case telemetry.EventCheckSuite:
		return row.suite(d)
	case telemetry.EventStatus:
		return row.status(d)
	case telemetry.EventWorkflowRun:
		return row.run(d)
	case telemetry.EventRepository:
		return row.repository(d)
	}
	d.Hook.Note = "Events of this kind are not used. Remove them from the webhook to save deliveries."
	return nil
}

func lacks(d *telemetry.Delivery, what string) error {
	return telemetry.Errorf(telemetry.CodeInvalid, "Invalid payload: the event %s needs %s.", d.Event, what)
}

// ping says that the webhook works, and what it will not bring.
func (row *hookRow) ping(d *telemetry.Delivery, now time.Time) error {
	p, err := payload[struct{ Hook *struct{ Events []string } }](row)
	d.State, d.Result, d.Ended = telemetry.DeliveryDone, "The webhook works.", telemetry.At(now)
	if err != nil || p.Hook == nil || slices.Contains(p.Hook.Events, "*") {
		return err
	}
	var missing []string
	for _, event := range telemetry.HookEvents() {
		if event != telemetry.EventPing && !slices.Contains(p.Hook.Events, event) {
			missing = append(missing, event)
		}
	}
	if len(missing) > 0 {
		d.Result += " It does not send " + strings.Join(missing, ", ") + ": what these tell waits for the next refresh."
	}
	return nil
}

// pushed is what a push tells.
type pushed struct {
	Ref     string
	Deleted bool
	Commits []struct{ Added, Modified, Removed []string }
}

func (row *hookRow) push(d *telemetry.Delivery) error {
	p, err := payload[pushed](row)
	if err != nil {
		return err
	}
	branch, ok := strings.CutPrefix(p.Ref, "refs/heads/")
	tag, _ := strings.CutPrefix(p.Ref, "refs/tags/")
	switch {
	case p.Ref == "":
		return lacks(d, "a ref")
	case row.ref != "" && branch != row.ref && tag != row.ref:
		d.Hook.Note = "Nothing to do: the push was to a branch or tag other than that of ACTION_REF."
	case row.ref != "" && !p.Deleted && p.touchesRuns():
	case !ok && row.ref == "":
		d.Hook.Note = "Nothing to do: the push was to no branch."
	case row.ref == "" && branch != row.Repository.DefaultBranch:
		d.Hook.Note = "Nothing to do: the push was to a branch other than the default one."
	case p.Deleted:
		d.Hook.Note = "Nothing to do: the push deleted the branch."
	case !p.touchesRuns():
		d.Hook.Note = "Nothing to do: the push changed no file of the telemetry folder."
	}
	return nil
}

// touchesRuns reports whether a push may have changed what is read of the action
// repository: it may where a commit does not say which files it changed, or some
// commits are missing.
func (p *pushed) touchesRuns() bool {
	if len(p.Commits) == 0 || len(p.Commits) >= maxPushCommits {
		return true
	}
	for _, c := range p.Commits {
		files := slices.Concat(c.Added, c.Modified, c.Removed)
		if len(files) == 0 || slices.ContainsFunc(files, func(f string) bool {
			return strings.HasPrefix(f, sidesFolder+"/") || slices.Contains(telemetry.SideFiles(), f)
		}) {
			return true
		}
	}
	return false
}

// pull reads the pull request of an event of it, or of a review of it: that one
// tells only part of it.
func (row *hookRow) pull(d *telemetry.Delivery, now time.Time) error {
	p, err := payload[struct {
		PullRequest *pullRow `json:"pull_request"`
	}](row)
	switch {
	case err != nil:
		return err
	case p.PullRequest == nil || p.PullRequest.check() != nil:
		return lacks(d, "a pull request with a number and a state")
	}
	told := p.PullRequest.as(string(d.Repo), func(t *gh.Timestamp) time.Time { return clockAt(t, now) })
	d.Pull = int64(told.Number)
	if d.Event == telemetry.EventReview || told.UpdatedAt.IsZero() {
		d.Hook.Pulls = []int64{d.Pull}
		return nil
	}
	d.Hook.Pull = &told
	return nil
}

func (row *hookRow) suite(d *telemetry.Delivery) error {
	p, err := payload[struct {
		CheckSuite *struct {
			HeadBranch   string                   `json:"head_branch"`
			HeadSHA      string                   `json:"head_sha"`
			PullRequests []struct{ Number int64 } `json:"pull_requests"`
		} `json:"check_suite"`
	}](row)
	switch {
	case err != nil:
		return err
	case p.CheckSuite == nil:
		return lacks(d, "a check suite")
	case d.Action != "completed":
		d.Hook.Note = "Nothing to do: the checks have not completed."
	}
	// Of a fork's pull request, GitHub names no number.
	d.Hook.Branch, d.Hook.SHA = field(p.CheckSuite.HeadBranch), headSHA(p.CheckSuite.HeadSHA)
	for _, pull := range p.CheckSuite.PullRequests[:min(maxHookPulls, len(p.CheckSuite.PullRequests))] {
		d.Hook.Pulls = append(d.Hook.Pulls, pull.Number)
	}
	if len(d.Hook.Pulls) == 1 {
		d.Pull = d.Hook.Pulls[0]
	}
	return nil
}

func (row *hookRow) status(d *telemetry.Delivery) error {
	p, err := payload[struct{ SHA string }](row)
	if d.Hook.SHA = headSHA(p.SHA); err == nil && d.Hook.SHA == "" {
		err = lacks(d, "the sha of a commit")
	}
	return err
}

func (row *hookRow) run(d *telemetry.Delivery) error {
	p, err := payload[struct {
		WorkflowRun *struct{ Path string } `json:"workflow_run"`
		Workflow    struct{ Path string }
	}](row)
	switch {
	case err != nil:
		return err
	case p.WorkflowRun == nil || p.WorkflowRun.Path+p.Workflow.Path == "":
		return lacks(d, "a workflow run with the path of its workflow")
	case d.Action != "completed":
		d.Hook.Note = "Nothing to do: the run has not completed."
	}
	// The path of a run may end in @branch; older servers tell that of the workflow alone.
	d.Hook.Workflow, _, _ = strings.Cut(field(cmp.Or(p.Workflow.Path, p.WorkflowRun.Path)), "@")
	return nil
}

// repository reads what has become of a repository, and its former name.
func (row *hookRow) repository(d *telemetry.Delivery) error {
	p, err := payload[struct {
		Changes struct {
			Repository struct{ Name struct{ From string } }
			Owner      struct {
				From struct{ User, Organization struct{ Login string } }
			}
		}
	}](row)
	if err != nil {
		return err
	}
	owner, name, _ := strings.Cut(string(d.Repo), "/")
	from := p.Changes.Owner.From
	switch d.Action {
	case "renamed":
		name = p.Changes.Repository.Name.From
	case "transferred":
		owner = from.User.Login + from.Organization.Login
	case "archived", "unarchived", "deleted", "publicized", "privatized":
		return nil
	default:
		d.Hook.Note = "Nothing to do: this changes nothing that is shown here."
		return nil
	}
	d.Hook.From = telemetry.ParseRepo(owner + "/" + name)
	return nil
}
