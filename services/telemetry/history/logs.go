package history

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Log is what a run committed to the scanned repository: files beneath
// logs/Label of Repo's default branch.
type Log struct {
	Repo  string // "owner/name" of the fork, or of the target
	Label string
	Files []LogFile
}

// LogFile is one file of a Log.
type LogFile struct {
	Name string
	Body []byte
}

// Logs returns the logs that were committed so far, in that order: of about
// half of the repositories, since the others do not persist them.
func (w *World) Logs() []Log {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.m.logs)
}

// persists reports whether a repository's runs commit their logs.
func (r *repository) persists() bool {
	h := uint64(len(r.name))
	for _, c := range []byte(r.name) {
		h = mix(h ^ uint64(c))
	}
	return h%8 < 5
}

// label is what the action calls a run.
func (s *scanRecord) label() string {
	at := s.at.Add(-time.Duration(3+s.run%13) * time.Second)
	return fmt.Sprintf("run-%d-%s", s.run, at.Format("2006-01-02-150405"))
}

// loggedIssue is a finding as issues.json has it.
type loggedIssue struct {
	ID          string            `json:"id"`
	Rule        string            `json:"rule_id"`
	Name        string            `json:"rule_name"`
	Description string            `json:"rule_description"`
	Help        string            `json:"rule_help"`
	Message     string            `json:"message"`
	Score       float64           `json:"severity_score"`
	Tier        string            `json:"severity_tier"`
	CWEs        []string          `json:"cwes"`
	Family      string            `json:"cwe_family"`
	Locations   []loggedLocation  `json:"locations"`
	Level       string            `json:"level"`
	Partial     map[string]string `json:"partial_fingerprints"`
	Fingerprint string            `json:"fingerprint"`
}

type loggedLocation struct {
	File        string `json:"file"`
	StartLine   int    `json:"start_line"`
	EndLine     int    `json:"end_line"`
	StartColumn int    `json:"start_column"`
}

// persist commits the log of a scan, if its repository keeps logs. The ids in
// it are those that the scan's sessions were given: where a record calls its
// findings CQLF-ALL-…, the log alone says which they are.
func (m *sim) persist(rec *scanRecord) {
	if !m.keep || !rec.repo.persists() || rec.repo.noFingerprints {
		return
	}
	ids, next := map[*issue]string{}, 1
	for _, s := range rec.sessions {
		for _, t := range s.targets {
			if t.ref.number > 0 {
				ids[t.issue] = t.ref.String()
				next = max(next, t.ref.number+1)
			}
		}
	}
	issues := []loggedIssue{}
	for _, i := range rec.findings {
		if ids[i] == "" {
			if ids[i] = i.ref.String(); rec.all || rec.withoutFindings {
				ids[i] = issueRef{run: rec.run, number: next}.String()
				next++
			}
		}
		issues = append(issues, rec.repo.logged(i, ids[i]))
	}
	l := Log{Repo: rec.repo.fork, Label: rec.label()}
	l.put("issues.json", map[string]any{"schema_version": "1.0", "issues": issues})
	sessions, batches := []map[string]any{}, []map[string]any{}
	for _, s := range rec.sessions {
		if s.id != "" {
			sessions = append(sessions, map[string]any{"batch_id": s.batch, "session_id": "devin-" + s.id,
				"url": sessionURL + s.id, "status": "created"})
		}
		var given []loggedIssue
		for _, t := range s.targets {
			given = append(given, rec.repo.logged(t.issue, ids[t.issue]))
		}
		batches = append(batches, map[string]any{"batch_id": s.batch, "cwe_family": s.family, "issue_count": len(given), "issues": given})
		l.Files = append(l.Files, LogFile{fmt.Sprintf("prompt_batch_%d.txt", s.batch), rec.prompt(s, given)})
	}
	l.put("sessions.json", sessions)
	l.put("batches.json", map[string]any{"schema_version": "1.0", "batches": batches})
	l.put("run_log.json", map[string]any{"run_label": l.Label, "run_number": fmt.Sprint(rec.run), "total_filtered": len(issues)})
	m.logs = append(m.logs, l)
}

func (l *Log) put(name string, v any) {
	body, _ := json.MarshalIndent(v, "", "  ") // texts, numbers and lists of them
	l.Files = append(l.Files, LogFile{name, body})
}

