package telemetry

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// What one batch may hold.
const (
	// BatchSize is how many issues a session is given unless somebody says
	// otherwise: the action's own default.
	BatchSize = 5
	// BatchMost is the most that one may be given.
	BatchMost = 20

	helpMost    = 500 // characters of a rule's help in a prompt, as in the action's
	messageCut  = 1000
	snippetsCut = 4000 // bytes of an issue's code
)

// NewBatch is what one session is to be asked to fix: issues of one repository and family.
type NewBatch struct {
	ID       string    `json:"id"`
	Repo     RepoName  `json:"repo"`
	Target   string    `json:"target_repo"` // its address, as recorded
	Family   string    `json:"family"`
	Severity string    `json:"severity_tier"` // the worst of its issues
	Issues   []string  `json:"issues"`        // their ids here
	Findings []Finding `json:"findings"`      // likewise, as the session is told of them, without a place: a record of those is a scan
	Title    string    `json:"title"`
	Prompt   string    `json:"prompt"`
	Note     Optional  `json:"note"`        // what the person who sends it has added to the prompt
	Playbook Optional  `json:"playbook_id"` // that the session is to follow, "" for none
	Tags     []string  `json:"tags"`
}

// SentRun is how the record of a batch is labelled: as those of the action's
// orchestrator, so that it counts as a dispatch wherever it is read.
const SentRun = "orchestrator_dispatch_dashboard_"

// BatchTag is the tag that only the session of a batch has.
func BatchTag(id string) string { return "batch-" + id }

// PlanBatches parts issues into batches of at most size: by repository and family,
// the worst severity first. newID names each.
func PlanBatches(issues []IssueDetail, size int, newID func() string) []NewBatch {
	batches := batched(issues, size, func(i *IssueDetail) *IssueRow { return &i.IssueRow })
	planned := make([]NewBatch, len(batches))
	for n, issues := range batches {
		planned[n] = newBatch(newID(), issues)
	}
	return planned
}

// BatchRows parts issues as PlanBatches does.
func BatchRows(issues []IssueRow, size int) [][]IssueRow {
	return batched(issues, size, func(i *IssueRow) *IssueRow { return i })
}

// batched parts a list into batches; row gives the issue of an entry.
func batched[T any](list []T, size int, row func(*T) *IssueRow) [][]T {
	type of struct {
		repo   RepoName
		family string
	}
	groups := map[of][]T{}
	for n := range list {
		k := of{row(&list[n]).Repo, row(&list[n]).Family}
		groups[k] = append(groups[k], list[n])
	}
	var batches [][]T
	for _, group := range groups {
		slices.SortStableFunc(group, func(a, b T) int { return worstFirst(row(&a), row(&b)) })
		batches = slices.AppendSeq(batches, slices.Chunk(group, size))
	}
	slices.SortFunc(batches, func(x, y []T) int {
		a, b := row(&x[0]), row(&y[0])
		return cmp.Or(cmp.Compare(SeverityRank(a.Severity), SeverityRank(b.Severity)), cmp.Compare(a.Repo, b.Repo),
			cmp.Compare(a.Family, b.Family), worstFirst(a, b))
	})
	return batches
}

func worstFirst(a, b *IssueRow) int {
	return cmp.Or(cmp.Compare(SeverityRank(a.Severity), SeverityRank(b.Severity)), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
		cmp.Compare(a.PublicID, b.PublicID))
}

// newBatch is the batch of some issues, the worst first.
func newBatch(id string, issues []IssueDetail) NewBatch {
	worst := issues[0]
	b := NewBatch{ID: id, Repo: worst.Repo, Target: worst.TargetRepo, Family: cmp.Or(worst.Family, "other"), Severity: worst.Severity}
	b.Tags = []string{"codeql-fix", BatchTag(id), "severity-" + worst.Severity}
	for _, i := range issues {
		b.Issues = append(b.Issues, i.PublicID)
		b.Findings = append(b.Findings, Finding{
			IssueID: i.sentID(), Fingerprint: i.Fingerprint, Rule: i.Rule, Severity: i.Severity, Family: i.Family,
		})
		for _, cwe := range i.CWEs {
			b.tag(strings.ToLower(cwe))
		}
	}
	for _, issue := range b.issueIDs() { // beyond MaxTags they stand in our record and in the prompt
		b.tag(issue)
	}
	b.Title = fmt.Sprintf("CodeQL Fix (%s): %s (%s)", strings.Join(b.issueIDs(), ","), b.Family, strings.ToUpper(worst.Severity))
	b.Prompt = b.prompt(issues)
	return b
}

