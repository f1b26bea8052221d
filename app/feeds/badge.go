package feeds

import (
	"encoding/xml"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// badgeCache lets those who show a badge keep it for a minute.
const badgeCache = "max-age=60"

// The queries that a badge counts. A badge and the list of its query have the
// same total.
const (
	queryWorst   = "is:open severity:critical,high"
	queryOverdue = "is:overdue"
)

// The colours of badges by state: white text has a contrast of 4.5 on each.
const (
	badgeRed    = "#c93526"
	badgeOrange = "#a85800"
	badgeGreen  = "#2a7d3f"
	badgeGray   = "#62676d"
)

func (f feeds) repoBadge(c *fiber.Ctx) error {
	name, err := badgeName(c.Params("owner") + "/" + c.Params("name"))
	if err != nil {
		return err
	}
	repo, err := f.o.Dashboard.RepoByName(c.UserContext(), name, telemetry.Time{}.Time)
	if err != nil {
		return err
	}
	if !repo.Listed {
		return badge(c, "no scan with findings", badgeGray)
	}
	return f.counted(c, query.Ask{Repo: repo.Name.Key()})
}

func (f feeds) ownerBadge(c *fiber.Ctx) error {
	name, err := badgeName(c.Params("*"))
	if err != nil {
		return err
	}
	owned, err := dashboard.Texts("owner", name)
	if err != nil {
		return err
	}
	a := query.Ask{}.And(owned)
	n, err := f.o.Dashboard.Issues.Counts(c.UserContext(), []query.Ask{a})
	if err != nil {
		return err
	}
	if n[0] == 0 {
		return telemetry.Errorf(telemetry.CodeNotFound, "No issue is or was owned by %s.", telemetry.Shown(name))
	}
	return f.counted(c, a)
}

// badgeName is what a badge's path names.
func badgeName(path string) (string, error) {
	name, ok := strings.CutSuffix(links.Unescape(path), ".svg")
	if !ok || name == "" {
		return "", telemetry.Errorf(telemetry.CodeNotFound, "Badge not found: want /badge/OWNER/REPOSITORY.svg or /badge/owner/OWNER.svg.")
	}
	return name, nil
}

// counted is the badge of the issues that a question asks for.
func (f feeds) counted(c *fiber.Ctx, a query.Ask) error {
	asks := make([]query.Ask, 0, 2)
	for _, text := range []string{queryWorst, queryOverdue} {
		q, err := dashboard.Parse(f.o.Dashboard.Issues, text)
		if err != nil {
			return err
		}
		asks = append(asks, a.And(q.Terms...))
	}
	n, err := f.o.Dashboard.Issues.Counts(c.UserContext(), asks)
	if err != nil {
		return err
	}
	worst, overdue := n[0], n[1]
	switch {
	case overdue > 0:
		return badge(c, fmt.Sprintf("%d critical or high, %d overdue", worst, overdue), badgeRed)
	case worst > 0:
		return badge(c, fmt.Sprintf("%d critical or high", worst), badgeOrange)
	}
	return badge(c, "no critical or high", badgeGreen)
}

const badgeLabel = "code scanning"

// badge sends a badge. The width of each text is set, so that it looks the same
// whatever font there is.
func badge(c *fiber.Ctx, value, color string) error {
	left, right := textWidth(badgeLabel), textWidth(value)
	wide := left + right + 24
	text := func(x, width int, s string) string {
		return fmt.Sprintf(`<text x="%d" y="14" textLength="%d" lengthAdjust="spacingAndGlyphs">%s</text>`, x, width, escaped(s))
	}
	title := escaped(badgeLabel + ": " + value)
	return send(c, "image/svg+xml; charset=utf-8", []byte(fmt.Sprintf(
		`<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="20" role="img" aria-label="%[2]s"><title>%[2]s</title>`+
			`<rect width="%[1]d" height="20" rx="3" fill="%[3]s"/><path d="M3 0h%[4]dv20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="#44494f"/>`+
			`<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">%[5]s%[6]s</g></svg>`,
		wide, title, color, left+9, text(6, left, badgeLabel), text(left+18, right, value))))
}

// textWidth is how wide a text is drawn, in pixels.
func textWidth(s string) int { return utf8.RuneCountInString(s) * 13 / 2 }

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(plain(s))) // a Builder takes all
	return b.String()
}
