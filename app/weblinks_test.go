package main

import "testing"

func TestGithubWeb(t *testing.T) {
	for api, want := range map[BaseURL]string{"https://api.github.com": "https://github.com", "https://git.example.com/api/v3": "https://git.example.com", "https://api.acme.ghe.com": "https://acme.ghe.com", "http://127.0.0.1:9999": "https://github.com"} {
		if got := githubWeb(api); got != want {
			t.Errorf("%s: %s, want %s", api, got, want)
		}
	}
}
