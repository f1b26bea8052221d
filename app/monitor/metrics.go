package monitor

import (
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"telemetry-dashboard/app/server"
	"telemetry-dashboard/services/telemetry"
)

// MetricsPath is where Prometheus asks.
const MetricsPath = "/metrics"

// Metrics are the figures of the program, in a registry of their own. What
// happens is counted as it happens; what stands is read when it is asked for.
// Every label has few values: no repository, no person, no address.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	jobs     *prometheus.HistogramVec
	upstream *prometheus.HistogramVec
	slow     prometheus.Counter
}

// prefix begins the name of each metric of the program's own.
const prefix = "dashboard_"

// New returns Metrics that count from zero. version and build name the program.
func New(version, build string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: histogram("http_request_duration_seconds",
			"How long requests took, by route, method and class of status. Streams count until they begin.",
			[]float64{.005, .025, .1, .5, 2.5, 10}, "route", "method", "status"),
		jobs: histogram("job_duration_seconds", "How long jobs took that this program ran, by kind and result.",
			[]float64{1, 5, 30, 120, 600, 1800}, "kind", "result"),
		upstream: histogram("upstream_request_duration_seconds",
			"How long GitHub and Devin took for the headers of an answer, by who waits for it (person, background) and result.",
			[]float64{.05, .1, .25, .5, 1, 2.5, 10}, "upstream", "for", "result"),
		slow: prometheus.NewCounter(prometheus.CounterOpts{
			Name: prefix + "database_slow_statements_total", Help: "Statements that took longer than the log allows without a line.",
		}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + "build_info", Help: "1, with the version and commit of the program.",
		ConstLabels: prometheus.Labels{"version": version, "build": build}})
	info.Set(1)
	m.registry.MustRegister(m.requests, m.jobs, m.upstream, m.slow, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: prefix + name, Help: help, Buckets: buckets}, labels)
}

// Requests returns what counts the answers of a method and route. What it counts
// with is found once for each class of status: a hot answer has no time for it.
func (m *Metrics) Requests(method, route string) server.Meter {
	if route == "" {
		route, method = "none", "any" // whatever a client sends
	}
	var classes [6]func() prometheus.Observer
	for i := range classes {
		classes[i] = sync.OnceValue(func() prometheus.Observer { return m.requests.WithLabelValues(route, method, strconv.Itoa(i)+"xx") })
	}
	return func(status int, took time.Duration) {
		classes[min(max(status/100, 0), len(classes)-1)]().Observe(took.Seconds())
	}
}

// JobEnded counts a job that has ended.
func (m *Metrics) JobEnded(j telemetry.Job) {
	m.jobs.WithLabelValues(j.Kind, j.State).Observe(j.Ended.Sub(j.Started.Time).Seconds())
}

// SlowStatement counts a statement that the database took long for.
func (m *Metrics) SlowStatement() { m.slow.Inc() }

// Upstream puts around a transport what counts its requests.
func (m *Metrics) Upstream(name string) func(http.RoundTripper) http.RoundTripper {
	return func(base http.RoundTripper) http.RoundTripper {
		return &counted{base: base, name: name, seconds: m.upstream}
	}
}

// counted is a transport whose requests are counted.
type counted struct {
	base    http.RoundTripper
	name    string
	seconds *prometheus.HistogramVec
}

// RoundTrip implements http.RoundTripper.
func (c *counted) RoundTrip(req *http.Request) (*http.Response, error) {
	began, waits := time.Now(), "person"
	if telemetry.IsBackground(req.Context()) {
		waits = "background"
	}
	resp, err := c.base.RoundTrip(req)
	result := "none" // no answer
	if err == nil {
		result = strconv.Itoa(min(max(resp.StatusCode/100, 0), 9)) + "xx"
	}
	c.seconds.WithLabelValues(c.name, waits, result).Observe(time.Since(began).Seconds())
	return resp, err
}

// CloseIdleConnections closes those of the transport.
func (c *counted) CloseIdleConnections() {
	if closer, ok := c.base.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// Route is the route of the figures. They are not for strangers: where people
// sign in, Prometheus sends an access token of a viewer.
func (m *Metrics) Route(log *slog.Logger) server.Route {
	answer := adaptor.HTTPHandler(promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ErrorHandling:       promhttp.ContinueOnError, // without the database, the rest is still told
		DisableCompression:  true,                     // the server compresses
		MaxRequestsInFlight: 4,
	}))
	handle := func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderCacheControl, "no-store")
		return answer(c)
	}
	return server.Route{Method: fiber.MethodGet, Path: MetricsPath, Needs: telemetry.RoleViewer, Probe: true, Handle: handle}
}
