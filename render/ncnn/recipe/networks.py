"""Records what the ncnn library makes of small networks with random weights, for the tests of package ncnn.

    pip install ncnn==1.0.20261020 numpy
    python render/ncnn/recipe/networks.py

It writes render/ncnn/testdata: of each network the two files, and in records.json an image and what ncnn makes of it, as
float32 in base64. The networks have the layers of Real-ESRGAN's: "dense" those of its large networks, "compact" those
of its quick ones, and "plain" what is left: float32 weights, an odd number of float16 ones, no bias, ReLU.
"""

import base64
import json
from pathlib import Path

import ncnn
import numpy as np

OUT = Path(__file__).parent.parent / "testdata"
HALF, FLOAT = 0x01306B47, 0


class Writer:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.lines, self.blobs, self.bin = [], 0, b""

    def layer(self, kind, inputs, outputs, settings=""):
        name = f"{kind.lower()}_{len(self.lines)}"
        self.blobs += len(outputs)
        words = [kind, name, str(len(inputs)), str(len(outputs)), *inputs, *outputs, settings]
        self.lines.append(" ".join(words).rstrip())

    def conv(self, source, target, channels, outputs, kernel=3, tag=HALF, bias=True, more=""):
        count = outputs * channels * kernel * kernel
        weights = self.rng.normal(0, 1.2 / np.sqrt(channels * kernel * kernel), count)
        self.bin += np.uint32(tag).tobytes()
        raw = weights.astype(np.float16 if tag == HALF else np.float32).tobytes()
        self.bin += raw + bytes(-len(raw) % 4)
        if bias:
            self.floats(outputs, 0.1)
        self.layer("Convolution", [source], [target],
                   f"0={outputs} 1={kernel} 4={kernel // 2} {'5=1 ' if bias else ''}6={count} {more}")

    def floats(self, count, scale):
        self.bin += self.rng.normal(0, scale, count).astype(np.float32).tobytes()

    def save(self, name):
        text = "\n".join(["7767517", f"{len(self.lines)} {self.blobs}", *self.lines]) + "\n"
        (OUT / f"{name}.param").write_text(text)
        (OUT / f"{name}.bin").write_bytes(self.bin)


def dense(w):
    leaky = "9=2 -23310=1,2.000000e-01"
    w.layer("Input", [], ["data"])
    w.conv("data", "a", 3, 8)
    w.layer("Split", ["a"], ["a0", "a1", "a2", "a3"])
    w.conv("a3", "b", 8, 4, more=leaky)
    w.layer("Split", ["b"], ["b0", "b1"])
    w.layer("Concat", ["a2", "b1"], ["ab"])
    w.conv("ab", "c", 12, 4, more=leaky)
    w.layer("Concat", ["a1", "b0", "c"], ["abc"])
    w.conv("abc", "d", 16, 8)
    w.layer("Split", ["a0"], ["e", "f"])
    w.layer("Eltwise", ["d", "e"], ["g"], "0=1 -23301=2,2.000000e-01,1.000000e+00")
    w.layer("BinaryOp", ["f", "g"], ["h"])
    w.layer("Interp", ["h"], ["i"], "0=1 1=2.000000e+00 2=2.000000e+00")
    w.conv("i", "j", 8, 8, more=leaky)
    w.conv("j", "output", 8, 3)


def compact(w):
    w.layer("Input", [], ["data"])
    w.layer("Split", ["data"], ["a", "b"])
    w.conv("b", "c", 3, 4)
    w.layer("PReLU", ["c"], ["d"], "0=4")
    w.floats(4, 0.3)
    w.conv("d", "e", 4, 48)
    w.layer("PixelShuffle", ["e"], ["f"], "0=4")
    w.layer("Interp", ["a"], ["g"], "0=1 1=4.000000e+00 2=4.000000e+00")
    w.layer("BinaryOp", ["f", "g"], ["h"])
    w.layer("Interp", ["h"], ["output"], "0=3 1=7.500000e-01 2=7.500000e-01")


def plain(w):
    w.layer("Input", [], ["data"])
    w.conv("data", "a", 3, 3, kernel=1, bias=False, more="9=1")
    w.conv("a", "output", 3, 3, tag=FLOAT)


def run(name, image):
    net = ncnn.Net()
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = net.opt.use_bf16_storage = False
    net.opt.num_threads = 1
    assert net.load_param(str(OUT / f"{name}.param")) == 0 and net.load_model(str(OUT / f"{name}.bin")) == 0
    extractor = net.create_extractor()
    extractor.input("data", ncnn.Mat(image).clone())
    return np.array(extractor.extract("output")[1])


def packed(values):
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


def main():
    OUT.mkdir(exist_ok=True)
    records = {}
    for seed, network in enumerate((dense, compact, plain)):
        name = network.__name__
        w = Writer(seed)
        network(w)
        w.save(name)
        image = np.random.default_rng(10 + seed).random((3, 5, 7), dtype=np.float32)
        enlarged = run(name, image)
        assert np.ptp(enlarged) > 0.5, name
        records[name] = {"scale": enlarged.shape[1] // 5, "image": packed(image), "enlarged": packed(enlarged)}
    (OUT / "records.json").write_text(json.dumps(records, indent=1) + "\n")


if __name__ == "__main__":
    main()
