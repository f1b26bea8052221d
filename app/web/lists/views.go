package lists

import (
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/parts"
)

// nameMost is how many letters the field of a view's name takes: more than
// is stored, so that a longer name is reported and not cut.
const nameMost = 200

// kept is the view as it is saved: the query of its list's address, without
// the page. The list of one repository is kept as one of all, narrowed.
func kept(v shell.View, q query.Query, sort parts.Sort) url.Values {
	if v.Scope != "" {
		if narrowed, err := q.With("repo", v.Scope); err == nil {
			q = narrowed
		}
	}
	values := url.Values{"q": {q.String()}}
	if v.Get("sort") != "" {
		values.Set("sort", sort.Key)
		values.Set("order", sort.Order())
	}
	if columns := v.Columns(); len(columns) > 0 {
		values.Set("columns", strings.Join(columns, ","))
	}
	return values
}

// tab is a view of a list, and its query as it is counted.
type tab struct {
	parts.View
	query query.Query
}

// tabs are the list's usual views and those that people saved. The list of
// one repository has none of these, since they are of all.
func tabs(v shell.View, saved []telemetry.View, q query.Query, sort parts.Sort) []tab {
	var usual, named []tab
	current := false // one tab is the current one, and a name says more
	for _, s := range saved {
		if t, ok := savedTab(v, s, q, sort); ok {
			named = append(named, t)
			current = current || t.Current
		}
	}
	schema := offered(v)
	for _, u := range schema.Views {
		its, err := schema.Parse(u.Query)
		if err != nil {
			continue // it asks for what is not known of the time that is shown
		}
		usual = append(usual, tab{parts.View{Text: u.Name, Current: its.String() == q.String() && v.Get("sort") == "" && !current,
			Changes: []string{"q", shell.QueryFor(u.Query, v.Panel.Usual), "sort", "", "order", "", "page", ""}}, its})
	}
	return append(usual, named...)
}

// savedTab is the tab of a saved view; ok is false where it is no view of
// the list as it is shown.
func savedTab(v shell.View, s telemetry.View, q query.Query, sort parts.Sort) (t tab, ok bool) {
	values, err := url.ParseQuery(s.Query)
	if err != nil || s.List != v.Panel.List.Schema().Name || v.Scope != "" {
		return tab{}, false
	}
	if t.query, err = dashboard.Parse(v.Panel.List, values.Get("q")); err == nil {
		if _, unknown := offered(v).Parse(values.Get("q")); unknown != nil {
			return tab{}, false
		}
		values.Set("q", t.query.String())
	}
	if !v.AsOf.IsZero() && slices.Contains(offered(v).NowOnly, values.Get("sort")) {
		return tab{}, false
	}
	t.View = parts.View{ID: s.ID, Text: s.Name, Current: values.Encode() == kept(v, q, sort).Encode(), Changes: []string{"page", ""}}
	for _, name := range []string{"q", "sort", "order", "columns", "per_page"} {
		value := values.Get(name)
		if name == "q" {
			value = shell.QueryFor(value, v.Panel.Usual)
		}
		t.Changes = append(t.Changes, name, value)
	}
	return t, true
}

func saveForm(v shell.View, q query.Query, sort parts.Sort) parts.SaveForm {
	f := parts.SaveForm{
		URL:    links.ActionSaveView,
		Rename: links.ActionRenameView,
		Delete: links.ActionDeleteView,
		Name:   v.Form.Get("name"),
		Taken:  v.Form.Has("replace"),
		Most:   nameMost,
		Hidden: []parts.Field{{Name: "list", Value: v.Panel.List.Schema().Name}, {Name: "query", Value: kept(v, q, sort).Encode()}},
	}
	if v.Fault != nil {
		f.Fault = telemetry.Sentence(v.Fault)
	}
	return f
}

// exports are the downloads of exactly the view that is shown.
func exports(v shell.View, q query.Query, sort parts.Sort, noun string, total int) parts.Exports {
	values := url.Values{"sort": {sort.Key}, "order": {sort.Order()}}
	if text := q.String(); text != "" {
		values.Set("q", text)
	}
	if v.Scope != "" {
		values.Set("repo", v.Scope)
	}
	if !v.AsOf.IsZero() {
		values.Set("as_of", v.Get("as_of"))
	}
	list, asked := v.Panel.List.Schema().Name, "?"+values.Encode()
	note := "This view, " + parts.Plural(total, noun, "")
	return parts.Exports{Note: note, API: links.APIList(list) + asked, Feeds: feeds(v, q), Items: []parts.Download{
		{Text: "CSV", Note: parts.Plural(total, "row", ""), URL: links.APIExport(list, "csv") + asked},
		{Text: "JSON", Note: parts.Plural(total, "item", ""), URL: links.APIExport(list, "json") + asked},
	}}
}

