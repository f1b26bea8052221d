// Package ingest is the write side: it reads run files, sessions and pull
// requests from their sources and stores what follows. Each kind of work is
// a job that runs once at a time; who asks for it while it runs joins it.
//
// Of the programs that share a database one has the lease and runs all jobs
// (term.go). The others queue what people ask of them in the database and wait
// for its end there (queue.go). Replies and dispatches are sent by the program
// that is asked: what is sent once is guarded by its token.
package ingest

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"telemetry-dashboard/services/telemetry"
)

// Store is where everything is kept.
type Store interface {
	Deliveries
	Pruner

	KnownFiles(ctx context.Context, source string) (map[string]string, error)
	PutFiles(ctx context.Context, source string, files []telemetry.FetchedFile) (telemetry.PutResult, error)
	MarkGone(ctx context.Context, source string, names []string) error
	RetryFiles(ctx context.Context) error
	FileSources(ctx context.Context) ([]string, error)
	MoveFiles(ctx context.Context, from, to string) error
	KeepRunsSources(ctx context.Context, sources []string) error
	ActionRepo(ctx context.Context, target telemetry.RepoName, among []string) (source string, err error)
	HoldListing(ctx context.Context, l telemetry.HeldListing) (held telemetry.HeldListing, accepted bool, err error)
	AcceptListing(ctx context.Context, source string, kept int64) error

	ReposToAsk(ctx context.Context, limit int) ([]telemetry.RepoName, error)
	SaveRepos(ctx context.Context, answers []telemetry.RepoAnswer) (news []telemetry.RepoNews, err error)

	PullSyncs(ctx context.Context) ([]telemetry.PullSync, error)
	SavePulls(ctx context.Context, repo telemetry.RepoName, pulls []telemetry.PullRequest, watermark time.Time) error
	PullsRead(ctx context.Context, repo telemetry.RepoName) error
	PullsFailed(ctx context.Context, repo telemetry.RepoName, cause error) (news bool, err error)
	UnfetchedPulls(ctx context.Context, again bool, limit int) ([]telemetry.PullRef, error)
	PullMissing(ctx context.Context, ref telemetry.PullRef) error
	PullsToAsk(ctx context.Context, all bool, limit int) ([]telemetry.PullRef, error)
	SavePullDetails(ctx context.Context, d telemetry.PullDetails) error
	PutOffPull(ctx context.Context, ref telemetry.PullRef) error
	ListedPulls(ctx context.Context) (int64, error)
	ReposToOwn(ctx context.Context, all bool, limit int) ([]telemetry.RepoName, error)
	SaveCodeowners(ctx context.Context, repo telemetry.RepoName, file telemetry.CodeownersFile) error
	PutOffCodeowners(ctx context.Context, repo telemetry.RepoName) error

	SessionsToPoll(ctx context.Context, every time.Duration) (telemetry.PollTurn, error)
	SavePoll(ctx context.Context, answer telemetry.SessionAnswer) error

	SaveJob(ctx context.Context, j telemetry.Job) error
	Job(ctx context.Context, id string) (telemetry.Job, bool, error)
	QueueJob(ctx context.Context, j telemetry.Job) (telemetry.Job, error)
	TakeJobs(ctx context.Context, before []string) (taken []telemetry.Job, cancel, unsure []string, err error)
	CancelJob(ctx context.Context, id string) error
	Lead(ctx context.Context, resumed []string) (telemetry.Lease, error)
	Under(ctx context.Context, lease telemetry.Lease) context.Context
	Watch() (<-chan struct{}, func())
	SaveSource(ctx context.Context, s telemetry.SourceStatus) error

	Backfill(ctx context.Context, apply bool) ([]telemetry.Change, error)
	UndoBackfill(ctx context.Context, apply bool) ([]telemetry.Change, error)
	RebuildPending(ctx context.Context) (bool, error)
	Rebuild(ctx context.Context, advance func(done, total int)) error

	BeginSubmission(ctx context.Context, s telemetry.Submission) (noted telemetry.Submission, fresh bool, err error)
	EndSubmission(ctx context.Context, token string, state telemetry.SubmissionState) error
	DropSubmission(ctx context.Context, token string) error

	OrderBatches(ctx context.Context, o telemetry.SendOrder) ([]telemetry.SentBatch, error)
	BeginBatch(ctx context.Context, id string) (mine bool, err error)
	EndBatch(ctx context.Context, b telemetry.SentBatch) error
	BatchesOf(ctx context.Context, token string) ([]telemetry.SentBatch, error)
	UnsettledBatches(ctx context.Context) ([]telemetry.SentBatch, error)
	SettleOwnBatches(ctx context.Context, before time.Time) error

	LogsToAsk(ctx context.Context, limit int) ([]telemetry.LogQuestion, error)
	LogsLabelled(ctx context.Context, labels []string) ([]telemetry.LogQuestion, error)
	LogOf(ctx context.Context, ref telemetry.LogRef) (telemetry.LogQuestion, bool, error)
	PutLogs(ctx context.Context, logs []telemetry.FetchedLog) error
	KnownSides(ctx context.Context, source string) (map[string]string, error)
	PutSides(ctx context.Context, source string, sides []telemetry.FetchedSide) error
}

