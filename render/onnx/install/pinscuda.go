package install

// The libraries of NVIDIA are those that PyTorch names for the same CUDA (2.9 for 12.8, 2.10 for 13.0), so each set is
// one that many people run. Left out of the packages: headers, the libraries that nothing here opens (nvblas, cuFFTW,
// the second build of NVRTC), TensorRT's provider and the Python modules.

// cuda12 is for cards from Pascal (GTX 10xx) to Hopper. Blackwell (RTX 50xx) runs it by translating PTX.
func cuda12() Runtime {
	const cuda = "12.8"
	return Runtime{
		Name: "cuda12", Title: "NVIDIA CUDA " + cuda + " and cuDNN 9.10", Version: "1.24.4", Platform: "linux/amd64",
		CUDA: CUDA{Major: 12, Native: []int{60, 70, 75, 80, 86, 90}, PTX: 90},
		Parts: []Part{
			gpuWheel("1.24.4", 252765531, "eb0e38f0c1ef3b76ae0081c8e51eed20dd8925aa916f0fc6f9b8b17d05610e99",
				capi("libonnxruntime.so.1.24.4", 22232960,
					"b10825f4306b01a4951c528554f2495c4597080c63637b300669544d9c142e76"),
				capi("libonnxruntime_providers_cuda.so", 367051528,
					"43d2eb6ba2d1c2e796f495114420c0a1e1c6a8d987dd17c6e89a211dafdbb6c4"),
				capi("libonnxruntime_providers_shared.so", 14632,
					"086ec1d5388f64153d9c63470d126693db9a182c8ce236d3a1119068471b8a0d")),
			nvidia("nvidia-cuda-runtime-cu12", "12.8.90",
				"nvidia_cuda_runtime_cu12-12.8.90-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", 954765,
				"adade8dcbd0edf427b7204d480d6066d33902cab2a4707dcfc48a2d0fd44ab90",
				member("nvidia/cuda_runtime/lib/libcudart.so.12", 728800,
					"c3a75b33af334a3486d197dbd1584a2985183ba4688d237a2be5f2f679329920"),
				cudaLicence("nvidia_cuda_runtime_cu12-12.8.90.dist-info/License.txt")),
			nvidia("nvidia-nvjitlink-cu12", "12.8.93",
				"nvidia_nvjitlink_cu12-12.8.93-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl", 39254836,
				"81ff63371a7ebd6e6451970684f916be2eab07321b73c9d244dc2b4da7f73b88",
				member("nvidia/nvjitlink/lib/libnvJitLink.so.12", 94101392,
					"0369e6867d44b800437de4e146d72c65afc6c75adf677a15c2ecd8e6a7ac135f")),
			nvidia("nvidia-cuda-nvrtc-cu12", "12.8.93",
				"nvidia_cuda_nvrtc_cu12-12.8.93-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl", 88040029,
				"a7756528852ef889772a84c6cd89d41dfa74667e24cca16bb31f8f061e3e9994",
				member("nvidia/cuda_nvrtc/lib/libnvrtc-builtins.so.12.8", 6338504,
					"eccaa824230ee7858a94a3055cb01f1cb634df05d313880d0bdcf195161fcb4e"),
				member("nvidia/cuda_nvrtc/lib/libnvrtc.so.12", 104487248,
					"43731e24cd89e3749826304f304e8aa11fbecf1188715271b1f5018d6212b5e6")),
			nvidia("nvidia-curand-cu12", "10.3.9.90",
				"nvidia_curand_cu12-10.3.9.90-py3-none-manylinux_2_27_x86_64.whl", 63619976,
				"b32331d4f4df5d6eefa0554c565b626c7216f87a06a4f56fab27c3b68a830ec9",
				member("nvidia/curand/lib/libcurand.so.10", 136749240,
					"f9bea038a2703b721571fd45a299a898141fd8cb264a5912635c95116f5960fe")),
			nvidia("nvidia-cufft-cu12", "11.3.3.83",
				"nvidia_cufft_cu12-11.3.3.83-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", 193118695,
				"4d2dd21ec0b88cf61b62e6b43564355e5222e4a3fb394cac0db101f2dd0d4f74",
				member("nvidia/cufft/lib/libcufft.so.11", 278925016,
					"5c912146449614f9d73ebd1a5cb604242da6b819d94ba5b4a99272a0649f3761")),
			nvidia("nvidia-cublas-cu12", "12.8.4.1",
				"nvidia_cublas_cu12-12.8.4.1-py3-none-manylinux_2_27_x86_64.whl", 594346921,
				"8ac4e771d5a348c551b2a426eda6193c19aa630236b418086020df5ba9667142",
				member("nvidia/cublas/lib/libcublasLt.so.12", 751771728,
					"10b5e6631cf8115c661eb895ed1533826308b58f7956466f53d236a40c9b622c"),
				member("nvidia/cublas/lib/libcublas.so.12", 116388640,
					"031ce6c2cbfbb9468f040527cab5c599069ce5609e73e28f87503881063eac21")),
			nvidia("nvidia-cudnn-cu12", "9.10.2.21",
				"nvidia_cudnn_cu12-9.10.2.21-py3-none-manylinux_2_27_x86_64.whl", 706758467,
				"949452be657fa16687d0930933f032835951ef0892b37d2d53824d1a84dc97a8",
				cudnn("", 125136, "3b68ea689be647bce63cb3c2d9edb589add415405a7e9f296d69ca029cae0b8b"),
				cudnn("_graph", 4439912, "787c955dce49091ead850e4536666594095ea9f92a8a08879d8ddad466674657"),
				cudnn("_ops", 127936080, "34f56d67f3df108949d1e5e03543064e055e217d0f5e53dc6d4f7c9454d852f8"),
				cudnn("_cnn", 6301096, "655c2d2649466c73b6b4c19705fb6906fd95e331a1f8218314b49f37dd7cafed"),
				cudnn("_adv", 285226600, "9814d64e04fce1f6cbd16d02ccefd6611541b3c61736fb450e334b482635ca07"),
				cudnn("_heuristic", 58726712, "2804eee5f6fc11d0299ba07687eda0a974d3b2436357c639706c4e282cc2cc05"),
				cudnn("_engines_precompiled", 547383096,
					"f504745d346542609f975de51227080647d3675eac576ead82c396b8124f8f28"),
				cudnn("_engines_runtime_compiled", 23094328,
					"8222672743c4f2e39feb1c365d6f6b6c40f56023471506f49944910847f1ee0a"),
				cudnnLicence("nvidia_cudnn_cu12-9.10.2.21.dist-info/licenses/License.txt")),
		},
	}
}

