package process

import (
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

func TestMain(m *testing.M) { program.Main(m) }
