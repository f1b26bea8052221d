package api

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
)

// writer writes the body of a streamed answer.
type writer = func(ctx context.Context, w *bufio.Writer) error

// rowsOf hands over all rows that were asked for, some at a time.
type rowsOf[R any] = func(ctx context.Context, do func([]R) error) error

// downloads are all rows of the view that a request describes, as CSV and as
// JSON.
func (l listed[R, T]) downloads(path string) []Route {
	return []Route{
		{Method: fiber.MethodGet, Path: path + ".csv", Needs: l.needed(), Stream: func(c *fiber.Ctx) (writer, error) {
			return l.start(c, "csv", "text/csv; charset=utf-8; header=present", l.csv)
		}},
		{Method: fiber.MethodGet, Path: path + ".json", Needs: l.needed(), Stream: func(c *fiber.Ctx) (writer, error) {
			return l.start(c, "json", "application/json; charset=utf-8", l.json)
		}},
	}
}

// start reads the request and the first rows, while there is still a status
// to say what is wrong. What it returns no longer uses the request.
func (l listed[R, T]) start(c *fiber.Ctx, kind, contentType string,
	write func(context.Context, *bufio.Writer, query.Ask, rowsOf[R]) error) (writer, error) {
	a, err := l.ask(c)
	if err != nil {
		return nil, err
	}
	a.Brief = kind == "csv"
	rows, err := l.list.Begin(c.UserContext(), a)
	if err != nil {
		return nil, err
	}
	c.Set(fiber.HeaderContentType, contentType)
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+exportName(l.list.Schema().Noun, c.Query("repo"), l.now())+"."+kind+`"`)
	return func(ctx context.Context, w *bufio.Writer) error { return write(ctx, w, a, rows) }, nil
}

// exportName is a file name of letters, digits, dots, dashes and underscores.
func exportName(rows, repo string, now time.Time) string {
	name := strings.ReplaceAll(rows, " ", "-")
	if r := telemetry.ParseRepo(repo); r != "" {
		name += "-" + strings.ReplaceAll(string(r), "/", "-")
	}
	return name + "-" + now.UTC().Format("2006-01-02")
}

// csv writes RFC 4180: a header line, CRLF, UTF-8. A failure part-way, too
// late for a status, is the last line.
func (l listed[R, T]) csv(ctx context.Context, w *bufio.Writer, a query.Ask, all rowsOf[R]) error {
	at := a.AsOf
	if at.IsZero() {
		at = l.now()
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	err := out.Write(l.list.Head())
	if err == nil {
		err = all(ctx, func(rows []R) error {
			for i := range rows {
				if err := out.Write(defused(l.list.Cells(&rows[i], at))); err != nil {
					return err
				}
			}
			out.Flush()
			return out.Error()
		})
	}
	if err != nil {
		_ = out.Write([]string{"ERROR: this file is not complete. Download it again."}) // the client may be gone
	}
	out.Flush()
	return err
}

// json writes an array of the items that the list's endpoint has. After a
// failure part-way the array stays open, so that it cannot pass for complete.
func (l listed[R, T]) json(ctx context.Context, w *bufio.Writer, a query.Ask, all rowsOf[R]) error {
	between := "[\n"
	err := all(ctx, func(rows []R) error {
		items, err := l.itemsOf(ctx, a, rows)
		if err != nil {
			return err
		}
		for _, item := range items {
			body, err := json.Marshal(item)
			if err != nil {
				return err
			}
			if _, err := w.WriteString(between); err != nil {
				return err
			}
			if _, err := w.Write(body); err != nil {
				return err
			}
			between = ",\n"
		}
		return w.Flush()
	})
	if err != nil {
		return err
	}
	if between == "[\n" {
		_, err = w.WriteString("[]\n")
	} else {
		_, err = w.WriteString("\n]\n")
	}
	return err
}

// defused puts an apostrophe before what a spreadsheet would run as a
// formula (OWASP, CSV injection).
func defused(cells []string) []string {
	for i, cell := range cells {
		if first, _ := utf8.DecodeRuneInString(cell); cell != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
			cells[i] = "'" + cell
		}
	}
	return cells
}
