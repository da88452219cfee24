package install

import "darkroom/render/onnx/library"

// version is that of all archives for the CPU.
const version = library.Recommended

// The one archive of the npm package has the libraries of all platforms.
const (
	npmFile   = "onnxruntime-node-" + version + ".tgz"
	npmSize   = 85987774
	npmSHA256 = "aa1bb5fa261ea68de05dd53efbba210cd7adf2d2850f4c3a201054c74cc78040"
	npmFolder = "package/bin/napi-v6/"
)

// CPU lists the archives that hold ONNX Runtime's library for the CPU of a platform, as Go names it ("linux/amd64"),
// the smallest first; nil where none is known. In each, the library is the first member. The hash of the official
// release archive is empty: none was ever fetched and measured by this project.
//
// The library for Linux x86-64 was run; those for Linux arm64 and macOS arm64 were only fetched and measured. Wheel and
// npm package have different builds (npm's has a WebGPU provider), so images can differ in their last bits.
func CPU(platform string) Part {
	switch platform {
	case "linux/amd64":
		return Part{
			release("linux-x64", library.Name("linux", version)),
			onnxWheel("onnxruntime-1.24.3-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl", 17237101,
				"b354afce3333f2859c7e8706d84b6c552beac39233bcd3141ce7ab77b4cabb5d",
				capi("libonnxruntime.so.1.24.3", 22146944,
					"12e097b0705253189cd2cde73a091febefb7348edcfe606cd54aec010a4bab2b")),
			tarball("linux/x64/libonnxruntime.so.1", library.Name("linux", version), 35164376,
				"92ba8e44d31b80a34f5e805076a044122c3be1fffe0d88ed790de7267b0b2682"),
		}
	case "linux/arm64":
		return Part{
			release("linux-aarch64", library.Name("linux", version)),
			onnxWheel("onnxruntime-1.24.3-cp312-cp312-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl", 15150105,
				"0a9847b870b6cb462652b547bc98c49e0efb67553410a082fde1918a38707452",
				capi("libonnxruntime.so.1.24.3", 18625376,
					"34b560ca50f0ba1228a715ce3bedb14eb0fa8e9002dd43dfe083be399f67d7ad")),
			tarball("linux/arm64/libonnxruntime.so.1", library.Name("linux", version), 18625376,
				"33032cb5b91c12edbf028d7c69fa40a31848d66c0095448758af237d5e0b07db"),
		}
	case "darwin/arm64":
		return Part{
			release("osx-arm64", library.Name("darwin", version)),
			onnxWheel("onnxruntime-1.24.3-cp312-cp312-macosx_14_0_arm64.whl", 17342578,
				"0d244227dc5e00a9ae15a7ac1eba4c4460d7876dfecafe73fb00db9f1d914d91",
				capi("libonnxruntime.1.24.3.dylib", 27724968,
					"c3052e7883681252b3b388a408a3e809c0ad6aaa666c6b8d457fa1e3c3153673")),
			tarball("darwin/arm64/libonnxruntime.1.24.3.dylib", library.Name("darwin", version), 35937208,
				"76831409ce6eded92b4cb343cf422c458a60c1ea1d5f3cfa69692ab7fcc67f0f"),
		}
	}
	return nil
}

// release is an official archive. Its sizes and hashes are not known.
func release(platform, lib string) Archive {
	name := "onnxruntime-" + platform + "-" + version
	return Archive{
		Source: Release, Project: "onnxruntime", Version: version, File: name + ".tgz",
		Members: []Member{{Path: name + "/lib/" + lib, Name: lib}},
	}
}

// onnxWheel is a wheel of the Python package onnxruntime. The library inside does not depend on Python, so the wheel
// for one Python version is enough.
func onnxWheel(file string, size int64, sum string, lib Member) Archive {
	return Archive{
		Source: PyPI, Project: "onnxruntime", Version: version, File: file, Size: size, SHA256: sum,
		Members: append([]Member{lib}, onnxLicences()...),
	}
}

// tarball is the npm package, with the library of one platform. It holds no text of a licence.
func tarball(member, name string, size int64, sum string) Archive {
	return Archive{
		Source: NPM, Project: "onnxruntime-node", Version: version, File: npmFile, Size: npmSize, SHA256: npmSHA256,
		Members: []Member{{Path: npmFolder + member, Name: name, Size: size, SHA256: sum}},
	}
}

// capi is a library in a wheel of ONNX Runtime.
func capi(name string, size int64, sum string) Member {
	return Member{Path: "onnxruntime/capi/" + name, Name: name, Size: size, SHA256: sum}
}

// onnxLicences are the texts in every wheel of ONNX Runtime: the MIT licence, and those of what it is built from.
func onnxLicences() []Member {
	return []Member{
		{"onnxruntime/LICENSE", "LICENSE-onnxruntime.txt", 1073,
			"2f07c72751aed99790b8a4869cf2311df85a860b22ded05fa22803587a48922c"},
		{"onnxruntime/ThirdPartyNotices.txt", "NOTICES-onnxruntime.txt", 325054,
			"0e07b95f3a8d6230037707c5c4a2b554d12c4cb67369669ac255635528ffcee2"},
	}
}
