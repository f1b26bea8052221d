package program

import (
	"fmt"
	"strings"
	"time"
)

// ListRecords are a shop with fixed, reopened and open issues in long places,
// sessions in several states, and a bank whose open issues grew.
func ListRecords() map[string]any {
	const deep = "src/main/java/io/northwind/claims/ProfileImageUploadController.java"
	var findings []map[string]any
	for n, severity := range []string{"critical", "high", "high", "medium", "low", "low", "low"} {
		findings = append(
			findings,
			Finding(1, n+1, severity, []string{"xss", "injection"}[n%2], fmt.Sprintf("java/unsafe-deserialization-%d", n+1), deep, 120+n),
		)
	}
	at, old := time.Now().Add(-50*time.Hour), time.Now().AddDate(0, 0, -60)
	session := func(digit, status, pr string, ids ...string) map[string]any {
		return map[string]any{
			"session_id": "devin-" + strings.Repeat(digit, 32),
			"batch_id":   1,
			"status":     status,
			"issue_ids":  ids,
			"pr_url":     pr,
		}
	}
	bank := func(run int, at time.Time, found int) map[string]any {
		var list []map[string]any
		for n := range found {
			list = append(list, Finding(run, n, "low", "csrf", fmt.Sprintf("js/rule-%d", n), "a.js", n+1))
		}
		s := Scan(run, at, list)
		s["target_repo"], s["fork_url"] = "https://github.com/octo/bank", ""
		return s
	}
	return map[string]any{
		"a.json": Scan(
			1,
			old,
			findings,
			session("a", "working", "https://github.com/octo/shop/pull/7", "CQLF-R1-0001"),
			session("b", "finished", "", "CQLF-R1-0002"),
			session("", "error: 429 Client Error", "", "CQLF-R1-0003"),
		),
		"b.json": Scan(2, at.Add(time.Hour), findings[1:]),
		"c.json": Scan(3, at.Add(2*time.Hour), findings[:6]),
		"d.json": bank(4, old, 1), "e.json": bank(5, at, 3),
	}
}

// ManyRecords are a repository with fourteen families and odd severities,
// whose sessions took some, and one whose scan names no findings.
func ManyRecords() map[string]any {
	now := time.Now().UTC()
	var first, second []map[string]any
	var sessions []map[string]any
	for n := 1; n <= 60; n++ {
		tier := []string{"critical", "high", "medium", "low", "high", "odd"}[n%6]
		f := Finding(1, n, tier, fmt.Sprintf("family %c", 'a'+n%14), fmt.Sprintf("js/rule-%02d", n), fmt.Sprintf("src/%d.ts", n), n)
		if n == 14 || n == 28 {
			f["cwe_family"] = ""
		}
		first = append(first, f)
		if n > 12 {
			second = append(second, f)
		}
	}
	for n, status := range []string{"finished", "finished", "expired", "failed", "blocked"} {
		ids := []string{}
		for i := n * 8; i < n*8+8; i++ {
			ids = append(ids, fmt.Sprintf("CQLF-R1-%04d", i+1))
		}
		id := fmt.Sprintf("devin-%032x", n+1)
		sessions = append(
			sessions,
			map[string]any{
				"session_id":  id,
				"session_url": "https://app.devin.ai/sessions/" + id,
				"batch_id":    n,
				"status":      status,
				"issue_ids":   ids,
			},
		)
	}
	bare := Scan(7, now.AddDate(0, 0, -2), first[:9])
	bare["target_repo"], bare["fork_url"] = "https://github.com/octo/bare", "https://github.com/octo/bare"
	delete(bare, "issue_fingerprints")
	return map[string]any{
		"a.json": Scan(1, now.AddDate(0, 0, -20), first, sessions...),
		"b.json": Scan(2, now.AddDate(0, 0, -3), second),
		"c.json": bare,
	}
}
