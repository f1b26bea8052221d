package telemetry

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// The files beside the run files that say what the action's orchestrator is to
// do, and what it did.
const (
	RegistryFile = "repo_registry.json"
	StateFile    = "orchestrator_state.json"
)

// SideFiles are the names of these files.
func SideFiles() []string { return []string{RegistryFile, StateFile} }

// FetchedSide is a RegistryFile or StateFile as it was fetched. Err says why
// it has no body; Gone, that it is not there any more.
type FetchedSide struct {
	RunFile
	Body []byte
	Err  error
	Gone bool
}

// mostEntries is the most repositories of a registry, and the most
// fingerprints of an orchestrator's state.
const mostEntries = 100_000

// RegistryEntry is what the registry says of one repository.
type RegistryEntry struct {
	Repo         RepoName // without what credentials its URL may have
	Importance   string   // critical, high, medium, low; "" where only a score, or nothing, is given
	Score        *int64   // 0 to 100
	Tags         []string
	Schedule     string // hourly, daily, weekly, monthly
	Enabled      bool
	AutoScan     bool
	AutoDispatch bool
	MaxSessions  *int64 // in one cycle
}

// ParseRegistry reads a registry. The error is a sentence about the file's
// first fault. Of a repository that stands in it twice, the last entry counts.
func ParseRegistry(body []byte) ([]RegistryEntry, error) {
	d, err := newDecoder(body)
	if err != nil {
		return nil, err
	}
	var list []*struct {
		Repo         string          `json:"repo"`
		Importance   string          `json:"importance"`
		Score        json.RawMessage `json:"importance_score"`
		Tags         []string        `json:"tags"`
		Schedule     string          `json:"schedule"`
		Enabled      *bool           `json:"enabled"`
		AutoScan     *bool           `json:"auto_scan"`
		AutoDispatch *bool           `json:"auto_dispatch"`
		MaxSessions  json.RawMessage `json:"max_sessions_per_cycle"`
	}
	const name = "repos"
	if !d.has(name) {
		return nil, fmt.Errorf("%s: missing; a registry lists repositories", name)
	}
	d.list(name, &list, mostEntries)
	entries := map[string]RegistryEntry{}
	for i, e := range list {
		at := fmt.Sprintf("%s[%d]", name, i)
		if e == nil || ParseRepo(cleanText(e.Repo)) == "" {
			d.fail(at+".repo", fmt.Errorf("want owner/name or the URL of a repository"))
			continue
		}
		entry := RegistryEntry{
			Repo: ParseRepo(cleanText(e.Repo)), Importance: strings.ToLower(keyText(e.Importance)), Tags: []string{},
			Schedule: strings.ToLower(keyText(e.Schedule)), Enabled: e.Enabled == nil || *e.Enabled,
			AutoScan: e.AutoScan != nil && *e.AutoScan, AutoDispatch: e.AutoDispatch != nil && *e.AutoDispatch,
			Score: d.known(at+".importance_score", e.Score), MaxSessions: d.known(at+".max_sessions_per_cycle", e.MaxSessions),
		}
		for _, tag := range e.Tags[:min(len(e.Tags), mostLocations)] {
			if text := keyText(tag); text != "" {
				entry.Tags = append(entry.Tags, text)
			}
		}
		entries[entry.Repo.Key()] = entry
	}
	return slices.SortedFunc(maps.Values(entries), func(a, b RegistryEntry) int { return strings.Compare(a.Repo.Key(), b.Repo.Key()) }), d.err
}

// newDecoder reads the fields of a JSON object.
func newDecoder(body []byte) (*decoder, error) {
	text, err := jsonText(body)
	if err != nil {
		return nil, err
	}
	fields, err := objectFields(text)
	return &decoder{fields: fields}, err
}

// known reads a number that is nil where it is absent or null.
func (d *decoder) known(name string, raw json.RawMessage) *int64 {
	if absent(raw) {
		return nil
	}
	n := d.placed(name, raw)
	return &n
}

// StateEntry is what the orchestrator's state says of one fingerprint.
type StateEntry struct {
	Fingerprint string
	Session     string // the key of the last session that was started for it, "" for none
	Dispatches  int64
	Failures    int64     // in a row
	LastAt      time.Time // UTC, zero where the state does not say
}

// ParseState reads an orchestrator's state. The error is a sentence about the
// file's first fault.
func ParseState(body []byte) ([]StateEntry, error) {
	d, err := newDecoder(body)
	if err != nil {
		return nil, err
	}
	const name = "dispatch_history"
	if entries(d.fields[name], 0) > 0 {
		return nil, fmt.Errorf("%s: want an object", name)
	}
	var history map[string]*struct {
		Session    string          `json:"last_session_id"`
		Dispatches json.RawMessage `json:"dispatch_count"`
		Failures   json.RawMessage `json:"consecutive_failures"`
		LastAt     string          `json:"last_dispatched"`
	}
	d.value(name, &history)
	if len(history) > mostEntries {
		return nil, fmt.Errorf("%s: %w", name, tooMany(mostEntries, "entries"))
	}
	list := make([]StateEntry, 0, len(history))
	for _, key := range slices.Sorted(maps.Keys(history)) {
		e, at := history[key], name+"."+Shorten(cleanText(key), quoted)
		if e == nil {
			continue
		}
		entry := StateEntry{Fingerprint: keyText(key), Session: SessionKey(keyText(e.Session))}
		if entry.Fingerprint == "" {
			d.fail(name, fmt.Errorf("an entry has no fingerprint"))
		}
		entry.Dispatches, entry.Failures = d.placed(at+".dispatch_count", e.Dispatches), d.placed(at+".consecutive_failures", e.Failures)
		for _, form := range timeForms {
			if t, err := time.Parse(form, strings.TrimSpace(e.LastAt)); err == nil && entry.LastAt.IsZero() {
				entry.LastAt = t.UTC().Truncate(time.Millisecond)
			}
		}
		list = append(list, entry)
	}
	return list, d.err
}
