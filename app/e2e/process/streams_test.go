package process

import (
	"io"
	"net/http"
	"testing"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/store/storetest"
)

// TestStreamsEndWhileTheDatabaseIsSilent: a stream of events whose client has
// left ends although the database answers none of its questions, and so do
// those that wait for that answer.
func TestStreamsEndWhileTheDatabaseIsSilent(t *testing.T) {
	const streams = 40
	database, address := newFreezable(t, storetest.PostgresAddress(t))
	p := program.WithRuns(t, program.Sample(), program.Traced(200).With(program.Settings{"DATABASE_URL": address}))
	before := p.Goroutines()
	var bodies []io.Closer
	for range streams {
		res, err := p.Client().Do(p.Request(http.MethodGet, "/events", ""))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if _, err := io.ReadFull(res.Body, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, res.Body)
	}
	if open := p.Goroutines(); open < before+streams {
		t.Fatalf("%d goroutines before the streams, %d with them: no stream is open", before, open)
	}
	database.frozen.Store(true)
	<-database.silent
	for _, body := range bodies {
		body.Close()
	}
	p.Until("streams whose clients have left do not end", func() bool { return p.Goroutines() < before+streams/2 })
}
