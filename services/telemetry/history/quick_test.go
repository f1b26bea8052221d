package history

import ("testing";"encoding/json";"time")

func BenchmarkGenerate(b *testing.B) {
	b.ReportAllocs()
	n, bytes := 0, 0
	for b.Loop() {
		for f := range Generate(Options{Seed: 1, Repos: 200, ScansPerRepo: 100, FindingsPerScan: 40, Disturb: Believable()}) {
			n++; bytes += len(f.Body)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "files/s")
	b.ReportMetric(float64(bytes)/float64(n), "bytes/file")
}
func TestQuick(t *testing.T) {
	kinds := map[string]int{}
	var last time.Time
	for f := range Generate(Options{Seed: 1, Disturb: Believable()}) {
		kinds[f.Kind]++
		if !json.Valid(f.Body) { t.Fatal(f.Name, string(f.Body)) }
		if f.At.Before(last) { t.Fatal("order") }
		last = f.At
	}
	t.Log(kinds)
}
