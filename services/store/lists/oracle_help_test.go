package lists_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// randomTerm is one value of a term as a person writes it, and which rows it
// means: worked out from the rows alone, without the parser and the store.
type randomTerm[T any] struct {
	text  string
	holds func(T) bool
}

// randomTerms makes guesses for a qualifier.
type randomTerms[T any] func(dice *rand.Rand) randomTerm[T]

func pick[T any](dice *rand.Rand, list []T) T { return list[dice.IntN(len(list))] }

// randomQuery is a query of one to three terms and the rows that it means.
func randomQuery[T any](dice *rand.Rand, vocabulary map[string]randomTerms[T], names []string) (text string, holds func(T) bool, words []string) {
	var terms []func(T) bool
	for range 1 + dice.IntN(2)*dice.IntN(3) {
		name := pick(dice, names)
		values, texts := []randomTerm[T]{}, []string{}
		for range 1 + dice.IntN(3)*dice.IntN(2) {
			v := vocabulary[name](dice)
			values, texts = append(values, v), append(texts, quoted(dice, v.text, name == ""))
			if name == "" {
				break // free text has one value
			}
		}
		not := dice.IntN(3) == 0
		word := strings.Join(texts, ",")
		if name != "" {
			word = name + ":" + word
		}
		if not {
			word = "-" + word
		}
		words = append(words, word)
		terms = append(terms, func(row T) bool {
			return not != slices.ContainsFunc(values, func(v randomTerm[T]) bool { return v.holds(row) })
		})
	}
	return strings.Join(words, " "), func(row T) bool {
		return !slices.ContainsFunc(terms, func(term func(T) bool) bool { return !term(row) })
	}, words
}

var plainValue = regexp.MustCompile(`^[a-zA-Z0-9_./*<>=#][a-zA-Z0-9_./*<>=#-]*$`)

// quoted puts quotes around what needs them, and around some of the rest.
func quoted(dice *rand.Rand, text string, free bool) string {
	if plainValue.MatchString(text) && dice.IntN(4) > 0 || !free && regexp.MustCompile(`^[a-zA-Z0-9:/.-]+$`).MatchString(text) {
		return text
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// recased writes ASCII letters large or small.
func recased(dice *rand.Rand, text string) string {
	b := []byte(text)
	for i, c := range b {
		if letter := c | 0x20; letter >= 'a' && letter <= 'z' && dice.IntN(8) == 0 {
			b[i] = c ^ 0x20
		}
	}
	return string(b)
}

// starred puts * in place of a part of a text.
func starred(dice *rand.Rand, text string) string {
	r := []rune(text)
	a, b := dice.IntN(len(r)+1), dice.IntN(len(r)+1)
	return string(r[:min(a, b)]) + "*" + string(r[max(a, b):])
}

// glob reports whether a pattern is all of a text, in any case.
func glob(pattern, text string) bool {
	parts := strings.Split(strings.ToLower(pattern), "*")
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(p)
	}
	return regexp.MustCompile(`(?s)^` + strings.Join(parts, ".*") + `$`).MatchString(strings.ToLower(text))
}

// partOf reports whether a part stands in one of the texts, in any case.
func partOf(part string, texts ...string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(part)) })
}

func words[T any](meanings map[string]func(T) bool) randomTerms[T] {
	names := []string{}
	for name := range meanings {
		names = append(names, name)
	}
	slices.Sort(names)
	return func(dice *rand.Rand) randomTerm[T] {
		name := pick(dice, names)
		return randomTerm[T]{strings.ReplaceAll(name, "_", pick(dice, []string{"_", "-"})), meanings[name]}
	}
}

// texts are whole texts, in any case, with and without *.
func texts[T any](rows []T, of func(T) []string) randomTerms[T] {
	pool := pooled(rows, of)
	return func(dice *rand.Rand) randomTerm[T] {
		text := recased(dice, pick(dice, pool))
		switch dice.IntN(6) {
		case 0, 1:
			text = starred(dice, text)
		case 2: // the beginning of one and the end of another
			a, b := []rune(text), []rune(pick(dice, pool))
			text = string(a[:dice.IntN(len(a)+1)]) + "*" + string(b[dice.IntN(len(b)):])
		}
		return randomTerm[T]{text, func(row T) bool {
			return slices.ContainsFunc(of(row), func(have string) bool { return glob(text, have) })
		}}
	}
}

