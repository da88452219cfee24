package onnx

/*
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>

// Every processor with AVX2 has F16C too.
static int converts(void) { return __builtin_cpu_supports("avx2"); }

__attribute__((target("avx,f16c")))
static void narrow(uint16_t *to, const float *from, size_t n) {
	size_t i = 0;
	for (; i + 8 <= n; i += 8)
		_mm_storeu_si128((__m128i *)(to + i), _mm256_cvtps_ph(_mm256_loadu_ps(from + i), 0));
	for (; i < n; i++)
		to[i] = _cvtss_sh(from[i], 0);
}

__attribute__((target("avx,f16c")))
static void widen(float *to, const uint16_t *from, size_t n) {
	size_t i = 0;
	for (; i + 8 <= n; i += 8)
		_mm256_storeu_ps(to + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(from + i))));
	for (; i < n; i++)
		to[i] = _cvtsh_ss(from[i]);
}
#elif defined(__aarch64__)
static int converts(void) { return 1; }

static void narrow(uint16_t *to, const float *from, size_t n) {
	for (size_t i = 0; i < n; i++)
		((__fp16 *)to)[i] = (__fp16)from[i];
}

static void widen(float *to, const uint16_t *from, size_t n) {
	for (size_t i = 0; i < n; i++)
		to[i] = ((const __fp16 *)from)[i];
}
#else
static int converts(void) { return 0; }
static void narrow(uint16_t *to, const float *from, size_t n) {}
static void widen(float *to, const uint16_t *from, size_t n) {}
#endif
*/
import "C"

import (
	"encoding/binary"
	"unsafe"

	"darkroom/render/tensor"
)

// encodeFloat16 writes floats as float16 into to, which has two bytes for each: with the processor's own instruction
// where it has one, in a tenth of a nanosecond a value instead of two in Go. NaN stays NaN, with any payload.
func encodeFloat16(to []byte, from []float32) {
	if len(from) == 0 {
		return
	}
	if C.converts() == 0 {
		for i, x := range from {
			binary.NativeEndian.PutUint16(to[2*i:], tensor.ToFloat16(x))
		}
		return
	}
	_ = to[2*len(from)-1]
	C.narrow((*C.uint16_t)(unsafe.Pointer(unsafe.SliceData(to))), (*C.float)(unsafe.SliceData(from)), C.size_t(len(from)))
}

// decodeFloat16 reads what encodeFloat16 wrote.
func decodeFloat16(to []float32, from []byte) {
	if len(to) == 0 {
		return
	}
	if C.converts() == 0 {
		for i := range to {
			to[i] = tensor.FromFloat16(binary.NativeEndian.Uint16(from[2*i:]))
		}
		return
	}
	_ = from[2*len(to)-1]
	C.widen((*C.float)(unsafe.SliceData(to)), (*C.uint16_t)(unsafe.Pointer(unsafe.SliceData(from))), C.size_t(len(to)))
}
