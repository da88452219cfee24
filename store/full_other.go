//go:build !(darwin || linux)

package store

// freeBytes is not known here.
func freeBytes(string) int64 { return -1 }
