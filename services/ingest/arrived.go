package ingest

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
)

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
