package outcomes

import "telemetry-dashboard/services/telemetry"

// Summary is what a structured output says as a whole. Tests is 1 where they
// pass, 0 where they fail, -1 where it does not say.
type Summary struct {
	Status         string
	Fixed, Blocked int64
	Tests          int64
}

// SummaryOf reads an output.
func SummaryOf(output []byte) Summary {
	claim, _ := telemetry.ParseClaim(output)
	s := Summary{claim.Status, int64(len(claim.Fixed)), int64(len(claim.Blocked)), -1}
	if claim.TestsPassing != nil {
		s.Tests = 0
		if *claim.TestsPassing {
			s.Tests = 1
		}
	}
	return s
}
