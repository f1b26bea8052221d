package telemetry_test

import (
	"errors"
	"strings"
	"testing"

	"telemetry-dashboard/services/telemetry"
)

func TestGuardTurnsAPanicIntoAnError(t *testing.T) {
	err := telemetry.Guard("list pull requests", func() error {
		none := map[string]map[string]int{}
		none["a"]["x"] = 1
		return nil
	})
	known, ok := errors.AsType[*telemetry.Error](err)
	if !ok || known.Code != telemetry.CodeInternal || !strings.Contains(known.Message, "list pull requests") {
		t.Fatalf("got %v, want an internal error that names the call", err)
	}
	if strings.Contains(known.Message, "nil map") || !strings.Contains(err.Error(), "nil map") || !strings.Contains(err.Error(), "guard_test.go") {
		t.Errorf("the cause belongs in the log and not in the message: %q / %q", known.Message, err)
	}
}

func TestGuardPassesAnErrorOn(t *testing.T) {
	want := errors.New("as it is")
	if err := telemetry.Guard("anything", func() error { return want }); !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}
