package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestSecretsComeFromFiles: each secret, and the address of the database, may be
// in a file that NAME_FILE names, in the environment or in .env.
func TestSecretsComeFromFiles(t *testing.T) {
	names := secretVariables()
	if len(names) < 5 {
		t.Fatalf("secrets are %q", names)
	}
	for _, name := range names {
		secret := "a-secret-of-32-letters-0123456789"
		if name == "DATABASE_URL" {
			secret = "postgres://u:pass@db:5432/x"
		}
		file := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(file, []byte("\n"+secret+"\r\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for from, load := range map[string]func() (Config, error){
			"environment": func() (Config, error) { return loadConfig([]string{name + "_FILE=" + file}, dotenv(t, "")) },
			".env":        func() (Config, error) { return loadConfig([]string{name + "="}, dotenv(t, name+"_FILE="+file)) },
		} {
			cfg, err := load()
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for field, value := range reflect.ValueOf(cfg).Fields() {
				found = found || field.Tag.Get("env") == name && reflect.ValueOf(secret).Convert(field.Type).Interface() == value.Interface()
			}
			if !found {
				t.Errorf("%s_FILE in the %s: the secret is not set", name, from)
			}
		}
	}
}

// TestSecretFilesThatAreRefused: the message says which variable and file are
// wrong and what to do, and never what is in the file.
func TestSecretFilesThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	at := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, c := range map[string]struct {
		environ []string
		want    []string
	}{
		"missing":  {[]string{"GITHUB_TOKEN_FILE=" + dir + "/none"}, []string{"GITHUB_TOKEN_FILE is " + dir + "/none", "does not exist"}},
		"both set": {[]string{"DEVIN_API_KEY=cog_x", "DEVIN_API_KEY_FILE=" + at("a", "cog_secret")}, []string{"DEVIN_API_KEY and DEVIN_API_KEY_FILE are both set"}},
		"empty":    {[]string{"GITHUB_WEBHOOK_SECRET_FILE=" + at("b", " \n")}, []string{"GITHUB_WEBHOOK_SECRET_FILE", "is empty"}},
		"a folder": {[]string{"GITHUB_TOKEN_FILE=" + dir}, []string{"GITHUB_TOKEN_FILE", "cannot be read"}},
		"too large": {[]string{"GITHUB_TOKEN_FILE=" + at("c", strings.Repeat("secret", 20_000))},
			[]string{"GITHUB_TOKEN_FILE", "larger than 65536 bytes"}},
		"malformed": {[]string{"DATABASE_URL_FILE=" + at("d", "mysql://secret")}, []string{"DATABASE_URL"}},
	} {
		_, err := loadConfig(c.environ, dotenv(t, ""))
		if err == nil {
			t.Errorf("%s: it was accepted", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secretsecret") {
				t.Errorf("%s: %q, want %q", name, err, want)
			}
		}
	}
}
