package onnx

import (
	"errors"
	"testing"
)

func TestPlainCUDAError(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		// As ONNX Runtime 1.24.4 said it without a driver.
		"/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_execution_provider_info.cc:60 static " +
			"onnxruntime::CUDAExecutionProviderInfo [ONNXRuntimeError] : 1 : FAIL : provider_options_utils.h:187 Parse Failed " +
			"to parse provider option \"device_id\": CUDA failure 35: CUDA driver version is insufficient for CUDA runtime " +
			"version ; GPU=-1 ; hostname=vm ; file=x.cc ; line=67 ; expr=cudaGetDeviceCount(&num_devices);": "there is no " +
			"NVIDIA driver, or it is too old for this generation of CUDA (CUDA failure 35: CUDA driver version is " +
			"insufficient for CUDA runtime version)",
		"CUDA failure 719: unspecified launch failure ; GPU=0 ; hostname=vm": "CUDA failure 719: unspecified launch failure",
		"bad allocation": "bad allocation",
	} {
		if got := plainCUDAError(errors.New(text)).Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
