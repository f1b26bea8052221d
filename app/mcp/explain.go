package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// rules are what the description of the API says of each figure.
type rules struct {
	text string
	once sync.Once
	doc  *openapi3.T
	err  error
}

// of is the rule of a figure of an answer, by its place: "by_rule/0/gone".
func (r *rules) of(answer, place string) (string, error) {
	r.once.Do(func() { r.doc, r.err = openapi3.NewLoader().LoadFromData([]byte(r.text)) })
	if r.err != nil {
		return "", r.err
	}
	path := r.doc.Paths.Value(links.APIList(answer))
	if path == nil || path.Get == nil {
		return "", fmt.Errorf("the API has no %s", answer)
	}
	said := []string{path.Get.Description}
	schema := path.Get.Responses.Value("200").Value.Content.Get("application/json").Schema
	for step := range strings.SplitSeq(place, "/") {
		if schema = below(schema, step); schema == nil {
			break
		}
		if text := describes(schema); text != "" {
			said = append([]string{step + ": " + text + "."}, said...)
		}
	}
	return cut(strings.Join(said, "\n")), nil
}

// describes is what is said of a schema where it is used, else of itself.
func describes(schema *openapi3.SchemaRef) string {
	if text, ok := schema.Extensions["description"].(string); ok {
		return text
	}
	return schema.Value.Description
}

// below is the schema of a field, or of the entries of a list.
func below(schema *openapi3.SchemaRef, step string) *openapi3.SchemaRef {
	if field := schema.Value.Properties[step]; field != nil {
		return field
	}
	if _, err := strconv.Atoi(step); err == nil && schema.Value.Items != nil {
		return schema.Value.Items
	}
	for _, part := range append(slices.Clone(schema.Value.AllOf), schema.Value.AnyOf...) {
		if field := below(part, step); field != nil {
			return field
		}
	}
	return nil
}

type explainIn struct {
	Answer string `json:"answer" jsonschema:"Where the figure stands: stats, effectiveness or owners"`
	Figure string `json:"figure" jsonschema:"Its place there, for example overdue or by_rule/0/gone; a wrong one is told which there are"`
	periodIn
}

type explainOut struct {
	Value     any              `json:"value" jsonschema:"The figure"`
	Rule      string           `json:"rule" jsonschema:"What it counts, in words"`
	CountedAs string           `json:"counted_as" jsonschema:"How the figure follows from its rows"`
	RowsURL   string           `json:"rows_url" jsonschema:"The API's answer that has its rows"`
	Total     int64            `json:"total" jsonschema:"How many rows there are"`
	Rows      []map[string]any `json:"rows" jsonschema:"The first 10 of them"`
	PageURL   string           `json:"page_url,omitempty" jsonschema:"The page with these rows, where there is one"`
}

// explained are the answers whose figures have links to their rows.
func explained() []string { return []string{"stats", "effectiveness", "owners"} }

func (s *Server) explain(ctx context.Context, in explainIn) (out explainOut, err error) {
	answer, err := get[map[string]any](ctx, links.With(links.APIList(in.Answer), in.pairs()...))
	if err != nil {
		return out, err
	}
	rows, _ := answer["links"].(map[string]any)
	figure := strings.Trim(in.Figure, "/")
	address, ok := rows[figure].(string)
	if !ok {
		return out, telemetry.Errorf(telemetry.CodeInvalid, "%s has no figure %q. It has: %s.", in.Answer, telemetry.Shown(in.Figure),
			cut(strings.Join(figuresOf(rows), ", ")))
	}
	if out.Value, ok = at(answer, figure); !ok {
		return out, fmt.Errorf("%s links %s, which it does not have", in.Answer, figure)
	}
	if out.Rule, err = s.rules.of(in.Answer, figure); err != nil {
		return out, err
	}
	return out, s.rowsOf(ctx, address, &out)
}

