package panels

import "telemetry-dashboard/views/parts"

func sessionColumns() []parts.Column {
	return []parts.Column{
		{Key: "state", Text: "State", Class: "c-state"},
		{Key: "family", Text: "Family"},
		{Key: "repo", Text: "Repository", Class: "c-repo"},
		{Key: "run", Text: "Run", Class: "c-run", Initial: true},
		{Key: "age", Text: "In this state", Class: "c-span", Number: true, Initial: true},
		{Text: "Issues", Class: "c-ids"},
		{Key: "pr", Text: "PR", Class: "c-pr", Initial: true},
		{Key: "started", Text: "Started", Class: "c-day", Number: true, Initial: true},
		{Text: "Open", Class: "c-open", Hidden: true},
	}
}

func nowColumns() []parts.Column {
	return []parts.Column{
		{Text: "State", Class: "c-state"},
		{Text: "Family"},
		{Key: "repo", Text: "Repository", Class: "c-repo"},
		{Text: "Run", Class: "c-run"},
		{Text: "In this state", Class: "c-span", Number: true},
		{Text: "Last update", Class: "c-day"},
		{Text: "Open", Class: "c-open", Hidden: true},
	}
}

func pullColumns() []parts.Column {
	return []parts.Column{
		{Key: "waiting", Text: "Waiting", Class: "c-span", Number: true, Initial: true},
		{Key: "title", Text: "Pull request"},
		{Key: "repo", Text: "Repository", Class: "c-repo"},
		{Key: "state", Text: "State", Class: "c-kind"},
		{Text: "Issues", Class: "c-tiers"},
		{Key: "session", Text: "Session", Class: "c-pr"},
		{Text: "Verified", Class: "c-verdict"},
		{Text: "Linked by", Class: "c-basis"},
		{Text: "Open", Class: "c-open", Hidden: true},
	}
}

func queueColumns() []parts.Column {
	return []parts.Column{
		{Text: "Waiting", Class: "c-num2", Number: true},
		{Text: "Pull request"},
		{Text: "Repository", Class: "c-repo"},
		{Text: "State", Class: "c-kind"},
		{Text: "Issues", Class: "c-tiers"},
		{Text: "Session", Class: "c-day"},
		{Text: "Verified", Class: "c-verdict"},
	}
}

func runColumns() []parts.Column {
	return []parts.Column{
		{Key: "run", Text: "Run", Initial: true},
		{Key: "kind", Text: "Kind", Class: "c-kind"},
		{Key: "repo", Text: "Repository", Class: "c-repo"},
		{Key: "found", Text: "Found", Class: "c-num", Number: true, Initial: true},
		{Key: "new", Text: "New / gone", Class: "c-span", Number: true, Initial: true},
		{Key: "sessions", Text: "Batches → sessions", Class: "c-wide", Number: true, Initial: true},
		{Key: "time", Text: "Time", Class: "c-day", Number: true, Initial: true},
		{Text: "Open", Class: "c-open", Hidden: true},
	}
}

func recentColumns() []parts.Column {
	return []parts.Column{
		{Text: "Run", Class: "c-kind"},
		{Text: "Repository", Class: "c-repo"},
		{Text: "Found", Class: "c-num", Number: true},
		{Text: "New / gone", Class: "c-num2", Number: true},
		{Text: "Sessions", Class: "c-num2", Number: true},
		{Text: "Time", Class: "c-day", Number: true},
	}
}

func repoColumns() []parts.Column {
	return []parts.Column{
		{Key: "repo", Text: "Repository", Class: ""},
		{Key: "open", Text: "Open", Class: "c-num", Number: true, Initial: true},
		{Key: "critical", Text: "Critical", Class: "c-num2", Number: true, Initial: true},
		{Key: "high", Text: "High", Class: "c-num", Number: true, Initial: true},
		{Key: "medium", Text: "Medium", Class: "c-num2", Number: true, Initial: true},
		{Key: "low", Text: "Low", Class: "c-num", Number: true, Initial: true},
		{Key: "change", Text: "Last 30 days", Class: "c-spark", Number: true, Initial: true},
		{Key: "closed", Text: "Closed in 30 d", Class: "c-span c-closed", Number: true, Initial: true},
		{Key: "active", Text: "Active sessions", Class: "c-wide c-active", Number: true, Initial: true},
		{Key: "waiting", Text: "PRs open", Class: "c-num2 c-prs", Number: true, Initial: true},
		{Key: "last_run", Text: "Last run", Class: "c-day", Number: true, Initial: true},
	}
}

func topRepoColumns() []parts.Column {
	return []parts.Column{
		{Text: "Repository"},
		{Text: "C", Class: "c-tier", Number: true},
		{Text: "H", Class: "c-tier", Number: true},
		{Text: "M", Class: "c-tier", Number: true},
		{Text: "L", Class: "c-tier", Number: true},
		{Text: "30 days", Class: "c-num", Number: true},
		{Text: "Last run", Class: "c-day", Number: true},
	}
}

func issueColumns() []parts.Column {
	return []parts.Column{
		{Key: "severity", Text: "Severity", Class: "c-sev", Falls: true},
		{Key: "state", Text: "State", Class: "c-status"},
		{Key: "rule", Text: "Rule"},
		{Key: "file", Text: "Location", Class: "c-path"},
		{Key: "repo", Text: "Repository", Class: "c-repo"},
		{Key: "age", Text: "Age", Class: "c-num", Number: true, Initial: true},
		{Key: "attempts", Text: "Tries", Class: "c-tries", Number: true, Initial: true},
		{Text: "Session / PR", Class: "c-attempt"},
		{Key: "first_seen", Text: "First seen", Class: "c-seen", Number: true, Initial: true},
		{Key: "last_seen", Text: "Last seen", Class: "c-seen", Number: true, Initial: true},
	}
}

func fileColumns() []parts.Column {
	return []parts.Column{
		{Text: "File", Class: "c-file"},
		{Text: "What is wrong with it"},
		{Text: "Met", Class: "c-day", Number: true},
	}
}

func activityColumns() []parts.Column {
	return []parts.Column{
		{Text: "What", Class: "c-need"},
		{Text: "Which"},
		{Text: "Outcome", Class: "c-outcome"},
		{Text: "Repository", Class: "c-repo"},
		{Text: "By", Class: "c-basis"},
		{Text: "When", Class: "c-day", Number: true},
	}
}
