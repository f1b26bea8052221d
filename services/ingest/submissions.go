package ingest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Messenger sends messages to Devin sessions, and reads those that are there now.
type Messenger interface {
	Send(ctx context.Context, id, text string) error
	FreshMessages(ctx context.Context, id string) ([]telemetry.Message, error)
}

// Dispatcher starts the workflow of an action repository and returns the branch or
// tag on which it runs.
type Dispatcher interface {
	Dispatch(ctx context.Context, d telemetry.Dispatch) (ref string, err error)
}

// Workflow is the file of the action's workflow.
const Workflow = "codeql-fixer.yml"

const sendLimit = time.Minute

// Reply sends a message to a session, and then looks what becomes of it. token is
// that of a page's form, "" for a caller of the API: asked again with the same
// token and text it sends nothing, and answers as that did or, where its outcome
// is not known, looks whether the message has arrived. After a failure the token
// can be used again. The error is CodeMissingSetting, CodeOutcomeUnknown where the
// message may have arrived, or what Devin's client says.
func (r *Runner) Reply(ctx context.Context, token, id, text string) error {
	if r.o.Messenger == nil {
		return missingDevin()
	}
	s := r.submission(token)
	key := telemetry.SessionKey(id)
	s.Kind, s.Subject = telemetry.SubmissionReply, key
	s.Token = contentToken(s.Token, s.Kind, key, text)
	d := delivery{
		send: func(ctx context.Context) (string, error) {
			err := r.o.Messenger.Send(ctx, key, text)
			if err == nil {
				r.follow(key)
			}
			return "", err
		},
		arrived: r.messageArrived,
		unknown: "It is not known whether the message was sent: the program ended, or Devin did not answer, while it was being sent. " +
			"Look at the session, and send it again if it is missing there.",
	}
	if s.By == telemetry.ByPage { // a caller of the API never asks again with the same token
		d.prepare = func(ctx context.Context) string { return r.soughtMessage(ctx, key, text) }
	}
	_, err := r.once(ctx, s, d)
	return err
}

// ActionFor returns the action repository that starts runs on a target, and the page
// on which its runs are looked at: the one that the newest record of the target came
// from, else the first. The error is CodeMissingSetting where there is none.
func (r *Runner) ActionFor(ctx context.Context, target telemetry.RepoName) (name, page string, err error) {
	s, err := r.actionFor(ctx, target)
	return s.Name, s.WorkflowPage, err
}

func (r *Runner) actionFor(ctx context.Context, target telemetry.RepoName) (Source, error) {
	var actions []Source
	var names []string
	for _, s := range r.o.Sources {
		if s.Dispatcher != nil {
			actions, names = append(actions, s), append(names, s.Name)
		}
	}
	if len(actions) == 0 {
		return Source{}, telemetry.Errorf(telemetry.CodeMissingSetting,
			"Starting a run needs GITHUB_TOKEN and ACTION_REPO. Set both and restart.")
	}
	if len(actions) == 1 {
		return actions[0], nil
	}
	name, err := r.o.Store.ActionRepo(ctx, target, names)
	return actions[max(0, slices.Index(names, name))], err
}

// Dispatch starts one run of the action, in the action repository of ActionFor, and
// returns its branch, "" for one that was started before. token is as with Reply. The error is CodeMissingSetting,
// CodeOutcomeUnknown where the run may have started, or what GitHub's client says.
func (r *Runner) Dispatch(ctx context.Context, token string, d telemetry.Dispatch) (ref string, err error) {
	target := telemetry.ParseRepo(d.TargetRepo)
	action, err := r.actionFor(ctx, target)
	if err != nil {
		return "", err
	}
	s := r.submission(token)
	s.Kind, s.Subject = telemetry.SubmissionDispatch, string(target)
	s.Token = contentToken(s.Token, s.Kind, d)
	where := cmp.Or(action.WorkflowPage, "the Actions page of the action repository")
	return r.once(ctx, s, delivery{
		send: func(ctx context.Context) (string, error) { return action.Dispatcher.Dispatch(ctx, d) },
		unknown: "It is not known whether the run was started: the program ended, or GitHub did not confirm it. Look at " +
			where + " before you start it again.",
	})
}

