// Package lists is the pages of lists, among them a repository's, with the
// bar above each: its query, its menus and its saved views.
//
// A further list is a panel whose Draw is list(…): the query box, menus,
// sorting, paging and the fragment's address follow from it.
package lists

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Web answers for the pages of lists. It is safe for concurrent use.
type Web struct {
	*shell.Shell
	Redeliver Redeliver
	newID     func() string
}

// Redeliver has a webhook worked off again.
type Redeliver interface {
	RetryDelivery(ctx context.Context, id string) (telemetry.Delivery, error)
}

// New returns a Web. newID makes the token of a form, of letters, digits and
// hyphens.
func New(s *shell.Shell, again Redeliver, newID func() string) *Web { return &Web{s, again, newID} }

type listing[V any] struct {
	noun  string // of one row
	sort  parts.Sort
	from  func(v shell.View, q query.Query) shell.Source[V]
	empty parts.Empty                                            // where there are records but no row
	none  func(context.Context, shell.View) (parts.Empty, error) // in place of empty, where it has to be asked for
	draw  func(panels.Table[V]) templ.Component
	more  func(context.Context, shell.View, query.Query, panels.Table[V]) (templ.Component, error) // in place of draw, likewise
}

// list makes a panel that of a list.
func list[V any](w *Web, p shell.Panel, l listing[V]) shell.Panel {
	p.Topics, p.Every, p.Past = append(shell.ListTopics(), p.Topics...), "60s", links.HasPast(p.Page)
	p.Draw = func(ctx context.Context, v shell.View) (templ.Component, error) {
		q, err := parsed(v)
		if err != nil {
			return nil, err
		}
		t, err := shell.Table(ctx, v, l.sort, l.from(v, q))
		if err != nil {
			return nil, err
		}
		if t.Bar, err = w.bar(ctx, v, l.noun, t.Sort, t.Pager.Total); err != nil {
			return nil, err
		}
		if v.Panel.Name == "issues" {
			if t.Bar.More, err = w.NotListed(ctx, v, q); err != nil {
				return nil, err
			}
			t.Desk = deskOf(ctx, v, q, t.Pager.Total)
			t.Bar.New = newCampaign(v, q, t.Pager.Total)
		}
		t.Empty, t.Plain, t.List, t.Chosen = l.empty, true, true, v.Columns()
		if len(t.Rows) == 0 && t.Bar.Clear == "" {
			if l.none != nil {
				t.Empty, err = l.none(ctx, v)
			}
			err = errors.Join(err, w.NoRuns(ctx, &t.Empty, &t.Action))
		}
		if l.more != nil && err == nil {
			return l.more(ctx, v, q, t)
		}
		return l.draw(t), err
	}
	return p
}

// ListPage makes the handler of showList.
func (w *Web) ListPage(s shell.Panel, below ...shell.Panel) fiber.Handler {
	return func(c *fiber.Ctx) error {
		v, err := w.ViewOf(c, s)
		if err != nil {
			return err
		}
		return w.showList(c, v, below...)
	}
}

// showList is the page of one list, with other panels below.
func (w *Web) showList(c *fiber.Ctx, v shell.View, below ...shell.Panel) error {
	list, status, err := w.listOr(c, v)
	if err != nil {
		return err
	}
	if v.Fault != nil {
		status = fiber.StatusBadRequest
	}
	body := pages.Body{Title: v.Panel.Title}
	body.Tabs = w.siblings(v.Panel)
	for _, b := range below {
		body.Rows = append(body.Rows, v.Row(c.UserContext(), b))
	}
	if body.Tabs != nil { // of several lists, what belongs to one stands with it
		body.Below, body.Rows = append(slices.Concat(body.Rows...), list), nil
	} else {
		body.Rows = append([][]templ.Component{{list}}, body.Rows...)
	}
	if v.Panel.Name == "issues" {
		body.Below = append(body.Below, panels.Peek())
	}
	return w.Show(c, shell.Screen{Title: v.Panel.Title, Current: entry(v.Panel), Status: status, Body: body, Feed: shownFeed(v)})
}

// shownFeed is the feed of the list that a page shows, "" where it has none or
// its query cannot be read.
func shownFeed(v shell.View) string {
	if v.Panel.List == nil {
		return ""
	}
	q, err := parsed(v)
	if err != nil {
		return ""
	}
	return feedOf(v, q)
}

// siblings are the lists that share an entry of the navigation with a panel's
// page: pull requests and their verifications, activity, decisions, what was sent to
// Devin, and webhooks.
func (w *Web) siblings(of shell.Panel) []parts.Tab {
	var together []shell.Panel
	switch entry(of) {
	case links.Pulls:
		together = []shell.Panel{w.Pulls(), w.Verifications()}
	case links.Activity:
		together = []shell.Panel{w.Activity(), w.Decisions(), w.Batches()}
		if w.Settings.Webhooks || of.Page == links.Deliveries {
			together = append(together, w.Deliveries())
		}
		together = append(together, w.Notifications())
	}
	var tabs []parts.Tab
	for _, p := range together {
		tabs = append(tabs, parts.Tab{Text: p.Title, URL: p.Page, Current: p.Name == of.Name})
	}
	return tabs
}

// entry is the page of the navigation under which a panel's page stands.
func entry(p shell.Panel) string {
	switch p.Page {
	case links.Verified:
		return links.Pulls
	case links.Deliveries, links.Decisions, links.Batches, links.Notifications:
		return links.Activity
	}
	return p.Page
}

// listOr draws a list, or, if the request is invalid, its bar and the error,
// with a fitting status.
func (w *Web) listOr(c *fiber.Ctx, v shell.View) (templ.Component, int, error) {
	list, err := v.Panel.Draw(c.UserContext(), v)
	if code := telemetry.CodeOf(err); err == nil || code != telemetry.CodeInvalid && code != telemetry.CodeNoPast {
		return list, fiber.StatusOK, err
	}
	var bar parts.Bar
	if v.Panel.List != nil {
		var failed error
		if bar, failed = w.bar(c.UserContext(), v, "row", parts.Sort{}, notAsked); failed != nil {
			return nil, 0, failed
		}
	}
	bar.Count, bar.Clear, bar.Save, bar.Exports = "", shell.OrBlank(v.Panel.Usual), parts.SaveForm{}, parts.Exports{}
	f := v.Frame()
	f.Plain, f.List = true, true
	f.Topics, f.Every = "", ""                 // asking again would fail the same way
	if _, unread := parsed(v); unread == nil { // the query is fine: drop the other parameters
		f.At.Query = url.Values{}
		f.At.Query.Set("q", v.Search())
	}
	if v.Panel.List == nil { // it has no query box: the query is in its address only
		f.At.Query, f.List, bar = url.Values{}, false, parts.Bar{}
	}
	return panels.Fault(f, bar, telemetry.Sentence(err)), fiber.StatusBadRequest, nil
}
