package dashboard

import (
	"context"

	"telemetry-dashboard/services/telemetry"
)

// Views is where saved views are kept.
type Views interface {
	Views(ctx context.Context) ([]telemetry.View, error)
	AddView(ctx context.Context, v telemetry.View, most int64) (telemetry.View, error)
	DeleteView(ctx context.Context, id string) (bool, error)
}

// viewsMost is how many views are kept: more than a menu can show.
const viewsMost = 100

// SaveView keeps a list's filter under a name, for everyone. The error is
// CodeInvalid for a name or query that cannot be kept, CodeConflict where
// the name is taken.
func (d *Dashboard) SaveView(ctx context.Context, name string, list telemetry.ListName, query string) (telemetry.View, error) {
	v, err := telemetry.NewView(name, list, query)
	if err != nil {
		return v, err
	}
	return d.AddView(ctx, v, viewsMost)
}

// RemoveView deletes a saved view. The error is CodeNotFound where it is gone
// already.
func (d *Dashboard) RemoveView(ctx context.Context, id string) error {
	found, err := d.DeleteView(ctx, id)
	if err == nil && !found {
		err = telemetry.Errorf(telemetry.CodeNotFound, "There is no saved view %s; it may have been deleted already.", shown(id))
	}
	return err
}
