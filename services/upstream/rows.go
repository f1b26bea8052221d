package upstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// The failures of a list that is not what was promised.
var (
	ErrNotAList    = errors.New("it is not a list")
	ErrTooManyRows = errors.New("the list has too many rows")
	ErrNullRow     = errors.New("a row of the list is null")
	ErrTrailing    = errors.New("there is more after the end")
	ErrLargeValue  = errors.New("a row or field is too large")
	ErrManyFields  = errors.New("the object has too many fields")
	ErrListMissing = fmt.Errorf("%w: its field is missing", ErrNotAList)
	ErrListTwice   = fmt.Errorf("%w: its field stands twice", ErrNotAList)
)

// LargestValue bounds the bytes of one row, or of one field beside the list.
const LargestValue = 4 << 20

// mostFields is how many fields Object reads, each of which takes its time.
const mostFields = 1000

// window fails with ErrLargeValue rather than let its decoder hold more than
// LargestValue bytes.
type window struct {
	in   io.Reader
	d    *json.Decoder
	read int64
}

func decode(in io.Reader) *json.Decoder {
	w := &window{in: in}
	w.d = json.NewDecoder(w)
	return w.d
}

func (w *window) Read(p []byte) (int, error) {
	room := w.d.InputOffset() + LargestValue - w.read
	if room <= 0 {
		return 0, fmt.Errorf("%w: over %d bytes", ErrLargeValue, LargestValue)
	}
	p = p[:min(int64(len(p)), room)]
	n := 0
	var err error
	for n < len(p) && err == nil { // a decoder reads spaces again after each Read
		var more int
		more, err = w.in.Read(p[n:])
		n += more
	}
	w.read += int64(n)
	return n, err
}

// Rows decodes a JSON array from in, one row at a time, so that only one is in
// memory, and hands each to take. Each way in which it is not the list that was
// promised has its error above. A T of json.RawMessage is handed each row as it
// is, null too, so that a row that cannot be read need not cost the others.
func Rows[T any](in io.Reader, most int, take func(T) error) error {
	d := decode(in)
	if err := rows(d, most, take); err != nil {
		return err
	}
	return ended(d)
}

// ended refuses what follows after the value.
func ended(d *json.Decoder) error {
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.Join(ErrTrailing, err)
	}
	return nil
}

// begins reads how the value that comes next begins, and refuses all but bracket.
func begins(d *json.Decoder, bracket json.Delim) error {
	start, err := d.Token()
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w but empty", ErrNotAList)
	case err != nil:
		return err
	case start != bracket:
		return ErrNotAList
	}
	return nil
}

func rows[T any](d *json.Decoder, most int, take func(T) error) error {
	if err := begins(d, '['); err != nil {
		return err
	}
	for n := 0; d.More(); n++ {
		if n >= most {
			return fmt.Errorf("%w: over %d", ErrTooManyRows, most)
		}
		row, err := nextRow[T](d)
		if err != nil {
			return err
		}
		if err := take(row); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func nextRow[T any](d *json.Decoder) (T, error) {
	var bare T
	if raw, ok := any(&bare).(*json.RawMessage); ok {
		return bare, d.Decode(raw)
	}
	var row *T
	if err := d.Decode(&row); err != nil {
		return bare, err
	}
	if row == nil {
		return bare, ErrNullRow
	}
	return *row, nil
}

// Object decodes a JSON object from in whose field list is an array of rows: each
// is handed to take as Rows does it, and every other field to other, which may be
// nil. The fields may come in any order.
func Object[T any](in io.Reader, list string, most int, take func(T) error, other func(name string, value json.RawMessage) error) error {
	d := decode(in)
	if err := begins(d, '{'); err != nil {
		return err
	}
	listed := false
	for n := 0; d.More(); n++ {
		if n >= mostFields {
			return fmt.Errorf("%w: over %d", ErrManyFields, mostFields)
		}
		name, err := d.Token()
		switch {
		case err != nil:
			return err
		case name != list:
			var value json.RawMessage
			if err = d.Decode(&value); err == nil && other != nil {
				err = other(name.(string), value)
			}
		case listed:
			return ErrListTwice
		default:
			listed, err = true, rows(d, most, take)
		}
		if err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	if err := ended(d); err != nil {
		return err
	}
	if !listed {
		return ErrListMissing
	}
	return nil
}