func (b *NewBatch) tag(tag string) {
	if len(b.Tags) < MaxTags && !slices.Contains(b.Tags, tag) {
		b.Tags = append(b.Tags, tag)
	}
}

// issueIDs are what the session calls the issues: as the last scan's record does.
func (b *NewBatch) issueIDs() []string {
	ids := make([]string, len(b.Findings))
	for n, f := range b.Findings {
		ids[n] = f.IssueID
	}
	return ids
}

// Rules are the rules of its issues, each once.
func (b *NewBatch) Rules() []string {
	rules := []string{}
	for _, f := range b.Findings {
		if !slices.Contains(rules, f.Rule) {
			rules = append(rules, f.Rule)
		}
	}
	return rules
}

// sentID is the id of the issue in its last record or, where that has none, its
// own in the same form.
func (i *IssueDetail) sentID() string {
	if i.LatestIssueID != "" {
		return i.LatestIssueID
	}
	return "CQLF-" + strings.ToUpper(i.PublicID)
}

// prompt is what the session is told, in the form of the action's own prompts.
func (b *NewBatch) prompt(issues []IssueDetail) string {
	var p strings.Builder
	ids := b.issueIDs()
	all := strings.Join(ids, ", ")
	fmt.Fprintf(&p, "Fix %d CodeQL security issue(s) in %s.\n\n", len(ids), b.Target)
	fmt.Fprintf(&p, "Issue IDs: %s\nCategory: %s | Severity: %s%s\nBatch: %s\n\nIssues to fix:\n",
		all, b.Family, strings.ToUpper(b.Severity), worstScore(issues), BatchTag(b.ID))
	files := map[string]bool{}
	for n := range issues {
		issues[n].describe(&p, ids[n])
		if file := issues[n].File; file != "" {
			files[file] = true
		}
	}
	fmt.Fprintf(&p, "\nInstructions:\n1. Clone %s and create a new branch from its default branch.\n"+
		"2. Fix ALL the issues listed above. Track which issue IDs you are fixing.\n"+
		"3. Ensure fixes don't break existing functionality.\n"+
		"4. Run existing tests if available to verify.\n"+
		"5. Create a PR on %s with a clear description listing each issue ID fixed.\n"+
		"6. Title the PR exactly: 'fix(%s): resolve %s security issues'\n"+
		"7. In the PR body, list each issue ID (%s) and describe the fix applied.\n",
		b.Target, b.Target, strings.Join(ids, ","), b.Family, all)
	if len(files) > 0 {
		p.WriteString("\nFiles to focus on:\n")
		for _, file := range slices.Sorted(maps.Keys(files)) {
			fmt.Fprintf(&p, "- %s\n", file)
		}
	}
	return p.String()
}

func worstScore(issues []IssueDetail) string {
	worst := 0.0
	for _, i := range issues {
		if i.Score != nil {
			worst = max(worst, *i.Score)
		}
	}
	if worst == 0 {
		return ""
	}
	return fmt.Sprintf(" (max CVSS: %.1f)", worst)
}

