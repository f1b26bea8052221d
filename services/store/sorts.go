package store

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// order is one sort of a list: what it sorts by, and its own direction.
type order struct {
	columns []string // the last ones make the order total
	desc    bool
	age     bool // it sorts by times as ages: "desc" asks for the earliest first
	loose   bool // no index has it
}

// by returns an order; columns are parted by spaces.
func by(columns string) order { return order{columns: strings.Fields(columns)} }

func byDesc(columns string) order { return order{columns: strings.Fields(columns), desc: true} }

func byAge(columns string) order { return order{columns: strings.Fields(columns), age: true} }

// loose is an order that is not worth an index, which each write would pay.
func loose(o order) order {
	o.loose = true
	return o
}

// page returns what follows the conditions of a list's page. In a loose order
// the rows are chosen by their keys, so that only those shown are read whole.
func (w where) page(orders map[string]order, p telemetry.Page, order, key, from string) string {
	page := order + limitSQL(p)
	if orders[p.Sort].loose {
		return ` AND ` + key + ` IN (SELECT ` + key + ` FROM ` + from + w.sql() + page + `)` + order
	}
	return page
}

// pageSQL returns ORDER BY, LIMIT and OFFSET. An unknown sort is a
// *telemetry.Error that names the known ones.
func pageSQL(p telemetry.Page, fallback string, orders map[string]order) (string, error) {
	order, err := orderSQL(p, fallback, orders)
	return order + limitSQL(p), err
}

// orderSQL is pageSQL without LIMIT and OFFSET.
func orderSQL(p telemetry.Page, fallback string, orders map[string]order) (string, error) {
	name := p.Sort
	if name == "" {
		name = fallback
	}
	o, ok := orders[name]
	if !ok {
		return "", telemetry.Errorf(telemetry.CodeInvalid, "sort: %q is unknown; use one of %s", p.Sort, strings.Join(slices.Sorted(maps.Keys(orders)), ", "))
	}
	desc := o.desc
	switch p.Order {
	case "asc":
		desc = o.age
	case "desc":
		desc = !o.age
	}
	parts := make([]string, len(o.columns))
	for i, column := range o.columns {
		parts[i] = column
		if desc {
			parts[i] += " DESC"
		}
	}
	return " ORDER BY " + strings.Join(parts, ", "), nil
}

func limitSQL(p telemetry.Page) string {
	size := max(p.Size, 1)
	number := max(p.Number, 1)
	if number-1 > (1<<62)/size {
		number = (1<<62)/size + 1
	}
	return fmt.Sprintf(" LIMIT %d OFFSET %d", size, (number-1)*size)
}

func runOrders() map[string]order {
	const last = " r.at r.file r.id"
	return map[string]order{
		"timestamp":    byDesc(last),
		"time":         byDesc(last),
		"run_number":   byDesc("r.run_number" + last),
		"run":          byDesc("r.run_number" + last),
		"issues_found": byDesc("r.issues_found" + last),
		"found":        byDesc("r.issues_found" + last),
		"repo":         by("r.repo_key" + last),
		"kind":         by(runKind + last),
		"new":          loose(byDesc("r.new_n" + last)),
		"gone":         loose(byDesc("r.gone_n" + last)),
		"batches":      loose(byDesc("r.batches" + last)),
		"sessions":     loose(byDesc("r.sessions" + last)),
	}
}

func sessionOrders() map[string]order {
	return map[string]order{
		"timestamp":  byDesc("s.at s.key"),
		"started":    byDesc("s.at s.key"),
		"state":      by("s.state_rank s.at s.key"),
		"since":      byDesc("s.since s.key"),
		"age":        byAge("s.since s.key"),
		"run_number": byDesc("s.run_number s.batch_id s.at s.key"),
		"run":        byDesc("s.run_number s.batch_id s.at s.key"),
		"batch":      loose(by("s.batch_id s.at s.key")),
		"repo":       loose(by("s.repo_key s.at s.key")),
		"family":     by("s.family s.at s.key"),
		"pr":         loose(byDesc("s.has_pr s.at s.key")),
	}
}

// byWaiting sorts pull requests by how long they wait: one that is neither
// open nor of unknown state does not. shown is the column of its state.
func byWaiting(shown, columns string) order {
	o := byAge(columns)
	o.columns = append([]string{"CASE WHEN " + shown + " IN ('open', 'unknown') THEN 0 ELSE 1 END"}, o.columns...)
	return o
}

func pullOrders() map[string]order {
	const last = " p.sort_at p.key"
	return map[string]order{
		"created_at": byDesc(last),
		"updated_at": loose(byDesc("p.updated_at p.key")),
		"number":     byDesc("p.number p.key"),
		"repo":       by("p.repo_key" + last),
		"state":      by("p.shown" + last),
		"waiting":    byWaiting("p.shown", last),
		"age":        byAge(last),
		"title":      by("p.title p.key"),
		"author":     by("p.author" + last),
		"session":    by("p.session" + last),
	}
}

