package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

// fetchPullsAndClaims answers for GitHub and for Devin.
func fetchPullsAndClaims(db *store.Store) {
	fetchPulls(db)
	pollClaims(db)
}

// pollClaims answers for Devin: of the sessions that records name, some say
// that an issue is fixed, some that it is blocked, some nothing.
func pollClaims(db *store.Store) {
	ctx := context.Background()
	list, err := lists.Sessions(db).Rows(ctx, query.Ask{Page: query.Page{Number: 1, Size: 1000}})
	if err != nil {
		panic(err)
	}
	var answer telemetry.SessionAnswer
	for i, s := range list.Items {
		u := telemetry.UpstreamSession{ID: s.Key, API: "v3", Status: "running", Detail: "finished", UpdatedAt: s.At.Add(time.Hour),
			Playbook: []string{"", "codeql-fix", "Fix: \"all\", please"}[i%3], MilliACUs: int64(i%5) * 1250, Tags: s.IssueIDs}
		switch i % 4 {
		case 0:
			u.Output, _ = json.Marshal(telemetry.Claim{Status: "done", Fixed: s.IssueIDs})
		case 1:
			blocked := []telemetry.BlockedIssue{}
			for _, id := range s.IssueIDs {
				blocked = append(blocked, telemetry.BlockedIssue{ID: strings.ToLower(id), Reason: "No tests"})
			}
			u.Output, _ = json.Marshal(telemetry.Claim{Status: "blocked", Fixed: s.IssueIDs[:len(s.IssueIDs)/2], Blocked: blocked})
		case 2:
			u.Output = []byte(`{"status": 5, "issues_fixed": "all"}`)
		}
		answer.Sessions = append(answer.Sessions, u)
	}
	if err := derive.New(db).SavePoll(ctx, answer); err != nil {
		panic(err)
	}
}

// written answers with all that a stream writes.
func written(stream func(*fiber.Ctx) (func(context.Context, *bufio.Writer) error, error)) fiber.Handler {
	return func(c *fiber.Ctx) error {
		write, err := stream(c)
		if err != nil {
			return err
		}
		var body bytes.Buffer
		w := bufio.NewWriter(&body)
		if err := write(c.UserContext(), w); err != nil {
			return err
		}
		w.Flush()
		return c.Send(body.Bytes())
	}
}
