package process

import (
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/telemetry"
)

// TestDeliveryOutlivesAKill: a webhook that was answered is worked off after a
// kill that came before its work had ended, and those behind it are too.
func TestDeliveryOutlivesAKill(t *testing.T) {
	opened := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	const title = "fix(CQLF-R1-0002): escape"
	played, replicas := fleet(t, program.Settings{"GITHUB_WEBHOOK_SECRET": program.WebhookSecret, "DATABASE_URL": "sqlite:" + t.TempDir() + "/killed.db"})
	p := replicas[0]
	played.GitHub.Repo("octo/shop").PutPull(telemetry.PullRequest{Number: 7, Title: title, User: "devin", CreatedAt: opened, UpdatedAt: opened})
	p.Job("refresh")
	p.github.close("/repos/octo/shop/pulls/7")
	if status := p.Webhook("pull_request_review", "review", program.PullEvent("octo/shop", 7, "submitted", title, opened, false)); status != 202 {
		t.Fatalf("answered with %d", status)
	}
	p.github.reached(t)
	if status := p.Webhook("pull_request", "merged", program.PullEvent("octo/shop", 7, "closed", title, opened.Add(time.Minute), true)); status != 202 {
		t.Fatalf("answered with %d", status)
	}
	p.Kill()
	p.github.release()
	p.Restart()
	for _, id := range []string{"review", "merged"} {
		if d := p.Delivery(id); d["state"] != "done" || d["tries"] != 1.0 {
			t.Errorf("%s: %v", id, d)
		}
	}
	p.UntilSays("/api/prs?state=merged", `"pr_number":7`)
}

// TestWebhookToAnotherReplica: a webhook may come to any of several programs; the
// one that has the lease works it off, once.
func TestWebhookToAnotherReplica(t *testing.T) {
	t.Parallel()
	settings := onOnePostgres(t, 2)
	for _, s := range settings {
		s["GITHUB_WEBHOOK_SECRET"] = program.WebhookSecret
	}
	_, replicas := fleet(t, settings...)
	at := time.Now().UTC().Truncate(time.Second)
	event := program.PullEvent("octo/shop", 7, "closed", "fix(CQLF-R1-0002): escape", at, true)
	if first, second := replicas[1].Webhook("pull_request", "merged", event), replicas[0].Webhook("pull_request", "merged", event); first != 202 || second != 200 {
		t.Errorf("answered with %d, and by the other program with %d", first, second)
	}
	if d := replicas[1].Delivery("merged"); d["state"] != "done" || d["tries"] != 1.0 {
		t.Errorf("%v", d)
	}
	replicas[1].UntilSays("/api/prs?state=merged", `"pr_number":7`)
}
