package mcp

import (
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"telemetry-dashboard/services/telemetry"
)

// addTools adds all tools, those that only read first.
func (s *Server) addTools(to *sdk.Server) {
	s.addReaders(to)
	addTool(to, s, sdk.Tool{Name: "decide", Annotations: changing("Decide about issues", false),
		Description: `Dismisses, accepts, reopens, assigns, snoozes or comments issues, on behalf of the person whose token this is; needs ` +
			`the role operator. Search first, look at the rows, and send their number as expect: it is refused where the query ` +
			`names another number by now. A decision can be undone on its page. Example: ` +
			`{"action":"dismiss","issues":["c61946ee2ca3"],"expect":1,"reason":"false_positive","comment":"The value is checked in ` +
			`middleware/auth.ts."}. Example: {"action":"assign","q":"is:overdue ` +
			`owner:@acme/payments","expect":12,"assignee":"mona"}.`,
	}, choices{"action": plain(telemetry.DecisionActions())}, s.decide)
	addTool(to, s, sdk.Tool{Name: "reply_to_session", Annotations: changing("Reply to a session", true),
		Description: `Sends a message to a Devin session, for example the answer to its question; needs the role operator. Without confirm ` +
			`it sends nothing and shows what the session asked. A message that was sent cannot be taken back. Example: ` +
			`{"id":"devin-f88208fd574d4969993b32eb7ec63c99","message":"Yes, restrict it to the columns of the ` +
			`view.","confirm":true}.`,
	}, nil, s.reply)
}

func (s *Server) addReaders(to *sdk.Server) {
	addTool(to, s, sdk.Tool{Name: "search_issues", Annotations: reading("Search issues"),
		Description: `Finds security issues by a query: words are searched in rules, files and repositories; qualifiers narrow, a comma ` +
			`means or, a - before one means not, quotes keep spaces together. Often used: is:open, is:overdue, is:new, ` +
			`severity:critical,high, repo:o/r, owner:@org/team (who owns the file), assignee:@me, rule:js/xss, family:injection, ` +
			`path:src/, has:session (was tried), attempts:>=2, found:still_there, due:<7d, age:>30d. query_words lists all of them. ` +
			`Example: {"q":"is:overdue owner:@acme/payments","sort":"due","per_page":20}.`,
	}, nil, s.searchIssues)
	addTool(to, s, sdk.Tool{Name: "get_issue", Annotations: reading("One issue"),
		Description: `One issue with its evidence (message, code, the rule's help), its timeline and due date, who owns it, what people ` +
			`decided, and attempt_list: which sessions tried to fix it, what each said (claim, blocked_reason), its pull request, ` +
			`and what later scans found. Read it before you try again. Example: {"id":"c61946ee2ca3"}.`,
	}, nil, s.getIssue)
	addTool(to, s, sdk.Tool{Name: "needs_you", Annotations: reading("What waits for a person"),
		Description: `What waits for a person, the most urgent first: sessions that wait for an answer, pull requests to review or merge, ` +
			`issues that are new or overdue, fixes that did not hold, sessions that gave up. groups has the number of each kind. ` +
			`Example: {"group":"waiting,pr_ready","q":"owner:@acme/payments"}.`,
	}, nil, s.needsYou)
	addTool(to, s, sdk.Tool{Name: "effectiveness", Annotations: reading("What attempts achieved"),
		Description: `What came of the sessions' attempts in a period: how many issues are gone, still there, not merged, what it cost, why ` +
			`sessions gave up, and the rates by rule, family, severity, repository, attempt and playbook. Example: ` +
			`{"period":"90d","repo":"acme/shop"}.`,
	}, nil, s.effectiveness)
	addTool(to, s, sdk.Tool{Name: "overdue_by_owner", Annotations: reading("Due dates by owner"),
		Description: `Who owns what is open, overdue and due soon, and how much of theirs was closed in time in a period, the most overdue ` +
			`owner first. Owners are those of CODEOWNERS, else the teams of the registry. Example: {"period":"30d"}. Then ` +
			`search_issues with is:overdue owner:… lists the issues.`,
	}, nil, s.owners)
	addTool(to, s, sdk.Tool{Name: "list_repositories", Annotations: reading("Repositories"),
		Description: `Repositories with what is open and overdue in each, runs, sessions and pull requests, the one that ran last first. ` +
			`Example: {"q":"payments"}.`,
	}, nil, s.repositories)
	addTool(to, s, sdk.Tool{Name: "list_sessions", Annotations: reading("Devin sessions"),
		Description: `Devin sessions with their state, issues, pull request and cost. Example: {"q":"is:waiting"}. Example: {"q":"is:active ` +
			`repo:acme/shop"}.`,
	}, nil, s.listSessions)
	addTool(to, s, sdk.Tool{Name: "get_session", Annotations: reading("One Devin session"),
		Description: `One session with its states, issues and pull requests; with messages also the latest of its conversation, for which ` +
			`Devin is asked. Example: {"id":"devin-f88208fd574d4969993b32eb7ec63c99","messages":true}.`,
	}, nil, s.getSession)
	addTool(to, s, sdk.Tool{Name: "explain_figure", Annotations: reading("What a number counts"),
		Description: `Explains a number of the dashboard: its value, the rule by which it is counted, and the rows that it counts. Example: ` +
			`{"answer":"stats","figure":"overdue"}. Example: {"answer":"effectiveness","figure":"gone","period":"90d"}.`,
	}, choices{"answer": explained()}, s.explain)
	addTool(to, s, sdk.Tool{Name: "query_words", Annotations: reading("Words of queries"),
		Description: `The qualifiers that queries (q) of a list understand, or the values of one of them. Example: {"list":"issues"}. ` +
			`Example: {"list":"issues","qualifier":"owner","begins":"@acme/"}.`,
	}, nil, s.words)
}

// plain are words as texts.
func plain[W ~string](words []W) (texts []string) {
	for _, w := range words {
		texts = append(texts, string(w))
	}
	return texts
}
