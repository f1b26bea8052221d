package telemetry

import (
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// campaignField is something of a campaign that can be changed.
type campaignField struct {
	value string
	words string // that say what it is now
}

// editable are the fields of CampaignEdit, in an order that stays.
func (c *Campaign) editable() []campaignField {
	most := func(n int64, of string) campaignField {
		f := campaignField{strconv.FormatInt(n, 10), "its " + of + " have no limit now"}
		if n > 0 {
			f.words = fmt.Sprintf("it may now use %d %s", n, of)
		}
		return f
	}
	owner, due := "its owner is now "+string(c.Owner), "it is now due "+c.Due.UTC().Format("2 Jan 2006")
	if c.Owner == "" {
		owner = "it has no owner now"
	}
	if c.Due.IsZero() {
		due = "it has no due date now"
	}
	auto := campaignField{fmt.Sprintf("%d %d %v", c.PerDay, c.Floor, c.Stopped != ""), "it now " + c.AutoSend.Words()}
	if c.PerDay == 0 {
		auto.words = "it sends nothing by itself now"
	}
	return []campaignField{
		{c.Name, "its name is now " + c.Name}, {string(c.Owner), owner}, {strconv.FormatInt(c.Due.UnixMilli(), 10), due},
		most(c.MaxSessions, "sessions"), most(c.MaxACUs, "ACUs"), auto,
	}
}

// Version is another one whenever something has changed that can be edited.
func (c *Campaign) Version() string {
	var sums []string
	for _, f := range c.editable() {
		sums = append(sums, fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(f.value))))
	}
	return strings.Join(sums, "-")
}

// Changed is CodeConflict, with what has changed, where a campaign has no longer the
// version that an edit was based on, and CodeInvalid for what is none.
func (c *Campaign) Changed(version string) error {
	if version == "" {
		return nil
	}
	before, now, fields := strings.Split(version, "-"), strings.Split(c.Version(), "-"), c.editable()
	if len(before) != len(now) {
		return invalidField("version", "Invalid version: want that of the campaign as it was read.")
	}
	var words []string
	for n, f := range fields {
		if before[n] != now[n] {
			words = append(words, f.words)
		}
	}
	if len(words) == 0 {
		return nil
	}
	return Errorf(CodeConflict, "Somebody has changed the campaign meanwhile: %s. Nothing was changed. Look at it again, and change what is "+
		"still to be changed.", strings.Join(words, ", "))
}
