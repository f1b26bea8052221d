package monitor

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"telemetry-dashboard/app/server"
	"telemetry-dashboard/services/telemetry"
)

// Database is what the figures are read from.
type Database interface {
	Operation(ctx context.Context) (telemetry.Operation, error)
}

// Budget is a limit of requests at an upstream.
type Budget struct {
	Upstream, Kind string
	Rate           func() telemetry.RateLimit
}

// Watched is what the figures tell the state of.
type Watched struct {
	Database Database
	Load     func() server.Load
	Budgets  []Budget
	Log      *slog.Logger
}

// operationTime is how long the database has to answer.
const operationTime = 3 * time.Second

// Watch adds the state of what is watched to the figures.
func (m *Metrics) Watch(w Watched) { m.registry.MustRegister(state{w, gauges()}) }

// state reads what is watched each time that it is asked.
type state struct {
	Watched
	gauges map[string]*prometheus.Desc
}

// gauges are the metrics of state, each by its name without the prefix.
func gauges() map[string]*prometheus.Desc {
	all := map[string]*prometheus.Desc{}
	for _, g := range []struct {
		name, help string
		labels     []string
	}{
		{"answers_total", "Answers that are kept, by where they came from: the client (304), memory or the database.", []string{"from"}},
		{"answers_kept", "Encoded answers in memory.", nil},
		{"answers_kept_bytes", "Bytes of encoded answers in memory.", nil},
		{"connections", "Connections that are open.", nil},
		{"streams", "Streams of events and downloads that are open.", nil},
		{"requests_waiting", "Requests that wait for being computed.", nil},
		{"upstream_budget", "Requests that an upstream allows in a window, by what may take them.", []string{"upstream", "kind"}},
		{"upstream_budget_remaining", "How many of them are left.", []string{"upstream", "kind"}},
		{"database_up", "1 where the database answers.", nil},
		{"database_writable", "1 where the database can be written.", nil},
		{"lease_held", "1 where this program runs the jobs.", nil},
		{"lease_live", "1 where some program on the database runs the jobs.", nil},
		{"programs", "Programs on the database, this one included.", nil},
		{"source_read_timestamp_seconds", "When a kind of source was last read well; of several, the one read longest ago.", []string{"kind"}},
		{"source_failing", "Sources of a kind whose last reading failed.", []string{"kind"}},
		{"jobs", "Jobs that have not ended, by kind and state.", []string{"kind", "state"}},
		{"deliveries_queued", "Webhooks that wait to be worked off.", nil},
		{"notifications_waiting", "Notifications that are not sent yet.", nil},
		{"notifications_failing", "Notifications of which a try failed, and that are tried again.", nil},
		{"issues_overdue", "Issues that are overdue.", nil},
		{"issues_due_soon", "Issues that are due within three days.", nil},
		{"needs", "Rows of what waits for a person, by kind, snoozed ones included.", []string{"kind"}},
	} {
		all[g.name] = prometheus.NewDesc(prefix+g.name, g.help, g.labels, nil)
	}
	return all
}

// Describe implements prometheus.Collector.
func (s state) Describe(to chan<- *prometheus.Desc) {
	for _, g := range s.gauges {
		to <- g
	}
}

// Collect implements prometheus.Collector.
func (s state) Collect(to chan<- prometheus.Metric) {
	tell := func(name string, value float64, labels ...string) {
		kind := prometheus.GaugeValue
		if name == "answers_total" {
			kind = prometheus.CounterValue
		}
		to <- prometheus.MustNewConstMetric(s.gauges[name], kind, value, labels...)
	}
	s.load(tell)
	for _, b := range s.Budgets {
		if rate := b.Rate(); rate.Known {
			tell("upstream_budget", float64(rate.Limit), b.Upstream, b.Kind)
			tell("upstream_budget_remaining", float64(rate.Remaining), b.Upstream, b.Kind)
		}
	}
	var o telemetry.Operation
	err := telemetry.Guard("read the figures", func() (err error) {
		ctx, cancel := context.WithTimeout(context.Background(), operationTime)
		defer cancel()
		o, err = s.Database.Operation(ctx)
		return err
	})
	tell("database_up", flag(err == nil))
	if err != nil {
		s.Log.Warn("the database did not answer for the figures", "err", err)
		return
	}
	s.operation(o, tell)
}

func (s state) load(tell func(name string, value float64, labels ...string)) {
	l := s.Load()
	tell("answers_total", float64(l.Unchanged), "client")
	tell("answers_total", float64(l.Kept), "memory")
	tell("answers_total", float64(l.Computed), "database")
	tell("answers_kept", float64(l.Answers))
	tell("answers_kept_bytes", float64(l.AnswersBytes))
	tell("connections", float64(l.Connections))
	tell("streams", float64(l.Streams))
	tell("requests_waiting", float64(l.Waiting))
}

func (s state) operation(o telemetry.Operation, tell func(name string, value float64, labels ...string)) {
	tell("lease_held", flag(o.Lease.Own))
	tell("lease_live", flag(o.Lease.Held))
	tell("programs", float64(o.Lease.Others+1))
	tell("deliveries_queued", float64(o.Deliveries))
	tell("notifications_waiting", float64(o.Waiting))
	tell("notifications_failing", float64(o.Failing))
	tell("issues_overdue", float64(o.Overdue))
	tell("issues_due_soon", float64(o.DueSoon))
	for _, j := range o.Jobs {
		tell("jobs", float64(j.N), j.Kind, j.State)
	}
	for _, n := range o.Needs {
		tell("needs", float64(n.N), n.Need)
	}
	read, failing, writable := map[string]time.Time{}, map[string]int{}, true
	for _, st := range o.Sources {
		if st.Name == telemetry.SourceDatabase {
			writable = false
			continue
		}
		if !st.OKAt.IsZero() && (read[st.Name].IsZero() || st.OKAt.Before(read[st.Name])) {
			read[st.Name] = st.OKAt.Time
		}
		failing[st.Name] += int(flag(st.Error != ""))
	}
	tell("database_writable", flag(writable))
	for kind, at := range read {
		tell("source_read_timestamp_seconds", float64(at.UnixMilli())/1000, kind)
	}
	for kind, n := range failing {
		tell("source_failing", float64(n), kind)
	}
}

// flag is a condition as Prometheus has it: 1 or 0.
func flag(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
