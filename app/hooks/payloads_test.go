package hooks_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestRealPayloads sends GitHub's own examples with true signatures: each is
// accepted, and those of events that are used say what is to be done.
func TestRealPayloads(t *testing.T) {
	for _, host := range []string{"api.github.com", "ghes-35"} {
		t.Run(host, func(t *testing.T) { realPayloads(t, host) })
	}
}

func realPayloads(t *testing.T, host string) {
	file := filepath.Join("..", "..", "tools", "webhooks", "node_modules", "@octokit", "webhooks-examples", host, "index.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Skip("SKIPPED: webhooks: GitHub's examples are not installed; npm ci in tools/webhooks does that")
	}
	var events []struct {
		Name     string
		Examples []json.RawMessage
	}
	if err := json.Unmarshal(text, &events); err != nil {
		t.Fatal(err)
	}
	s := open(t, secret, "")
	sent := map[string]int{}
	for _, e := range events {
		for i, example := range e.Examples {
			var body bytes.Buffer
			if err := json.Compact(&body, example); err != nil {
				t.Fatal(err)
			}
			status, answer := s.send(hook{event: e.Name, body: body.String(), form: i%2 == 1})
			if status/100 != 2 {
				t.Errorf("%s %d: %d %v", e.Name, i, status, answer)
			}
			sent[fmt.Sprint(e.Name, " ", answer["state"])]++
		}
	}
	for _, want := range []string{"ping done", "push ignored", "pull_request queued", "pull_request_review queued", "check_suite queued",
		"check_suite ignored", "workflow_run queued", "repository queued", "repository ignored", "star ignored"} {
		if sent[want] == 0 {
			t.Errorf("no example is %s: %v", want, sent)
		}
	}
}
