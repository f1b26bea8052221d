package dashboard

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
)

// Batches is where what was sent to Devin is kept.
type Batches interface {
	Batches(ctx context.Context, f telemetry.BatchFilter) (telemetry.List[telemetry.SentBatch], error)
	BatchesOf(ctx context.Context, token string) ([]telemetry.SentBatch, error)
	BatchesWith(ctx context.Context, issues []string) ([]telemetry.SentBatch, error)
	BatchesToday(ctx context.Context) (int64, error)
}

// Sender starts a session for each batch of an order.
type Sender interface {
	StartSend(ctx context.Context, o telemetry.SendOrder) ([]telemetry.SentBatch, error)
	Send(ctx context.Context, o telemetry.SendOrder) ([]telemetry.SentBatch, error) // and waits until it is sent
}

// namedTogether is how many ids one question names.
const namedTogether = 100

// SendLimits are the settings that bound what is sent.
func (d *Dashboard) SendLimits() telemetry.SendLimits { return d.o.SendLimits }

// PlanSend is what sending issues to Devin would start now: nothing is sent. The
// error is CodeInvalid, CodeNotFound for an unknown id, and CodeConflict where the
// query names another number of issues than was confirmed, or a batch cannot be
// sent again.
func (d *Dashboard) PlanSend(ctx context.Context, ask telemetry.SendAsk, now time.Time) (p telemetry.SendPlan, err error) {
	ofBatch := ask.Retry != "" && ask.MaxACUs == 0
	if ask, err = ask.Check(d.o.SendLimits); err != nil {
		return p, err
	}
	p = telemetry.SendPlan{
		MaxACUs: ask.MaxACUs, PerDay: d.o.SendLimits.PerDay, AtOnce: telemetry.SendMost, Size: ask.Size, Note: ask.Note, Playbook: ask.Playbook,
		Batches: []telemetry.PlannedBatch{}, Left: []telemetry.LeftOut{}, Slot: ask.Slot,
	}
	if ask.Most > 0 {
		p.AtOnce = min(p.AtOnce, ask.Most)
	}
	if ask.Retry != "" {
		if ask, err = d.retried(ctx, ask, ofBatch, &p, now); err != nil {
			return p, err
		}
	}
	rows, err := d.asked(ctx, ask)
	if err != nil {
		return p, err
	}
	p.Selected = int64(len(rows))
	today, err := d.BatchesToday(ctx)
	if err != nil {
		return p, err
	}
	p.Today += today // less the one that is replaced
	open, err := d.leaveOut(ctx, rows, ask, &p)
	if err != nil {
		return p, err
	}
	if ask.Known != nil { // what was sent since the preview is not known to who confirms it
		p.Known = slices.DeleteFunc(p.Known, func(id string) bool { return !slices.Contains(ask.Known, id) })
	}
	room, err := d.roomFor(ctx, ask, &p)
	if err != nil {
		return p, err
	}
	return p, d.planBatches(ctx, withinLimits(open, ask.Size, room, &p), ask.Size, &p, now)
}

// roomFor is how many sessions may be started at once, today and of the budget of the
// campaign from which they are.
func (d *Dashboard) roomFor(ctx context.Context, ask telemetry.SendAsk, p *telemetry.SendPlan) (int64, error) {
	room := p.AtOnce
	if p.PerDay > 0 {
		room = max(0, min(room, p.PerDay-p.Today))
	}
	if ask.Campaign == 0 {
		return room, nil
	}
	f, err := d.autoSend(ctx, ask.Campaign)
	if err != nil {
		return 0, err
	}
	p.Campaign, p.Budget = f.ID, telemetry.Optional(f.Use.Left(f.Campaign))
	if left := f.Use.Room(f.Campaign, p.MaxACUs); left >= 0 {
		room = min(room, left)
	}
	return room, nil
}

