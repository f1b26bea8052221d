package faults

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// mostGrowth is by how much heavy answers may let the heap grow.
const mostGrowth = 200 << 20

// measured returns by how many bytes the heap grew at most while do ran, what
// is not collected yet included. It collects early, as the program does, which
// sets a limit by itself.
func measured(do func()) uint64 {
	runtime.GC()
	before := heap()
	was := debug.SetMemoryLimit(int64(before) + mostGrowth/2)
	defer debug.SetMemoryLimit(was)
	stop := make(chan struct{})
	var most uint64
	var watch sync.WaitGroup
	watch.Go(func() {
		ticker := time.NewTicker(2 * time.Millisecond)
		defer ticker.Stop()
		for {
			most = max(most, heap())
			select {
			case <-ticker.C:
			case <-stop:
				return
			}
		}
	})
	do()
	close(stop)
	watch.Wait()
	return most - min(most, before)
}

func heap() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
