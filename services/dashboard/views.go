package dashboard

import (
	"context"
	"slices"

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

// SaveView keeps a list's filter under a name, for everyone, in place of the
// view of that name where replace is set. The error is
// CodeInvalid for a name or query that cannot be kept, CodeConflict where
// the name is taken.
func (d *Dashboard) SaveView(ctx context.Context, name string, list telemetry.ListName, query string, replace bool) (telemetry.View, error) {
	v, err := telemetry.NewView(name, list, query)
	if err != nil {
		return v, err
	}
	return d.AddView(ctx, v, viewsMost, replace)
}

// NameView gives a saved view another name and returns it. The error is
// CodeInvalid for a name that cannot be kept, CodeConflict where it is
// another's, CodeNotFound where the view is gone.
func (d *Dashboard) NameView(ctx context.Context, id, name string) (telemetry.View, error) {
	all, err := d.Views(ctx)
	if err != nil {
		return telemetry.View{}, err
	}
	at := slices.IndexFunc(all, func(v telemetry.View) bool { return v.ID == id })
	if at < 0 {
		return telemetry.View{}, noView(id)
	}
	v := all[at]
	if v.Name, err = telemetry.ViewName(name); err != nil {
		return v, err
	}
	return v, d.RenameView(ctx, v)
}

func noView(id string) error {
	return telemetry.Errorf(telemetry.CodeNotFound, "There is no saved view %s; it may have been deleted already.", shown(id))
}

// RemoveView deletes a saved view. The error is CodeNotFound where it is gone
// already.
func (d *Dashboard) RemoveView(ctx context.Context, id string) error {
	found, err := d.DeleteView(ctx, id)
	if err == nil && !found {
		err = noView(id)
	}
	return err
}
