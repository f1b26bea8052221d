package web

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/a-h/templ"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

func (w *Web) specFreshness() spec {
	return spec{name: "freshness", title: "How old this is", page: "/", every: "15s", draw: w.drawFreshness}
}

// lateAfter is after how many of its intervals a source counts as late
// (ux.md, "Shell").
const lateAfter = 3

func (w *Web) drawFreshness(ctx context.Context, v view) (templ.Component, error) {
	sources, err := w.o.Dashboard.Sources(ctx)
	if err != nil {
		return nil, err
	}
	order := []string{"runs", "runs_dir", "sessions", "pulls"}
	slices.SortStableFunc(sources, func(a, b telemetry.SourceStatus) int {
		return cmp.Compare(slices.Index(order, a.Name), slices.Index(order, b.Name))
	})
	f := panels.Fresh{Frame: v.brief()}
	for _, s := range sources {
		f.Sources = append(f.Sources, w.sourceNote(s))
		if !s.FailedAt.IsZero() {
			if n := trouble(s); !slices.Contains(f.Trouble, n) { // run files and pull requests fail alike
				f.Trouble = append(f.Trouble, n)
			}
		}
	}
	return panels.Freshness(f), nil
}

func (w *Web) sourceNote(s telemetry.SourceStatus) panels.SourceNote {
	note := panels.SourceNote{Name: s.Name, At: s.OKAt, Icon: "database"}
	every := w.o.Settings.RefreshInterval
	switch s.Name {
	case "runs":
		note.Name, note.Icon = "Run files", "file-badge"
	case "runs_dir":
		note.Name, note.Icon = "Run files in RUNS_DIR", "file-badge"
	case "sessions":
		note.Name, note.Icon, every = "Sessions", "hubot", w.o.Settings.PollInterval
	case "pulls":
		note.Name, note.Icon = "Pull requests", "git-pull-request"
	}
	switch {
	case !s.FailedAt.IsZero():
		note.Tone, note.Cause = parts.Danger, troubleWord(s.Code)
	case every > 0 && w.o.Now().Sub(s.OKAt) > lateAfter*every:
		note.Tone, note.Cause = parts.Attention, "usually every "+spanText(every)
	}
	return note
}

func troubleWord(code telemetry.Code) string {
	switch code {
	case telemetry.CodeUpstreamTimeout:
		return "timed out"
	case telemetry.CodeUpstreamDown:
		return "unreachable"
	case telemetry.CodeUpstreamToken:
		return "token refused"
	case telemetry.CodeUpstreamDenied:
		return "not permitted"
	case telemetry.CodeRateLimited:
		return "rate limited"
	}
	return "failed"
}

// trouble is the strip about a source whose last reading failed.
func trouble(s telemetry.SourceStatus) parts.Notice {
	who := map[string]string{"runs": "GitHub", "pulls": "GitHub", "sessions": "Devin", "runs_dir": "RUNS_DIR"}[s.Name]
	n := parts.Notice{Tone: parts.Attention, Icon: "cloud-offline", Strong: who + " unreachable since " + clock(s.FailedAt) + ".", Text: s.Error}
	switch s.Code {
	case telemetry.CodeUpstreamToken:
		n.Tone, n.Icon, n.Strong = parts.Danger, "key", who+" refuses the token."
	case telemetry.CodeUpstreamDenied, telemetry.CodeUpstreamNotFound:
		n.Tone, n.Icon, n.Strong = parts.Danger, "lock", "The token may not read this."
	case telemetry.CodeRateLimited:
		n.Icon, n.Strong = "hourglass", who+" rate limit reached."
	case telemetry.CodeUpstreamDown, telemetry.CodeUpstreamTimeout, telemetry.CodeUpstreamBroken:
	default:
		n.Icon, n.Strong = "alert", who+" could not be read at "+clock(s.FailedAt)+"."
	}
	if !s.OKAt.IsZero() {
		n.Text += " Showing what was stored at " + clock(s.OKAt) + "."
	}
	return n
}

func clock(t time.Time) string { return t.UTC().Format("15:04") }