// RunFiles is a directory of run files.
type RunFiles interface {
	RunFiles(ctx context.Context) ([]telemetry.RunFile, error)
	FetchRunFiles(ctx context.Context, files []telemetry.RunFile, got func(telemetry.RunFile, []byte, error) error) error
}

// PullRequests asks for pull requests. After a time that is not zero, only
// those updated later need be given. Those given beside an error are not all.
type PullRequests interface {
	PullRequests(ctx context.Context, repo string, updatedAfter time.Time) ([]telemetry.PullRequest, error)
	PullRequest(ctx context.Context, repo string, number int) (telemetry.PullRequest, error)
	FreshPullDetails(ctx context.Context, repo string, number int) (telemetry.PullDetails, error)
}

// Owners asks who owns the files of a repository.
type Owners interface {
	Codeowners(ctx context.Context, repo string) (telemetry.CodeownersFile, error)
}

// Devin asks for sessions: for wanted ones in the order of their urgency, or for
// what has changed. Known ones are taken where an answer lists them.
type Devin interface {
	Sessions(ctx context.Context, wanted []string, known ...string) (telemetry.SessionAnswer, error)
	Changed(ctx context.Context, after time.Time, known []string) (answer telemetry.SessionAnswer, told bool, err error)
}

// Allowance is how many requests reading run logs may take until a limit is renewed.
type Allowance interface {
	Allows(requests int) bool
	Spend(requests int)
}

// Source is a directory of run files and the name of its records: of an action
// repository its key, "" for RUNS_DIR.
type Source struct {
	Name         string
	Files        RunFiles
	Sides        Sides      // nil: there are none
	Logs         LogFolder  // nil: it has none of its own
	Dispatcher   Dispatcher // nil: runs are not started there
	WorkflowPage string     // where the runs of its workflow are looked at
}

// Options are what a Runner works with. What is nil is switched off.
type Options struct {
	Store           Store
	Sources         []Source // the first action repository is where runs are started of which none is known
	Repositories    Repositories
	PullRequests    PullRequests
	Owners          Owners
	RunLogs         RunLogs
	LogAllowance    Allowance // of RunLogs; nil: there is no limit
	Devin           Devin
	Messenger       Messenger
	Starter         Starter
	SendDue         func(ctx context.Context, now time.Time) error // sends what campaigns send by themselves now; nil: they do not
	Ended           func(telemetry.Job)                            // is told each job that has ended here; nil: nobody is
	Notify          func(ctx context.Context)                      // tells people what matters, until ctx ends; nil: nobody is told
	RefreshInterval time.Duration
	PollInterval    time.Duration
	RetentionDays   int64 // 0: records and run logs are kept for ever
	Log             *slog.Logger
	Now             func() time.Time
	NewID           func() string
}

// Runner runs jobs. It is safe for concurrent use.
type Runner struct {
	o   Options
	ctx context.Context // the server's life; set by Run

	mu      sync.Mutex
	term    *term                // nil: another program has the lease
	running map[string]*task     // of the term, by kind and order
	pauses  map[string]time.Time // by kind: when its loop may ask again
	unsaved []unsavedJob         // ended, and not yet written down
	ended   sync.WaitGroup
	stopped bool

	wanted   []wantedLog                    // logs that people wait for
	offered  map[telemetry.LogRef]time.Time // when they last were, of those that nobody asked for
	fresh    map[string]time.Time           // of the term, by source or repository: when it was read as a whole
	reading  chan struct{}                  // holds a value while run files are read: a refresh of one source may come beside one of all
	leading  sync.Mutex                     // held while the store is asked for the lease
	failures failures
	sending  singleflight.Group   // by token
	orders   sync.RWMutex         // read while an order is being sent
	looked   map[string]time.Time // by batch: when its session was last looked for
}

// New returns a Runner whose jobs live as long as ctx.
func New(ctx context.Context, o Options) *Runner {
	return &Runner{
		o:       o,
		ctx:     ctx,
		running: map[string]*task{},
		pauses:  map[string]time.Time{},
		offered: map[telemetry.LogRef]time.Time{},
		fresh:   map[string]time.Time{},
		looked:  map[string]time.Time{},
		reading: make(chan struct{}, 1),
	}
}
