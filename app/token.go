package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

const tokenUsage = `usage: app token create [--role viewer|operator|admin] [--days 90] NAME
       app token list
       app token revoke ID
The settings name the database, whether the dashboard runs or not`

// defaultTokenDays is how long a token holds for which nothing else is said.
const defaultTokenDays = 90

// runToken makes, lists or revokes access tokens in the database of the settings.
func runToken(ctx context.Context, args []string, out io.Writer) error {
	name, rest := "", args
	if len(args) > 0 {
		name, rest = args[0], args[1:]
	}
	do := map[string]func(context.Context, tokens, []string, io.Writer) error{
		"create": createToken, "list": listTokens, "revoke": revokeToken,
	}[name]
	if do == nil {
		return errors.New(tokenUsage)
	}
	cfg, err := loadConfig(os.Environ(), ".env")
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, store.Options{URL: string(cfg.DatabaseURL), Now: time.Now, Guest: true})
	if err != nil {
		return err
	}
	gate := access.New(access.Options{Sessions: db, Tokens: db, Usage: db, Now: time.Now})
	by := telemetry.Person{Key: access.KeyYou, Name: userName(cfg.UserName), Role: telemetry.RoleAdmin, Way: telemetry.EntryOpen}
	return errors.Join(do(ctx, tokens{db, gate, by}, rest, out), db.Close())
}

// tokens are those of a database, and who works on them.
type tokens struct {
	db   *store.Store
	gate *access.Gate
	by   telemetry.Person
}

// note writes to the audit log what was done from here.
func (t tokens) note(ctx context.Context, e telemetry.AuditEntry) error {
	e.Person, e.Name, e.Role, e.Way, e.Origin = t.by.Key, t.by.Name, t.by.Role, t.by.Way, "command line"
	e.Result, e.Status = telemetry.AuditResultOf(http.StatusOK), http.StatusOK
	return t.db.AddAudit(ctx, e)
}

func createToken(ctx context.Context, t tokens, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("app token create", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	role := flags.String("role", string(telemetry.RoleViewer), "")
	days := flags.Int64("days", defaultTokenDays, "")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%w\n%s", err, tokenUsage)
	}
	made, secret, err := t.gate.NewToken(ctx, t.by, strings.Join(flags.Args(), " "), telemetry.Role(*role), *days)
	if err != nil {
		return err
	}
	if err := t.note(ctx, telemetry.AuditEntry{Action: "create-token", Subject: made.Label(), After: string(made.Role)}); err != nil {
		return err
	}
	ends := "does not expire"
	if !made.ExpiresAt.IsZero() {
		ends = "expires on " + made.ExpiresAt.Format(time.DateOnly)
	}
	_, err = fmt.Fprintf(out, "%s\nThis is the access token %q with the role %s. It %s, and is not shown again. "+
		"Revoke it with: app token revoke %s\n",
		secret, made.Name, made.Role, ends, made.ID)
	return err
}

func listTokens(ctx context.Context, t tokens, args []string, out io.Writer) error {
	if len(args) > 0 {
		return errors.New(tokenUsage)
	}
	list, err := t.db.Tokens(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tNAME\tROLE\tSTATE\tMADE\tEXPIRES\tLAST USED")
	now := telemetry.At(time.Now())
	for _, one := range list {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", one.ID, telemetry.Shown(one.Name), one.Role, one.StateAt(now),
			day(one.MadeAt), day(one.ExpiresAt), day(one.UsedAt))
	}
	return table.Flush()
}

func revokeToken(ctx context.Context, t tokens, args []string, out io.Writer) error {
	if len(args) != 1 {
		return errors.New(tokenUsage)
	}
	revoked, err := t.gate.RevokeToken(ctx, t.by, args[0])
	if err != nil {
		return err
	}
	was, is := string(telemetry.TokenActive), string(telemetry.TokenRevoked)
	if err := t.note(ctx, telemetry.AuditEntry{Action: "revoke-token", Subject: revoked.Label(), Before: was, After: is}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Revoked the access token %q. Programs that run take it for at most some seconds more.\n", revoked.Name)
	return err
}

func day(t telemetry.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Format(time.DateOnly)
}
