package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// The bounds of an answer.
const (
	pageMost  = 50   // rows
	pageUsual = 20   // rows, where the agent says nothing
	textMost  = 2000 // bytes of a text
	listMost  = 30   // entries of a list within a row
)

// get asks the API for an address and reads the answer into a T, which has the
// fields of it that an agent needs.
func get[T any](ctx context.Context, address string) (answer T, err error) {
	body, err := ask(ctx, http.MethodGet, address, nil, nil)
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return answer, fmt.Errorf("read the answer of %s: %w", address, err)
	}
	return answer, nil
}

// post sends the API a JSON object.
func post[T any](ctx context.Context, address string, object any, headers http.Header) (answer T, err error) {
	sent, err := json.Marshal(object)
	if err != nil {
		return answer, err
	}
	body, err := ask(ctx, http.MethodPost, address, sent, headers)
	if err != nil {
		return answer, err
	}
	return answer, json.Unmarshal(body, &answer)
}

// ask sends the API a request on behalf of who called the tool. An error of
// the API comes back with its code and its sentence.
func ask(ctx context.Context, method, address string, body []byte, headers http.Header) ([]byte, error) {
	client, ok := ctx.Value(clientKey{}).(*http.Client)
	if !ok {
		return nil, errors.New("a tool was called outside a request")
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://inside"+address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range headers {
		req.Header[name] = values
	}
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var answer bytes.Buffer
	if _, err := answer.ReadFrom(res.Body); err != nil {
		return nil, err
	}
	if res.StatusCode < http.StatusBadRequest {
		return answer.Bytes(), nil
	}
	var failed struct{ Error, Code string }
	if err := json.Unmarshal(answer.Bytes(), &failed); err != nil || failed.Error == "" {
		return nil, fmt.Errorf("%s %s: %s without a reason", method, address, res.Status)
	}
	return nil, &telemetry.Error{Code: telemetry.Code(failed.Code), Message: failed.Error}
}

// paged is which page of a list an agent asks for.
type paged struct {
	Page    int64 `json:"page,omitempty" jsonschema:"Which page, from 1. Default 1"`
	PerPage int64 `json:"per_page,omitempty" jsonschema:"Rows of a page, 1 to 50. Default 20"`
}

// pairs are the parameters of the API that it stands for.
func (p paged) pairs() []string {
	size := p.PerPage
	if size < 1 {
		size = pageUsual
	}
	return []string{"page", strconv.FormatInt(max(1, p.Page), 10), "per_page", strconv.FormatInt(min(pageMost, size), 10)}
}

// sheet is one page of a list of the API.
type sheet[T any] struct {
	Items []T   `json:"items"`
	Page  int64 `json:"page"`
	Pages int64 `json:"pages"`
	Total int64 `json:"total" jsonschema:"How many there are on all pages"`
}

// page is an address of a page as a person opens it, "" for none.
func (s *Server) page(address string, pairs ...string) string {
	if address == "" {
		return ""
	}
	return s.o.Origin + s.o.Base.To(links.With(address, pairs...))
}

// inward is an address that an answer of the API has, as the API is asked.
func (s *Server) inward(address string) string {
	return strings.TrimPrefix(address, string(s.o.Base))
}

// pageOf is the page of what an address of the API lists, "" where none shows it.
func (s *Server) pageOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	list := strings.TrimSuffix(strings.TrimPrefix(u.Path, links.API), ".json")
	switch list {
	case "prs":
		list = "pulls"
	case "issues", "sessions", "runs", "repos", "needs-attention", "verifications", "owners", "effectiveness", "decisions":
	default:
		return ""
	}
	query := u.Query()
	for _, name := range []string{"sums", "all", "group", "page", "per_page"} {
		query.Del(name)
	}
	if len(query) == 0 {
		return s.page(links.List(list))
	}
	return s.page(links.List(list) + "?" + query.Encode())
}

// cut is a text of bounded length.
func cut(text string) string { return telemetry.Shorten(text, textMost) }

// first are at most so many of a list.
func first[T any](list []T, most int) []T { return list[:min(len(list), most)] }

// last are at most so many of the end of a list.
func last[T any](list []T, most int) []T { return list[max(0, len(list)-most):] }

// bounded is any JSON value with its texts and lists cut.
func bounded(v any) any {
	switch v := v.(type) {
	case string:
		return telemetry.Shorten(v, textMost/4)
	case []any:
		v = first(v, listMost)
		for i := range v {
			v[i] = bounded(v[i])
		}
		return v
	case map[string]any:
		for name := range v {
			v[name] = bounded(v[name])
		}
		return v
	}
	return v
}
