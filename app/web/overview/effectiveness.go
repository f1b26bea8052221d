package overview

import (
	"context"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// effectRows is how many rows of each kind the page shows.
const (
	effectRows  = 9
	effectCases = 5
)

// Effectiveness is what Devin said of issues, what scans found, and what it
// has cost.
func (w *Web) Effectiveness() shell.Panel {
	p := ofPeriod(panel("effect", "Effectiveness", w.drawEffectiveness, shell.Everything()...))
	p.Page, p.Params = links.Effectiveness, append(p.Params, "repo")
	return p
}

// EffectivenessPage is "/effectiveness", of all repositories or of ?repo=.
func (w *Web) EffectivenessPage(c *fiber.Ctx) error {
	ctx := c.UserContext()
	v, err := w.ViewOf(c, shell.Panel{})
	if err != nil {
		return err
	}
	if _, err := telemetry.ParsePeriod(v.Get("period"), w.NowOf(v)); err != nil {
		return err
	}
	v, err = w.ofRepo(ctx, v)
	if err != nil {
		return err
	}
	body := pages.Body{Title: "Effectiveness", Rows: [][]templ.Component{{w.Effectiveness().Within(ctx, v)}}}
	body.Facts, body.Periods = w.ofWhat(v, links.Effectiveness)
	return w.Show(c, shell.Screen{Title: "Effectiveness", Current: links.Effectiveness, Body: body})
}

// ofWhat are the head of a page that is of all repositories or of one, and its
// periods.
func (w *Web) ofWhat(v shell.View, page string) ([]pages.Fact, []parts.Tab) {
	at := parts.Address{Page: page, Query: map[string][]string{}}
	name := string(v.Repo.Name)
	if name == "" {
		return v.ReportFact(), v.Periods(at)
	}
	at.Query.Set("repo", name)
	return []pages.Fact{
		{Icon: "repo", Link: parts.Link{Text: name, URL: links.Repo(name)}},
		{Icon: "x", Link: parts.Link{Text: "All repositories", URL: links.With(page, "period", v.Get("period"))}},
	}, v.Periods(at)
}

// ofRepo is the view of the repository that its address names by repo.
func (w *Web) ofRepo(ctx context.Context, v shell.View) (shell.View, error) {
	name := v.Get("repo")
	if name == "" || v.Repo.Name != "" {
		return v, nil
	}
	repo, err := w.Dashboard.RepoByName(ctx, name, v.AsOf)
	v.Repo = repo
	return v, err
}

func (w *Web) drawEffectiveness(ctx context.Context, v shell.View) (templ.Component, error) {
	v, err := w.ofRepo(ctx, v)
	if err != nil {
		return nil, err
	}
	e, err := w.Shell.Effectiveness(ctx, v)
	if err != nil {
		return nil, err
	}
	p := panels.Effectiveness{Frame: v.Frame()}
	if e.Issues == 0 {
		p.Empty = parts.Empty{Icon: "pulse", Title: "No session worked on an issue in this period",
			Text: "Choose a longer period. Sessions whose issues are not named are not counted."}
		return panels.EffectivenessPanel(p), nil
	}
	p.Sentence, p.LeftOut = sentence(e), leftOut(e)
	p.Issues = parts.Link{Text: parts.Plural(e.Issues, "issue", ""), URL: page(e, "issues")}
	p.Claims, p.Cost = claimRows(e), costRows(e)
	if p.Costed = (parts.Link{Text: "no cost is known"}); e.Costed > 0 {
		p.Costed = parts.Link{Text: "in " + parts.Plural(e.Costed, "session", ""), URL: page(e, "cost/sessions")}
	}
	p.Rates = rateTables(v, e)
	blockedRows(&p, e)
	thrownRows(&p, e)
	return panels.EffectivenessPanel(p), nil
}

// page is the list behind the figure at a place of /api/effectiveness.
func page(e dashboard.Effectiveness, place ...string) string {
	return e.Links[strings.Join(place, "/")].Page()
}

// sentence is what the figures come to.
func sentence(e dashboard.Effectiveness) []panels.Phrase {
	words := func(text string) panels.Phrase { return panels.Phrase{Text: text} }
	number := func(text, place string) panels.Phrase { return panels.Phrase{Text: text, URL: page(e, place)} }
	said := e.Count([]telemetry.Said{telemetry.SaidFixed})
	agreed := e.Count([]telemetry.Said{telemetry.SaidFixed}, telemetry.FoundGone)
	wrong := e.Count([]telemetry.Said{telemetry.SaidFixed}, telemetry.FoundStillThere)
	gone := number(parts.Number(int(e.All().Gone))+shell.Are(e.All().Gone)+"gone", "gone")
	gone.Tone = parts.Success
	s := []panels.Phrase{
		words(periodWords(e.Period.Name) + "Devin took "), number(parts.Plural(e.Issues, "issue", ""), "issues"),
		words(" in "), number(parts.Plural(e.Sessions, "session", ""), "sessions"),
		words(" and said it fixed "), number(parts.Number(said), "claims/0/issues"), words(" of them; scans agree on "),
		number(parts.Number(agreed), "claims/0/gone"), words(". "),
		gone, words(", a fix rate of "), number(strings.ReplaceAll(shell.PercentText(e.All().Percent()), " ", "\u00a0"), "issues"),
	}
	if wrong > 0 {
		still := number(parts.Number(wrong)+" it called fixed"+shell.Are(wrong)+"still there", "claims/0/still_there")
		still.Tone = parts.Danger
		s = append(s, words("; "), still)
	}
	if n := e.Count(nil, telemetry.FoundThrownAway); n > 0 {
		s = append(s, words("; the fixes of "), number(parts.Number(n), "claims/3/thrown_away"), words(" were closed without a merge"))
	}
	s = append(s, words(". "))
	if e.Costed == 0 {
		return append(s, words("What that cost is not known."))
	}
	s = append(s, words("That cost "), number(acusText(e.All().MilliACUs)+" ACUs", "cost/sessions"),
		words(" in "), number(parts.Plural(e.Costed, "session", ""), "cost/sessions"))
	if per := e.All().ACUsPerGone(); per != nil {
		s = append(s, words(", "), number(acusText(int64(*per*1000)), "gone"), words(" for each issue gone"))
	}
	if lost := costRows(e)[1]; e.Cost[telemetry.FoundStillThere] > 0 {
		s = append(s, words("; "), panels.Phrase{Text: lost.ACUs + " ACUs", URL: lost.Sessions.URL}, words(" in "),
			panels.Phrase{Text: lost.Sessions.Text, URL: lost.Sessions.URL}, words(" went into issues that are still there"))
	}
	return append(s, words("."))
}

func periodWords(name string) string {
	if days, ok := strings.CutSuffix(name, "d"); ok {
		return "In " + days + " days "
	}
	return "So far "
}

// leftOut says what the figures do not hold.
func leftOut(e dashboard.Effectiveness) [][]panels.Phrase {
	var out [][]panels.Phrase
	if e.CostUnknown > 0 {
		out = append(out, []panels.Phrase{{Text: parts.Plural(e.CostUnknown, "session", ""), URL: page(e, "cost/sessions_unknown")},
			{Text: " without a known cost" + shell.Are(e.CostUnknown) + "left out of the ACUs."}})
	}
	if e.Unsure > 0 {
		out = append(out, []panels.Phrase{{Text: "For "}, {Text: parts.Plural(e.Unsure, "issue", ""), URL: page(e, "merge_unknown")},
			{Text: " no merge is known; they are compared with scans since Devin’s claim, or since the session started."}})
	}
	return out
}

// claimRows are the claims against the findings, and their sums.
func claimRows(e dashboard.Effectiveness) []panels.ClaimRow {
	icons := map[telemetry.Said]string{telemetry.SaidFixed: "check", telemetry.SaidBlocked: "blocked", telemetry.SaidNothing: "question"}
	names := map[telemetry.Said]string{telemetry.SaidFixed: "Fixed", telemetry.SaidBlocked: "Blocked", telemetry.SaidNothing: "Nothing"}
	var rows []panels.ClaimRow
	for i, said := range append(telemetry.Saids(), "") {
		row, of := panels.ClaimRow{Name: names[said], Icon: icons[said]}, []telemetry.Said{said}
		if said == "" {
			row.Name, of = "All", nil
		}
		place := "claims/" + strconv.Itoa(i) + "/"
		cell := func(name string, found ...telemetry.Found) panels.ClaimCell {
			return panels.ClaimCell{N: int(e.Count(of, found...)), URL: page(e, place+name)}
		}
		row.Cells = []panels.ClaimCell{
			cell("gone", telemetry.FoundGone), cell("still_there", telemetry.FoundStillThere),
			cell("not_rescanned", telemetry.FoundNotScanned), cell("not_merged", telemetry.FoundOpen, telemetry.FoundThrownAway), cell("issues"),
		}
		if said == telemetry.SaidFixed {
			row.Cells[0].Tone, row.Cells[1].Tone = parts.Success, parts.Danger
		}
		rows = append(rows, row)
	}
	return rows
}

// costRows are where the ACUs went: what waits for a merge waits for a scan.
func costRows(e dashboard.Effectiveness) []panels.CostRow {
	all, sum := e.All().MilliACUs, int64(0)
	waiting := e.Cost[telemetry.FoundNotScanned] + e.Cost[telemetry.FoundOpen]
	var rows []panels.CostRow
	from := 0
	for _, part := range []struct {
		name, class string
		acus        int64
		found       []telemetry.Found
	}{
		{"Issues that are gone", "chart-closed", e.Cost[telemetry.FoundGone], []telemetry.Found{telemetry.FoundGone}},
		{"Issues still there", "chart-critical", e.Cost[telemetry.FoundStillThere], []telemetry.Found{telemetry.FoundStillThere}},
		{"Fixes thrown away", "chart-high", e.Cost[telemetry.FoundThrownAway], []telemetry.Found{telemetry.FoundThrownAway}},
		{"Not merged or rescanned yet", "", waiting, []telemetry.Found{telemetry.FoundNotScanned, telemetry.FoundOpen}},
	} {
		row := panels.CostRow{Name: part.name, Class: part.class, From: from}
		row.Sessions = parts.Link{Text: parts.Plural(e.Spenders(part.found...), "session", ""), URL: spenders(e, part.found).Page()}
		// Rounded where each part ends, so that the parts add up to the whole.
		row.ACUs = acusIn(rounded(sum+part.acus, all)-rounded(sum, all), all)
		if sum += part.acus; all > 0 {
			row.PerMille = int((sum*1000+all/2)/all) - from
		}
		row.Percent = shell.PercentText(float64(row.PerMille) / 10)
		from += row.PerMille
		rows = append(rows, row)
	}
	return rows
}

// spenders are the sessions of a known cost of whose attempts one of these came.
func spenders(e dashboard.Effectiveness, found []telemetry.Found) dashboard.Link {
	words := shell.RowsOf(found, func(f telemetry.Found) string { return string(f) })
	return e.Links["cost/sessions"].And("found:" + strings.Join(words, ","))
}

// acusText writes thousandths of an ACU in ACUs: whole ones from 100 on.
func acusText(milli int64) string { return acusIn(rounded(milli, milli), milli) }

// rounded is a part of a cost in what the whole is written in: ACUs, or
// tenths of one.
func rounded(milli, whole int64) int64 {
	if whole >= wholeACUs {
		return (milli + 500) / 1000
	}
	return (milli + 50) / 100
}

// wholeACUs is the cost, in thousandths, from which on tenths say nothing.
const wholeACUs = 100_000

func acusIn(n, whole int64) string {
	if whole >= wholeACUs {
		return parts.Number(n)
	}
	return strconv.FormatFloat(float64(n)/10, 'f', 1, 64)
}