// pooled are the different texts of rows.
func pooled[T any](rows []T, of func(T) []string) []string {
	pool := []string{"zzz-none"}
	for _, row := range rows {
		pool = append(pool, of(row)...)
	}
	slices.Sort(pool)
	return slices.DeleteFunc(slices.Compact(pool), func(s string) bool { return strings.TrimSpace(s) == "" })
}

// pieces are parts of texts that found is true of.
func pieces[T any](rows []T, of func(T) []string, found func(row T, text string) bool) randomTerms[T] {
	pool := append(pooled(rows, of), "12", "#7", "%", "_", `\`, `"`, `",`, "[", "]", ",", "*", "a*b", "-", "is:open")
	return func(dice *rand.Rand) randomTerm[T] {
		r := []rune(pick(dice, pool))
		from := dice.IntN(len(r))
		text := recased(dice, string(r[from:min(len(r), from+1+dice.IntN(12))]))
		if strings.TrimSpace(text) != text || text == "" {
			text = "js"
		}
		return randomTerm[T]{text, func(row T) bool { return found(row, text) }}
	}
}

// paths are parts of a path, its beginning, or patterns of the whole of it.
func paths[T any](rows []T, of func(T) string) randomTerms[T] {
	pool := pooled(rows, func(row T) []string { return []string{of(row)} })
	return func(dice *rand.Rand) randomTerm[T] {
		r := []rune(recased(dice, pick(dice, pool)))
		from, to := dice.IntN(len(r)), 1+dice.IntN(len(r))
		part := strings.TrimSpace(string(r[min(from, to-1):max(from+1, to)]))
		if part == "" || part[0] == '/' {
			part = "src"
		}
		switch dice.IntN(3) {
		case 0:
			anchor := string(r[:to])
			if strings.TrimSpace(anchor) != anchor || anchor[0] == '/' {
				anchor = "src"
			}
			if strings.Contains(anchor, "*") {
				return randomTerm[T]{"/" + anchor, func(row T) bool { return glob(anchor, of(row)) }}
			}
			return randomTerm[T]{"/" + anchor, func(row T) bool { return strings.HasPrefix(strings.ToLower(of(row)), strings.ToLower(anchor)) }}
		case 1:
			pattern := starred(dice, string(r))
			return randomTerm[T]{pick(dice, []string{"", "/"}) + pattern, func(row T) bool { return glob(pattern, of(row)) }}
		}
		if strings.Contains(part, "*") {
			return randomTerm[T]{part, func(row T) bool { return glob(part, of(row)) }}
		}
		return randomTerm[T]{part, func(row T) bool { return partOf(part, of(row)) }}
	}
}

func repos[T any](rows []T, of func(T) []telemetry.RepoName) randomTerms[T] {
	pool := pooled(rows, func(row T) (names []string) {
		for _, name := range of(row) {
			names = append(names, string(name))
		}
		return names
	})
	pool[slices.Index(pool, "zzz-none")] = "zzz/none"
	return func(dice *rand.Rand) randomTerm[T] {
		name := recased(dice, pick(dice, pool))
		owner, _, _ := strings.Cut(name, "/")
		if dice.IntN(4) == 0 {
			return randomTerm[T]{owner + "/*", func(row T) bool {
				return slices.ContainsFunc(of(row), func(have telemetry.RepoName) bool { return glob(owner+"/*", string(have)) })
			}}
		}
		return randomTerm[T]{pick(dice, []string{"", "https://github.com/"}) + name, func(row T) bool {
			return slices.ContainsFunc(of(row), func(have telemetry.RepoName) bool { return strings.EqualFold(name, string(have)) })
		}}
	}
}

// numbers are a number, comparisons and ranges.
func numbers[T any](rows []T, of func(T) []int64) randomTerms[T] {
	return func(dice *rand.Rand) randomTerm[T] {
		n := int64(3)
		if list := of(pick(dice, rows)); len(list) > 0 {
			n = max(0, pick(dice, list)+int64(dice.IntN(3))-1)
		}
		m := n + int64(dice.IntN(4))
		text, holds := compared(dice, fmt.Sprint(n), fmt.Sprint(m), span{n, n + 1}, span{m, m + 1})
		return randomTerm[T]{text, func(row T) bool { return slices.ContainsFunc(of(row), holds) }}
	}
}

// tenthsOf is a score in tenths, -1 where there is none.
func tenthsOf(score *float64) int64 {
	if score == nil {
		return -1
	}
	return int64(math.Round(*score * 10))
}

// scores are a score, comparisons and ranges of scores, and none.
func scores(rows []issueFacts) randomTerms[issueFacts] {
	return func(dice *rand.Rand) randomTerm[issueFacts] {
		n := max(0, tenthsOf(pick(dice, rows).Score)+int64(dice.IntN(3))-1)
		m := n + int64(dice.IntN(30))
		written := func(n int64) string {
			return strings.TrimSuffix(fmt.Sprintf("%d.%d", n/10, n%10), pick(dice, []string{".0", "x"}))
		}
		text, holds := compared(dice, written(n), written(m), span{n, n + 1}, span{m, m + 1})
		if dice.IntN(5) == 0 {
			return randomTerm[issueFacts]{pick(dice, []string{"none", "None"}), func(r issueFacts) bool { return r.Score == nil }}
		}
		return randomTerm[issueFacts]{text, func(r issueFacts) bool { return r.Score != nil && holds(tenthsOf(r.Score)) }}
	}
}

// span is what an operand names: from low on and below next.
type span struct{ low, next int64 }

// compared writes a comparison with the first of two operands, or a range of
// both, and says what it means.
func compared(dice *rand.Rand, a, b string, first, second span) (text string, holds func(n int64) bool) {
	switch dice.IntN(8) {
	case 0:
		return ">" + a, func(n int64) bool { return n >= first.next }
	case 1:
		return ">=" + a, func(n int64) bool { return n >= first.low }
	case 2:
		return "<" + a, func(n int64) bool { return n < first.low }
	case 3:
		return "<=" + a, func(n int64) bool { return n < first.next }
	case 4:
		return a + ".." + b, func(n int64) bool { return n >= first.low && n < second.next }
	case 5:
		return a + "..*", func(n int64) bool { return n >= first.low }
	case 6:
		return "*.." + b, func(n int64) bool { return n < second.next }
	}
	return a, func(n int64) bool { return n >= first.low && n < first.next }
}

// ages are times before now. An age names a moment, but by itself the whole
// hour, day or week that begins with it.
func ages[T any](now time.Time, rows []T, of func(T) []time.Time) randomTerms[T] {
	return func(dice *rand.Rand) randomTerm[T] {
		letter, unit := "h", time.Hour
		if k := dice.IntN(4); k > 0 {
			letter, unit = []string{"d", "w", "D"}[k-1], []time.Duration{24 * time.Hour, 7 * 24 * time.Hour, 24 * time.Hour}[k-1]
		}
		n := int64(2)
		if list := slices.DeleteFunc(slices.Clone(of(pick(dice, rows))), time.Time.IsZero); len(list) > 0 {
			n = max(0, int64(now.Sub(pick(dice, list))/unit)+int64(dice.IntN(3))-1)
		}
		m := n + int64(dice.IntN(4))
		moment := func(n int64) span { low := n * unit.Milliseconds(); return span{low, low + 1} }
		text, holds := compared(dice, fmt.Sprint(n, letter), fmt.Sprint(m, letter), moment(n), moment(m))
		if !strings.ContainsAny(text, "<>.") {
			holds = func(age int64) bool { return age >= moment(n).low && age < moment(n+1).low }
		}
		return randomTerm[T]{text, func(row T) bool {
			return slices.ContainsFunc(of(row), func(t time.Time) bool { return !t.IsZero() && holds(now.Sub(t).Milliseconds()) })
		}}
	}
}

// dates are years, months, days and moments, and ages.
func dates[T any](now time.Time, rows []T, of func(T) []time.Time) randomTerms[T] {
	old := ages(now, rows, of)
	return func(dice *rand.Rand) randomTerm[T] {
		list := slices.DeleteFunc(slices.Clone(of(pick(dice, rows))), time.Time.IsZero)
		if dice.IntN(3) == 0 || len(list) == 0 {
			return old(dice)
		}
		t := pick(dice, list).UTC()
		write := pick(dice, []func(time.Time) (string, span){
			func(t time.Time) (string, span) { return spanOf(t, "2006", 1, 0, 0, 0) },
			func(t time.Time) (string, span) { return spanOf(t, "2006-01", 0, 1, 0, 0) },
			func(t time.Time) (string, span) { return spanOf(t, time.DateOnly, 0, 0, 1, 0) },
			func(t time.Time) (string, span) { return spanOf(t, time.RFC3339, 0, 0, 0, time.Second) },
		})
		a, first := write(t)
		b, second := write(t.AddDate(0, 0, dice.IntN(40)))
		text, holds := compared(dice, a, b, first, second)
		return randomTerm[T]{text, func(row T) bool {
			return slices.ContainsFunc(of(row), func(t time.Time) bool { return !t.IsZero() && holds(t.UnixMilli()) })
		}}
	}
}

// spanOf is a time as the layout writes it, and the stretch that this names.
func spanOf(t time.Time, layout string, years, months, days int, more time.Duration) (string, span) {
	text := t.Format(layout)
	low, _ := time.Parse(layout, text) // Format wrote it
	return text, span{low.UnixMilli(), low.AddDate(years, months, days).Add(more).UnixMilli()}
}

// pullRefs are pull requests by number, by name and by address.
func pullRefs[T any](rows []T, of func(T) []telemetry.PullRef) randomTerms[T] {
	return func(dice *rand.Rand) randomTerm[T] {
		ref := telemetry.PullRef{Repo: "zzz/none", Number: 5001}
		for range 5 {
			if list := of(pick(dice, rows)); len(list) > 0 {
				ref = pick(dice, list)
			}
		}
		named := func(row T) bool {
			return slices.ContainsFunc(of(row), func(have telemetry.PullRef) bool {
				return have.Number == ref.Number && strings.EqualFold(string(have.Repo), string(ref.Repo))
			})
		}
		switch dice.IntN(3) {
		case 0:
			return randomTerm[T]{fmt.Sprintf("%s#%d", ref.Repo, ref.Number), named}
		case 1:
			return randomTerm[T]{fmt.Sprintf("https://github.com/%s/pull/%d", ref.Repo, ref.Number), named}
		}
		return randomTerm[T]{fmt.Sprint(ref.Number), func(row T) bool {
			return slices.ContainsFunc(of(row), func(have telemetry.PullRef) bool { return have.Number == ref.Number })
		}}
	}
}

// sessionRefs are ids of sessions, with and without devin-.
func sessionRefs[T any](rows []T, of func(T) []string) randomTerms[T] {
	key := texts(rows, func(row T) (ids []string) {
		for _, id := range of(row) {
			ids = append(ids, strings.TrimPrefix(strings.ToLower(id), "devin-"))
		}
		return slices.DeleteFunc(ids, func(id string) bool { return id == "" })
	})
	return func(dice *rand.Rand) randomTerm[T] {
		switch g := key(dice); dice.IntN(10) {
		case 0: // stands for "no session" in records, and is not a session's id
			return randomTerm[T]{telemetry.DryRunID, func(T) bool { return false }}
		case 1:
			return randomTerm[T]{"*", func(row T) bool { return slices.ContainsFunc(of(row), func(id string) bool { return id != "" }) }}
		case 2, 3:
			return randomTerm[T]{"devin-" + g.text, g.holds}
		default:
			return g
		}
	}
}

// issueSorts compare issues as the sorts of their list do.
func issueSorts() map[string]func(a, b issueFacts) int {
	type row = issueFacts
	status := along(func(r row) int { return slices.Index(telemetry.IssueStates(), r.State) })
	return map[string]func(a, b row) int{"status": status, "state": status, "severity": along(func(r row) int { return telemetry.SeverityRank(r.Severity) }),
		"last_seen": along(func(r row) int64 { return r.LastSeen.At.UnixMilli() }), "first_seen": along(func(r row) int64 { return r.FirstSeen.At.UnixMilli() }), "age": along(func(r row) int64 { return -r.FirstSeen.At.UnixMilli() }),
		"appearances": along(func(r row) int64 { return r.Appearances }), "attempts": along(func(r row) int64 { return r.Attempts }), "session": along(func(r row) string { return r.Session }),
		"file":  func(a, b row) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)) },
		"score": along(func(r row) int64 { return tenthsOf(r.Score) }), "due": along(dueOrder),
		"rule": along(func(r row) string { return r.Rule }), "family": along(func(r row) string { return r.Family }), "repo": along(func(r row) string { return r.Repo.Key() })}
}
