package tensor

import "errors"

// ErrOutOfMemory says that a network found no room for its work. A smaller batch or a smaller picture may find it.
var ErrOutOfMemory = errors.New("out of memory")
