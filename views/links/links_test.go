package links

import (
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/telemetry"
)

func TestAddresses(t *testing.T) {
	const repo = telemetry.RepoName("octo/shop")
	for got, want := range map[string]string{
		Issue("a1b2"):                            "/issues/a1b2",
		Issue(""):                                "",
		Session("devin-1/2?x#y"):                 "/sessions/devin-1%2F2%3Fx%23y",
		Run("100% of it? #1 é.json"):             "/runs/100%25%20of%20it%3F%20%231%20%C3%A9.json",
		Run("../api"):                            "/runs/..%2Fapi",
		Pull(repo, 12):                           "/pulls/octo/shop/12",
		Pull("a%b/c#d?e", 1):                     "/pulls/a%25b/c%23d%3Fe/1",
		Pull(repo, 0):                            "",
		Pull("nothing", 3):                       "",
		Repo(repo):                               "/repo/octo/shop",
		Repo("a b/c"):                            "/repo/a%20b/c",
		Repo("nothing"):                          "",
		In(repo, Issues):                         "/repo/octo/shop/issues",
		In("", Issues):                           "/issues",
		In(repo, ""):                             "/repo/octo/shop",
		Of(Pulls, "octo/shop/12"):                "/pulls/octo/shop/12",
		Of(Runs, "a?b.json"):                     "/runs/a%3Fb.json",
		Panel("reply", "id", "x y&z"):            "/panels/reply?id=x+y%26z",
		Panel("jobs"):                            "/panels/jobs",
		View("issues", "q=is%3Aopen"):            "/issues?q=is%3Aopen",
		Matching(In(repo, Runs), "run:5 +#"):     "/repo/octo/shop/runs?q=run%3A5+%2B%23",
		Matching(Issues, ""):                     "/issues",
		CWE("CWE-79"):                            "https://cwe.mitre.org/data/definitions/79.html",
		CWE("external/cwe/cwe-0022"):             "https://cwe.mitre.org/data/definitions/22.html",
		CWE("CWE-79/../x"):                       "",
		CWE("none"):                              "",
		With(Report, "period", "7d", "repo", ""): "/report?period=7d",

		Time(time.Date(2026, 2, 7, 12, 31, 39, 1_900_000, time.FixedZone("", 3600))): "2026-02-07T11:31:39.001Z",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestUnescapeReadsWhatIsEscaped: a name comes back from its address as it was,
// whatever is in it.
func TestUnescapeReadsWhatIsEscaped(t *testing.T) {
	for _, name := range []string{"a.json", "100% of it?", "a/b#c", "é 日本", "%2F", "+", "..", " "} {
		if got := Unescape(strings.TrimPrefix(Run(name), "/runs/")); got != name {
			t.Errorf("%q comes back as %q", name, got)
		}
	}
	for step, want := range map[string]string{"100%": "100%", "a%ff": "a\ufffd", "a\xff%": "a\ufffd%"} {
		if got := Unescape(step); got != want {
			t.Errorf("%q: %q, want %q", step, got, want)
		}
	}
}

func TestAPIAddresses(t *testing.T) {
	for got, want := range map[string]string{
		APIList("pulls"):                "/api/prs",
		APIList("needs-attention"):      "/api/needs-attention",
		APIList("repo/octo/a b"):        "/api/repo/octo/a%20b",
		APIExport("pulls", "csv"):       "/api/prs.csv",
		APIIssue("a/b"):                 "/api/issues/a%2Fb",
		APIMessages("devin-1"):          "/api/sessions/devin-1/messages",
		APIMessages(""):                 "",
		APIPull("octo/shop", 7):         "/api/prs/octo/shop/7",
		APIRun("a#b.json"):              "/api/runs/a%23b.json",
		APIRaw("octo/runs", "a b.json"): "/api/runs/a%20b.json/raw?source=octo%2Fruns",
		APIRaw("", "a.json"):            "/api/runs/a.json/raw",
		APIRaw("octo/runs", ""):         "",
		APIRepo("octo/shop"):            "/api/repo/octo/shop",
		APIRepo(""):                     "",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestOutside(t *testing.T) {
	const github, devin = GitHub("https://git.example"), Devin("https://devin.example")
	for got, want := range map[string]string{
		github.Repo("octo/shop"):                                    "https://git.example/octo/shop",
		github.Pull("octo/shop", 3):                                 "https://git.example/octo/shop/pull/3",
		github.Code("octo/shop", "src/100%/a b#?.js", 9):            "https://git.example/octo/shop/blob/HEAD/src/100%25/a%20b%23%3F.js#L9",
		github.Code("octo/shop", "src/My Views/a#b.js", 10):         "https://git.example/octo/shop/blob/HEAD/src/My%20Views/a%23b.js#L10",
		github.Code("octo/shop", "src/café.js", 4):                  "https://git.example/octo/shop/blob/HEAD/src/caf%C3%A9.js#L4",
		github.Code("octo/shop", "50%off.js", 1):                    "https://git.example/octo/shop/blob/HEAD/50%25off.js#L1",
		github.Code("octo/shop", "a.js", 0):                         "https://git.example/octo/shop/blob/HEAD/a.js",
		github.Code("octo/shop", "", 9):                             "",
		github.Code("", "a.js", 9):                                  "",
		github.Recorded("https://git.example/octo/shop/actions"):    "https://git.example/octo/shop/actions",
		github.Recorded("https://git.example.evil/octo"):            "",
		github.Recorded("javascript:alert(1)"):                      "",
		devin.Session("devin-AB12", ""):                             "https://devin.example/sessions/ab12",
		devin.Session("devin-ab", "https://devin.example/s/ab"):     "https://devin.example/s/ab",
		devin.Session("devin-ab", "https://evil.example/s/ab"):      "https://devin.example/sessions/ab",
		devin.Session("dry-run", "https://devin.example/s/dry-run"): "",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestGitHubOf(t *testing.T) {
	for api, want := range map[string]GitHub{
		"https://api.github.com":         "https://github.com",
		"https://git.example.com/api/v3": "https://git.example.com",
		"https://api.acme.ghe.com":       "https://acme.ghe.com",
		"http://127.0.0.1:9999":          "https://github.com",
		"http://[":                       "https://github.com",
	} {
		if got := GitHubOf(api); got != want {
			t.Errorf("%s: %s, want %s", api, got, want)
		}
	}
}
