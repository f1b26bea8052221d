package process

import (
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/store/storetest"
)

// TestTwoOnOneFile: two programs on one SQLite file would undo each other's
// jobs; the second is refused, and leaves the first alone.
func TestTwoOnOneFile(t *testing.T) {
	database := program.Settings{"DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "d.db")}
	p := program.Start(t, database)
	refused(t, database, "in use by another program", "DATABASE_URL")
	p.Object(http.MethodGet, "/api/stats")
	p.Restart()
}

// TestTwoReplicas: what one of two programs on one PostgreSQL writes, the
// other says too, and tells the pages that are open there.
func TestTwoReplicas(t *testing.T) {
	database := program.Settings{"DATABASE_URL": storetest.PostgresAddress(t)}
	one := program.WithRuns(t, nil, database)
	other := program.Start(t, database)
	if n := totalRuns(other); n != 0.0 {
		t.Errorf("an empty database has %v runs", n)
	}
	changed := hears(other)
	one.Write(map[string]any{"a.json": program.SmallScan(1, "2026-02-02T10:00:00Z", nil)})
	one.Job("refresh")
	begun := time.Now()
	changed()
	t.Logf("the other program's pages hear of it after %s", time.Since(begun).Round(time.Millisecond))
	other.Until("the other program does not see what the first one wrote", func() bool { return totalRuns(other) == 1.0 })
}

// TestOneOfThreeAsks: of three programs on one database one asks the upstreams,
// by itself and for the others; when it ends, the next one does.
func TestOneOfThreeAsks(t *testing.T) {
	t.Parallel()
	settings := onOnePostgres(t, 3)
	for _, s := range settings {
		s["REFRESH_INTERVAL"], s["POLL_INTERVAL"] = "1", "1"
	}
	played, replicas := fleet(t, settings...)
	played.Working()
	asks := func(now int) {
		t.Helper()
		_, before := replicas[now].github.counts()
		polls, _ := replicas[now].devin.counts()
		replicas[now].Until("the loops of the holder stand still", func() bool {
			_, lists := replicas[now].github.counts()
			polled, _ := replicas[now].devin.counts()
			return lists > before+3 && polled > polls+1
		})
		for i, r := range replicas {
			github, _ := r.github.counts()
			if devin, _ := r.devin.counts(); i > now && github+devin > 0 {
				t.Errorf("while %d runs the jobs, %d asked GitHub %d times and Devin %d times", now, i, github, devin)
			}
		}
	}
	asks(0)
	replicas[0].Says("/", http.StatusOK, "Jobs in this program")
	replicas[1].Says("/", http.StatusOK, "Jobs in another program")
	if result := replicas[2].Job("refresh"); result["total_files"] != 2.0 {
		t.Errorf("the refresh of another program answers %v", result)
	}
	asks(0)
	replicas[0].Stop()
	replicas[1].Until("nobody takes over from a program that has ended", func() bool { return replicas[1].leads() || replicas[2].leads() })
	if next := replicas[1]; !next.leads() {
		replicas[1], replicas[2] = replicas[2], replicas[1]
	}
	asks(1)
}

// TestRefreshOnThreeReplicas: a refresh that is pressed on three programs while
// one is under way runs once more, and answers all of them.
func TestRefreshOnThreeReplicas(t *testing.T) {
	t.Parallel()
	played, replicas := fleet(t, onOnePostgres(t, 3)...)
	holder, others := replicas[0], replicas[1:]
	_, before := holder.github.counts()
	holder.Job("refresh")
	_, after := holder.github.counts()
	holder.github.close("/git/trees/")
	first := holder.post("/api/refresh")
	holder.github.reached(t)
	played.Put(map[string]any{"late.json": lateScan(5)}) // which that listing lacks
	pressed := []<-chan said{holder.post("/api/refresh"), others[0].post("/api/refresh"), others[1].post("/api/refresh")}
	id, _ := holder.job("refresh", "running")["id"].(string)
	holder.Until("the others do not join", func() bool {
		joined, _ := holder.Object(http.MethodGet, "/api/jobs/"+id)["joined"].(float64)
		return joined == 3
	})
	holder.github.release()
	if got := <-first; got.status != http.StatusOK || got.body["total_files"] != 2.0 {
		t.Errorf("the refresh under way: %+v", got)
	}
	for i, p := range pressed {
		if got := <-p; got.status != http.StatusOK || got.body["total_files"] != 3.0 || (i > 0 && got.body["downloaded"] != 1.0) {
			t.Errorf("caller %d: %+v", i, got)
		}
	}
	if _, now := holder.github.counts(); now-after != 2*(after-before) {
		t.Errorf("%d listings for two refreshes; one takes %d", now-after, after-before)
	}
	for i, r := range others {
		if asked, _ := r.github.counts(); asked > 0 {
			t.Errorf("program %d asked GitHub %d times", i+1, asked)
		}
		for _, state := range []string{"queued", "running", "failed", "interrupted"} {
			if j := r.job("refresh", state); j != nil {
				t.Errorf("program %d lists a job that is %s: %v", i+1, state, j)
			}
		}
	}
}

// TestCancelOnAnotherReplica: a job is shown and canceled by any program, and
// who waits for it is told, wherever.
func TestCancelOnAnotherReplica(t *testing.T) {
	t.Parallel()
	_, replicas := fleet(t, onOnePostgres(t, 2)...)
	holder, other := replicas[0], replicas[1]
	for _, by := range []replica{holder, other} {
		holder.github.close("/git/trees/")
		waiting := by.post("/api/refresh")
		holder.github.reached(t)
		var id string
		other.Until("the other program does not show the job", func() bool {
			id, _ = other.job("refresh", "running")["id"].(string)
			return id != ""
		})
		_, card := other.Do(http.MethodGet, "/panels/jobs", "", "HX-Request", "true", "Cookie", "jobs="+id)
		if !strings.Contains(card, "Refresh: running") || !strings.Contains(card, "List files") || !strings.Contains(card, "Cancel") {
			t.Errorf("the card of the job on the other program: %s", card)
		}
		if status, job := other.Ask(http.MethodDelete, "/api/jobs/"+id); status != http.StatusOK || job["state"] != "cancelled" {
			t.Errorf("canceled on the other program: %d %v", status, job)
		}
		if got := <-waiting; got.status != http.StatusConflict {
			t.Errorf("who waited for it: %+v", got)
		}
		holder.github.release()
		if status, _ := other.Ask(http.MethodDelete, "/api/jobs/"+id); status != http.StatusConflict {
			t.Errorf("canceled once more: %d", status)
		}
	}
	if result := other.Job("refresh"); result["total_files"] != 2.0 {
		t.Errorf("the next refresh: %v", result)
	}
	if result := other.Job("backfill?dry_run=true"); result["dry_run"] != true {
		t.Errorf("a dry run for the other program: %v", result)
	}
}

// ghost is a run file that is there only while the holder of the lease lists
// and reads it, which is stopped then: it must never be stored.
func ghost(t *testing.T, played *program.Played, holder replica) (waiting <-chan said) {
	t.Helper()
	played.Put(map[string]any{"ghost.json": lateScan(9)})
	holder.github.close("/git/blobs/")
	waiting = holder.post("/api/refresh")
	holder.github.reached(t)
	played.Action.DeleteFile("telemetry/runs/ghost.json")
	played.Put(map[string]any{"late.json": lateScan(5)})
	return waiting
}

// settled checks that a program has what the upstream has, and that its
// refreshes ended well, each once.
func settled(t *testing.T, r replica, runs float64) {
	t.Helper()
	r.Until("the late file is missing", func() bool { return totalRuns(r.Program) == runs })
	if body := r.Page("/api/runs"); strings.Contains(body, "late9") {
		t.Errorf("what a former holder read was stored: %s", body)
	}
	for _, state := range []string{"queued", "running", "interrupted"} {
		r.Until("a refresh stays "+state, func() bool { return r.job("refresh", state) == nil })
	}
	if j := r.job("refresh", "failed"); j != nil {
		t.Errorf("a job failed: %v", j)
	}
}

// TestHolderKilled: after kill -9 of the program that runs the jobs another one
// takes them over, under the same ids, and who waits is answered.
func TestHolderKilled(t *testing.T) {
	t.Parallel()
	played, replicas := fleet(t, onOnePostgres(t, 3)...)
	holder, others := replicas[0], replicas[1:]
	changed := hears(others[1].Program)
	played.Put(map[string]any{"late.json": lateScan(5)})
	holder.github.close("/git/trees/")
	first := others[0].post("/api/refresh")
	holder.github.reached(t)
	var id string
	others[0].Until("the job is not listed", func() bool {
		id, _ = others[0].job("refresh", "running")["id"].(string)
		return id != ""
	})
	holder.Kill()
	killed := time.Now()
	second := others[1].post("/api/refresh")
	_, card := others[1].Do(http.MethodPost, "/actions/refresh", "", "HX-Request", "true")
	for _, words := range []string{"Refresh: queued", "Another program on the same database runs the jobs"} {
		if text := program.Text(card); !strings.Contains(text, words) {
			t.Errorf("the card of a job that waits does not say %q: %s", words, text)
		}
	}
	for i, waiting := range []<-chan said{first, second} {
		if got := <-waiting; got.status != http.StatusOK || got.body["total_files"] != 3.0 {
			t.Errorf("caller %d is answered %+v", i, got)
		}
	}
	t.Logf("what the killed program was doing is done %s later", time.Since(killed).Round(time.Millisecond))
	if j := others[1].Object(http.MethodGet, "/api/jobs/"+id); j["state"] != "done" {
		t.Errorf("the job that was cut off: %v", j)
	}
	settled(t, others[0], 3)
	changed()
	holder.Restart()
	if holder.leads() {
		t.Error("the program that was killed has the lease at once")
	}
	if result := holder.Job("refresh"); result["total_files"] != 3.0 {
		t.Errorf("its next refresh: %v", result)
	}
}

// TestHolderStopped: a program that stands still for long, and then goes on,
// stores nothing of what it was doing; another has done it under the same id.
func TestHolderStopped(t *testing.T) {
	t.Parallel()
	played, replicas := fleet(t, onOnePostgres(t, 2)...)
	holder, other := replicas[0], replicas[1]
	heard := []func(){hears(holder.Program), hears(other.Program)}
	waiting := ghost(t, played, holder)
	var id string
	other.Until("the job is not listed", func() bool {
		id, _ = other.job("refresh", "running")["id"].(string)
		return id != ""
	})
	holder.Signal(syscall.SIGSTOP)
	other.Until("nobody takes over from a program that stands still", func() bool {
		return other.leads() && other.Object(http.MethodGet, "/api/jobs/"+id)["state"] == "done"
	})
	settled(t, other, 3)
	holder.github.release()
	holder.Signal(syscall.SIGCONT)
	if got := <-waiting; got.status != http.StatusOK || got.body["total_files"] != 3.0 {
		t.Errorf("who waited at the stopped program is answered %+v", got)
	}
	holder.Until("it does not learn that it lost the lease", func() bool { return strings.Contains(holder.Log(), "has taken over the jobs") })
	settled(t, holder, 3)
	for _, changed := range heard {
		changed()
	}
	asked, _ := other.github.counts()
	if result := holder.Job("refresh"); result["total_files"] != 3.0 {
		t.Errorf("its next refresh: %v", result)
	}
	if now, _ := other.github.counts(); now == asked {
		t.Error("the next refresh was not run by the program that has the lease")
	}
}

// TestNetworkOfTheHolderCut: a program that the network cuts off from the
// database loses the lease, and joins the others when it is back.
func TestNetworkOfTheHolderCut(t *testing.T) {
	t.Parallel()
	settings := onOnePostgres(t, 2)
	address, err := url.Parse(settings[0]["DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	line := newCable(t, address.Host)
	address.Host = line.ln.Addr().String()
	settings[0] = program.Settings{"DATABASE_URL": address.String()}
	played, replicas := fleet(t, settings...)
	holder, other := replicas[0], replicas[1]
	heard := []func(){hears(holder.Program), hears(other.Program)}
	waiting := ghost(t, played, holder)
	line.set(true)
	if result := other.Job("refresh"); result["total_files"] != 3.0 {
		t.Errorf("the refresh of the program that is left: %v", result)
	}
	holder.github.release()
	time.Sleep(time.Second) // it meets the cut network
	line.mend()
	<-waiting // with 503 or 200, whatever it could tell
	holder.Until("it does not learn that it lost the lease", func() bool { return strings.Contains(holder.Log(), "has taken over the jobs") })
	if result := holder.Job("refresh"); result["total_files"] != 3.0 {
		t.Errorf("the refresh of the program that is back: %v", result)
	}
	settled(t, holder, 3)
	for _, changed := range heard {
		changed()
	}
}

// TestDatabaseOfReplicasRestarted: after a restart of PostgreSQL one of two
// programs runs the jobs, for both.
func TestDatabaseOfReplicasRestarted(t *testing.T) {
	s := newServer(t)
	played, replicas := fleet(t, s.url(serverPassword), s.url(serverPassword))
	heard := []func(){hears(replicas[0].Program), hears(replicas[1].Program)}
	s.stop()
	status, body := replicas[1].Post("/api/refresh")
	if status != http.StatusServiceUnavailable || !strings.Contains(body, "Cannot reach PostgreSQL") {
		t.Errorf("without its database: %d %s", status, body)
	}
	s.start()
	played.Put(map[string]any{"late.json": lateScan(5)})
	for i, r := range replicas {
		r.Until("it does not come back with its database", func() bool {
			res, _ := r.Get("/api/issues?per_page=7")
			return res.StatusCode == http.StatusOK
		})
		if result := r.Job("refresh"); result["total_files"] != 3.0 {
			t.Errorf("program %d: %v", i, result)
		}
		settled(t, r, 3)
		heard[i]()
	}
	if replicas[0].leads() && replicas[1].leads() && !strings.Contains(replicas[0].Log(), "has taken over the jobs") {
		t.Error("both run the jobs")
	}
}

// TestLimitIsKnownToAll: GitHub's limit that one program meets stops what people
// click on another one, which says it, and how much is left.
func TestLimitIsKnownToAll(t *testing.T) {
	t.Parallel()
	played, replicas := fleet(t, onOnePostgres(t, 2)...)
	holder, other := replicas[0], replicas[1]
	played.GitHub.SetRate(5000, 0, time.Now().Add(time.Hour), http.StatusForbidden)
	if status, _ := holder.Ask(http.MethodPost, "/api/refresh"); status != http.StatusTooManyRequests {
		t.Errorf("the refresh that meets the limit: %d", status)
	}
	other.Until("the other program does not show the limit", func() bool {
		_, page := other.Get("/")
		return strings.Contains(program.Text(page), "0/5,000 left")
	})
	asked, _ := other.github.counts()
	res, body := other.Get("/api/dispatch/preflight?target_repo=octo/shop")
	if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" || !strings.Contains(body, "another program") {
		t.Errorf("a click on the other program: %d %q %s", res.StatusCode, res.Header.Get("Retry-After"), body)
	}
	if now, _ := other.github.counts(); now != asked {
		t.Error("it asked GitHub against the limit")
	}
	if status, body := other.Ask(http.MethodPost, "/api/refresh"); status != http.StatusTooManyRequests {
		t.Errorf("a refresh on the other program: %d %v", status, body)
	}
}
