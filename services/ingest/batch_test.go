package ingest

import (
	"fmt"
	"slices"
	"testing"

	"telemetry-dashboard/services/telemetry"
)

// TestBatch: a transaction takes whole repositories as long as they fit, and
// a longer one in parts.
func TestBatch(t *testing.T) {
	for name, c := range map[string]struct{ sizes, want []int }{
		"none":                   {nil, nil},
		"one":                    {[]int{1}, []int{1}},
		"small ones together":    {[]int{200, 200, 99}, []int{499}},
		"just as many":           {[]int{200, 300, 1}, []int{500, 1}},
		"the next does not fit":  {[]int{200, 301, 200}, []int{200, 301, 200}},
		"a long one alone":       {[]int{1200}, []int{500, 500, 200}},
		"a long one after small": {[]int{10, 1200, 10}, []int{10, 500, 500, 210}},
	} {
		var files []telemetry.FetchedFile
		for repo, n := range c.sizes {
			for range n {
				files = append(files, telemetry.FetchedFile{RunFile: telemetry.RunFile{Name: fmt.Sprint(repo)}})
			}
		}
		var got []int
		for len(files) > 0 {
			n := batch(files, func(f *telemetry.FetchedFile) string { return f.Name })
			got, files = append(got, n), files[n:]
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
