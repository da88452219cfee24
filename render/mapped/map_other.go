//go:build !unix

package mapped

import "os"

func mapRegion(file *os.File, size int64) (*region, error) { return readRegion(file, size) }