func (r *Runner) submission(token string) telemetry.Submission {
	if token == "" {
		return telemetry.Submission{Token: r.o.NewID(), By: telemetry.ByAPI}
	}
	return telemetry.Submission{Token: token, By: telemetry.ByPage}
}

// contentToken binds a form's token to what the form holds: a browser's Back
// brings a form again with its token, and another text in it is not sent yet.
func contentToken(token string, content ...any) string {
	raw, _ := json.Marshal(content) // texts only; maps are written in order of their keys
	sum := sha256.Sum256(append([]byte(token+"\x00"), raw...))
	return hex.EncodeToString(sum[:16])
}

type delivery struct {
	prepare func(context.Context) string // what to look for afterwards; nil: nothing
	send    func(context.Context) (string, error)
	arrived func(context.Context, telemetry.Submission) (bool, error) // nil: it cannot be looked up
	unknown string                                                    // the sentence for an outcome that is not known
}

// once sends a submission unless it was sent, by this program or another.
func (r *Runner) once(ctx context.Context, s telemetry.Submission, d delivery) (string, error) {
	answer, err, _ := r.sending.Do(s.Token, func() (answer any, err error) {
		ctx, cancel := context.WithTimeout(ctx, sendLimit)
		defer cancel()
		answer = ""
		err = telemetry.Guard(string(s.Kind), func() (err error) {
			answer, err = r.deliver(ctx, s, d)
			return err
		})
		return answer, err
	})
	return answer.(string), err
}

func (r *Runner) deliver(ctx context.Context, s telemetry.Submission, d delivery) (string, error) {
	if d.prepare != nil {
		s.Message = d.prepare(ctx)
	}
	noted, fresh, err := r.o.Store.BeginSubmission(ctx, s)
	switch {
	case err != nil:
		return "", err
	case fresh:
		answer, err := r.send(ctx, s, d)
		r.noteOutcome(ctx, s, err)
		return answer, err
	case noted.State == telemetry.SubmissionSent:
		return "", nil
	case noted.State == telemetry.SubmissionBegun:
		return "", telemetry.Errorf(telemetry.CodeConflict,
			"Another dashboard on the same database is sending this. Wait a moment, and look again.")
	}
	return "", r.lookUp(ctx, noted, d)
}

// send sends a submission. What ended without a word of the upstream's client
// may have arrived.
func (r *Runner) send(ctx context.Context, s telemetry.Submission, d delivery) (answer string, err error) {
	err = telemetry.Guard(string(s.Kind), func() (err error) {
		answer, err = d.send(ctx)
		return err
	})
	if code := telemetry.CodeOf(err); err != nil && (code == telemetry.CodeInternal || ctx.Err() != nil) {
		err = telemetry.Errorf(telemetry.CodeOutcomeUnknown, "%s", d.unknown).Because(err)
	}
	return answer, err
}

// lookUp says of a submission whose outcome is not known whether it arrived.
func (r *Runner) lookUp(ctx context.Context, noted telemetry.Submission, d delivery) error {
	unknown := telemetry.Errorf(telemetry.CodeOutcomeUnknown, "%s", d.unknown)
	if d.arrived == nil {
		return unknown
	}
	arrived, err := d.arrived(ctx, noted)
	if err != nil {
		return telemetry.Errorf(telemetry.CodeOutcomeUnknown,
			"It is not known whether the message was sent, and the session’s messages cannot be read now: %s "+
				"Look at the session before you send it again.",
			telemetry.Sentence(err)).Because(err)
	}
	if !arrived {
		return unknown
	}
	r.noteOutcome(ctx, noted, nil)
	return nil
}

