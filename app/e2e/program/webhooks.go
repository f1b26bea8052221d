package program

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// WebhookSecret is the secret of the webhooks that Webhook sends.
const WebhookSecret = "a-secret-of-webhooks"

// Webhook sends a webhook as GitHub does, signed, and returns the status.
func (p *Program) Webhook(event, id string, payload map[string]any) int {
	p.T.Helper()
	body, err := json.Marshal(payload)
	if err != nil {
		p.T.Fatal(err)
	}
	mac := hmac.New(sha256.New, []byte(WebhookSecret))
	mac.Write(body)
	res, _ := p.Do(http.MethodPost, "/webhooks/github", string(body), "Content-Type", "application/json", "X-GitHub-Event", event,
		"X-GitHub-Delivery", id, "X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	return res.StatusCode
}

// Delivery waits until a webhook has been worked off, and returns it as the
// program lists it.
func (p *Program) Delivery(id string) (d map[string]any) {
	p.T.Helper()
	p.Until("the delivery "+id+" is not worked off", func() bool {
		items := p.Items("/api/deliveries?q=id:" + id)
		if len(items) == 1 {
			d = items[0]
		}
		return len(items) == 1 && items[0]["state"] != "queued"
	})
	return d
}

// RepositoryOf is a repository as payloads have it.
func RepositoryOf(name string) map[string]any {
	return map[string]any{"id": len(name), "full_name": name, "default_branch": "main"}
}

// PullEvent is the payload of an event of a pull request that was updated at a
// time, then merged where merged is set.
func PullEvent(repo string, number int, action, title string, at time.Time, merged bool) map[string]any {
	stamp := at.UTC().Format(time.RFC3339)
	pull := map[string]any{"number": number, "state": "open", "title": title, "updated_at": stamp, "created_at": stamp,
		"html_url": fmt.Sprintf("https://github.com/%s/pull/%d", repo, number), "head": map[string]any{"ref": "fix"}}
	if merged {
		pull["state"], pull["merged_at"], pull["closed_at"] = "closed", stamp, stamp
	}
	return map[string]any{"action": action, "number": number, "pull_request": pull, "repository": RepositoryOf(repo)}
}
