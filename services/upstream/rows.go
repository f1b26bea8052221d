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
)

// Rows decodes a JSON array from in, one row at a time, so that only one is
// in memory, and hands each to take. It fails with ErrNotAList for anything
// but an array (null and nothing at all included), with ErrNullRow for a null
// in it, with ErrTooManyRows after most rows, with ErrTrailing for what
// follows, and with take's own error.
func Rows[T any](in io.Reader, most int, take func(T) error) error {
	d := NewDecoder(in)
	if err := rows(d, most, take); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.Join(ErrTrailing, err)
	}
	return nil
}

// rows decodes the array that comes next.
func rows[T any](d *json.Decoder, most int, take func(T) error) error {
	start, err := d.Token()
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w but empty", ErrNotAList)
	case err != nil:
		return err
	case start != json.Delim('['):
		return ErrNotAList
	}
	for n := 0; d.More(); n++ {
		if n >= most {
			return fmt.Errorf("%w: over %d", ErrTooManyRows, most)
		}
		var row *T
		if err := d.Decode(&row); err != nil {
			return cut(err)
		}
		if row == nil {
			return ErrNullRow
		}
		if err := take(*row); err != nil {
			return err
		}
	}
	return closed(d)
}

// closed reads the end of the array or object that d is in.
func closed(d *json.Decoder) error {
	_, err := d.Token()
	return cut(err)
}

// cut is the failure of reading on in an array or object, which must not end
// between two of its parts either.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Object decodes a JSON object from in whose field list is an array of rows:
// each row is handed to take as Rows does it, and every other field to other,
// which may be nil. The fields may come in any order. Without the field, or
// with null for it, it fails with ErrNotAList; each limit of Rows holds.
func Object[T any](in io.Reader, list string, most int, take func(T) error, other func(name string, value json.RawMessage) error) error {
	d := NewDecoder(in)
	start, err := d.Token()
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w but empty", ErrNotAList)
	case err != nil:
		return err
	case start != json.Delim('{'):
		return ErrNotAList
	}
	listed := false
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return cut(err)
		}
		if name == list {
			if err := rows(d, most, take); err != nil {
				return err
			}
			listed = true
			continue
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return cut(err)
		}
		if other != nil {
			if err := other(name.(string), value); err != nil {
				return err
			}
		}
	}
	if err := closed(d); err != nil {
		return err
	}
	if !listed {
		return fmt.Errorf("%w: the field %q is missing", ErrNotAList, list)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.Join(ErrTrailing, err)
	}
	return nil
}
