package notify

import (
	"context"
	"slices"
	"strconv"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Rules returns the rules in the order in which they were made.
func (s *Service) Rules(ctx context.Context) ([]telemetry.NotifyRule, error) {
	return s.o.Store.NotifyRules(ctx)
}

// Rule returns a rule. The error is CodeNotFound.
func (s *Service) Rule(ctx context.Context, id int64) (telemetry.NotifyRule, error) {
	return s.o.Store.NotifyRule(ctx, id)
}

// Channels says which channels can be used.
func (s *Service) Channels() []telemetry.NotifyChannelInfo {
	var list []telemetry.NotifyChannelInfo
	for _, c := range telemetry.NotifyChannels() {
		_, set := s.senders[c]
		list = append(list, telemetry.NotifyChannelInfo{Channel: c, Set: set, Setting: settingOf(c)})
	}
	return list
}

// Linked reports whether messages can have links: the program knows its address.
func (s *Service) Linked() bool { return s.o.Base != "" }

// Save makes a rule, or with an id changes one, for the person who asks. The error says
// what is wrong with it, in words.
func (s *Service) Save(ctx context.Context, r telemetry.NotifyRule) (telemetry.NotifyRule, error) {
	r, err := s.checked(r)
	if err != nil {
		return r, err
	}
	r.By = telemetry.NameOf(ctx)
	was, is, err := s.o.Store.PutNotifyRule(ctx, r)
	if err == nil {
		e := telemetry.Effect{Subject: subject(is), After: is.Words()}
		if was.ID != 0 {
			e.Before = was.Words()
		}
		telemetry.NoteEffect(ctx, e)
	}
	return is, err
}

func (s *Service) checked(r telemetry.NotifyRule) (telemetry.NotifyRule, error) {
	r, err := r.Check()
	if err != nil {
		return r, err
	}
	r.NextAt = telemetry.Time{}
	if next := s.plan.NextDigest(r, s.o.Now()); !next.IsZero() {
		r.NextAt = telemetry.At(next.Truncate(time.Millisecond))
	}
	return r, nil
}

func subject(r telemetry.NotifyRule) string {
	return "rule " + strconv.FormatInt(r.ID, 10) + " " + r.Name
}

// Delete removes a rule, and gives up what it has queued.
func (s *Service) Delete(ctx context.Context, id int64) error {
	was, err := s.o.Store.DeleteNotifyRule(ctx, id)
	if err == nil {
		telemetry.NoteEffect(ctx, telemetry.Effect{Subject: subject(was), Before: was.Words()})
	}
	return err
}

// Preview says what a rule finds now, and how a message of it reads.
func (s *Service) Preview(ctx context.Context, r telemetry.NotifyRule) (telemetry.NotifyPreview, error) {
	r, err := s.checked(r)
	if err != nil {
		return telemetry.NotifyPreview{}, err
	}
	count, items, err := s.o.Store.FoundNow(ctx, r, previewItems)
	if err != nil {
		return telemetry.NotifyPreview{}, err
	}
	p := telemetry.NotifyPreview{Matches: count}
	said, owner := count, ""
	if r.DigestAt == "" && count > 0 && count <= telemetry.NotifyAtOnce {
		said, items = 1, items[:1]
	}
	if r.DigestAt != "" && len(items) > 0 { // the digest of the owner who has the worst
		owner = items[0].Owner
		items = slices.DeleteFunc(items, func(n telemetry.Notice) bool { return n.Owner != owner })
		said = int64(len(items))
		if of := r; owner != "" {
			of.Owner = owner
			if said, items, err = s.o.Store.FoundNow(ctx, of, previewItems); err != nil {
				return p, err
			}
		}
	}
	p.Message = s.plan.Message(r, owner, said, items)
	p.Text = s.o.Text(p.Message)
	return p, nil
}

const previewItems = 10

// Test queues a message that tries a rule, whether the rule is on or off.
func (s *Service) Test(ctx context.Context, id int64) (telemetry.Notification, error) {
	n, err := s.o.Store.QueueTest(ctx, id, s.plan)
	if err == nil {
		telemetry.NoteEffect(ctx, telemetry.Effect{Subject: n.ID, After: "a test of the rule " + n.Rule + " to " + string(n.Channel)})
	}
	return n, err
}

// Retry queues a message again that was given up.
func (s *Service) Retry(ctx context.Context, id string) (telemetry.Notification, error) {
	return s.o.Store.RetryNotification(ctx, id)
}
