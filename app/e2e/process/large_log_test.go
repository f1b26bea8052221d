package process

import (
	"fmt"
	"net/http"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
)

// TestUnusableLogs: a log of 100 MB, whether its list says so or not, one of
// NaN, and one of another repository describe nothing, take no memory of their
// size, and each run's page says why; a log beside them counts.
func TestUnusableLogs(t *testing.T) {
	if program.Race {
		t.Skip("SKIPPED: a large log: the race detector takes memory of its own")
	}
	const size = 100 << 20
	issues := func(run int) string {
		return fmt.Sprintf(`[{"id": "CQLF-R%d-0001", "rule_id": "js/xss", "fingerprint": "00000000000000aa", "message": "Told by run %d.",
			"locations": [{"file": "a.js", "start_line": 7}]}]`, run, run)
	}
	records := map[string]any{}
	for run := 1; run <= 5; run++ {
		records[fmt.Sprint(run, ".json")] = program.SmallScan(run, time.Now().Add(-time.Duration(9-run)*time.Hour).UTC().Format(time.RFC3339),
			map[string]any{"run_label": fmt.Sprint("run-", run), "fork_url": ""})
	}
	p := program.NewPlayed(t, "cog_played", records)
	shop := p.GitHub.Repo("octo/shop")
	put := func(run int, name, body string) { shop.PutFile(fmt.Sprintf("logs/run-%d/%s", run, name), []byte(body)) }
	put(5, "issues.json", issues(5))
	put(2, "issues.json", `[{"id": "CQLF-R2-0001", "severity_score": NaN}]`)
	put(3, "issues.json", issues(3))
	put(3, "run_log.json", `{"target_repo": "https://github.com/octo/other"}`)
	put(4, "issues.json", strings.Repeat(" ", size))
	flooded := issues(1) // asked for last, since it is the oldest
	put(1, "issues.json", flooded)
	p.Start(program.Settings{"GOMEMLIMIT": smallLimit}.With(p.Settings(program.Fronts{"GITHUB_API_URL": func(player http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if path.Base(r.URL.Path) != shaOf(flooded) {
				player.ServeHTTP(w, r)
				return
			}
			fmt.Fprint(w, `{"encoding": "base64", "content": "`)
			for range size >> 20 {
				if _, err := w.Write([]byte(strings.Repeat("ICAg", 1<<18))); err != nil {
					return
				}
			}
			fmt.Fprint(w, `"}`)
		})
	}})))
	before, _ := resident(t, p.PID())
	p.UntilSays("/api/jobs", `"kind":"run-logs","state":"done"`)
	for run, says := range map[int]string{
		1: "", 2: "issues.json: Not a JSON object", 3: "of the repository octo/other, and not of octo/shop. It is not used.",
		4: "issues.json: The file has 104857600 bytes", 5: "",
	} {
		page := fmt.Sprintf("/runs/%d.json", run)
		if says == "" {
			p.Says(page, http.StatusOK, "!Log not used")
		} else {
			p.Says(page, http.StatusOK, "Log not used in full.", says)
		}
	}
	p.UntilSays("/api/jobs", "GitHub's answer about issues.json is larger than any that GitHub gives")
	issue := p.Items("/api/issues")[0]["id"].(string)
	p.Says("/issues/"+issue, http.StatusOK, "Told by run 5.", "!Told by run 3.")
	if _, most := resident(t, p.PID()); most-before > size {
		t.Errorf("the program had %d MB resident, and %d MB before it read the logs", most>>20, before>>20)
	}
}

// resident is what a process has in memory, now and at most since it started.
func resident(t *testing.T, pid int) (now, most int) {
	t.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		t.Skipf("SKIPPED: memory: this system does not tell a process's memory: %v", err)
	}
	kilobytes := func(name string) int {
		n, err := strconv.Atoi(regexp.MustCompile(name + `:\s+(\d+) kB`).FindStringSubmatch(string(text))[1])
		if err != nil {
			t.Fatal(err)
		}
		return n << 10
	}
	now, most = kilobytes("VmRSS"), kilobytes("VmHWM")
	t.Logf("%d MB, at most %d MB", now>>20, most>>20)
	return now, most
}
