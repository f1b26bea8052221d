package notify

import (
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Render writes messages with addresses below Base, the address that people use; without
// it they have no links, since nobody can follow one.
type Render struct {
	Base string // PUBLIC_URL without a slash at its end
}

func (r Render) address(path string) string {
	if r.Base == "" || path == "" {
		return ""
	}
	return r.Base + path
}

// more says how many things a message has that it does not name.
func (r Render) more(m telemetry.NotifyMessage) string {
	if left := m.Count - int64(len(m.Items)); left > 0 && len(m.Items) > 0 {
		return "and " + grouped(left) + " more"
	}
	return ""
}

// about says where and how bad a thing is.
func about(n telemetry.Notice) string {
	var words []string
	if n.Severity != "" {
		words = append(words, n.Severity)
	}
	if n.Repo != "" && string(n.Repo) != n.Title {
		words = append(words, string(n.Repo))
	}
	if !n.Since.IsZero() {
		words = append(words, n.Since.UTC().Format("2 Jan 2006"))
	}
	return strings.Join(words, ", ")
}

// Text is a message as plain text.
func (r Render) Text(m telemetry.NotifyMessage) string {
	var b strings.Builder
	b.WriteString(m.Title + "\n\n")
	if m.Event == telemetry.NotifyTest {
		b.WriteString("Somebody tries whether messages of this rule arrive. Nothing has happened.\n\n")
	}
	for _, n := range m.Items {
		fmt.Fprintf(&b, "- %s (%s)\n", n.Title, about(n))
		if link := r.address(n.Link); link != "" {
			b.WriteString("  " + link + "\n")
		}
	}
	if more := r.more(m); more != "" {
		b.WriteString(more + "\n")
	}
	if link := r.address(m.Link); link != "" {
		b.WriteString("\nAll of them: " + link + "\n")
	}
	fmt.Fprintf(&b, "\nSent by the rule %s of the telemetry dashboard.\n", m.Rule)
	return b.String()
}

// page is a message as HTML. It has no images and no styles from elsewhere, and escapes
// what it is given.
const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{.Title}}</title></head>
<body style="font-family:sans-serif;font-size:14px;line-height:1.5;color:#1f2328">
<h1 style="font-size:18px">{{.Title}}</h1>
{{if .Test}}<p>Somebody tries whether messages of this rule arrive. Nothing has happened.</p>{{end}}
{{if .Items}}<ul>{{range .Items}}
<li>{{if .Link}}<a href="{{.Link}}">{{.Title}}</a>{{else}}{{.Title}}{{end}} <small>{{.About}}</small></li>{{end}}</ul>{{end}}
{{if .More}}<p>{{.More}}</p>{{end}}
{{if .Link}}<p><a href="{{.Link}}">Show all of them</a></p>{{end}}
<p><small>Sent by the rule {{.Rule}} of the telemetry dashboard.</small></p>
</body></html>
`

// HTML is a message as HTML, for mail.
func (r Render) HTML(m telemetry.NotifyMessage) (string, error) {
	type item struct{ Title, About, Link string }
	var items []item
	for _, n := range m.Items {
		items = append(items, item{n.Title, about(n), r.address(n.Link)})
	}
	t, err := template.New("mail").Parse(page)
	if err != nil {
		return "", fmt.Errorf("parse the page of a mail: %w", err)
	}
	var b strings.Builder
	err = t.Execute(&b, map[string]any{
		"Title": m.Title, "Items": items, "More": r.more(m), "Link": r.address(m.Link), "Rule": m.Rule, "Test": m.Event == telemetry.NotifyTest,
	})
	return b.String(), err
}

// slackItems is how many things a message in a chat names: it is to be read at a glance.
const slackItems = 10

// Slack is a message as Slack's incoming webhooks take it, and those who play them:
// a text for notifications and plain clients.
func (r Render) Slack(m telemetry.NotifyMessage) ([]byte, error) {
	shown := m
	if len(shown.Items) > slackItems {
		shown.Items = shown.Items[:slackItems]
	}
	var b strings.Builder
	b.WriteString("*" + slackText(m.Title) + "*")
	for _, n := range shown.Items {
		b.WriteString("\n• " + r.slackLink(n.Link, n.Title) + " (" + slackText(about(n)) + ")")
	}
	if more := r.more(shown); more != "" {
		b.WriteString("\n" + more)
	}
	if link := r.address(m.Link); link != "" {
		b.WriteString("\n" + r.slackLink(m.Link, "Show all of them"))
	}
	return json.Marshal(map[string]any{"text": b.String(), "unfurl_links": false, "unfurl_media": false})
}

// slackText escapes what Slack reads as links and mentions, and what makes text bold or code.
func slackText(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "*", "∗", "`", "ˋ").Replace(text)
}

func (r Render) slackLink(path, text string) string {
	link := r.address(path)
	if link == "" {
		return slackText(text)
	}
	link = strings.NewReplacer("|", "%7C", ">", "%3E", "<", "%3C").Replace(link)
	return "<" + link + "|" + strings.ReplaceAll(slackText(text), "|", "∣") + ">"
}

// Webhook is a message as Standard Webhooks have it: a type, a time and data.
func (r Render) Webhook(m telemetry.NotifyMessage, at time.Time) ([]byte, error) {
	items := make([]map[string]any, 0, len(m.Items))
	for _, n := range m.Items {
		items = append(items, map[string]any{
			"subject": n.Subject, "occurrence": n.Occurrence, "repo": n.Repo, "severity": n.Severity, "title": n.Title, "since": n.Since,
			"url": telemetry.Optional(r.address(n.Link)),
		})
	}
	return json.Marshal(map[string]any{
		"type": "telemetry." + string(m.Event), "timestamp": at.UTC().Format(time.RFC3339),
		"data": map[string]any{
			"rule": m.Rule, "title": m.Title, "owner": telemetry.Optional(m.Owner), "count": m.Count, "items": items,
			"url": telemetry.Optional(r.address(m.Link)),
		},
	})
}
