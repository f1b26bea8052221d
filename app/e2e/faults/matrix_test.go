package faults

import (
	"fmt"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// matrix is the table as text: faults down, calls across.
func matrix(pairs []*pair) string {
	var out strings.Builder
	theCalls := calls()
	cells := map[string]*pair{}
	for _, p := range pairs {
		cells[p.name()] = p
	}
	for i, c := range theCalls {
		fmt.Fprintf(&out, "%2d %s\n", i+1, c.name)
	}
	fmt.Fprintf(&out, "\n%-24s", "")
	for i := range theCalls {
		fmt.Fprintf(&out, "%5d", i+1)
	}
	fmt.Fprintf(&out, "%9s\n", "slowest")
	for _, f := range faults() {
		slowest, met := time.Duration(0), false
		line := fmt.Sprintf("%-24s", f.name)
		for _, c := range theCalls {
			p := cells[c.name+"/"+f.name]
			if p == nil {
				mark := "·"
				if f.fits == nil || f.fits(&c) {
					mark = ""
				}
				line += fmt.Sprintf("%5s", mark)
				continue
			}
			met, slowest = true, max(slowest, p.took)
			line += fmt.Sprintf("%5s", p.cell())
		}
		if met {
			fmt.Fprintf(&out, "%s%9s\n", line, slowest.Round(time.Millisecond))
		}
	}
	out.WriteString("\nok: answered; dwn: down; brk: broken; tmo: timeout; key: token; den: denied; nf: not found; lim: rate limit;\n" +
		"rej: rejected; unk: outcome unknown; set: a setting is missing; ·: the fault does not fit the call; !: a failed pair\n")
	return out.String()
}

// cell is how a pair ended, in a few letters.
func (p *pair) cell() string {
	short := map[telemetry.Code]string{
		fine: "ok", down: "dwn", broken: "brk", late: "tmo", telemetry.CodeUpstreamToken: "key", denied: "den", absent: "nf", limited: "lim",
		refusal: "rej", unknown: "unk", telemetry.CodeMissingSetting: "set",
	}[p.ended]
	if short == "" {
		short = "?"
	}
	if len(p.problems) > 0 {
		short += "!"
	}
	return short
}
