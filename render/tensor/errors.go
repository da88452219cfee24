package tensor

import "errors"

// ErrOutOfMemory says that a network ran out of memory. A smaller batch or a smaller image may fit.
var ErrOutOfMemory = errors.New("out of memory")
