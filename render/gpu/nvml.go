//go:build cgo && linux

package gpu

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// What is used of NVML's interface (nvml.h of the CUDA toolkit; its functions and structures keep their form for ever).
typedef struct { uint64_t total, free, used; } nvml_memory;
typedef void *nvml_device;
enum { nvml_text = 96 }; // no text that is asked for is longer

typedef struct {
	void *library;
	int (*init)(void);
	int (*shutdown)(void);
	const char *(*error_text)(int);
	int (*driver)(char *, unsigned);
	int (*cuda)(int *);
	int (*count)(unsigned *);
	int (*handle)(unsigned, nvml_device *);
	int (*name)(nvml_device, char *, unsigned);
	int (*uuid)(nvml_device, char *, unsigned);
	int (*memory)(nvml_device, nvml_memory *);
	int (*capability)(nvml_device, int *, int *);
} nvml;

// nvml_open returns the name of the first function that the library lacks, or NULL.
static const char *nvml_open(nvml *n, const char *path) {
	struct { const char *name; void *to; } want[] = {
		{"nvmlInit_v2", &n->init}, {"nvmlShutdown", &n->shutdown}, {"nvmlErrorString", &n->error_text},
		{"nvmlSystemGetDriverVersion", &n->driver}, {"nvmlSystemGetCudaDriverVersion_v2", &n->cuda},
		{"nvmlDeviceGetCount_v2", &n->count}, {"nvmlDeviceGetHandleByIndex_v2", &n->handle},
		{"nvmlDeviceGetName", &n->name}, {"nvmlDeviceGetUUID", &n->uuid}, {"nvmlDeviceGetMemoryInfo", &n->memory},
		{"nvmlDeviceGetCudaComputeCapability", &n->capability},
	};
	memset(n, 0, sizeof *n);
	n->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (n->library == NULL) return "";
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		void *f = dlsym(n->library, want[i].name);
		if (f == NULL) return want[i].name;
		memcpy(want[i].to, &f, sizeof f);
	}
	return NULL;
}

static void nvml_close(nvml *n) { if (n->library != NULL) dlclose(n->library); }

static int nvml_init(nvml *n) { return n->init(); }
static int nvml_shutdown(nvml *n) { return n->shutdown(); }
static const char *nvml_error_text(nvml *n, int code) { return n->error_text(code); }
static int nvml_driver(nvml *n, char *text) { return n->driver(text, nvml_text); }
static int nvml_cuda(nvml *n, int *version) { return n->cuda(version); }
static int nvml_count(nvml *n, unsigned *count) { return n->count(count); }
static int nvml_handle(nvml *n, unsigned i, nvml_device *d) { return n->handle(i, d); }
static int nvml_name(nvml *n, nvml_device d, char *text) { return n->name(d, text, nvml_text); }
static int nvml_uuid(nvml *n, nvml_device d, char *text) { return n->uuid(d, text, nvml_text); }
static int nvml_memory_of(nvml *n, nvml_device d, nvml_memory *m) { return n->memory(d, m); }
static int nvml_capability(nvml *n, nvml_device d, int *major, int *minor) { return n->capability(d, major, minor); }
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// nvml is the open library.
type nvml struct{ c *C.nvml }

// askNVML opens the library, asks for everything and closes it.
func askNVML(library string) Report {
	c, path := new(C.nvml), C.CString(library)
	defer C.free(unsafe.Pointer(path))
	missing := C.nvml_open(c, path)
	defer C.nvml_close(c)
	switch {
	case missing != nil && c.library == nil:
		return Report{Err: errNoLibrary}
	case missing != nil:
		return Report{Err: fmt.Errorf("the NVIDIA driver is too old: its library has no %s", C.GoString(missing))}
	}
	n := nvml{c}
	if err := n.fault("start", C.nvml_init(n.c)); err != nil {
		return Report{Err: err}
	}
	defer C.nvml_shutdown(n.c)
	return n.report()
}

// fault is what a function of NVML returned, as an error.
func (n nvml) fault(step string, code C.int) error {
	if code == 0 {
		return nil
	}
	return fmt.Errorf("the NVIDIA driver: %s: %s", step, C.GoString(C.nvml_error_text(n.c, code)))
}

func (n nvml) report() Report {
	var r Report
	var version C.int
	if C.nvml_cuda(n.c, &version) == 0 {
		r.CUDA = int(version)
	}
	r.Driver, r.Err = n.text("version", func(to *C.char) C.int { return C.nvml_driver(n.c, to) })
	var count C.uint
	if err := n.fault("count the cards", C.nvml_count(n.c, &count)); err != nil {
		r.Err = errors.Join(r.Err, err)
		return r
	}
	for i := range int(count) {
		card, err := n.card(i)
		r.Err = errors.Join(r.Err, err)
		r.Cards = append(r.Cards, card)
	}
	return r
}

// card asks for one card. One that does not answer keeps its number, for CUDA counts it.
func (n nvml) card(i int) (Card, error) {
	card := Card{Index: i}
	handle := new(C.nvml_device)
	if err := n.fault(fmt.Sprintf("card %d", i), C.nvml_handle(n.c, C.uint(i), handle)); err != nil {
		return card, err
	}
	d := *handle
	var errs [2]error
	card.Name, errs[0] = n.text("name", func(to *C.char) C.int { return C.nvml_name(n.c, d, to) })
	card.UUID, errs[1] = n.text("UUID", func(to *C.char) C.int { return C.nvml_uuid(n.c, d, to) })
	var m C.nvml_memory
	if C.nvml_memory_of(n.c, d, &m) == 0 {
		card.Total, card.Free = int64(m.total), int64(m.free)
	}
	var major, minor C.int
	if C.nvml_capability(n.c, d, &major, &minor) == 0 {
		card.Capability = int(major)*10 + int(minor)
	}
	return card, errors.Join(errs[:]...)
}

// text asks for a text.
func (n nvml) text(step string, ask func(*C.char) C.int) (string, error) {
	buffer := (*C.char)(C.calloc(C.nvml_text, 1))
	defer C.free(unsafe.Pointer(buffer))
	if err := n.fault(step, ask(buffer)); err != nil {
		return "", err
	}
	return C.GoStringN(buffer, C.int(C.strnlen(buffer, C.nvml_text))), nil
}
