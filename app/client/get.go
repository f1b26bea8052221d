package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// GetUsage is how "app get" is used.
const GetUsage = "get LIST [ID] [-q QUERY] [--repo NAME] [--as-of TIME] [--sort FIELD] [--order asc|desc] [-n N] " +
	"[-o table|json|csv] [--url URL]"

// The forms of an answer.
const (
	asTable = "table"
	asJSON  = "json"
	asCSV   = "csv"
)

// asked is what a command line asks for.
type asked struct {
	list   list
	id     string
	params url.Values
	n      int64
	form   string
}

// rowsUsual is how many rows a table has by itself, and pageMost how many the
// API gives at a time.
const (
	rowsUsual = 50
	pageMost  = 200
)

// Get does "app get": it writes rows of a list, or one of them.
func Get(ctx context.Context, env Env, args []string) error {
	a, err := parseGet(&env, args)
	if err != nil {
		return err
	}
	d, err := open(env)
	if err != nil {
		return err
	}
	switch {
	case a.id != "":
		return getOne(ctx, d, env, a)
	case a.form == asTable:
		return getTable(ctx, d, env, a)
	case a.form == asCSV, a.n == 0 && a.list.exports:
		return copied(ctx, d, a.address("."+a.form), env.Out)
	}
	if a.n > 0 {
		a.params.Set("per_page", strconv.FormatInt(a.n, 10))
	}
	return copied(ctx, d, a.address(""), env.Out)
}

func parseGet(env *Env, args []string) (asked, error) {
	a := asked{params: url.Values{}}
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return a, misuse("get needs a list: one of %s.", strings.Join(Names(), ", "))
	}
	var ok bool
	if a.list, ok = named(args[0]); !ok {
		return a, misuse("Unknown list %q: want one of %s.", args[0], strings.Join(Names(), ", "))
	}
	flags := flag.NewFlagSet("get", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	given := map[string]*string{}
	for name, param := range map[string]string{"q": "q", "repo": "repo", "as-of": "as_of", "sort": "sort", "order": "order"} {
		given[param] = flags.String(name, "", "")
	}
	flags.Int64Var(&a.n, "n", 0, "")
	flags.StringVar(&a.form, "o", asTable, "")
	flags.StringVar(&env.URL, "url", env.URL, "")
	for rest := args[1:]; len(rest) > 0; rest = flags.Args() {
		if err := flags.Parse(rest); err != nil {
			return a, misuse("get: %s.", strings.TrimSuffix(err.Error(), "."))
		}
		if flags.NArg() == 0 {
			break
		}
		if a.id != "" {
			return a, misuse("Unknown argument %q: get takes one id. Put a query of several words in quotes after -q.", flags.Arg(0))
		}
		a.id = flags.Arg(0)
		if err := flags.Parse(flags.Args()[1:]); err != nil {
			return a, misuse("get: %s.", strings.TrimSuffix(err.Error(), "."))
		}
	}
	flags.Visit(func(f *flag.Flag) {
		if f.Name == "n" && a.n == 0 {
			a.n = -1 // which is refused: 0 stands for all
		}
	})
	for param, value := range given {
		if *value != "" {
			a.params.Set(param, *value)
		}
	}
	return a, a.fault()
}

// fault is what cannot be had.
func (a asked) fault() error {
	switch {
	case !slices.Contains([]string{asTable, asJSON, asCSV}, a.form):
		return misuse("Unknown form %q: want -o table, json or csv.", a.form)
	case a.params.Has("q") && a.list.query == "":
		return misuse("%s cannot be queried: leave -q out.", a.list.name)
	case a.n < 0:
		return misuse("Invalid -n: want a whole number from 1.")
	case a.id != "" && !a.list.one:
		return misuse("%s cannot be asked for one by one.", a.list.name)
	case a.id != "" && a.form == asCSV:
		return misuse("One of %s is answered as table or json.", a.list.name)
	case a.id != "" && a.n > 0:
		return misuse("-n does not go with an id.")
	case a.form == asCSV && !a.list.exports:
		return misuse("%s cannot be had as CSV.", a.list.name)
	case a.form == asCSV && a.n > 0:
		return misuse("CSV has all rows: leave -n out.")
	case a.form == asJSON && a.n > pageMost:
		return misuse("JSON has at most %d rows with -n. Leave -n out for all rows.", pageMost)
	}
	return nil
}

// address is that of the API, with an ending before its parameters.
func (a asked) address(ending string) string {
	address := "/api/" + a.list.path + ending
	if len(a.params) > 0 {
		address += "?" + a.params.Encode()
	}
	return address
}

// steps escapes an id: that of a pull request has steps.
func (a asked) one() string {
	id := url.PathEscape(a.id)
	if a.list.name == "prs" {
		id = strings.ReplaceAll(id, "%2F", "/")
	}
	return a.address("/" + id)
}

// copied writes the answer of an address as it is.
func copied(ctx context.Context, d *dashboard, address string, out io.Writer) error {
	res, err := d.get(ctx, address)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	end := &ending{}
	_, err = io.Copy(out, io.TeeReader(res.Body, end))
	switch {
	case err != nil && ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return fmt.Errorf("the answer is not complete: %w. Ask again", err)
	case bytes.Contains(end.bytes, []byte("\nERROR: this file is not complete")):
		return errors.New("the answer is not complete: the dashboard could not read all rows. Ask again")
	}
	return nil
}

// ending keeps the last bytes that are written to it.
type ending struct{ bytes []byte }

func (e *ending) Write(p []byte) (int, error) {
	const most = 100
	e.bytes = append(e.bytes, p[max(0, len(p)-most):]...)
	e.bytes = e.bytes[max(0, len(e.bytes)-most):]
	return len(p), nil
}

// getOne writes one row.
func getOne(ctx context.Context, d *dashboard, env Env, a asked) error {
	if a.form == asJSON {
		return copied(ctx, d, a.one(), env.Out)
	}
	var row map[string]json.RawMessage
	if err := d.read(ctx, a.one(), &row); err != nil {
		return err
	}
	return writeOne(env, a.list, row)
}

// page is a page of a list, in whatever form the API has it.
type page struct {
	Items []map[string]json.RawMessage `json:"items"`
	Total int64                        `json:"total"`
	Pages int64                        `json:"pages"`
}

func (p *page) UnmarshalJSON(body []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) { // all rows
		err := json.Unmarshal(body, &p.Items)
		p.Total = int64(len(p.Items))
		return err
	}
	type plain page
	err := json.Unmarshal(body, (*plain)(p))
	p.Total = max(p.Total, int64(len(p.Items)))
	return err
}

// getTable writes the first rows as a table, and says on stderr where there
// are more.
func getTable(ctx context.Context, d *dashboard, env Env, a asked) error {
	most := a.n
	if most == 0 {
		most = rowsUsual
	}
	var rows []map[string]json.RawMessage
	var total int64
	for number := int64(1); int64(len(rows)) < most; number++ {
		a.params.Set("per_page", strconv.FormatInt(min(most, pageMost), 10))
		a.params.Set("page", strconv.FormatInt(number, 10))
		var p page
		if err := d.read(ctx, a.address(""), &p); err != nil {
			return err
		}
		rows, total = append(rows, p.Items...), p.Total
		if number >= p.Pages || len(p.Items) == 0 {
			break
		}
	}
	rows = rows[:min(int64(len(rows)), most)]
	if err := writeTable(env, a.list, rows); err != nil {
		return err
	}
	if int64(len(rows)) < total {
		fmt.Fprintf(env.Err, "%d of %d %s. -n %d shows all.\n", len(rows), total, a.list.name, total)
	}
	return nil
}
