package upstream_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

// TestRows: what each list gives, and how it fails.
func TestRows(t *testing.T) {
	large := strings.Repeat(" ", upstream.LargestValue)
	for name, c := range map[string]struct {
		body string
		rows int
		want error
	}{
		"some":         {`[{"n":1},{"n":2}]`, 2, nil},
		"none":         {`[]`, 0, nil},
		"nothing":      {``, 0, upstream.ErrNotAList},
		"null":         {`null`, 0, upstream.ErrNotAList},
		"an object":    {`{}`, 0, upstream.ErrNotAList},
		"a null row":   {`[{"n":1},null]`, 1, upstream.ErrNullRow},
		"too many":     {`[{},{},{},{}]`, 3, upstream.ErrTooManyRows},
		"more follows": {`[{}][]`, 1, upstream.ErrTrailing},
		"cut off":      {`[{},{`, 1, io.ErrUnexpectedEOF},
		"a large row":  {`[{},{"n":1,"x":"` + large + `"}]`, 1, upstream.ErrLargeValue},
		"spaces":       {`[{},` + large + `{}]`, 1, upstream.ErrLargeValue},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			err := upstream.Rows(strings.NewReader(c.body), 3, func(struct{ N int }) error { n++; return nil })
			if n != c.rows || !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
				t.Errorf("%d rows, %v; want %d, %v", n, err, c.rows, c.want)
			}
		})
	}
}

func TestObjectTakesFieldsInAnyOrder(t *testing.T) {
	for _, body := range []string{`{"items":[{"n":1}],"next":"x"}`, `{"next":"x","items":[{"n":1}]}`} {
		n, next := 0, ""
		err := upstream.Object(strings.NewReader(body), "items", 3, func(row struct{ N int }) error { n += row.N; return nil },
			func(name string, value json.RawMessage) error { next = name + string(value); return nil })
		if err != nil || n != 1 || next != `next"x"` {
			t.Errorf("%s: %d, %q, %v", body, n, next, err)
		}
	}
	for body, want := range map[string]error{
		`{}`: upstream.ErrNotAList, `{"items":null}`: upstream.ErrNotAList, `{"items":{}}`: upstream.ErrNotAList,
		`{"items":[null]}`: upstream.ErrNullRow, `[]`: upstream.ErrNotAList, ``: upstream.ErrNotAList,
		`{"n":1}`: upstream.ErrListMissing, `{"n":1}{`: upstream.ErrTrailing, `{"items":[],"items":[]}`: upstream.ErrListTwice,
		`{"n":1` + strings.Repeat(`,"n":1`, 2000) + `}`:              upstream.ErrManyFields,
		`{"x":"` + strings.Repeat("x", upstream.LargestValue) + `"}`: upstream.ErrLargeValue,
	} {
		err := upstream.Object(strings.NewReader(body), "items", 3, func(struct{}) error { return nil }, nil)
		if !errors.Is(err, want) {
			t.Errorf("%.40q: %v, want %v", body, err, want)
		}
	}
}

// TestRowsAsTheyAre: a row that is not an object is for its taker to judge.
func TestRowsAsTheyAre(t *testing.T) {
	var got []string
	err := upstream.Rows(strings.NewReader(`[null, 7 ,{"a":[]}]`), 3, func(row json.RawMessage) error {
		got = append(got, string(row))
		return nil
	})
	if want := []string{"null", "7", `{"a":[]}`}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

// TestRowsHoldOneAtATime: a long list takes no more memory than one of its rows.
func TestRowsHoldOneAtATime(t *testing.T) {
	body := strings.Repeat(" ", 3*upstream.LargestValue/4) + "{},"
	in := io.MultiReader(strings.NewReader("["), strings.NewReader(body), strings.NewReader(body), strings.NewReader(body+"{}]"))
	n := 0
	if err := upstream.Rows(in, 9, func(struct{}) error { n++; return nil }); err != nil || n != 4 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestBudgetBoundsOneAnswer(t *testing.T) {
	b := upstream.NewBudget(1)
	for size, want := range map[int]error{10: nil, 11: upstream.ErrTooLarge, 5000: upstream.ErrTooLarge} {
		body := b.Body(t.Context(), io.NopCloser(strings.NewReader(strings.Repeat("x", size))), 10)
		got, err := io.ReadAll(body)
		if !errors.Is(err, want) || len(got) != 10 {
			t.Errorf("%d bytes: read %d, %v; want 10, %v", size, len(got), err, want)
		}
	}
}

// TestBudgetBoundsAllAnswers: a second large answer waits until the first is
// closed, and gives up when its caller does.
func TestBudgetBoundsAllAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := upstream.NewBudget(1)
		large := func(ctx context.Context) io.ReadCloser {
			return b.Body(ctx, io.NopCloser(strings.NewReader(strings.Repeat("x", 2*upstream.SmallAnswer))), 4*upstream.SmallAnswer)
		}
		first := large(t.Context())
		if _, err := io.Copy(io.Discard, first); err != nil {
			t.Fatal(err)
		}
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if n, err := io.Copy(io.Discard, large(hasty)); !errors.Is(err, context.DeadlineExceeded) || n > 2*upstream.SmallAnswer-1 {
			t.Errorf("beside a large answer: read %d, %v", n, err)
		}
		read := make(chan error, 1)
		go func() {
			_, err := io.Copy(io.Discard, large(t.Context()))
			read <- err
		}()
		synctest.Wait()
		select {
		case err := <-read:
			t.Errorf("two large answers at a time: %v", err)
		default:
		}
		_ = first.Close()
		if err := <-read; err != nil {
			t.Errorf("after the first was closed: %v", err)
		}
	})
}

func TestShareSurvivesAPanic(t *testing.T) {
	var f upstream.Flights
	for range 2 {
		_, err := upstream.Share(t.Context(), &f, "checks", time.Minute, func(context.Context) (int, error) { panic("nil") })
		if telemetry.CodeOf(err) != telemetry.CodeInternal || !strings.Contains(err.Error(), "checks") {
			t.Errorf("after a panic: %v", err)
		}
	}
}

func TestShareOutlivesItsFirstCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f upstream.Flights
		asked := 0
		ask := func(context.Context) (int, error) { asked++; time.Sleep(time.Second); return 7, nil }
		first, leave := context.WithCancel(t.Context())
		go func() { _, _ = upstream.Share(first, &f, "k", time.Minute, ask) }()
		synctest.Wait()
		leave()
		if v, err := upstream.Share(t.Context(), &f, "k", time.Minute, ask); v != 7 || err != nil || asked != 1 {
			t.Errorf("the second caller got %d, %v after %d questions", v, err, asked)
		}
	})
}