func issueOrders() map[string]order {
	const last = " i.public_id i.id"
	const status, severity = "i.status_rank i.last_at" + last, "i.severity_rank i.status_rank i.first_at" + last
	return map[string]order{
		"status":      by(status),
		"state":       by(status),
		"severity":    by(severity),
		"last_seen":   byDesc("i.last_at" + last),
		"first_seen":  byDesc("i.first_at" + last),
		"age":         byAge("i.first_at" + last),
		"appearances": byDesc("i.appearances" + last),
		"attempts":    byDesc("i.attempts" + last),
		"session":     byDesc("i.session" + last),
		"file":        by("i.file i.line" + last),
		"rule":        by("i.rule " + severity),
		"family":      by("i.family " + severity),
		"repo":        by("o.key " + severity),
	}
}

func repoOrders(now int64) map[string]order {
	const worst = " r.critical_high r.open r.key"
	tier := func(name string) order {
		open := `COALESCE((SELECT t.n FROM tallies t WHERE t.repo_id = r.id AND t.name = 'open_severity:` + name + `'), 0)`
		return order{columns: append([]string{open}, byDesc(worst).columns...), desc: true}
	}
	days := func(sum string) order { // as RepoDays has them for the last RepoDaysShown days
		of := fmt.Sprintf("COALESCE((SELECT SUM(%s) FROM days d WHERE d.repo_id = r.id AND d.day > %d), 0)", sum, dayOf(now)-telemetry.RepoDaysShown)
		return order{columns: append([]string{of}, byDesc(worst).columns...), desc: true}
	}
	return map[string]order{
		"change":        days("d.net + d.unlisted"),
		"closed":        days("d.closed"),
		"critical":      tier("critical"),
		"high":          tier("high"),
		"medium":        tier("medium"),
		"low":           tier("low"),
		"last_run":      byDesc("r.last_run r.key"),
		"last_scan":     byDesc("r.latest_at r.key"),
		"open":          byDesc("r.open r.critical_high r.key"),
		"critical_high": byDesc(worst),
		"severity":      byDesc(worst),
		"repo":          by("r.key"),
		"runs":          byDesc("r.runs r.key"),
		"found":         byDesc("r.issues_found r.key"),
		"active":        byDesc(activeCount + worst),
		"sessions":      byDesc("r.sessions_created" + worst),
		"waiting":       byDesc("r.prs_open" + worst),
		"merged":        byDesc("r.prs_merged" + worst),
	}
}

// manyRows is from how many rows on a list of issues is walked in its order
// until its page is full, and not chosen first and sorted then.
const manyRows = 2000

// shown are the columns whose indexes the planner may take for a list of
// issues. One that chooses many rows and does not lead the sort would have
// them all sorted.
func (w where) shown(sort string, total int64) (columns []string, all bool) {
	lead := "i.status_rank"
	if o, ok := issueOrders()[sort]; ok {
		lead = o.columns[0]
	}
	named := w.begins("i.rule = ") || w.begins("i.family = ")
	switch {
	case named && (total < manyRows || slices.Contains([]string{"severity", "rule", "family"}, sort)):
		return []string{"i.rule", "i.family"}, false // each in the order of severity
	case total < manyRows:
		return nil, true
	case w.begins("i.status_rank = ") && slices.Contains([]string{"last_seen", "first_seen", "age"}, sort):
		return []string{"i.status_rank"}, false // in the order of these, and what is fixed comes late in theirs
	}
	return []string{lead}, false
}

// walked hides from the planner the index of the active sessions where there
// are many: they would all be sorted for a page.
func (w where) walked(total int64) where {
	if total < manyRows {
		return w
	}
	out := where{args: w.args}
	for _, c := range w.conditions {
		out.conditions = append(out.conditions, strings.ReplaceAll(c, "AND CASE WHEN s.polled", "AND 0 + CASE WHEN s.polled"))
	}
	return out
}

// begins tells whether a condition begins so.
func (w where) begins(with string) bool {
	return slices.ContainsFunc(w.conditions, func(c string) bool { return strings.HasPrefix(c, with) })
}

// inOrderOf hides from the planner the indexes of the columns that are not
// shown.
func (w where) inOrderOf(sort string, total int64) where {
	shown, all := w.shown(sort, total)
	if all {
		return w
	}
	var hide []string
	for column, nothing := range map[string]string{
		"i.status_rank":   " + 0",
		"i.severity_rank": " + 0",
		"i.first_at":      " + 0",
		"i.last_at":       " + 0",
		"i.attempts":      " + 0",
		"i.family":        " || ''",
		"i.rule":          " || ''",
	} {
		if !slices.Contains(shown, column) {
			hide = append(hide, column+" ", "("+column+nothing+") ")
		}
	}
	out := where{args: w.args}
	for _, c := range w.conditions {
		out.conditions = append(out.conditions, strings.NewReplacer(hide...).Replace(c))
	}
	return out
}
