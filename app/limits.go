package main

import (
	"log/slog"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

const (
	// memoryPart is the part of the machine's or container's memory that Go
	// keeps to; the rest is for what it does not count.
	memoryPart = 0.8

	// filesPart, and at least filesLeast, of the open files are for upstreams,
	// the database and logs; connections have the rest.
	filesPart  = 4
	filesLeast = 64

	// connectionBytes is more than an idle connection takes. All of them may
	// take half of the memory.
	connectionBytes = 32 << 10
	connectionsMost = 20_000
	connectionsLow  = 16
)

// limitMemory makes Go keep to a part of the memory that the container or
// machine has, unless GOMEMLIMIT says another figure.
func limitMemory(log *slog.Logger) {
	limit, err := memlimit.Set(memlimit.WithRatio(memoryPart),
		memlimit.WithProvider(memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)))
	if err != nil {
		log.Warn("the size of the machine's memory is unknown; set GOMEMLIMIT, for example to 400MiB", "err", err)
		return
	}
	log.Info("memory limit", "GOMEMLIMIT", limit)
}

// connections is how many connections the web server may hold with so many
// open files and bytes of memory.
func connections(files uint64, memory int64) int {
	most := min(memory/2/connectionBytes, connectionsMost)
	reserve := max(files/filesPart, filesLeast)
	if files <= reserve+connectionsLow {
		return connectionsLow
	}
	return int(max(connectionsLow, min(most, int64(min(files-reserve, connectionsMost)))))
}
