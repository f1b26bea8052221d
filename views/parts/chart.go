package parts

type piece struct {
	Slice
	start int
}

// pieces places the slices one after the other.
func pieces(slices []Slice) []piece {
	var placed []piece
	start := 0
	for _, s := range slices {
		if s.N > 0 {
			placed = append(placed, piece{s, start})
			start += s.N
		}
	}
	return placed
}

func total(slices []Slice) int {
	sum := 0
	for _, s := range slices {
		sum += max(s.N, 0)
	}
	return sum
}

func longest(slices []Slice) int {
	most := 1
	for _, s := range slices {
		most = max(most, s.N)
	}
	return most
}

// SliceRows are the rows of a table that says what slices show.
func SliceRows(groups ...[]Slice) []Row {
	var rows []Row
	for _, slices := range groups {
		for _, s := range slices {
			rows = append(rows, Row{Name: s.Name, Cells: []Link{{Text: Number(s.N), URL: s.URL}}})
		}
	}
	return rows
}
