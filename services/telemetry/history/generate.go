package history

import (
	"iter"
	"strings"
	"time"
)

// Generate returns the run files of a history in the order in which they
// appear (File.At never falls), made while one reads. Its memory grows with
// the repositories, not with the scans. Each use of the sequence starts anew
// and gives the same files.
func Generate(o Options) iter.Seq[File] {
	return func(yield func(File) bool) {
		m := newSim(o, false)
		m.populate()
		for len(m.events) > 0 {
			for f, ok := m.due(m.events[0].at); ok; f, ok = m.due(m.events[0].at) {
				if !yield(f) {
					return
				}
			}
			m.next(time.Time{})
		}
		end := m.o.End.Add(100 * 365 * day)
		for f, ok := m.due(end); ok; f, ok = m.due(end) {
			if !yield(f) {
				return
			}
		}
	}
}

// populate adds repositories whose sizes vary around the mean.
func (m *sim) populate() {
	langs := languages()
	mixture := []string{"js", "js", "js", "py", "py", "java", "java", "go", "go", "cs"}
	for _, name := range repoNames(m.dice, m.o.Repos) {
		p := profile{name: name, language: pick(m.dice, mixture), scans: m.o.ScansPerRepo, sessions: max(m.o.SessionsPerScan, 0)}
		p.base = m.dice.about(float64(m.o.FindingsPerScan) * (0.5 + m.dice.Float64()))
		if m.dice.chance(0.2) {
			p.fork = "devin-forks/" + strings.ReplaceAll(name, "/", "-")
		}
		m.addRepo(p, langs[p.language])
	}
}
