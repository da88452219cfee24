package onnx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	ort "github.com/yalue/onnxruntime_go"

	"darkroom/render/onnx/library"
)

// The kinds of device.
const (
	CPU    = "cpu"
	CUDA   = "cuda"
	WebGPU = "webgpu" // by Vulkan, Metal or Direct3D 12; in builds of the runtime that have it
)

// Device is where networks run.
type Device struct {
	Kind    string // CPU, CUDA or WebGPU
	Index   int    // which GPU
	Threads int    // threads of one call on the CPU; 0 is one per physical core
	// Mapped leaves the weights in their files, on the CPU: a model of gigabytes is loaded in a second, and its weights
	// are pages that several processes share and that the system reclaims when it needs them. Without it the weights are
	// copied into a layout for this processor: steps take some percent less time.
	//
	// A packed copy in a cache would load and run fast, at the price of a copy of each model on disk; it does not
	// exist.
	Mapped bool
	// Packed has the weights of checkpoints copied into a layout for this processor, too. Without it they stay in their
	// files whatever Mapped says, and models of one shape share their sessions.
	Packed bool
	// KeepFloat16 leaves float16 networks in float16 on the CPU too, as they run on a GPU; see graph.Widen.
	KeepFloat16 bool
	// Resident has networks fed from the device's own memory on the CPU too, as they are on a GPU: weights are copied
	// there once, and runs read what is bound. It gains nothing there; it is for trying without a GPU what runs on one.
	Resident bool
	// MemoryLimit bounds what all networks take of a device's memory together, in bytes; 0 is no bound. It holds for the
	// arena: what the driver and its libraries take for themselves comes on top. On the CPU it holds with Resident.
	MemoryLimit int64
	// Graphs has the steps of a UNet without add-ons replayed as CUDA graphs: see graphReplays.
	Graphs bool

	noArena bool // on the CPU: memory of a run is freed at its end
}

// String writes the device as people name it: "cpu" or "cuda:0".
func (d Device) String() string {
	if d.Kind == CUDA {
		return CUDA + ":" + strconv.Itoa(d.Index)
	}
	return d.Kind
}

// Check says whether the open library can run networks on the device. Open must have been called.
func (d Device) Check() error {
	if Version() == "" {
		return ErrNotOpen
	}
	return d.usable()
}

// options makes the session options for the device; the caller destroys them.
func (d Device) options() (_ *ort.SessionOptions, err error) {
	o, err := ort.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("session options: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.Destroy())
		}
	}()
	threads := d.Threads
	if threads <= 0 {
		threads = cores()
	}
	level, noPacking := ort.GraphOptimizationLevel(ort.GraphOptimizationLevelEnableAll), "0"
	if d.Mapped && d.Kind == CPU {
		level, noPacking = ort.GraphOptimizationLevelEnableExtended, "1" // nothing that changes how weights are laid out
	}
	err = errors.Join(
		o.SetGraphOptimizationLevel(level),
		o.AddSessionConfigEntry("session.disable_prepacking", noPacking),
		o.SetIntraOpNumThreads(threads),
		o.SetInterOpNumThreads(1),
		o.SetCpuMemArena(!d.noArena),
		o.SetMemPattern(false),                       // patterns are per size: with many sizes they only hold memory
		o.SetLogSeverityLevel(ort.LoggingLevelFatal), // its errors are returned; its own lines would bypass the log
		// Threads that wait in a loop cost a fifth more processor time on a busy machine and gain nothing on an idle one.
		o.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"),
	)
	if err != nil {
		return nil, fmt.Errorf("session options: %w", err)
	}
	switch d.Kind {
	case CPU:
		return o, nil
	case CUDA:
		return o, d.appendCUDA(o)
	case WebGPU:
		return o, d.appendWebGPU(o)
	}
	return nil, fmt.Errorf("device kind %q: want %s, %s or %s", d.Kind, CPU, CUDA, WebGPU)
}

// appendWebGPU chooses the GPU that the system prefers. What its provider does not know runs on the CPU.
func (d Device) appendWebGPU(o *ort.SessionOptions) error {
	err := o.AppendExecutionProvider("WebGPU", nil)
	switch {
	case err == nil:
		return nil
	case strings.Contains(err.Error(), "Failed to get a WebGPU adapter"):
		return fmt.Errorf("device %s: there is no GPU with a driver for Vulkan, Metal or Direct3D 12", d)
	}
	return fmt.Errorf("device %s: %w; want a library with WebGPU, such as `go run ./cmd/ort --from npm` fetches", d, err)
}

// appendCUDA chooses the GPU. HEURISTIC, and no TF32: the same image from one run to the next is worth more than the
// last percents of speed, and neither slows float16 models.
func (d Device) appendCUDA(o *ort.SessionOptions) error {
	if err := loadCUDALibraries(); err != nil {
		return fmt.Errorf("device %s: %w", d, cudaHint(err))
	}
	cuda, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return fmt.Errorf("device %s: %w", d, err)
	}
	err = cuda.Update(d.cudaOptions())
	if err == nil {
		err = o.AppendExecutionProviderCUDA(cuda)
	}
	if err := errors.Join(err, cuda.Destroy()); err != nil {
		return fmt.Errorf("device %s: %w", d, plainCUDAError(err))
	}
	return nil
}

// cudaOptions are those of the CUDA provider. The limit counts for a session with an arena of its own; the arena that
// sessions share has the same one.
func (d Device) cudaOptions() map[string]string {
	o := map[string]string{
		"device_id":              strconv.Itoa(d.Index),
		"arena_extend_strategy":  "kSameAsRequested",
		"cudnn_conv_algo_search": "HEURISTIC",
		"use_tf32":               "0",
	}
	if d.MemoryLimit > 0 {
		o["gpu_mem_limit"] = strconv.FormatInt(d.MemoryLimit, 10)
	}
	if d.Graphs {
		o["enable_cuda_graph"] = "1"
	}
	return o
}

// cudaHint adds to a library without CUDA what brings one.
func cudaHint(err error) error {
	if errors.Is(err, library.ErrNoCUDA) {
		return fmt.Errorf("%w: run `darkroom runtime pull cuda12` or `cuda13`", err)
	}
	return err
}

// cores counts the physical cores that this process may use. Two threads on one core only disturb each other in matrix
// work. GOMAXPROCS respects a container's limit.
func cores() int {
	limit := runtime.GOMAXPROCS(0)
	siblings, _ := filepath.Glob("/sys/devices/system/cpu/cpu[0-9]*/topology/thread_siblings_list") // constant pattern
	physical := map[string]bool{}
	for _, path := range siblings {
		if b, err := os.ReadFile(path); err == nil {
			physical[string(b)] = true
		}
	}
	if len(physical) == 0 {
		return limit
	}
	return min(limit, len(physical))
}
