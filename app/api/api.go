// Package api is the JSON API: one handler an endpoint, each of which
// parses, asks and writes. routes.go shows the whole surface.
package api

import (
	"context"
	"encoding/json"
	"math"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// Jobs starts and finds jobs.
type Jobs interface {
	Start(kind string, order ingest.Order) (*ingest.Handle, error)
	Running(id string) (telemetry.Job, bool)
	Cancel(ctx context.Context, id string) (telemetry.Job, error)
	Reply(ctx context.Context, token, id, text string) error
	Dispatch(ctx context.Context, token string, d telemetry.Dispatch) (ref string, err error)
	ActionFor(ctx context.Context, target telemetry.RepoName) (name, page string, err error)
	AcceptListing(ctx context.Context, source string, kept int64, by telemetry.StartedBy) (*ingest.Handle, error)
}

// Scope stores that a person accepts a scope-reduced scan as a full one.
type Scope interface {
	AcceptScope(ctx context.Context, source, file string, undo bool, by telemetry.StartedBy) error
}

// Redeliver has a webhook worked off again.
type Redeliver interface {
	RetryDelivery(ctx context.Context, id string) (telemetry.Delivery, error)
}

// Settings is what /api/config returns: never a secret's value.
type Settings struct {
	GitHubTokenSet bool     `json:"github_token_set"`
	DevinKeySet    bool     `json:"devin_api_key_set"`
	ActionRepo     string   `json:"action_repo"` // the first
	ActionRepos    []string `json:"action_repos"`
	ActionRef      string   `json:"action_ref"` // "" for the default branch
	RunsDirSet     bool     `json:"runs_dir_set"`
	RetentionDays  int64    `json:"retention_days"` // 0: for ever
	Demo           bool     `json:"demo"`
	DevinAPI       string   `json:"devin_api"`
	Version        string   `json:"version"`
}

// API answers the JSON endpoints. It is safe for concurrent use.
type API struct {
	Dashboard   *dashboard.Dashboard
	Jobs        Jobs
	Scope       Scope
	Redeliver   Redeliver
	Notify      Notify
	Now         func() time.Time // nil: time.Now
	Settings    Settings
	Base        links.Base // of the addresses in answers
	GitHubWeb   string     // where repositories are looked at; "": telemetry.GitHubWeb
	Description string     // of this API, as /api/openapi.yaml answers it
}

// pageOf reads page, per_page, sort and order. What is not a number, or does
// not fit 64 bits, is CodeInvalid; what is out of range is clamped.
func pageOf(c *fiber.Ctx) (query.Page, error) {
	p, err := sortOf(c)
	if err != nil {
		return p, err
	}
	if p.Number, err = intParam(c, "page", 1, 1, math.MaxInt64); err != nil {
		return p, err
	}
	p.Size, err = intParam(c, "per_page", query.PerPage, 1, query.PerPageMost)
	return p, err
}

// sortOf reads sort and order. Which sorts there are, the store says.
func sortOf(c *fiber.Ctx) (query.Page, error) {
	order, err := telemetry.OrderParam(c.Query("order"))
	return query.Page{Sort: c.Query("sort"), Order: order}, err
}

func intParam(c *fiber.Ctx, name string, fallback, low, high int64) (int64, error) {
	text := c.Query(name)
	if text == "" && !c.Context().QueryArgs().Has(name) {
		return fallback, nil
	}
	return telemetry.NumberParam(name, text, fallback, low, high)
}

// repoParam reads repo as owner/name or a URL, "" if it is not given.
func repoParam(c *fiber.Ctx) (string, error) {
	text := c.Query("repo")
	if text == "" {
		return "", nil
	}
	name := telemetry.ParseRepo(text)
	if name == "" {
		return "", telemetry.Errorf(telemetry.CodeInvalid, "Invalid repo: want owner/name or the repository's URL.")
	}
	return name.Key(), nil
}
func plain[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

// envelope is a page of a list.
type envelope[T any] struct {
	Items   []T   `json:"items"`
	Page    int64 `json:"page"`
	PerPage int64 `json:"per_page"`
	Total   int64 `json:"total"`
	Pages   int64 `json:"pages"`
}

func envelopeOf[T any](items []T, total int64, p query.Page) envelope[T] {
	return envelope[T]{Items: items, Page: p.Number, PerPage: p.Size, Total: total, Pages: max(1, (total+p.Size-1)/p.Size)}
}

// send writes JSON.
func send(c *fiber.Ctx, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/json; charset=utf-8")
	return c.Status(status).Send(body)
}
