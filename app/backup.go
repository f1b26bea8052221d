package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// commandFlags reads the flags of a command, before and behind its other
// arguments, and returns these.
func commandFlags(name string, args []string, define func(*flag.FlagSet)) (rest []string, err error) {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	define(flags)
	for {
		if err := flags.Parse(args); err != nil {
			return nil, misused("%s: %s.", name, err)
		}
		if flags.NArg() == 0 {
			return rest, nil
		}
		rest, args = append(rest, flags.Arg(0)), flags.Args()[1:]
	}
}

// oneFile reads the arguments of a command that takes one file and a flag.
func oneFile(name, flagName string, args []string) (path string, set bool, err error) {
	rest, err := commandFlags(name, args, func(f *flag.FlagSet) { f.BoolVar(&set, flagName, false, "") })
	if err == nil && len(rest) != 1 {
		err = misused("app %s takes one file, and got %d.", name, len(rest))
	}
	if err != nil {
		return "", false, err
	}
	return rest[0], set, nil
}

// openNamed opens the database of the settings.
func openNamed(ctx context.Context, o store.Options) (*store.Store, Config, error) {
	cfg, err := loadConfig(os.Environ(), ".env")
	if err != nil {
		return nil, cfg, err
	}
	o.URL, o.Now = string(cfg.DatabaseURL), time.Now
	db, err := store.Open(ctx, o)
	return db, cfg, err
}

// runBackup writes the database of the settings to a file, whether the
// dashboard runs or not.
func runBackup(ctx context.Context, args []string, out io.Writer) error {
	path, force, err := oneFile("backup", "force", args)
	if err != nil {
		return err
	}
	db, _, err := openNamed(ctx, store.Options{Reads: true})
	if err != nil {
		return err
	}
	m, err := db.Backup(ctx, path, version(), force)
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Wrote %d rows of %d tables to %s and read them again. "+
		"It holds what the dashboard knows and hashes of access tokens: keep it as safe as the database.\n", m.Rows(), len(m.Tables), path)
	return err
}

// runRestore puts a backup into the database of the settings. No program may run on it.
func runRestore(ctx context.Context, args []string, out io.Writer) error {
	path, replace, err := oneFile("restore", "replace", args)
	if err != nil {
		return err
	}
	if _, err := store.ReadBackup(ctx, path); err != nil { // before a database is made for it
		return err
	}
	db, cfg, err := openNamed(ctx, store.Options{Alone: true})
	if err != nil {
		return err
	}
	m, err := db.Restore(ctx, path, replace)
	if err == nil {
		err = noteRestore(ctx, db, userName(cfg.UserName), path, m)
	}
	var sends telemetry.SendSwitch
	if err == nil {
		sends, err = db.SendSwitch(ctx)
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Restored %d rows of %d tables, as of %s (written by %s). Everybody has to sign in again.\n",
		m.Rows(), len(m.Tables), m.TakenAt.Format(time.RFC3339), telemetry.Shown(m.Build))
	if err == nil && sends.By == store.RestoreStops {
		_, err = fmt.Fprintln(out, "Campaigns do not send by themselves, since what they sent after the backup is not known. "+
			"Let them go on, on the page of campaigns, once the first refresh is done.")
	}
	return err
}

// noteRestore writes to the audit log, which is the backup's, that it was restored.
func noteRestore(ctx context.Context, db *store.Store, by, path string, m store.Manifest) error {
	return db.AddAudit(ctx, telemetry.AuditEntry{
		Person: access.KeyYou, Name: by, Role: telemetry.RoleAdmin, Way: telemetry.EntryOpen, Origin: "command line",
		Action: "restore", Subject: path, Detail: "a backup of " + m.TakenAt.Format(time.RFC3339),
		Result: telemetry.AuditResultOf(http.StatusOK), Status: http.StatusOK,
	})
}

// runMigrate brings the schema of the database up to date, or says what it would do.
func runMigrate(ctx context.Context, args []string, out io.Writer) error {
	dry := false
	rest, err := commandFlags("migrate", args, func(f *flag.FlagSet) { f.BoolVar(&dry, "dry-run", false, "") })
	if err == nil && len(rest) > 0 {
		err = misused("Unknown argument %q: migrate takes --dry-run.", rest[0])
	}
	if err != nil {
		return err
	}
	cfg, err := loadConfig(os.Environ(), ".env")
	if err != nil {
		return err
	}
	o := store.Options{URL: string(cfg.DatabaseURL), Now: time.Now, Alone: true}
	plan, err := store.Pending(ctx, o)
	if err != nil {
		return err
	}
	would := "Will apply"
	if dry {
		would = "Would apply"
	}
	if len(plan.Steps) == 0 {
		_, err = fmt.Fprintf(out, "The database has schema version %d, which is this program's. There is nothing to do.\n", plan.Have)
		return err
	}
	for _, step := range plan.Steps {
		fmt.Fprintf(out, "%s %d: %s\n", would, step.Version, step.Text)
	}
	if dry {
		said := "The database is empty: there is nothing to back up."
		if plan.Have > 0 {
			said = fmt.Sprintf("The database has schema version %d. Take a backup first: app backup FILE", plan.Have)
		}
		_, err = fmt.Fprintln(out, "Nothing was changed. "+said)
		return err
	}
	db, err := store.Open(ctx, o)
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "The database has schema version %d now.\n", plan.Steps[len(plan.Steps)-1].Version)
	return err
}
