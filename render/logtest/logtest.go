// Package logtest gives tests a log that is read while it is written. It knows no other package, so that tests of every
// room may use it.
package logtest

import (
	"bytes"
	"sync"
)

// Buffer holds what was written to it. The zero value is empty. Its methods may be called concurrently.
type Buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String returns what was written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