// describe writes an issue's part of a prompt.
func (i *IssueDetail) describe(p *strings.Builder, id string) {
	fmt.Fprintf(p, "\n### %s: %s\n- Severity: %s", id, i.Rule, strings.ToUpper(i.Severity))
	if i.Score != nil {
		fmt.Fprintf(p, " (%.1f)", *i.Score)
	}
	p.WriteByte('\n')
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(p, "- %s: %s\n", name, text)
		}
	}
	line("CWE", strings.ToLower(strings.Join(i.CWEs, ", ")))
	where := []string{}
	for _, l := range i.Locations {
		where = append(where, fmt.Sprintf("%s:%d", l.File, l.StartLine))
	}
	if len(where) == 0 && i.File != "" {
		where = append(where, fmt.Sprintf("%s:%d", i.File, i.Line))
	}
	line("Location(s)", strings.Join(where, ", "))
	line("Description", Shorten(string(i.Message), messageCut))
	line("Rule", string(i.Title))
	line("Guidance", Shorten(string(i.Help), helpMost))
	if i.Code == nil {
		return
	}
	left := snippetsCut
	for _, s := range i.Code.Snippets {
		if left -= len(s.Code); left < 0 {
			return
		}
		fmt.Fprintf(p, "- Code as of run %d, %s from line %d:\n```\n%s\n```\n", i.Code.RunNumber, cmp.Or(s.File, i.File), s.FirstLine,
			strings.TrimRight(s.Code, "\n"))
	}
}

// OutputSchema is the schema of a session's structured output: the action's own.
func OutputSchema() []byte {
	return []byte(`{
  "type": "object",
  "properties": {
    "status": {"type": "string", "enum": ["analyzing", "fixing", "testing", "creating_pr", "done", "blocked"]},
    "issues_attempted": {"type": "array", "items": {"type": "string"}},
    "issues_fixed": {"type": "array", "items": {"type": "string"}},
    "issues_blocked": {"type": "array", "items": {"type": "object",
      "properties": {"id": {"type": "string"}, "reason": {"type": "string"}}, "required": ["id", "reason"]}},
    "pull_request_url": {"type": "string"},
    "files_changed": {"type": "integer"},
    "tests_passing": {"type": "boolean"}
  }
}`)
}

// Session is the session to start for a batch.
func (b *NewBatch) Session(maxACUs int64) NewSession {
	return NewSession{Prompt: b.Prompt, Title: b.Title, Tags: b.Tags, MaxACUs: maxACUs, Playbook: string(b.Playbook), Schema: OutputSchema()}
}

// sentRecord is a dispatch's record.
type sentRecord struct {
	TargetRepo  string            `json:"target_repo"`
	ForkURL     string            `json:"fork_url"`
	RunNumber   int64             `json:"run_number"`
	RunID       string            `json:"run_id"`
	RunURL      string            `json:"run_url"`
	RunLabel    string            `json:"run_label"`
	Timestamp   string            `json:"timestamp"`
	IssuesFound int64             `json:"issues_found"`
	Batches     int64             `json:"batches_created"`
	Zero        bool              `json:"zero_issue_run"`
	Severities  map[string]int64  `json:"severity_breakdown"`
	Categories  map[string]int64  `json:"category_breakdown"`
	Sessions    []RecordedSession `json:"sessions"`
	Findings    []Finding         `json:"issue_fingerprints"`
	SentBy      string            `json:"sent_by"`
}

// Record is the record of a batch whose session was started by a person at a
// time: a dispatch like those of the orchestrator, from which all that the
// dashboard shows of the session follows. It names every issue of the batch.
func (b *NewBatch) Record(s UpstreamSession, by string, at time.Time) (name string, body []byte, err error) {
	session := RecordedSession{ID: "devin-" + s.ID, URL: s.URL, BatchID: 1, Status: "created", IssueIDs: b.issueIDs()}
	r := sentRecord{
		TargetRepo: b.Target, RunLabel: SentRun + b.ID, Timestamp: at.UTC().Format(time.RFC3339Nano), Batches: 1, Zero: true,
		Severities: map[string]int64{}, Categories: map[string]int64{}, Sessions: []RecordedSession{session}, Findings: b.Findings, SentBy: by,
	}
	body, err = json.MarshalIndent(r, "", "  ")
	return "sent_" + b.ID + ".json", body, err
}

// SourceSent is the source of the records of batches that were sent from here:
// no directory has it.
const SourceSent = "sent"