// cuda13 is for cards from Turing (RTX 20xx) on, with code of their own for Ada and Blackwell (RTX 40xx and 50xx).
func cuda13() Runtime {
	return Runtime{
		Name: "cuda13", Title: "NVIDIA CUDA 13.0 and cuDNN 9.15", Version: "1.27.0", Platform: "linux/amd64",
		CUDA: CUDA{Major: 13, Native: []int{75, 80, 86, 89, 90, 100, 120}, PTX: 120},
		Parts: []Part{
			gpuWheel("1.27.0", 220305746, "b2b8d6afabf3c23c2c698639a16388816dc7298f388a9ddddf504b283990ea01",
				capi("libonnxruntime.so.1.27.0", 23736336,
					"184096f611d6cfff75f5d4cbaf01f76d736ab10d408d335fca0c85e5a79018db"),
				capi("libonnxruntime_providers_cuda.so", 251627280,
					"9aacf1788ceae09ca362cbf9bb3c1d69c94cec86e24310de7ad14e6b05b5bb5d"),
				capi("libonnxruntime_providers_shared.so", 14632,
					"086ec1d5388f64153d9c63470d126693db9a182c8ce236d3a1119068471b8a0d")),
			nvidia("nvidia-cuda-runtime", "13.0.96",
				"nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", 2243632,
				"7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
				member("nvidia/cu13/lib/libcudart.so.13", 704288,
					"96c42e418cec19054186b9429c321603cc190bf26a18104e19408117a2a817b0"),
				cudaLicence("nvidia_cuda_runtime-13.0.96.dist-info/licenses/License.txt")),
			nvidia("nvidia-nvjitlink", "13.0.88",
				"nvidia_nvjitlink-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl", 40713933,
				"13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b",
				member("nvidia/cu13/lib/libnvJitLink.so.13", 98806736,
					"931347fa77d9fd5511059e04627f122b1ee33e409f22c3273ddddbe065713a3a")),
			nvidia("nvidia-cuda-nvrtc", "13.0.88",
				"nvidia_cuda_nvrtc-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl", 90215200,
				"ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
				member("nvidia/cu13/lib/libnvrtc-builtins.so.13.0", 4380616,
					"91dcd944d01da9c0f08fff5d779db136a47f6d62bdb63bae900d2f481e92c3a2"),
				member("nvidia/cu13/lib/libnvrtc.so.13", 109338064,
					"a49e67e8e74590f1e98de55c39c6287efd3f59e3c3797464d7bbe0fe01349b11")),
			nvidia("nvidia-curand", "10.4.0.35",
				"nvidia_curand-10.4.0.35-py3-none-manylinux_2_27_x86_64.whl", 59544258,
				"1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
				member("nvidia/cu13/lib/libcurand.so.10", 132698328,
					"b53732a66b302b11926e00f762e2c2ba67058347ff93cf4ae709de45e93e06da")),
			nvidia("nvidia-cufft", "12.0.0.61",
				"nvidia_cufft-12.0.0.61-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", 214085489,
				"6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3",
				member("nvidia/cu13/lib/libcufft.so.12", 286542352,
					"0933f68bb7e3bf90f86d70bc87cd2f69027f7757e89e5de5e19ec33a53fd8d3a")),
			nvidia("nvidia-cublas", "13.1.0.3",
				"nvidia_cublas-13.1.0.3-py3-none-manylinux_2_27_x86_64.whl", 423133236,
				"ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171",
				member("nvidia/cu13/lib/libcublasLt.so.13", 541595600,
					"656298c804f5adbb0df930545c17911b9584ab4e5101c0eeb65d1fe881d880f8"),
				member("nvidia/cu13/lib/libcublas.so.13", 54177976,
					"e70f38efabe986acd5eb683497c62f0f1730a6176ee291d9d24c6e339d1fbf86")),
			nvidia("nvidia-cudnn-cu13", "9.15.1.9",
				"nvidia_cudnn_cu13-9.15.1.9-py3-none-manylinux_2_27_x86_64.whl", 351298418,
				"ebc9a647918df0d7298d67cfaf41579fd4c78ead9aba246f5ad9414d61b9ec4c",
				cudnn("", 125144, "7ee289e52563f78db59910fe9af6acb7b502d250ad4b7c2d3e4a0bc10616d456"),
				cudnn("_graph", 4457352, "e80f394870a8567fa421b7991ff3f3ab668dfba7d8705872f9ed11e3b36b448b"),
				cudnn("_ops", 37758712, "41beb128587b3ecb0b7f52b716ecdcfd52572953e956b3473f57ef4e811ec471"),
				cudnn("_cnn", 4204152, "18d90cbbb52de316766c00bd77314f992b901809b535b221c7de08914b7c1c87"),
				cudnn("_adv", 107071928, "7bbefc7523c831d9c03ac212093fe5cfdf22e81b81fa2ea7555433fc1db2c8f0"),
				cudnn("_heuristic", 56629720, "d1a7d1672d3a58d411ee3584073e23251c649e76809873e4311a8aa34056d0be"),
				cudnn("_engines_precompiled", 234908152,
					"49b0c2627085e027948bd8660e2ca00ab8dad5e8dbce9a701b8063d94fc6f7cb"),
				cudnn("_engines_runtime_compiled", 27290312,
					"7bc19c4c54061bcc8c2eb19c0986b23933bfefa2aa53cec310d5cd304ca20471"),
				cudnnLicence("nvidia_cudnn_cu13-9.15.1.9.dist-info/licenses/License.txt")),
		},
	}
}

