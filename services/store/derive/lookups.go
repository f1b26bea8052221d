package derive

import (
	"context"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// What GitHub says of repositories is asked at growing distance: soon after it
// said something new, and at last once a day.
const (
	askSoon   = time.Hour
	askSeldom = 24 * time.Hour
	askFormer = 7 * 24 * time.Hour // where the name leads to another one, which GitHub counts as a request
	// staleName is from when on a lookup is asked again because a pull request
	// was found under another name.
	staleName = 10 * time.Minute
)

// ReposToAsk returns names of targets and forks, as runs have them, of which
// GitHub is to be asked what they are: first those of which it never was.
func (w *Writer) ReposToAsk(ctx context.Context, limit int) ([]telemetry.RepoName, error) {
	return store.Get(ctx, w.Store, func(tx *store.Tx) []telemetry.RepoName {
		return store.All[telemetry.RepoName](tx, `SELECT n.key FROM (SELECT target AS key FROM named_repos
				UNION SELECT fork FROM named_repos WHERE fork <> '') AS n
			LEFT JOIN repo_lookups l ON l.key = n.key WHERE COALESCE(l.ask_at, 0) <= $1
			ORDER BY COALESCE(l.asked_at, 0), n.key LIMIT $2`, store.Millis(tx.Now()), limit)
	})
}

// SaveRepos keeps what GitHub answered, and derives again what follows from names
// that stand for another repository than before. It returns what was not known.
func (w *Writer) SaveRepos(ctx context.Context, answers []telemetry.RepoAnswer) (news []telemetry.RepoNews, err error) {
	err = w.Write(ctx, func(tx *store.Tx) error {
		news = nil
		lookups, now := readLookups(tx), store.Millis(tx.Now())
		for _, l := range lookups {
			now = max(now, l.shown+1) // what is said last counts, whatever the clock says
		}
		for _, a := range answers {
			l := lookups[a.Asked.Key()]
			if l == nil {
				l = &lookup{key: a.Asked.Key()}
				lookups[l.key] = l
			}
			if what := l.changed(a.GitHubRepo); what != "" {
				news = append(news, telemetry.RepoNews{Repo: a.Asked, Now: a.Name, What: what})
			}
			l.answer(a.GitHubRepo, now)
			saveLookup(tx, l)
			// The name that it has now is remembered: it may become an old one.
			if name := a.Name.Key(); a.ID != 0 && lookups[name] == nil {
				lookups[name] = &lookup{key: name}
				lookups[name].answer(a.GitHubRepo, now)
				saveLookup(tx, lookups[name])
			}
		}
		noteRetirements(tx, lookups)
		c := followNames(newRecords(tx))
		if c == nil {
			c = newChanges(tx)
		}
		c.looked = true
		derive(c)
		return tx.Err()
	})
	return news, err
}

// changed says what became of a repository by an answer, "" for nothing to tell.
func (l *lookup) changed(a telemetry.GitHubRepo) string {
	switch {
	case a.ID == 0:
		return ""
	case a.Name.Key() != l.key && a.Name.Key() != l.name.Key():
		return "renamed"
	case a.Name.Key() != l.key:
		return "" // what else there is to tell is told of its present name
	case a.Archived && !l.archived:
		return "archived"
	case !a.Archived && l.archived:
		return "unarchived"
	}
	return ""
}

func saveLookup(tx *store.Tx, l *lookup) { tx.Put("repo_lookups", "key", l.fields()) }

// answer notes an answer, and when to ask again.
func (l *lookup) answer(a telemetry.GitHubRepo, now int64) {
	most := askSeldom
	if a.ID != 0 && a.Name.Key() != l.key {
		most = askFormer
	}
	distance := min(max(2*(l.askAgain-l.asked), askSoon.Milliseconds()), most.Milliseconds())
	news := l.asked == 0
	if a.ID == 0 {
		news = news || l.missing == 0
		if l.missing == 0 {
			l.missing = now
		}
		l.misses++
	} else {
		news = news || l.missing != 0 || a.ID != l.id || a.Name != l.name || a.Archived != l.archived
		l.id, l.name, l.parent, l.archived, l.shown, l.missing, l.misses = a.ID, a.Name, a.Parent, a.Archived, now, 0, 0
	}
	if news {
		distance = askSoon.Milliseconds()
	}
	l.asked, l.askAgain = now, now+distance
}

// askRenamed has GitHub asked again what repositories are of which a pull request
// was found under another name than is known. It may be an old answer: it proves
// nothing.
func (c *changes) askRenamed(pulls []telemetry.PullRequest) {
	doubtful := set[string]{}
	for i := range pulls {
		asked, found := telemetry.ParseRepo(pulls[i].Repo), telemetry.ParseRepo(pulls[i].RenamedTo)
		if found != "" && found.Key() != c.nameNow(asked).Key() {
			doubtful[asked.Key()] = true
		}
	}
	if len(doubtful) > 0 {
		c.tx.Exec(`UPDATE repo_lookups SET ask_at = 0 WHERE asked_at <= $2 AND key `+c.tx.In(1, "TEXT"),
			list(doubtful), store.Millis(c.tx.Now().Add(-staleName)))
	}
}
