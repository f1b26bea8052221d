package history

import (
	"encoding/hex"
	"math/rand/v2"
	"time"
)

// dice is a seeded source of chance. Not for concurrent use.
type dice struct{ *rand.Rand }

func newDice(seed, stream uint64) dice {
	return dice{rand.New(rand.NewPCG(mix(seed), mix(stream^0x6a09e667f3bcc909)))}
}

// mix spreads a number over 64 bits (the finalizer of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb
	return x ^ (x >> 31)
}

func (d dice) chance(rate float64) bool { return rate > 0 && d.Float64() < rate }

// between returns a duration from lo to hi.
func (d dice) between(lo, hi time.Duration) time.Duration {
	return lo + time.Duration(d.Int64N(int64(hi-lo)+1))
}

// about returns a whole number whose mean is the given one.
func (d dice) about(mean float64) int {
	n := int(mean)
	if d.chance(mean - float64(n)) {
		n++
	}
	return n
}

func pick[T any](d dice, from []T) T { return from[d.IntN(len(from))] }

// sessionID returns the n-th session id of a seed: the 32 hex digits of a
// random UUID, as Devin gives them.
func sessionID(seed, n uint64) string {
	var raw [16]byte
	a, b := mix(seed^mix(n)), mix(mix(seed+1)+n)
	for i := range 8 {
		raw[i], raw[8+i] = byte(a>>(8*i)), byte(b>>(8*i))
	}
	raw[6] = raw[6]&0x0f | 0x40
	raw[8] = raw[8]&0x3f | 0x80
	return hex.EncodeToString(raw[:])
}