// feedOf is the address of the view's Atom feed, "" where it has none.
func feedOf(v shell.View, q query.Query) string {
	if v.Panel.List == nil || !v.AsOf.IsZero() {
		return ""
	}
	if feed := links.Feed(v.Panel.List.Schema().Name); links.IsFeed(feed) {
		return links.With(feed, "q", q.String(), "repo", v.Scope)
	}
	return ""
}

// feeds are what others can follow of the view.
func feeds(v shell.View, q query.Query) (list []parts.Link) {
	feed := feedOf(v, q)
	if feed == "" {
		return nil
	}
	list = append(list, parts.Link{Text: "Feed…", URL: links.Sharing(feed)})
	if v.Panel.List.Schema().Name == "issues" {
		calendar := links.With(links.Calendar, "q", q.String(), "repo", v.Scope)
		list = append(list, parts.Link{Text: "Calendar of due dates…", URL: links.Sharing(calendar)})
	}
	return list
}

// SaveView keeps the view under the name that was typed, and shows it. The
// view that has the name is replaced where a person ticked that for this name.
func (w *Web) SaveView(c *fiber.Ctx) error {
	name, list, address := c.FormValue("name"), c.FormValue("list"), c.FormValue("query")
	replace := strings.EqualFold(c.FormValue("replace"), name) && name != ""
	saved, err := w.Dashboard.SaveView(c.UserContext(), name, list, address, replace)
	if err == nil {
		return leadTo(c, links.View(saved.List, saved.Query))
	}
	code, taken := telemetry.CodeOf(err), false
	if code == telemetry.CodeConflict {
		if taken, err = w.nameTaken(c, name, err); err != nil && taken && c.Get("HX-Request") != "" {
			return shell.Render(c, fiber.StatusConflict, parts.NameTaken(name, telemetry.Sentence(err)))
		}
	}
	if c.Get("HX-Request") != "" || (code != telemetry.CodeInvalid && code != telemetry.CodeConflict) {
		return err
	}
	for _, s := range w.searched() {
		values, unreadable := url.ParseQuery(address)
		if s.List.Schema().Name != list || unreadable != nil {
			continue
		}
		form := url.Values{"name": {name}}
		if taken {
			form.Set("replace", name) // the form offers it
		}
		return w.showList(c, shell.View{Panel: s, Query: values, Form: form, Fault: err})
	}
	return err
}

// nameTaken reports whether a view has the name, which distinguishes the
// conflict from that of too many views, and returns the conflict.
func (w *Web) nameTaken(c *fiber.Ctx, name string, conflict error) (bool, error) {
	all, err := w.Dashboard.Views(c.UserContext())
	if err != nil {
		return false, err
	}
	key := telemetry.View{Name: strings.Join(strings.Fields(name), " ")}.Key()
	return slices.ContainsFunc(all, func(v telemetry.View) bool { return v.Key() == key }), conflict
}

// RenameView gives a saved view the name that was typed, and shows it.
func (w *Web) RenameView(c *fiber.Ctx) error {
	v, err := w.Dashboard.NameView(c.UserContext(), c.FormValue("id"), c.FormValue("name"))
	if err != nil {
		return err
	}
	return leadTo(c, links.View(v.List, v.Query))
}

// DeleteView removes a saved view, and shows its list.
func (w *Web) DeleteView(c *fiber.Ctx) error {
	id, back := c.FormValue("id"), links.Issues
	all, err := w.Dashboard.Views(c.UserContext())
	if err != nil {
		return err
	}
	for _, v := range all {
		if v.ID == id {
			back = links.List(v.List)
		}
	}
	if err := w.Dashboard.RemoveView(c.UserContext(), id); err != nil {
		return err
	}
	return leadTo(c, back)
}

// leadTo answers a form with the page that shows what it did.
func leadTo(c *fiber.Ctx, address string) error {
	if c.Get("HX-Request") == "" {
		return c.Redirect(address, fiber.StatusSeeOther)
	}
	c.Set("HX-Redirect", address)
	return c.SendStatus(fiber.StatusNoContent)
}
