package browser

import (
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

var assetPaths = regexp.MustCompile(`(?:href|src)="(/static/[^"]+)"`)

// TestFirstLoad: all files of the first page are 150 KB at most, compressed,
// and none comes from elsewhere.
func TestFirstLoad(t *testing.T) {
	p := program.WithPlayers(t, program.Sample(), nil)
	sum := 0
	size := func(path string) string {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", "gzip")
		res, err := p.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		counted := &counter{r: res.Body}
		var body io.Reader = counted
		if res.Header.Get("Content-Encoding") == "gzip" {
			if body, err = gzip.NewReader(counted); err != nil {
				t.Fatal(err)
			}
		}
		text, err := io.ReadAll(body)
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("%s: %d, %v", path, res.StatusCode, err)
		}
		sum += counted.n
		return string(text)
	}
	page := size("/")
	files := assetPaths.FindAllStringSubmatch(page, -1)
	if len(files) < 4 {
		t.Errorf("the page names %d files", len(files))
	}
	for _, m := range files {
		size(m[1])
	}
	if sum > 150<<10 {
		t.Errorf("the first load is %d bytes", sum)
	}
	b := startBrowser(t)
	b.open(p.URL + "/")
	if got := b.js(`performance.getEntriesByType("resource").map((e) => e.name).filter((n) =>
		!n.startsWith(location.origin)).join()`); got != "" {
		t.Errorf("it asked elsewhere: %s", got)
	}
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}
