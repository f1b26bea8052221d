package telemetry

// Delivery is a webhook that GitHub delivered, and what came of it.
type Delivery struct {
	ID       string        `json:"id"` // GitHub's: a delivery that is sent again has the same
	Event    string        `json:"event"`
	Action   string        `json:"action"` // "" for an event without
	Repo     RepoName      `json:"repo"`   // "" for an event of none
	Pull     int64         `json:"pull"`   // number of the pull request that it is about, or 0
	Received Time          `json:"received_at"`
	State    DeliveryState `json:"state"`
	Result   string        `json:"result"` // a sentence: what came of it, or why nothing did
	Error    Optional      `json:"error"`  // why the last try failed
	Tries    int64         `json:"tries"`
	NextTry  Time          `json:"next_try_at"` // of one that is queued and has failed
	Ended    Time          `json:"ended_at"`

	Hook Hook `json:"-"`
}

// Forget drops what a delivery said that nobody needs once it has been worked
// off. What can be tried again is then asked of GitHub.
func (d *Delivery) Forget() {
	if d.Hook.Pull != nil {
		d.Hook.Pull, d.Hook.Pulls = nil, []int64{d.Pull}
	}
}

// DeliveryState is how far a delivery is.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryQueued  DeliveryState = "queued"
	DeliveryDone    DeliveryState = "done"
	DeliveryIgnored DeliveryState = "ignored" // it changes nothing that is shown here
	DeliveryFailed  DeliveryState = "failed"  // each try failed
)

// DeliveryStates are all states of a delivery.
func DeliveryStates() []DeliveryState {
	return []DeliveryState{DeliveryQueued, DeliveryDone, DeliveryIgnored, DeliveryFailed}
}

// Retryable reports whether a person may have a delivery tried again: one that
// failed, or that was ignored for what was known then, for example since no run
// named its repository.
func (d *Delivery) Retryable() bool {
	return d.State == DeliveryFailed || d.State == DeliveryIgnored && d.Tries > 0
}

// The events of GitHub's webhooks that are used.
const (
	EventPing        = "ping"
	EventPush        = "push"
	EventPull        = "pull_request"
	EventReview      = "pull_request_review"
	EventCheckSuite  = "check_suite"
	EventStatus      = "status"
	EventWorkflowRun = "workflow_run"
	EventRepository  = "repository"
)

// HookEvents are the events that are used.
func HookEvents() []string {
	return []string{EventPing, EventPush, EventPull, EventReview, EventCheckSuite, EventStatus, EventWorkflowRun, EventRepository}
}

// Hook is what a delivery says, as far as it is used. It is stored as JSON until
// the delivery has been worked off.
type Hook struct {
	RepoID   int64        `json:"repo_id,omitempty"` // stays the same when the repository is renamed
	From     RepoName     `json:"from,omitempty"`    // former name of a repository that was renamed or transferred
	Archived bool         `json:"archived,omitempty"`
	Pull     *PullRequest `json:"pull,omitempty"`
	Pulls    []int64      `json:"pulls,omitempty"`    // pull requests to ask for again
	Branch   string       `json:"branch,omitempty"`   // whose pull requests to ask for again
	SHA      string       `json:"sha,omitempty"`      // of the head commit of such
	Workflow string       `json:"workflow,omitempty"` // path of the workflow that ran
	Note     string       `json:"-"`                  // why nothing is to be done, "" where something is
}

// Told is what became of a pull request that a delivery tells of.
type Told string

// What becomes of a pull request that a delivery tells of.
const (
	ToldStored    Told = "stored"
	ToldUnchanged Told = "unchanged"
	ToldOlder     Told = "older"     // what is stored was updated later
	ToldUnrelated Told = "unrelated" // it names no issue or session, and nothing names it
)
