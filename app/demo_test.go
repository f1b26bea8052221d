package main

import (
	"testing"
	"time"
)

// TestDemoMovesOn lets the demo's time go on by hand: run files appear,
// sessions change their words, and a reply wakes a waiting one.
func TestDemoMovesOn(t *testing.T) {
	now := time.Date(2026, 5, 14, 14, 32, 0, 0, time.UTC)
	d := newDemo(func() time.Time { return now })
	words := func() map[string]string {
		all := map[string]string{}
		for _, s := range d.world.Sessions() {
			all[s.ID] = s.V3 + " " + s.V3Detail
		}
		return all
	}
	before, files := words(), len(d.world.Files())
	waiting := ""
	for id, word := range before {
		if s, _ := d.devin.Session(id); word == "running waiting_for_user" && s.Detail == "waiting_for_user" && len(s.PRs) == 0 {
			waiting = id
		}
	}
	if waiting == "" {
		t.Fatal("no session waits for its user")
	}
	d.world.Reply(waiting, "Yes, go ahead.", now)
	now = now.Add(15 * time.Minute)
	d.write(d.world.Advance(now))
	d.show()
	after, changed := words(), 0
	for id, word := range after {
		if before[id] != word {
			changed++
		}
	}
	if changed < 3 || len(d.world.Files()) <= files {
		t.Errorf("in 15 minutes %d sessions changed and %d run files appeared", changed, len(d.world.Files())-files)
	}
	if s, _ := d.devin.Session(waiting); len(s.Messages) == 0 || s.UpdatedAt.Before(now.Add(-15*time.Minute)) {
		t.Errorf("the session that got a reply reads %+v", s)
	}
}
