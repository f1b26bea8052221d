package faults

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"telemetry-dashboard/services/store"
)

// postgres makes databases like an empty one that is up to date.
type postgres struct {
	admin *sql.DB
	url   *url.URL
	empty string

	mu   sync.Mutex // a template is copied by one at a time
	made []string
}

// newPostgres skips the test without a server. Its databases live as long as
// the test.
func newPostgres(t *testing.T) *postgres {
	t.Helper()
	address := os.Getenv("TEST_POSTGRES_URL")
	if address == "" {
		t.Skip("SKIPPED: PostgreSQL: TEST_POSTGRES_URL is not set")
	}
	p := &postgres{}
	var err error
	if p.url, err = url.Parse(address); err != nil {
		t.Fatal(err)
	}
	if p.admin, err = sql.Open("pgx", address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.drop(t) })
	first, err := p.create(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), store.Options{URL: p.at(first), Now: start})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	p.empty = first
	return p
}

func (p *postgres) at(name string) string {
	u := *p.url
	u.Path = "/" + name
	return u.String()
}

func (p *postgres) create(ctx context.Context, like string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := "faults_" + strings.ToLower(rand.Text())
	order := "CREATE DATABASE " + name
	if like != "" {
		order += " TEMPLATE " + like
	}
	_, err := p.admin.ExecContext(ctx, order)
	if err == nil {
		p.made = append(p.made, name)
	}
	return name, err
}

// database is the address of a fresh one.
func (p *postgres) database() (string, error) {
	name, err := p.create(context.Background(), p.empty)
	return p.at(name), err
}

func (p *postgres) drop(t *testing.T) {
	var errs []error
	for _, name := range p.made {
		_, err := p.admin.ExecContext(context.WithoutCancel(t.Context()), "DROP DATABASE "+name+" WITH (FORCE)")
		errs = append(errs, err)
	}
	if err := errors.Join(append(errs, p.admin.Close())...); err != nil {
		t.Error(err)
	}
}