// logged is an issue as a log describes it.
func (r *repository) logged(i *issue, id string) loggedIssue {
	title := titleOf(i.rule.id)
	return loggedIssue{
		ID: id, Rule: i.rule.id, Name: i.rule.id, Description: title, Help: helpOf(title, i.rule.family),
		Message: messageOf(i.rule.family), Score: scoreOf(i.rule), Tier: i.rule.tier, CWEs: cwesOf(i.rule.family), Family: i.rule.family,
		Locations: []loggedLocation{{i.file.path, i.line, i.line, 5 + i.line%20}}, Level: levelOf(i.rule.tier), Fingerprint: r.fingerprint(i),
		Partial: map[string]string{"primaryLocationLineHash": fmt.Sprintf("%016x:1", mix(i.print+7))},
	}
}

// prompt is what Devin was told for a batch.
func (s *scanRecord) prompt(given *session, issues []loggedIssue) []byte {
	var b strings.Builder
	repo := "https://github.com/" + s.repo.name
	fmt.Fprintf(&b, "Fix %d CodeQL security issue(s) in %s (branch: main).\n\nIssues to fix:\n", len(issues), repo)
	for n, i := range issues {
		at := i.Locations[0]
		fmt.Fprintf(&b, "\n### %s: %s (%s)\n- Severity: %s (%.1f)\n- CWE: %s\n- Location(s): %s:%d\n"+
			"- Description: %s\n- Rule: %s\n- Code context:\n```\n",
			i.ID, i.Name, i.Rule, strings.ToUpper(i.Tier), i.Score, strings.Join(i.CWEs, ", "), at.File, at.StartLine, i.Message, i.Description)
		s.repo.code(&b, given.targets[n].issue)
		b.WriteString("```\n")
	}
	fmt.Fprintf(&b, "\nInstructions:\n1. Clone %s and create a new branch from main.\n2. Fix ALL the issues listed above.\n"+
		"3. Ensure fixes don't break existing functionality.\n4. Run existing tests if available to verify.\n"+
		"5. Title the PR exactly: 'fix(%s): resolve %s security issues'\n", repo, given.idList(","), given.family)
	return []byte(b.String())
}

// code writes the lines around an issue, as far as the file has them.
func (r *repository) code(b *strings.Builder, i *issue) {
	lines := codeOf(r.lang.name, i.rule.family)
	for k, line := range lines {
		n, mark := i.line+k-len(lines)/2, "   "
		if n < 1 {
			continue
		}
		if n == i.line {
			mark = ">>>"
		}
		fmt.Fprintf(b, "%s %4d | %s\n", mark, n, line)
	}
}

// Registry returns repo_registry.json: what the orchestrator is to do with
// each repository.
func (w *World) Registry() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	entries := []map[string]any{}
	for _, r := range w.m.repos {
		entry := map[string]any{"repo": "https://github.com/" + r.name, "enabled": true, "tags": []string{r.lang.name}, "schedule": "weekly"}
		if r.interval < 3*day {
			entry["schedule"] = "daily"
		}
		// What holds the most counts the most; the rest is not ranked.
		if rank := r.profile.base / 12; rank > 0 {
			entry["importance"] = [...]string{"low", "medium", "high", "critical"}[min(rank-1, 3)]
			entry["importance_score"] = min(35+18*rank, 95)
		}
		entries = append(entries, entry)
	}
	l := Log{}
	l.put("", map[string]any{"version": "2.0", "repos": entries})
	return l.Files[0].Body
}

// State returns orchestrator_state.json: the last session that was started for
// each fingerprint of a dispatch.
func (w *World) State() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := Log{}
	l.put("", map[string]any{"dispatch_history": w.m.history, "last_cycle": w.m.cycle.Format(stampForm)})
	return l.Files[0].Body
}

// dispatched is what the state says of one fingerprint.
type dispatched struct {
	Count       int    `json:"dispatch_count"`
	Fingerprint string `json:"fingerprint"`
	At          string `json:"last_dispatched"`
	Session     string `json:"last_session_id"`
	Failures    int    `json:"consecutive_failures"`
}

// note has the state tell of a dispatch.
func (m *sim) note(s *session, at time.Time) {
	if !m.keep || s.id == "" {
		return
	}
	if m.history == nil {
		m.history = map[string]dispatched{}
	}
	m.cycle = at
	for _, t := range s.targets {
		d := m.history[t.print]
		m.history[t.print] = dispatched{d.Count + 1, t.print, at.Format(stampForm), "devin-" + s.id, 0}
	}
}
