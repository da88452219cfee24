//go:build !unix

package safetensors

import "os"

func mapRegion(file *os.File, size int64) (*region, error) { return readRegion(file, size) }
