package dashboard

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
)

// Views is where saved views are kept.
type Views interface {
	Views(ctx context.Context) ([]telemetry.View, error)
	AddView(ctx context.Context, v telemetry.View, most int64, replace bool) (telemetry.View, error)
	RenameView(ctx context.Context, v telemetry.View) error
	DeleteView(ctx context.Context, id string) (bool, error)
}

// viewsMost is how many views are kept: more than a menu can show.
const viewsMost = 100

// SaveView keeps the query of a list's address under a name, for everyone, in
// place of the view of that name where replace is set. The error is
// CodeInvalid for a name or query that cannot be kept, CodeConflict where
// the name is taken.
func (d *Dashboard) SaveView(ctx context.Context, name, list, address string, replace bool) (telemetry.View, error) {
	name, err := telemetry.ViewName(name)
	if err != nil {
		return telemetry.View{}, err
	}
	of, err := d.Named(list)
	if err != nil {
		return telemetry.View{}, err
	}
	kept, err := keptAddress(of, address)
	if err != nil {
		return telemetry.View{}, err
	}
	v, before := telemetry.View{Name: name, List: list, Query: kept}, ""
	if replace {
		other, err := d.viewThat(ctx, func(other telemetry.View) bool { return other.Key() == v.Key() })
		if err != nil {
			return telemetry.View{}, err
		}
		before = addressOf(other)
	}
	if v, err = d.AddView(ctx, v, viewsMost, replace); err == nil {
		telemetry.NoteEffect(ctx, telemetry.Effect{Subject: v.Name, Before: before, After: addressOf(v)})
	}
	return v, err
}

// viewThat is the saved view of which something holds, the zero value for none.
func (d *Dashboard) viewThat(ctx context.Context, is func(telemetry.View) bool) (v telemetry.View, err error) {
	all, err := d.Views(ctx)
	if at := slices.IndexFunc(all, is); at >= 0 {
		v = all[at]
	}
	return v, err
}

// addressOf is where a saved view leads, "" for none.
func addressOf(v telemetry.View) string {
	if v.ID == "" {
		return ""
	}
	return "/" + v.List + "?" + v.Query
}

// viewBytes bounds what is kept of a view's address.
const viewBytes = 4000

// keptAddress checks the query of a list's address, and leaves its page out.
func keptAddress(l Described, address string) (string, error) {
	if len(address) > viewBytes {
		return "", telemetry.Errorf(telemetry.CodeInvalid, "Invalid query: it has %d bytes; the limit is %d.", len(address), viewBytes)
	}
	address = strings.TrimPrefix(address, "?")
	values, err := url.ParseQuery(address)
	if err != nil || address != "" && !namesParameters(values, address) {
		return "", telemetry.Errorf(telemetry.CodeInvalid,
			"Invalid query: want the query string of a list's URL, for example q=is%%3Aopen&sort=severity.").Because(err)
	}
	values.Del("page")
	for key, list := range values {
		for _, text := range append(list, key) {
			if query.Check(text) != nil {
				return "", telemetry.Errorf(telemetry.CodeInvalid,
					"query: %q is too long, has control characters, or is not text.", telemetry.Shown(key))
			}
		}
	}
	_, err = Parse(l, values.Get("q"))
	return values.Encode(), err
}

// namesParameters tells a URL's query from a list's ("is:open"), which would be
// read as a parameter of that name, and filter nothing.
func namesParameters(values url.Values, address string) bool {
	for name := range values {
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" {
			return false
		}
	}
	return strings.Contains(address, "=")
}

// NameView gives a saved view another name. The error is CodeInvalid for a name that
// cannot be kept, CodeConflict for another's, CodeNotFound where the view is gone.
func (d *Dashboard) NameView(ctx context.Context, id, name string) (telemetry.View, error) {
	v, err := d.viewThat(ctx, func(v telemetry.View) bool { return v.ID == id })
	if err != nil {
		return telemetry.View{}, err
	}
	if v.ID == "" {
		return telemetry.View{}, noView(id)
	}
	was := v.Name
	if v.Name, err = telemetry.ViewName(name); err != nil {
		return v, err
	}
	if err = d.RenameView(ctx, v); err == nil {
		telemetry.NoteEffect(ctx, telemetry.Effect{Subject: was, Before: was, After: v.Name})
	}
	return v, err
}

func noView(id string) error {
	return telemetry.Errorf(telemetry.CodeNotFound, "Saved view %s not found. It may have been deleted.", telemetry.Shown(id))
}

// RemoveView deletes a saved view. The error is CodeNotFound where it is gone
// already.
func (d *Dashboard) RemoveView(ctx context.Context, id string) error {
	v, err := d.viewThat(ctx, func(v telemetry.View) bool { return v.ID == id })
	if err != nil {
		return err
	}
	found, err := d.DeleteView(ctx, id)
	if err == nil && !found {
		err = noView(id)
	}
	if err == nil {
		telemetry.NoteEffect(ctx, telemetry.Effect{Subject: v.Name, Before: addressOf(v)})
	}
	return err
}