// retried makes the question for a batch again that for its issues, in one batch
// and, where none are asked for, with as many ACUs at most.
func (d *Dashboard) retried(
	ctx context.Context, ask telemetry.SendAsk, ofBatch bool, p *telemetry.SendPlan, now time.Time,
) (telemetry.SendAsk, error) {
	found, err := d.Batches(ctx, telemetry.BatchFilter{ID: ask.Retry, Most: 1})
	if err != nil {
		return ask, err
	}
	if len(found.Items) == 0 {
		return ask, telemetry.Errorf(telemetry.CodeNotFound, "Batch %s not found. See the list of batches.", telemetry.Shown(ask.Retry))
	}
	b := found.Items[0]
	switch {
	case b.State == telemetry.BatchUnknown && ask.NotStarted:
		if p.Replaces = b.ID; !b.At.Before(now.UTC().Truncate(24 * time.Hour)) {
			p.Today-- // it no longer counts once it has failed
		}
	case b.State == telemetry.BatchUnknown:
		return ask, telemetry.Errorf(telemetry.CodeConflict, "It is not known whether Devin started a session for this batch. "+
			"Look in Devin for one with the tag %s; where there is none, say so (not_started), and it is sent again.", telemetry.BatchTag(b.ID))
	case b.State != telemetry.BatchFailed:
		return ask, telemetry.Errorf(telemetry.CodeConflict,
			"This batch is being sent or has been sent: only one that was not started is sent again.")
	}
	if most := d.o.SendLimits.MaxACUs; ofBatch && b.MaxACUs > 0 && (most == 0 || b.MaxACUs < most) {
		ask.MaxACUs, p.MaxACUs = b.MaxACUs, b.MaxACUs
	}
	p.Note, p.Playbook = cmp.Or(ask.Note, string(b.Note)), cmp.Or(ask.Playbook, string(b.Playbook))
	ask.Issues, ask.Size, ask.Campaign = b.Issues, int64(len(b.Issues)), b.Campaign
	p.Size, p.Retry = ask.Size, b.ID
	return ask, nil
}

// asked are the issues that are asked for, each once.
func (d *Dashboard) asked(ctx context.Context, ask telemetry.SendAsk) ([]telemetry.IssueRow, error) {
	if ask.ByQuery() {
		return d.matching(ctx, ask)
	}
	var rows []telemetry.IssueRow
	known, seen := map[string]bool{}, map[string]bool{}
	for some := range slices.Chunk(ask.Issues, namedTogether) {
		found, err := d.named(ctx, some)
		if err != nil {
			return nil, err
		}
		for _, row := range found {
			if !seen[row.PublicID] {
				rows = append(rows, row)
			}
			seen[row.PublicID] = true
			known[row.PublicID], known[strings.ToLower(row.LatestIssueID)] = true, true
		}
	}
	for _, id := range ask.Issues {
		if known[strings.ToLower(id)] {
			continue
		}
		if _, moved, err := d.IssueByID(ctx, id, time.Time{}); err != nil || moved == "" { // one that moved is among the rows
			return nil, noIssue(id)
		}
	}
	return rows, nil
}

// named are the issues of some ids.
func (d *Dashboard) named(ctx context.Context, ids []string) ([]telemetry.IssueRow, error) {
	t := query.Term{Field: "id"}
	for _, id := range ids {
		if strings.TrimSpace(id) == "" || query.Check(id) != nil {
			return nil, noIssue(id)
		}
		t.Values = append(t.Values, query.Value{Text: id})
	}
	return all(ctx, d.Issues, query.Ask{}.And(t))
}

func noIssue(id string) error {
	return telemetry.Errorf(telemetry.CodeNotFound, "Issue %s not found. See the list of issues. Nothing was sent.", telemetry.Shown(id))
}

// matching are the issues that a query names, as many as were confirmed if that was asked.
func (d *Dashboard) matching(ctx context.Context, ask telemetry.SendAsk) ([]telemetry.IssueRow, error) {
	q, err := Parse(d.Issues, ask.Query)
	if err != nil {
		return nil, err
	}
	counts, err := d.Issues.Counts(ctx, []query.Ask{{Query: q}})
	switch {
	case err != nil:
		return nil, err
	case counts[0] != ask.Expect && !ask.Any:
		return nil, telemetry.Errorf(telemetry.CodeConflict,
			"The query now names %d issues, and not %d. Nothing was sent. Confirm the new number.", counts[0], ask.Expect)
	case counts[0] > telemetry.SendIssuesMost:
		return nil, telemetry.Errorf(telemetry.CodeInvalid, "The query names %d issues: at most %d can be looked at together. Narrow it.",
			counts[0], telemetry.SendIssuesMost)
	}
	return all(ctx, d.Issues, query.Ask{Query: q})
}

