package history

import (
	"fmt"
	"path"
)

// remark is an occasion on which a session's log gets a message.
type remark int

const (
	hello remark = iota
	question
	answer
	opened
	nothing
	broken
	progress
	heard
)

// say returns a message for the occasion, "" where nobody will read it.
func (m *sim) say(s *session, about remark) string {
	if !m.keep {
		return ""
	}
	t := pick(s.repo.dice, s.targets)
	switch about {
	case hello:
		return fmt.Sprintf("I'll fix %d %s in %s. Reading %s first.", len(s.targets),
			plural(len(s.targets), s.family+" issue"), s.repo.name, t.path)
	case question:
		return s.question(t)
	case answer:
		return pick(s.repo.dice, answers())
	case opened:
		return fmt.Sprintf("I opened %s. The fix is in %s; tests pass.", s.pull.url(), t.path)
	case nothing:
		return fmt.Sprintf(
			"No change is needed: what reaches %s at %s is checked before the call, so this finding is a false positive. "+
				"I did not open a pull request.",
			t.issue.rule.id, path.Base(t.path))
	case broken:
		return "The build of the base branch fails without my change (exit status 1 in the dependency step), " +
			"so I can't verify a fix. I stopped here."
	case heard:
		return pick(s.repo.dice, []string{
			"Thanks, that settles it. Going on with the fix.",
			"Understood. I'll change it that way and open the pull request.",
			"Got it, applying that now.",
		})
	default:
		return fmt.Sprintf(pick(s.repo.dice, progresses()), path.Base(t.path))
	}
}

func answers() []string {
	return []string{
		"Yes, go ahead with the stricter check.",
		"Keep the old behaviour for internal callers, please; only the public routes change.",
		"Use the helper in lib, don't add a dependency.",
		"That test is flaky, you can ignore it.",
		"Log the id only, never the address.",
	}
}

func progresses() []string {
	return []string{
		"Changed %s; running the tests.",
		"Wrote a test that shows the flaw in %s. Fixing it now.",
		"Two callers of %s depend on the old behaviour; adapting them.",
		"CodeQL no longer reports %s in my branch. Cleaning up.",
	}
}

// question returns what Devin asks about a target, fitting its family.
func (s *session) question(t target) string {
	file := path.Base(t.path)
	switch s.family {
	case "ssrf":
		return fmt.Sprintf(
			"%s fetches whatever host the caller names. Should I allow a fixed list of hosts (which ones?), or block private address ranges only?",
			file)
	case "xss":
		return fmt.Sprintf(
			"Some texts that %s renders hold markup on purpose. May I sanitise them with an allow-list of tags, or must every tag be escaped?",
			file)
	case "crypto":
		return fmt.Sprintf("%s stores hashes made with the old algorithm. Shall I migrate them on the next login, or invalidate them?",
			file)
	case "missing-rate-limiting":
		return fmt.Sprintf("Which limit do you want for the routes in %s: 100 requests in 15 minutes for each address, "+
			"or the gateway's existing policy?", file)
	case "path-traversal":
		return fmt.Sprintf("%s reads below a directory from the settings, and one test relies on symlinks out of it. May I forbid those?",
			file)
	case "logging":
		return fmt.Sprintf("Does anyone parse the log lines of %s? Encoding line breaks changes their form slightly.", file)
	case "injection":
		return fmt.Sprintf("The query in %s takes its sort column from the request. Can I restrict it to the columns of the list view?",
			file)
	case "redirect":
		return fmt.Sprintf("Which hosts may %s redirect to? I found two in the tests, and none in the settings.", file)
	default:
		return fmt.Sprintf("The fix in %s changes an answer that a contract test expects. Update the test, or keep the old form behind a flag?",
			file)
	}
}
