package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"telemetry-dashboard/services/upstream"
)

// checkState is what a check of the doctor came to.
type checkState string

const (
	checkOK   checkState = "ok"
	checkWarn checkState = "warn" // the program runs, without something
	checkFail checkState = "fail" // the program does not start, or a part of it cannot work
)

// check is one thing that the doctor looked at. Text says what it found and, unless it is
// ok, what to do. No secret is in it.
type check struct {
	Part  string     `json:"part"`
	Name  string     `json:"name"`
	State checkState `json:"state"`
	Text  string     `json:"text"`
}

// doctor looks at the settings and at what they name. It changes nothing, and
// runs beside the program.
type doctor struct {
	cfg       Config
	vars      map[string]string // the variables that are set
	now       func() time.Time
	transport http.RoundTripper
	patience  time.Duration // how long it waits for one answer
	checks    []check
}

// doctorPatience is how long the doctor waits for one answer of an upstream.
const doctorPatience = 10 * time.Second

func (d *doctor) add(state checkState, part, name, text string, args ...any) {
	d.checks = append(d.checks, check{Part: part, Name: name, State: state, Text: fmt.Sprintf(text, args...)})
}

// result adds ok's text, or the sentence of an error.
func (d *doctor) result(part, name string, err error, ok string, args ...any) {
	if err != nil {
		d.add(checkFail, part, name, "%s", plainly(err))
		return
	}
	d.add(checkOK, part, name, ok, args...)
}

// runDoctor checks the settings, the database and the upstreams, and says what to do.
// Its error says that something must be done.
func runDoctor(ctx context.Context, args []string, out io.Writer) error {
	form := "table"
	rest, err := commandFlags("doctor", args, func(f *flag.FlagSet) { f.StringVar(&form, "o", "table", "") })
	switch {
	case err != nil:
		return err
	case len(rest) > 0:
		return misused("Unknown argument %q: doctor takes -o table or -o json.", rest[0])
	case form != "table" && form != "json":
		return misused("Unknown form %q: doctor has -o table and -o json.", form)
	}
	d := &doctor{now: time.Now, transport: upstream.Transport(4, doctorPatience), patience: doctorPatience}
	d.examine(ctx, os.Environ(), ".env")
	return d.report(out, form)
}

// examine makes all checks, the cheap ones first.
func (d *doctor) examine(ctx context.Context, environ []string, dotenv string) {
	if !d.settings(environ, dotenv) {
		return // nothing else is known
	}
	d.address(ctx)
	d.runsDir()
	d.database(ctx)
	d.network()
	d.github(ctx)
	d.devin(ctx)
}

// report writes the checks; its error counts those that failed.
func (d *doctor) report(out io.Writer, form string) error {
	failed := 0
	for _, c := range d.checks {
		if c.State == checkFail {
			failed++
		}
	}
	var err error
	if form == "json" {
		lines := json.NewEncoder(out)
		lines.SetIndent("", "  ")
		lines.SetEscapeHTML(false)
		err = lines.Encode(struct {
			OK     bool    `json:"ok"`
			Build  string  `json:"build"`
			Checks []check `json:"checks"`
		}{failed == 0, version(), d.checks})
	} else {
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, c := range d.checks {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", c.State, c.Part, c.Name, strings.Join(strings.Fields(c.Text), " "))
		}
		err = table.Flush()
	}
	if err == nil && failed > 0 {
		err = errors.New("doctor: " + counted(failed, "check") + " failed. The lines with fail say what to do")
	}
	return err
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