// leaveOut notes which issues are not sent and why, and returns the others.
func (d *Dashboard) leaveOut(
	ctx context.Context, rows []telemetry.IssueRow, ask telemetry.SendAsk, p *telemetry.SendPlan,
) (open []telemetry.IssueRow, err error) {
	var ids, keys []string
	for _, row := range rows {
		ids, keys = append(ids, row.PublicID), append(keys, row.Session)
	}
	batches, err := d.BatchesWith(ctx, ids)
	if err != nil {
		return nil, err
	}
	in := map[string]telemetry.SentBatch{}
	for _, b := range slices.Backward(batches) { // the newest last
		if b.ID == p.Replaces {
			continue
		}
		if b.State == telemetry.BatchSent {
			p.Known = append(p.Known, b.ID)
			keys = append(keys, string(b.Session))
		}
		for _, id := range b.Issues {
			if before, has := in[id]; !has || before.State == telemetry.BatchSent {
				in[id] = b
			}
		}
	}
	keys = slices.DeleteFunc(keys, func(key string) bool { return key == "" })
	sessions, err := d.SessionsByKey(ctx, keys, time.Time{})
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		left := whyLeft(row, in[row.PublicID], sessions)
		left.Why = cmp.Or(left.Why, ask.Excludes(row.PublicID))
		if left.Why == "" || ask.Anyway && left.Why.UnderWay() {
			open = append(open, row)
			continue
		}
		p.Left = append(p.Left, left)
	}
	return open, nil
}

// whyLeft says why an issue is not sent; b is the newest batch that it is in, the
// zero SentBatch for none. The session of a batch that was sent counts beside the
// issue's latest: its record may be newer than the row, or not name the issue.
func whyLeft(row telemetry.IssueRow, b telemetry.SentBatch, sessions map[string]telemetry.SessionRow) telemetry.LeftOut {
	left := telemetry.LeftOut{Issue: row.PublicID, Rule: row.Rule, Repo: row.Repo}
	switch {
	case row.State == telemetry.StateDismissed:
		left.Why = telemetry.LeftDismissed
	case row.State == telemetry.StateAccepted:
		left.Why = telemetry.LeftAccepted
	case !row.State.Open():
		left.Why = telemetry.LeftClosed
	case b.State == telemetry.BatchQueued || b.State == telemetry.BatchBegun:
		left.Why, left.Batch = telemetry.LeftBatch, telemetry.Optional(b.ID)
	case b.State == telemetry.BatchUnknown:
		left.Why, left.Batch = telemetry.LeftUnsure, telemetry.Optional(b.ID)
	}
	sent := ""
	if b.State == telemetry.BatchSent {
		sent = string(b.Session)
	}
	for _, key := range []string{row.Session, sent} {
		if s, recorded := sessions[key]; left.Why == "" && key != "" {
			inSession(&left, key, s, recorded || key != sent)
		}
	}
	return left
}

// inSession says that an issue is under way in a session. One that is not
// recorded was started just now.
func inSession(left *telemetry.LeftOut, key string, s telemetry.SessionRow, recorded bool) {
	switch {
	case s.PR != nil && s.PR.State == telemetry.KeywordOpen:
		left.Why, left.PRURL, left.PR = telemetry.LeftPull, telemetry.Optional(s.PRURL), s.PR
	case s.State == telemetry.StateWaiting:
		left.Why = telemetry.LeftWaiting
	case s.State.Active() || !recorded:
		left.Why = telemetry.LeftSession
	default:
		return
	}
	left.Session = telemetry.Optional(key)
}

// withinLimits returns the issues of the batches for which there is room, and notes
// the others.
func withinLimits(open []telemetry.IssueRow, size, room int64, p *telemetry.SendPlan) (chosen []telemetry.IssueRow) {
	for n, batch := range telemetry.BatchRows(open, int(size)) {
		if int64(n) < room {
			chosen = append(chosen, batch...)
			continue
		}
		for _, row := range batch {
			p.Left = append(p.Left, telemetry.LeftOut{Issue: row.PublicID, Rule: row.Rule, Repo: row.Repo, Why: telemetry.LeftLimit})
		}
	}
	return chosen
}

