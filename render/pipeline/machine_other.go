//go:build !linux

package pipeline

// machineMemory is not known here.
func machineMemory() int64 { return 0 }
