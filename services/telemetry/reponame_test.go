package telemetry

import "testing"

func TestParseRepo(t *testing.T) {
	for in, want := range map[string]RepoName{
		"o/r": "o/r", " o/r ": "o/r", "O/R": "O/R", "o/r/": "o/r", "/o/r": "o/r",
		"https://github.com/o/r": "o/r", "https://github.com/o/r/": "o/r", "https://github.com/o/r.git": "o/r", "https://github.com/o/r.git/": "o/r", "HTTPS://GitHub.com/o/r.GIT": "o/r",
		"http://ghes.example:8080/o/r": "o/r", "https://user@github.com/o/r?x=1#y": "o/r", "git@github.com:o/r.git": "o/r", "ssh://git@github.com/o/r.git": "o/r",
		"o/.github": "o/.github", "o-1/r_2.x": "o-1/r_2.x", "o/r.git.git": "",
		"": "", "o": "", "o/": "", "/": "", "o/r/s": "", "https://github.com/o": "", "https://github.com/o/r/pull/1": "", "https://github.com": "", "://": "", "git@github.com/o/r": "",
		"o/..": "", "./r": "", "o/r r": "", "o/\u00fc": "", "o/r\x00": "", "o//r": "",
	} {
		if got := ParseRepo(in); got != want {
			t.Errorf("ParseRepo(%q) = %q, want %q", in, got, want)
		}
	}
	if ParseRepo("https://github.com/Owner/Repo.git/").Key() != ParseRepo("owner/repo").Key() || ParseRepo("o/repo").Key() == ParseRepo("o/repo2").Key() {
		t.Error("names are compared whole, without case, .git or trailing slash")
	}
}

func TestParsePull(t *testing.T) {
	for in, want := range map[string]PullRef{
		"https://github.com/o/r/pull/12":                   {"o/r", 12},
		"https://github.com/O/R/pull/12/files?w=1#diff":    {"O/R", 12},
		"https://api.github.com/repos/o/r/pulls/12":        {"o/r", 12},
		"https://ghes.example/api/v3/repos/o/r/pulls/12":   {"o/r", 12},
		"http://127.0.0.1:4000/o/r/pull/12":                {"o/r", 12},
		"https://github.com/pull/pull/pull/12":             {"pull/pull", 12},
		"":                                                 {},
		"o/r#12":                                           {},
		"https://github.com/o/r/issues/12":                 {},
		"https://github.com/o/r/pull/":                     {},
		"https://github.com/o/r/pull/0":                    {},
		"https://github.com/o/r/pull/-3":                   {},
		"https://github.com/o/r/pull/x":                    {},
		"https://github.com/o/r/pull/99999999999999999999": {},
		"https://github.com/r/pull/12":                     {},
		"javascript://github.com/o/r/pull/12":              {},
	} {
		if got := ParsePull(in); got != want {
			t.Errorf("ParsePull(%q) = %v, want %v", in, got, want)
		}
	}
	ref := PullRef{"O/R", 12}
	if ref.Key() != "o/r#12" || ref.URL(GitHubWeb) != "https://github.com/O/R/pull/12" || ParsePull(ref.URL(GitHubWeb)) != ref {
		t.Errorf("%s, %s", ref.Key(), ref.URL(GitHubWeb))
	}
}

// TestParsePullURL: the web address of a pull request is on its own host.
func TestParsePullURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://github.com/O/R/pull/12/files?w=1#diff":  "https://github.com/O/R/pull/12",
		"https://api.github.com/repos/o/r/pulls/12":      "https://github.com/o/r/pull/12",
		"https://ghes.example/api/v3/repos/o/r/pulls/12": "https://ghes.example/o/r/pull/12",
		"https://git.example:8443/o/r/pull/12/":          "https://git.example:8443/o/r/pull/12",
		"https://user:secret@git.example/o/r/pull/12":    "https://git.example/o/r/pull/12",
		"o/r#12": "",
	} {
		if _, got := ParsePullURL(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}
