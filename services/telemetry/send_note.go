package telemetry

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// NoteMost bounds what a person adds to the prompts, in characters.
	NoteMost = 2000
	// noteHead is the heading of it in a prompt.
	noteHead = "Note from the person who sends this"

	playbookMost = 200 // bytes of the id of a playbook
)

// Add adds to a batch what a person says of it and the playbook that it is to follow.
func (b *NewBatch) Add(note, playbook string) {
	b.Note, b.Playbook = Optional(note), Optional(playbook)
	if note != "" {
		b.Prompt += "\n## " + noteHead + "\n\n" + note + "\n"
	}
}

// checkAdded returns what is asked with the note and the playbook as they are kept,
// or says what is wrong with them.
func (a SendAsk) checkAdded() (SendAsk, error) {
	a.Note = strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "").Replace(a.Note))
	a.Playbook = strings.TrimSpace(a.Playbook)
	switch n := utf8.RuneCountInString(a.Note); {
	case n > NoteMost:
		return a, invalidField("note", "The note has %d characters; the limit is %d. Shorten it.", n, NoteMost)
	case len(a.Playbook) > playbookMost || strings.ContainsFunc(a.Playbook, func(r rune) bool { return !unicode.IsPrint(r) }):
		return a, invalidField("playbook_id", "Invalid playbook_id: want the id of one of Devin's playbooks, or leave it out.")
	}
	return a, nil
}