// figuresOf are the places of figures, of each list of them the first.
func figuresOf(rows map[string]any) (places []string) {
	for place := range rows {
		steps := strings.Split(place, "/")
		if !slices.ContainsFunc(steps, func(step string) bool { n, err := strconv.Atoi(step); return err == nil && n > 0 }) {
			places = append(places, place)
		}
	}
	slices.Sort(places)
	return places
}

// rowsOf reads the first rows that an address of the API lists.
func (s *Server) rowsOf(ctx context.Context, address string, out *explainOut) error {
	u, err := url.Parse(s.inward(address))
	if err != nil {
		return err
	}
	out.RowsURL, out.PageURL = s.o.Origin+address, s.pageOf(u.String())
	switch sum, place := strings.CutPrefix(u.Fragment, "sum/"); {
	case place:
		out.CountedAs = "the sum of the field " + sum + " over its rows"
	case u.Fragment != "":
		out.CountedAs = "the value at " + u.Fragment + " of the answer of rows_url, which is about these rows"
	default:
		out.CountedAs = "how many rows there are"
	}
	const most = 10
	asked := u.Query()
	asked.Set("per_page", strconv.Itoa(most))
	list := strings.TrimSuffix(u.Path, ".json") // of a figure that follows from all rows
	body, err := ask(ctx, http.MethodGet, list+"?"+asked.Encode(), nil, nil)
	if err != nil {
		return err
	}
	var rows sheet[map[string]any]
	if bytes.HasPrefix(body, []byte("[")) { // all rows, without an envelope
		err = json.Unmarshal(body, &rows.Items)
		rows.Total = int64(len(rows.Items))
	} else {
		err = json.Unmarshal(body, &rows)
	}
	if err != nil {
		return err
	}
	out.Total, out.Rows = rows.Total, first(rows.Items, most)
	for _, row := range out.Rows {
		delete(row, "links")
		bounded(row)
	}
	return nil
}

// at is the value at a place of an answer.
func at(answer any, place string) (any, bool) {
	for step := range strings.SplitSeq(place, "/") {
		switch v := answer.(type) {
		case map[string]any:
			next, ok := v[step]
			if !ok {
				return nil, false
			}
			answer = next
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n < 0 || n >= len(v) {
				return nil, false
			}
			answer = v[n]
		default:
			return nil, false
		}
	}
	return answer, true
}

type wordsIn struct {
	List      string `json:"list" jsonschema:"issues, sessions, pulls, runs, repos, verifications, needs-attention or decisions"`
	Qualifier string `json:"qualifier,omitempty" jsonschema:"One qualifier, for example owner: the answer then has its values"`
	Begins    string `json:"begins,omitempty" jsonschema:"With qualifier: how the values begin"`
}

// word is a qualifier or a value.
type word struct {
	Text string `json:"text"`
	Help string `json:"help"`
}

type wordsOut struct {
	Items   []word `json:"items"`
	Example string `json:"example" jsonschema:"A query of the list"`
}

func (s *Server) words(ctx context.Context, in wordsIn) (out wordsOut, err error) {
	schema, err := s.o.Schema(in.List)
	if err != nil {
		return out, err
	}
	out.Example = schema.Example
	if in.Qualifier == "" {
		for _, f := range schema.Fields {
			out.Items = append(out.Items, wordOf(f))
		}
		return out, nil
	}
	name := strings.Trim(in.Qualifier, "-:")
	if schema.Field(name) == nil {
		return out, telemetry.Errorf(telemetry.CodeInvalid,
			"Unknown qualifier %q. Leave qualifier out to see all of %s.", telemetry.Shown(name), in.List)
	}
	found, err := get[sheet[word]](ctx, links.With(links.APIList("complete"), "list", in.List, "q", name+":"+in.Begins))
	out.Items = first(found.Items, pageMost)
	return out, err
}

func wordOf(f query.Field) word {
	help := f.Help
	if len(f.Words) > 0 {
		help += ": " + strings.Join(f.Words, ", ")
	}
	return word{Text: f.Name + ":", Help: cut(help)}
}
