package main

import "testing"

func TestConnections(t *testing.T) {
	const gigabyte = 1 << 30
	for _, tc := range []struct {
		files  uint64
		memory int64
		want   int
	}{
		{256, 4 * gigabyte, 192}, {1024, 4 * gigabyte, 768}, {1 << 20, 4 * gigabyte, connectionsMost}, {1 << 20, gigabyte / 2, 8192},
		{64, 4 * gigabyte, connectionsLow}, {0, 4 * gigabyte, connectionsLow}, {1 << 63, 1 << 62, connectionsMost}, {1024, 1, connectionsLow},
	} {
		if got := connections(tc.files, tc.memory); got != tc.want {
			t.Errorf("%d files and %d bytes: %d connections, want %d", tc.files, tc.memory, got, tc.want)
		}
	}
}
