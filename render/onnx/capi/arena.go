package capi

/*
#include <stdlib.h>
#include "api.h"
*/
import "C"

import (
	"fmt"
	"math"
	"unsafe"
)

// ShareArena makes an arena for a kind of memory that all sessions share which are opened from now on with
// session.use_env_allocators. provider is the runtime's name of what runs there ("CUDAExecutionProvider"). The arena
// takes what is asked for and no more (kSameAsRequested), at most limit bytes together; 0 is no limit. It replaces an
// earlier one of that memory, which its sessions keep.
func ShareArena(provider string, m Memory, limit int64) error {
	env, err := environment()
	if err != nil {
		return err
	}
	if limit <= 0 {
		limit = math.MaxInt64
	}
	most, strategy := C.CString("max_mem"), C.CString("arena_extend_strategy")
	defer C.free(unsafe.Pointer(most))
	defer C.free(unsafe.Pointer(strategy))
	const sameAsRequested = 1
	keys, values := []*C.char{most, strategy}, []C.size_t{C.size_t(limit), sameAsRequested}
	var config *C.OrtArenaCfg
	if err := check(C.capi_CreateArenaCfgV2(&keys[0], &values[0], C.size_t(len(keys)), &config)); err != nil {
		return fmt.Errorf("arena of %s:%d: %w", m.Name, m.ID, err)
	}
	defer C.capi_ReleaseArenaCfg(config)
	name := C.CString(provider)
	defer C.free(unsafe.Pointer(name))
	err = m.withInfo(func(info *C.OrtMemoryInfo) error {
		return check(C.capi_CreateAndRegisterAllocatorV2(env, name, info, config))
	})
	if err != nil {
		return fmt.Errorf("arena of %s:%d: %w", m.Name, m.ID, err)
	}
	return nil
}

// UnshareArena ends the sharing: sessions that were opened keep the arena until they end.
func UnshareArena(m Memory) error {
	env, err := environment()
	if err != nil {
		return err
	}
	err = m.withInfo(func(info *C.OrtMemoryInfo) error { return check(C.capi_UnregisterAllocator(env, info)) })
	if err != nil {
		return fmt.Errorf("arena of %s:%d: %w", m.Name, m.ID, err)
	}
	return nil
}
