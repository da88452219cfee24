package onnx

import (
	"errors"
	"fmt"
	"regexp"
)

// cudaFailure finds what the runtime says of an error of CUDA among the names of its source files and functions.
var cudaFailure = regexp.MustCompile(`CUDA failure (\d+): (.*?)\s*;`)

// cudaMeanings says what errors of CUDA mean for whoever sets up a machine (cudaError_t of driver_types.h).
//
//nolint:gochecknoglobals // a constant; Go has no constant maps
var cudaMeanings = map[string]string{
	"3":   "CUDA cannot be started",
	"35":  "there is no NVIDIA driver, or it is too old for this generation of CUDA",
	"46":  "the card is in use by a process that keeps it for itself",
	"100": "the driver sees no card",
	"101": "there is no card of this number",
	"209": "this build has no code for the card",
	"803": "the driver's library and its kernel module are of different versions; restart the machine",
	"804": "the driver is too old for this generation of CUDA",
	"999": "the driver fails; restart the machine if that stays",
}

// plainCUDAError shortens an error of CUDA to a line that a person can use. Other errors stay as they are.
func plainCUDAError(err error) error {
	m := cudaFailure.FindStringSubmatch(err.Error())
	switch {
	case m == nil:
		return err
	case cudaMeanings[m[1]] == "":
		return fmt.Errorf("CUDA failure %s: %s", m[1], m[2])
	}
	return errors.New(cudaMeanings[m[1]] + " (CUDA failure " + m[1] + ": " + m[2] + ")")
}
