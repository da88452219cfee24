package tensor

import "errors"

// ErrMemory says that a network found no room for its work. A smaller batch or a smaller picture may find it.
var ErrMemory = errors.New("out of memory")