// planBatches adds the batches of the issues that are chosen, with their odds.
func (d *Dashboard) planBatches(ctx context.Context, chosen []telemetry.IssueRow, size int64, p *telemetry.SendPlan, now time.Time) error {
	if len(chosen) == 0 {
		return nil
	}
	var issues []telemetry.IssueDetail
	for _, row := range chosen {
		i, moved, err := d.IssueByID(ctx, row.PublicID, time.Time{})
		if err != nil {
			return err
		}
		if moved != "" {
			return telemetry.Errorf(telemetry.CodeConflict, "Issue %s has just become %s. Nothing was sent. Look at it again.", row.PublicID, moved)
		}
		issues = append(issues, i)
	}
	ever, err := telemetry.ParsePeriod("all", now)
	if err != nil {
		return err
	}
	e, _, err := d.Figures.Effectiveness(ctx, ever, "", time.Time{})
	if err != nil {
		return err
	}
	for _, b := range telemetry.PlanBatches(issues, int(size), telemetry.NewID) {
		b.Add(p.Note, p.Playbook)
		odds := telemetry.OddsOf(e, b.Rules(), b.Family, len(b.Issues))
		p.Batches = append(p.Batches, telemetry.PlannedBatch{NewBatch: b, Rules: b.Rules(), Odds: odds})
	}
	return nil
}

// playbooksOffered is how many of them a form offers.
const playbooksOffered = 50

// Playbooks are the ids of those that sessions have followed.
func (d *Dashboard) Playbooks(ctx context.Context) ([]string, error) {
	return d.Sessions.Values(ctx, time.Time{}, "playbook", "", playbooksOffered)
}

// Send has a session started for each batch of what is asked, once per key: the same
// key again returns what was ordered under it. It returns when the batches are
// stored. The error is what PlanSend or the sender says, and CodeConflict where
// nothing is left to send, or something else than was confirmed; then nothing is sent.
func (d *Dashboard) Send(ctx context.Context, ask telemetry.SendAsk, now time.Time) (telemetry.SendPlan, []telemetry.SentBatch, error) {
	var p telemetry.SendPlan
	asked := ask.Print()
	sent, err := d.BatchesOf(ctx, ask.Key)
	if err = cmp.Or(err, telemetry.SameOrder(sent, asked)); err != nil || len(sent) > 0 {
		if err == nil {
			telemetry.NoteEffect(ctx, sendEffect(sent, true))
		}
		return p, sent, err
	}
	if d.o.Sender == nil {
		return p, nil, telemetry.Errorf(telemetry.CodeMissingSetting, noDevin)
	}
	if p, err = d.PlanSend(ctx, ask, now); err != nil {
		return p, nil, err
	}
	switch n := int64(len(p.Batches)); {
	case n == 0:
		return p, nil, telemetry.Errorf(telemetry.CodeConflict, "Nothing is left to send: %s Nothing was sent.", p.WhyNothing())
	case ask.Sessions > 0 && ask.Sessions != n:
		return p, nil, telemetry.Errorf(telemetry.CodeConflict,
			"This would now start %d sessions, and not %d. Nothing was sent. Confirm the new number.", n, ask.Sessions)
	}
	sent, err = d.o.Sender.StartSend(ctx, p.Order(ask.Key, asked, telemetry.NameOf(ctx)))
	if err == nil {
		telemetry.NoteEffect(ctx, sendEffect(sent, !p.Has(sent)))
	}
	return p, sent, err
}

// sendEffect is what the audit log says of an order, or of one that was made before.
func sendEffect(sent []telemetry.SentBatch, before bool) telemetry.Effect {
	var ids, issues []string
	for _, b := range sent {
		ids, issues = append(ids, telemetry.BatchTag(b.ID)), append(issues, b.Issues...)
	}
	what := "sent to Devin: "
	if before {
		what = "the same request again, nothing was sent: "
	}
	return telemetry.Effect{Subject: telemetry.Shorten(strings.Join(ids, " "), subjectMost),
		After: telemetry.Shorten(what+strings.Join(issues, " "), subjectMost)}
}

// subjectMost bounds what an entry of the audit log says of an order.
const subjectMost = 1000
