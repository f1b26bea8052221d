package telemetry

// distanceMost bounds the work of one comparison: an address can be long.
const distanceMost = 120

// Distance returns how many letters of a must be changed, added or taken out to
// get b; distanceMost where either is longer than that.
func Distance(a, b string) int {
	if len(a) > distanceMost || len(b) > distanceMost {
		return distanceMost
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := before
			if a[i] != b[j] {
				changed++
			}
			before = row[j+1]
			row[j+1] = min(changed, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
