package main

import (
	"fmt"

	"darkroom/render/onnx/library"
)

// pin is one measured package: the archive as the registry serves it, and the library inside.
type pin struct {
	file    string // the archive's name
	size    int64  // bytes of the archive
	sha256  string // of the archive
	member  string // the library's path in the archive
	library string // SHA-256 of the library
}

// version is what all pins are of.
const version = library.Recommended

// npmFile is one archive for all platforms.
const (
	npmFile   = "onnxruntime-node-1.24.3.tgz"
	npmSize   = 85987774
	npmSHA256 = "aa1bb5fa261ea68de05dd53efbba210cd7adf2d2850f4c3a201054c74cc78040"
	npmFolder = "package/bin/napi-v6/"
)

// wheels are the measured wheels of the Python package, by platform. The library inside does not depend on Python,
// so one Python version is enough.
//
// The library for Linux x86-64 was run; those for Linux arm64 and macOS arm64 were only fetched and measured. The
// libraries of wheel and npm package are different builds (npm's has a WebGPU provider), so images can differ in their
// last bits.
func wheels() map[string]pin {
	return map[string]pin{
		"linux/amd64": {
			file:    "onnxruntime-1.24.3-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
			size:    17237101,
			sha256:  "b354afce3333f2859c7e8706d84b6c552beac39233bcd3141ce7ab77b4cabb5d",
			member:  "onnxruntime/capi/libonnxruntime.so.1.24.3",
			library: "12e097b0705253189cd2cde73a091febefb7348edcfe606cd54aec010a4bab2b",
		},
		"linux/arm64": {
			file:    "onnxruntime-1.24.3-cp312-cp312-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl",
			size:    15150105,
			sha256:  "0a9847b870b6cb462652b547bc98c49e0efb67553410a082fde1918a38707452",
			member:  "onnxruntime/capi/libonnxruntime.so.1.24.3",
			library: "34b560ca50f0ba1228a715ce3bedb14eb0fa8e9002dd43dfe083be399f67d7ad",
		},
		"darwin/arm64": {
			file:    "onnxruntime-1.24.3-cp312-cp312-macosx_14_0_arm64.whl",
			size:    17342578,
			sha256:  "0d244227dc5e00a9ae15a7ac1eba4c4460d7876dfecafe73fb00db9f1d914d91",
			member:  "onnxruntime/capi/libonnxruntime.1.24.3.dylib",
			library: "c3052e7883681252b3b388a408a3e809c0ad6aaa666c6b8d457fa1e3c3153673",
		},
	}
}

// tarballs are the libraries inside the one measured archive of the npm package, by platform.
func tarballs() map[string]pin {
	npm := func(member, sum string) pin {
		return pin{file: npmFile, size: npmSize, sha256: npmSHA256, member: npmFolder + member, library: sum}
	}
	return map[string]pin{
		"linux/amd64": npm(
			"linux/x64/libonnxruntime.so.1", "92ba8e44d31b80a34f5e805076a044122c3be1fffe0d88ed790de7267b0b2682",
		),
		"linux/arm64": npm(
			"linux/arm64/libonnxruntime.so.1", "33032cb5b91c12edbf028d7c69fa40a31848d66c0095448758af237d5e0b07db",
		),
		"darwin/arm64": npm(
			"darwin/arm64/libonnxruntime.1.24.3.dylib", "76831409ce6eded92b4cb343cf422c458a60c1ea1d5f3cfa69692ab7fcc67f0f",
		),
	}
}

// releases are the official archives. No hash: none of them was ever fetched and measured by this project.
func releases() map[string]pin {
	release := func(platform, lib string) pin {
		name := "onnxruntime-" + platform + "-" + version
		return pin{file: name + ".tgz", member: name + "/lib/" + lib}
	}
	return map[string]pin{
		"linux/amd64":  release("linux-x64", library.Name("linux", version)),
		"linux/arm64":  release("linux-aarch64", library.Name("linux", version)),
		"darwin/arm64": release("osx-arm64", library.Name("darwin", version)),
	}
}

// isPinned says whether a library's hash is one of the pins for a platform.
func isPinned(sources []source, platform, sum string) bool {
	for _, s := range sources {
		if p, ok := s.pins[platform]; ok && p.library != "" && p.library == sum {
			return true
		}
	}
	return false
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
