package derive_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

const diesOn = "STORE_TEST_DIES_ON"

// TestStoresUntilKilled is the program that TestARecordThatEndsTheProgram
// kills: it stores what it is given.
func TestStoresUntilKilled(t *testing.T) {
	url := os.Getenv(diesOn)
	if url == "" {
		t.Skip("it is run by another test")
	}
	s := openURL(t, url)
	_, err := s.PutFiles(t.Context(), "", endless())
	t.Fatalf("it ended without being killed: %v", err)
}

// endless are a good file and one that stopAt makes last for ever.
func endless() []telemetry.FetchedFile {
	return []telemetry.FetchedFile{
		storetest.TinyScan(1, "2026-03-01T10:00:00Z", 0, []string{"A high xss"}),
		storetest.TinyScan(2, "2026-03-02T10:00:00Z", 0, []string{"A high xss", "B high xss"}),
	}
}

func openURL(t *testing.T, url string) *storetest.Store {
	t.Helper()
	return storetest.OpenWith(t, store.Options{URL: url, Now: time.Now})
}

// dieStoring runs a program that stores the files, and kills it once its mark
// names so many of them.
func dieStoring(t *testing.T, s *storetest.Store, url string, named int) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestStoresUntilKilled$")
	c.Env = append(os.Environ(), diesOn+"="+url)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for {
		marks, err := s.Texts(t.Context(), `SELECT value FROM meta WHERE key LIKE 'storing %'`)
		if err != nil {
			t.Fatal(err)
		}
		if len(marks) == 1 && strings.Count(marks[0], `"name"`) == named && strings.Contains(marks[0], "run-2.json") {
			break
		}
		select {
		case err := <-ended:
			t.Fatalf("it ended by itself: %v", err)
		case <-time.After(10 * time.Millisecond): // only the mark says how far it has come
		}
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("the killed program says that it ended well")
	}
}

// TestARecordThatEndsTheProgram: a file in the storing of which the program
// ended twice is listed with its error, and all others are stored; a person
// may ask for it once more, and it is stored when nothing is wrong any more.
func TestARecordThatEndsTheProgram(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "d.db")
	s := openURL(t, url)
	if err := s.Exec(t.Context(), `CREATE TRIGGER endless BEFORE INSERT ON runs WHEN NEW.file = 'run-2.json' BEGIN
		SELECT (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT COUNT(*) FROM c); END`); err != nil {
		t.Fatal(err)
	}
	dieStoring(t, s, url, 2)
	dieStoring(t, openURL(t, url), url, 1)

	s = openURL(t, url)
	storetest.Put(t, s, endless()...)
	wantFiles(t, s, map[string]string{"run-1.json": "", "run-2.json": "The program ended twice"})
	if known, err := s.KnownFiles(t.Context(), ""); err != nil || len(known) != 2 {
		t.Errorf("a refresh would fetch it again: %v, %v", known, err)
	}
	if err := s.RetryFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	if known, err := s.KnownFiles(t.Context(), ""); err != nil || len(known) != 1 {
		t.Errorf("a refresh would not fetch it again: %v, %v", known, err)
	}
	dieStoring(t, openURL(t, url), url, 1)
	s = openURL(t, url)
	storetest.Put(t, s, endless()...)
	if err := s.RetryFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	if known, err := s.KnownFiles(t.Context(), ""); err != nil || len(known) != 2 {
		t.Errorf("it is tried for ever: %v, %v", known, err)
	}
	if err := s.Exec(t.Context(), `DROP TRIGGER endless`); err != nil {
		t.Fatal(err)
	}
	changed := endless()[1]
	changed.Body = append(changed.Body, '\n')
	storetest.Put(t, s, storetest.Fetched(changed.Name, changed.Body))
	wantFiles(t, s, map[string]string{"run-1.json": "", "run-2.json": ""})
}

// TestReleasedFromQuarantine: a file that was being stored when the program was
// killed is stored by the next one, whatever the number of kills, once
// someone asks.
func TestReleasedFromQuarantine(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		files := endless()
		for range 2 {
			mark := `[{"source":"","name":"run-2.json","sha":"` + files[1].SHA + `"}]`
			if err := s.Exec(t.Context(), `INSERT INTO meta (key, value) VALUES ('storing gone', $1)`, mark); err != nil {
				t.Fatal(err)
			}
			if err := s.RetryFiles(t.Context()); err != nil { // it counts what ended
				t.Fatal(err)
			}
		}
		storetest.Put(t, s, files...)
		if err := s.RetryFiles(t.Context()); err != nil {
			t.Fatal(err)
		}
		storetest.Put(t, s, files...)
		wantFiles(t, s, map[string]string{"run-1.json": "", "run-2.json": ""})
		fresh := storetest.OpenLike(t, s)
		storetest.Put(t, fresh, files...)
		storetest.SameDump(t, "as if nothing had been", storetest.DumpOf(t, s), storetest.DumpOf(t, fresh))
	})
}

// TestARecordThatPanics: it is listed with an error, and the others of its
// transaction are stored.
func TestARecordThatPanics(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		files := endless()
		bad := files[1]
		rec := *bad.Record
		rec.Kind, rec.Verification = telemetry.KindVerification, nil
		bad.Record = &rec
		storetest.Put(t, s, files[0], bad)
		wantFiles(t, s, map[string]string{"run-1.json": "", "run-2.json": "An internal error stopped this"})
	})
}

// TestARebuildThatEndsTheProgram: a repository that ended the program while
// it was derived again keeps its older figures, and the others are derived.
func TestARebuildThatEndsTheProgram(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		files := storetest.DisturbedFiles(5)
		storetest.PutEach(t, s, files)
		bad := files[0].Record.Repo.Key()
		for _, statement := range []string{`UPDATE files SET derived = 'old rules'`} {
			if err := s.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			mark := `[{"source":"rebuild","name":"` + bad + `","sha":"` + derive.Rules() + `"}]`
			if err := s.Exec(t.Context(), `INSERT INTO meta (key, value) VALUES ('storing gone', $1)`, mark); err != nil {
				t.Fatal(err)
			}
			if err := s.RetryFiles(t.Context()); err != nil { // it counts what ended
				t.Fatal(err)
			}
		}
		if err := s.Rebuild(t.Context(), func(int, int) {}); err == nil || !strings.Contains(err.Error(), bad) || !strings.Contains(err.Error(), "older figures") {
			t.Errorf("nothing is said of %s: %v", bad, err)
		}
		left, err := s.Texts(t.Context(), `SELECT DISTINCT repo_key FROM files WHERE derived = 'old rules'`)
		if err != nil || len(left) != 1 || left[0] != bad {
			t.Errorf("not derived again: %v, %v", left, err)
		}
	})
}

// wantFiles compares what is listed of each file: a part of its error, ""
// for none.
func wantFiles(t *testing.T, s *storetest.Store, want map[string]string) {
	t.Helper()
	list, err := lists.Files(s.Store).Rows(t.Context(), query.Ask{Page: query.Page{Number: 1, Size: 100}})
	if err != nil || len(list.Items) != len(want) {
		t.Fatalf("%d files, want %d: %v", len(list.Items), len(want), err)
	}
	for _, f := range list.Items {
		if says := want[f.File]; (says == "") != (f.Error == "") || !strings.Contains(string(f.Error), says) || strings.Contains(string(f.Error), "goroutine") {
			t.Errorf("%s has the error %q, want %q", f.File, f.Error, says)
		}
	}
}