// noteOutcome keeps how sending ended. Else it is looked up when it is sent again.
func (r *Runner) noteOutcome(ctx context.Context, s telemetry.Submission, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	switch {
	case err == nil:
		err = r.o.Store.EndSubmission(ctx, s.Token, telemetry.SubmissionSent)
	case telemetry.CodeOf(err) == telemetry.CodeOutcomeUnknown:
		err = r.o.Store.EndSubmission(ctx, s.Token, telemetry.SubmissionUnknown)
	default:
		err = r.o.Store.DropSubmission(ctx, s.Token)
	}
	r.logFailure("cannot note how sending ended", "submission", err)
}

// followAfter gives Devin a moment to wake.
func followAfter() []time.Duration { return []time.Duration{0, 3 * time.Second, 12 * time.Second} }

// follow asks Devin what has become of a session, on the server's life.
func (r *Runner) follow(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.o.Devin == nil || r.stopped || r.ctx.Err() != nil {
		return
	}
	r.ended.Go(func() {
		err := telemetry.Guard("follow a reply", func() error { return r.askFollowed(key) })
		r.logFailure("cannot ask for a session after a reply", "follow", err)
	})
}

func (r *Runner) askFollowed(key string) error {
	for _, wait := range followAfter() {
		select {
		case <-r.ctx.Done():
			return nil
		case <-time.After(wait):
		}
		err := within(r.ctx, sendLimit, "Asking Devin for a session", func(ctx context.Context) error {
			answer, err := r.o.Devin.Sessions(ctx, []string{key})
			if err == nil && len(answer.Sessions) > 0 {
				err = r.o.Store.SavePoll(ctx, answer)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func missingDevin() error {
	return telemetry.Errorf(telemetry.CodeMissingSetting,
		"DEVIN_API_KEY is not set, so sessions cannot be read from Devin. Set it and restart.")
}

// lookLimit is how long a message may wait for those before it to be read.
const lookLimit = 3 * time.Second

// sought is a message to look for where it is not known whether it arrived.
type sought struct {
	Text   string   `json:"text"`
	Before []string `json:"before"` // ids of the equal messages before it, "" for one without an id; nil: not known
}

// soughtMessage returns, in JSON, what to look for once text was sent to a session.
// A person can send the same text twice. Where the messages before it cannot be
// read, it is sent all the same, and its outcome stays unknown without an answer.
func (r *Runner) soughtMessage(ctx context.Context, session, text string) string {
	s := sought{Text: text}
	err := within(ctx, lookLimit, "Reading the session’s messages", func(ctx context.Context) error {
		messages, err := r.o.Messenger.FreshMessages(ctx, session)
		if err == nil {
			s.Before = s.equal(messages)
		}
		return err
	})
	r.logFailure("cannot read the messages before a reply", "reply", err)
	raw, _ := json.Marshal(s) // texts only
	return string(raw)
}

// equal returns the ids of the user's messages with the text of s, never nil.
func (s sought) equal(messages []telemetry.Message) []string {
	ids := []string{}
	for _, m := range messages {
		if m.From == "user" && strings.TrimSpace(m.Text) == strings.TrimSpace(s.Text) {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// among reports whether messages hold s. Those without an id are counted.
func (s sought) among(messages []telemetry.Message) bool {
	if s.Before == nil {
		return false
	}
	before := slices.Clone(s.Before)
	for _, id := range s.equal(messages) {
		i := slices.Index(before, id)
		if i < 0 {
			return true
		}
		before = slices.Delete(before, i, i+1)
	}
	return false
}

// messageArrived looks among the session's messages for one that was sent.
func (r *Runner) messageArrived(ctx context.Context, noted telemetry.Submission) (bool, error) {
	var s sought
	_ = json.Unmarshal([]byte(noted.Message), &s) // of what cannot be decoded, nothing is known
	messages, err := r.o.Messenger.FreshMessages(ctx, noted.Subject)
	if err != nil {
		return false, err
	}
	return s.among(messages), nil
}
