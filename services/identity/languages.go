package identity

import (
	"maps"
	"slices"

	"telemetry-dashboard/services/telemetry"
)

// languageMinimum is how many findings of a language the last scan that had it
// must name for a scan without any to count as one that did not look at it.
const languageMinimum = 10

// Language is what a ledger knows of a language (see telemetry.RuleLanguage).
type Language struct {
	Found int `json:"found"`          // findings of it in the last full scan that had it
	Lost  int `json:"lost,omitempty"` // scans in a row without it since then
}

// lostLanguages is the scope guard of languages: lost are those that a scan did
// not look at, taken those that it would not have looked at, had not merged pull
// requests taken every issue.
func (l *Ledger) lostLanguages(scan Scan) (lost, taken []string) {
	if scan.Accepted || len(scan.Findings) == 0 {
		return nil, nil
	}
	named := languagesOf(scan.Findings)
	for _, language := range slices.Sorted(maps.Keys(l.Languages)) {
		known := l.Languages[language]
		switch {
		case named[language] > 0 || known.Found < languageMinimum || known.Lost+1 >= guardPatience:
		case slices.Contains(scan.Taken, language):
			taken = append(taken, language)
		default:
			lost = append(lost, language)
		}
	}
	return lost, taken
}

func languagesOf(findings []telemetry.Finding) map[string]int {
	named := map[string]int{}
	for i := range findings {
		if language := telemetry.RuleLanguage(findings[i].Rule); language != "" {
			named[language]++
		}
	}
	return named
}

// noteLanguages moves what is known of languages to the scan. A language whose
// issues the scan has closed is forgotten.
func (l *Ledger) noteLanguages(scan Scan, out *ScanResult) {
	now := map[string]Language{}
	for language, found := range languagesOf(scan.Findings) {
		now[language] = Language{Found: found}
	}
	for language, known := range l.Languages {
		switch _, named := now[language]; {
		case named && out.Reduced:
			now[language] = Language{Found: known.Found}
		case named:
		case out.Reduced && len(scan.Findings) == 0: // it lost no language in particular
			now[language] = known
		case out.Reduced || slices.Contains(out.Lost, language):
			now[language] = Language{Found: known.Found, Lost: known.Lost + 1}
		}
	}
	l.Languages = now
}
