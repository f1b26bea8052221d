package parts

// Column is the head of one column.
type Column struct {
	Key     string // what it sorts by; "" = it does not
	Text    string
	Class   string // the column's class, which its cells carry too
	Number  bool   // right-aligned
	Hidden  bool   // the text is for screen readers only
	Initial bool   // the first click sorts downwards
	Falls   bool   // its ascending order begins with the greatest, as ranks do
	Chosen  string // its name where it is shown on request alone
	Pick    bool   // it has the boxes that select rows, and its head that of all
}

// Sort says by what rows are ordered.
type Sort struct {
	Key  string
	Desc bool
}

// Order is the direction as addresses and questions have it.
func (s Sort) Order() string {
	if s.Desc {
		return "desc"
	}
	return "asc"
}

func (s Sort) aria(c Column) string {
	switch {
	case c.Key == "" || c.Key != s.Key:
		return ""
	case s.Desc != c.Falls:
		return "descending"
	}
	return "ascending"
}

// next is the order that a click on the column asks for.
func (s Sort) next(c Column) string {
	if c.Key == s.Key {
		return Sort{Desc: !s.Desc}.Order()
	}
	return Sort{Desc: c.Initial}.Order()
}

// arrow is the icon of the direction in which the column's values go.
func (s Sort) arrow(c Column) string {
	if s.aria(c) == "descending" {
		return "arrow-down"
	}
	return "arrow-up"
}

// Pager says which rows of how many are shown. The zero Pager shows
// nothing.
type Pager struct {
	Page    int // from 1
	Pages   int // at least 1
	PerPage int
	Total   int
	Asked   int // the page that was asked for, which may be beyond the end
}

// From and To are the numbers of the first and last row shown, from 1.
func (p Pager) From() int { return min((p.Page-1)*p.PerPage+1, p.Total) }

// To is the number of the last row shown.
func (p Pager) To() int { return min(p.Page*p.PerPage, p.Total) }

// window returns the page numbers to offer, 0 for a gap.
func (p Pager) window() []int {
	var numbers []int
	for n := 1; n <= p.Pages; n++ {
		near := n >= p.Page-1 && n <= p.Page+1
		switch {
		case near, n == 1, n == p.Pages, p.Pages <= 7:
			numbers = append(numbers, n)
		case numbers[len(numbers)-1] != 0:
			numbers = append(numbers, 0)
		}
	}
	return numbers
}

// sizes are the rows a page that the pager offers.
func (p Pager) sizes() []int { return []int{25, 50, 100, 200} }

// pageKey is the value of page in an address: the first page needs none.
func pageKey(n int) string {
	if n == 1 {
		return ""
	}
	return Decimal(n)
}
