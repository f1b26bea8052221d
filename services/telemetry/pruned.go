package telemetry

// Pruned is what a prune took away.
type Pruned struct {
	Days    int64    `json:"days"`    // RETENTION_DAYS
	Records int64    `json:"records"` // whose bodies are the compact form now
	Logs    int64    `json:"logs"`
	Bytes   int64    `json:"freed_bytes"`
	Errors  []string `json:"errors"` // what was left as it is, never nil
	Note    string   `json:"note"`   // why the database keeps its size, "" where it does not
}
