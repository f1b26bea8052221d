package ingest_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// ticking is a clock that goroutines of the program read while a test sets it.
type ticking struct{ at atomic.Pointer[time.Time] }

func (c *ticking) now() time.Time  { return *c.at.Load() }
func (c *ticking) set(t time.Time) { c.at.Store(&t) }

// campaigner is a program on a database in which a campaign sends by itself.
type campaigner struct {
	*dashboard.Dashboard
	*ingest.Runner
	t     *testing.T
	db    *storetest.Store
	devin *devintest.Player
	clock *ticking
	life  context.Context //nolint:containedctx // of the Runner
	end   context.CancelFunc
}

func newCampaigner(t *testing.T, db *storetest.Store, player *devintest.Player, clock *ticking) *campaigner {
	t.Helper()
	server := httptest.NewServer(player)
	t.Cleanup(server.Close)
	client, err := devin.New(devin.Options{BaseURL: server.URL, Key: "cog_1", OrgID: "org-1", HTTPTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	p := &campaigner{t: t, db: db, devin: player, clock: clock, life: ctx, end: cancel}
	now := clock.now
	p.Runner = ingest.New(ctx, ingest.Options{Store: db, Devin: client, Messenger: client, Starter: client,
		SendDue: func(ctx context.Context, now time.Time) error { return p.SendDue(ctx, now) },
		Log:     slog.New(slog.NewTextHandler(t.Output(), nil)), Now: now, NewID: telemetry.NewID})
	reads := storetest.Reading(db.Store)
	reads.Campaigner, reads.Sender, reads.SendLimits = db, p.Runner, telemetry.SendLimits{PerDay: 20, MaxACUs: 5}
	p.Dashboard = dashboard.New(reads)
	return p
}

// begin begins a campaign of all open issues.
func (p *campaigner) begin(n telemetry.NewCampaign) telemetry.Campaign {
	p.t.Helper()
	q := storetest.Parse(p.t, lists.Issues(p.db.Store), "is:open")
	n.Name, n.Query, n.By = "Zero", "is:open", "mona"
	n.Expect = int64(len(storetest.Rows(p.t, lists.Issues(p.db.Store), query.Ask{Query: q})))
	c, err := p.db.BeginCampaign(p.t.Context(), n, query.Ask{Query: q})
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// paces switches a campaign on.
func (p *campaigner) paces(id, perDay, floor int64) {
	p.t.Helper()
	if _, err := p.EditCampaign(p.t.Context(), id, telemetry.CampaignEdit{PerDay: &perDay, Floor: &floor}, p.clock.now()); err != nil {
		p.t.Fatal(err)
	}
}

// turn lets some time pass, and campaigns send.
func (p *campaigner) turn(pass time.Duration) {
	p.t.Helper()
	p.clock.set(p.clock.now().Add(pass))
	if err := p.SendDue(p.t.Context(), p.clock.now()); err != nil {
		p.t.Fatal(err)
	}
}

// says is what a campaign does by itself, and how many sessions were started in all.
func (p *campaigner) says(id int64) string {
	p.t.Helper()
	c, err := p.CampaignByID(p.t.Context(), id, p.clock.now())
	if err != nil {
		p.t.Fatal(err)
	}
	return fmt.Sprintf("%d started, %s: %s", p.devin.Counts()[devintest.KindCreate], c.Sending.State, c.Sending.Reason)
}

func (p *campaigner) want(id int64, want string) {
	p.t.Helper()
	if got := p.says(id); got != want {
		p.t.Errorf("%s\n  got  %s\n  want %s", p.clock.now().Format(time.DateTime), got, want)
	}
}

func onCampaigns(t *testing.T, do func(t *testing.T, p *campaigner)) {
	start := time.Date(2026, 3, 10, 1, 0, 0, 0, time.UTC)
	clock := &ticking{}
	clock.set(start)
	storetest.OnClock(t, clock.now, func(t *testing.T, db *storetest.Store) {
		clock.set(start)
		player := devintest.New(devintest.Options{Key: "cog_1", OrgID: "org-1", Now: clock.now})
		do(t, newCampaigner(t, db, player, clock))
	})
}

// manyIssues are open issues, each of a family of its own.
func manyIssues(n int) telemetry.FetchedFile {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("%c high f%d", 'A'+i, i))
	}
	return storetest.TinyScan(1, "2026-03-02T10:00:00Z", 0, list)
}

// TestACampaignSendsByItself: one batch in each part of the day, and no more than its
// sessions a day.
func TestACampaignSendsByItself(t *testing.T) {
	onCampaigns(t, func(t *testing.T, p *campaigner) {
		storetest.Put(t, p.db, manyIssues(5))
		c := p.begin(telemetry.NewCampaign{})
		p.turn(0)
		p.want(c.ID, "0 started, off: It does not send by itself.")
		p.paces(c.ID, 2, 30)
		p.want(c.ID, "0 started, sending: The next batch is sent within a minute.")
		p.turn(0)
		p.want(c.ID, "1 started, waiting: It has sent, and waits for its next turn.")
		p.turn(time.Hour)
		p.want(c.ID, "1 started, waiting: It has sent, and waits for its next turn.")
		p.turn(10 * time.Hour)
		p.want(c.ID, "2 started, waiting: It has started as many sessions as it may today: 2 of 2.")
		p.turn(12 * time.Hour)
		p.want(c.ID, "3 started, waiting: It has sent, and waits for its next turn.")
		list, err := p.db.Batches(t.Context(), telemetry.BatchFilter{Most: 9})
		if err != nil || len(list.Items) != 3 {
			t.Fatal(list, err)
		}
		for _, b := range list.Items {
			if b.State != telemetry.BatchSent || b.By != "campaign Zero" || b.Campaign != c.ID {
				t.Errorf("%+v", b)
			}
		}
	})
}

// ends has the sessions that were started end without a pull request.
func (p *campaigner) ends() {
	p.t.Helper()
	list, err := p.db.Batches(p.t.Context(), telemetry.BatchFilter{Most: 99})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, b := range list.Items {
		if b.State == telemetry.BatchSent {
			p.devin.Put(devintest.Session{ID: string(b.Session), Status: "exit", Tags: b.Tags, CreatedAt: b.At.Time, UpdatedAt: p.clock.now()})
		}
	}
	poll, err := p.Start(ingest.JobPoll, ingest.Order{})
	if err != nil {
		p.t.Fatal(err)
	}
	if j, err := poll.Wait(p.t.Context()); err != nil || j.State != telemetry.JobDone {
		p.t.Fatalf("the poll is %s: %s, %v", j.State, j.Error, err)
	}
}

// TestACampaignStopsAtItsFloor: no more than five at a time before ten have ended, and
// none once their odds are under the floor, until a person switches it on with another one.
func TestACampaignStopsAtItsFloor(t *testing.T) {
	onCampaigns(t, func(t *testing.T, p *campaigner) {
		storetest.Put(t, p.db, manyIssues(14))
		c := p.begin(telemetry.NewCampaign{})
		p.paces(c.ID, 24, 1)
		for range 7 {
			p.turn(time.Hour)
		}
		p.want(c.ID, "5 started, waiting: 5 of its sessions have not ended. It sends no more than 5 at a time until 10 have ended.")
		p.ends()
		for range 7 {
			p.turn(time.Hour)
		}
		p.ends()
		const why = "The odds are 0 % in the last 10 attempts (0 of 10 issues gone), under the floor of 1 %. It stays stopped until somebody switches it on again."
		p.want(c.ID, "10 started, stopped: "+why)
		p.turn(time.Hour)
		p.turn(24 * time.Hour)
		p.want(c.ID, "10 started, stopped: "+why)
		perDay, floor := int64(24), int64(1)
		_, err := p.EditCampaign(t.Context(), c.ID, telemetry.CampaignEdit{PerDay: &perDay, Floor: &floor}, p.clock.now())
		if telemetry.CodeOf(err) != telemetry.CodeConflict || !strings.Contains(err.Error(), "it would stop at once. It was not switched on.") {
			t.Errorf("switched on with the same floor: %v", err)
		}
		p.paces(c.ID, 24, 0)
		p.turn(0)
		p.want(c.ID, "11 started, waiting: It has sent, and waits for its next turn.")
		entries, err := p.db.Texts(t.Context(), `SELECT action || ' ' || name || ' ' || becomes FROM audit WHERE action = 'auto-send-stop'`)
		if err != nil || len(entries) != 1 || entries[0] != "auto-send-stop campaign Zero Zero, sends 24 a day by itself above 1 %, stopped. "+why {
			t.Errorf("%q, %v", entries, err)
		}
		if n, err := p.db.Texts(t.Context(), `SELECT subject FROM audit WHERE action = 'auto-send' AND result = 'done'`); err != nil || len(n) != 11 {
			t.Errorf("%d entries for 11 sessions, %v", len(n), err)
		}
	})
}

// TestACampaignStopsAtItsBudgetAndAtTheSwitch, and goes on once there is room and it is
// let. What nobody may send again is not sent.
func TestACampaignStopsAtItsBudgetAndAtTheSwitch(t *testing.T) {
	onCampaigns(t, func(t *testing.T, p *campaigner) {
		storetest.Put(t, p.db, manyIssues(4))
		c := p.begin(telemetry.NewCampaign{MaxSessions: 1})
		p.paces(c.ID, 24, 30)
		for range 3 {
			p.turn(time.Hour)
		}
		p.want(c.ID, "1 started, waiting: The budget is spent: 1 of 1 sessions are used.")
		most := int64(9)
		if _, err := p.EditCampaign(t.Context(), c.ID, telemetry.CampaignEdit{MaxSessions: &most}, p.clock.now()); err != nil {
			t.Fatal(err)
		}
		if _, err := p.StopSends(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		p.turn(time.Hour)
		p.want(c.ID, "1 started, stopped: All automatic sending was stopped by you.")
		if _, err := p.StopSends(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		p.turn(0)
		p.want(c.ID, "2 started, waiting: It has sent, and waits for its next turn.")
		p.devin.Fail(devintest.KindCreate, devintest.Fault{Status: 422})
		p.turn(time.Hour)
		if got := p.says(c.ID); !strings.Contains(got, "waiting: The last send failed: ") {
			t.Error(got)
		}
		p.devin.Fail(devintest.KindCreate, devintest.Fault{})
		if n, err := p.db.Texts(t.Context(), `SELECT error FROM audit WHERE action = 'auto-send' AND result = 'failed'`); err != nil || len(n) != 1 || n[0] == "" {
			t.Errorf("the audit log says %q of what failed, %v", n, err)
		}
		p.devin.Fail(devintest.KindCreate, devintest.Fault{Cut: true}) // nobody knows
		p.turn(time.Hour)
		p.devin.Fail(devintest.KindCreate, devintest.Fault{})
		for range 4 {
			p.turn(time.Hour)
		}
		list, err := p.db.Batches(t.Context(), telemetry.BatchFilter{Most: 99})
		if err != nil {
			t.Fatal(err)
		}
		of := map[string]int{}
		for _, b := range list.Items {
			if b.State != telemetry.BatchFailed {
				of[b.Issues[0]]++
			}
		}
		for id, n := range of {
			if n != 1 {
				t.Errorf("issue %s was sent %d times", id, n)
			}
		}
		if len(of) != 4 {
			t.Errorf("%d issues were sent: %s", len(of), p.says(c.ID))
		}
	})
}

// TestTwoProgramsSendABatchOnce: both decide that it is due, and one session is started.
func TestTwoProgramsSendABatchOnce(t *testing.T) {
	onCampaigns(t, func(t *testing.T, p *campaigner) {
		storetest.Put(t, p.db, manyIssues(4))
		c := p.begin(telemetry.NewCampaign{})
		p.paces(c.ID, 4, 30)
		other := newCampaigner(t, p.db, p.devin, p.clock)
		var both sync.WaitGroup
		for _, each := range []*campaigner{p, other, p, other} {
			both.Go(func() {
				if err := each.SendDue(t.Context(), p.clock.now()); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if n := p.devin.Counts()[devintest.KindCreate]; n != 1 {
			t.Errorf("%d sessions were started", n)
		}
		if n, err := p.db.Texts(t.Context(), `SELECT subject FROM audit WHERE action = 'auto-send'`); err != nil || len(n) != 1 {
			t.Errorf("%d entries in the audit log, %v", len(n), err)
		}
	})
}

// TestAProgramThatDiesBeforeItSends what a campaign ordered: it was not sent, and the
// next program sends at the next turn.
func TestAProgramThatDiesBeforeItSends(t *testing.T) {
	onCampaigns(t, func(t *testing.T, p *campaigner) {
		storetest.Put(t, p.db, manyIssues(4))
		c := p.begin(telemetry.NewCampaign{})
		p.paces(c.ID, 4, 30)
		slot, _ := telemetry.AutoSend{PerDay: 4}.Slot(p.clock.now())
		plan, err := p.PlanSend(t.Context(), telemetry.SendAsk{Query: "campaign:1", Expect: 4, Campaign: c.ID, Most: 1, Slot: slot}, p.clock.now())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.db.OrderBatches(t.Context(), plan.Order(telemetry.AutoToken(c.ID, slot), "", "campaign Zero")); err != nil {
			t.Fatal(err)
		}
		if err := p.db.Exec(t.Context(), `UPDATE batches SET owner = 'a program that is gone'`); err != nil {
			t.Fatal(err)
		}
		p.ends() // a poll, before which what such programs left is settled
		p.turn(0)
		p.want(c.ID, "0 started, waiting: The last send failed: The program ended before this batch was sent. Send it again.")
		p.turn(6 * time.Hour)
		p.want(c.ID, "1 started, waiting: It has sent, and waits for its next turn.")
	})
}

// TestWhatIsDecidedIsNotSent: a campaign sends neither what is dismissed or accepted nor
// what is snoozed.
func TestWhatIsDecidedIsNotSent(t *testing.T) {
	onCampaigns(t, func(t *testing.T, p *campaigner) {
		storetest.Put(t, p.db, manyIssues(4))
		c := p.begin(telemetry.NewCampaign{})
		rows := storetest.Rows(t, lists.Issues(p.db.Store), query.Ask{})
		for n, d := range []telemetry.NewDecision{
			{Action: telemetry.ActionDismiss, Reason: "wont_fix", Issues: []string{rows[0].PublicID}},
			{Action: telemetry.ActionAccept, Until: p.clock.now().Add(90 * 24 * time.Hour), Issues: []string{rows[1].PublicID}},
			{Action: telemetry.ActionSnooze, Until: p.clock.now().Add(30 * 24 * time.Hour), Issues: []string{rows[2].PublicID}},
		} {
			d.By, d.Key = "mona", fmt.Sprint("d", n)
			if _, err := p.db.Decide(t.Context(), d, query.Ask{}); err != nil {
				t.Fatal(err)
			}
		}
		p.paces(c.ID, 24, 30)
		p.turn(time.Hour)
		p.turn(time.Hour)
		p.want(c.ID, "1 started, waiting: Nothing can be sent now: 1 issue snoozed.")
		if list, err := p.db.Batches(t.Context(), telemetry.BatchFilter{Most: 9}); err != nil || len(list.Items) != 1 || list.Items[0].Issues[0] != rows[3].PublicID {
			t.Errorf("%+v, %v", list.Items, err)
		}
	})
}

// TestTheProgramWithTheLeaseSends what is due, without anybody asking.
func TestTheProgramWithTheLeaseSends(t *testing.T) {
	clock := &ticking{}
	clock.set(time.Date(2026, 3, 10, 1, 0, 0, 0, time.UTC))
	db := storetest.OpenWith(t, store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "due.db"), Now: clock.now})
	started := make(chan string, 9)
	player := devintest.New(devintest.Options{Key: "cog_1", OrgID: "org-1", Now: clock.now})
	player.OnCreate(func(s devintest.Session) { started <- s.Title })
	p := newCampaigner(t, db, player, clock)
	storetest.Put(t, db, manyIssues(4))
	c := p.begin(telemetry.NewCampaign{})
	p.paces(c.ID, 4, 30)
	ended := make(chan error, 1)
	go func() { ended <- p.Run(p.life) }()
	if title := <-started; !strings.HasPrefix(title, "CodeQL Fix") {
		t.Error(title)
	}
	p.end()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n := p.devin.Counts()[devintest.KindCreate]; n != 1 {
		t.Errorf("%d sessions were started", n)
	}
}