// gpuWheel is a wheel of the Python package onnxruntime-gpu.
func gpuWheel(version string, size int64, sum string, libs ...Member) Part {
	return Part{{
		Source: PyPI, Project: "onnxruntime-gpu", Version: version, Size: size, SHA256: sum,
		File:    "onnxruntime_gpu-" + version + "-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
		Members: append(libs, onnxLicences()...),
	}}
}

// nvidia is a wheel of NVIDIA's.
func nvidia(project, version, file string, size int64, sum string, libs ...Member) Part {
	return Part{{
		Source: PyPI, Project: project, Version: version, File: file, Size: size, SHA256: sum, Members: libs,
	}}
}

// cudnn is one of cuDNN's libraries.
func cudnn(name string, size int64, sum string) Member {
	return member("nvidia/cudnn/lib/libcudnn"+name+".so.9", size, sum)
}

// cudaLicence is NVIDIA's licence of CUDA, the same text in all its wheels.
func cudaLicence(in string) Member {
	return Member{in, "LICENSE-CUDA.txt", 59262, "ad6f5853fba0ca0d159d0f58d49ae49830c2f8c93f7a92648b9ce90adb4c6ccd"}
}

// cudnnLicence is NVIDIA's licence of cuDNN.
func cudnnLicence(in string) Member {
	return Member{in, "LICENSE-cuDNN.txt", 18174, "49cf79bdb35734b52fe6203013b3bd759f81e998cd32aa2c65c51db9a88c61d2"}
}
