"""Records what spandrel makes of small upscalers with random weights, for the tests of packages checkpoint and onnx.

    pip install torch==2.15.0 spandrel==0.4.2 onnx onnxscript numpy
    PYTHONPATH=render/addon/recipe python render/checkpoint/recipe/upscalers.py

It writes render/checkpoint/testdata/upscalers.json.gz: each file by the shapes of its tensors, whose values formula.py
draws by name, and some values of what spandrel's own module makes of a drawn image. spandrel finds the architecture and
the sizes in the keys itself, so both readings of the keys are compared too.

testdata/exports.json.gz has small networks as torch's two exporters write them to ONNX, whole, with what torch makes of
an image.
"""

import base64
import gzip
import json
import math
import re
import tempfile
from pathlib import Path

import onnx
import torch
from torch import nn
from torch.nn import functional as F
from spandrel import ModelLoader
from spandrel.architectures.Compact import Compact
from spandrel.architectures.ESRGAN import ESRGAN
from spandrel.architectures.SPAN import SPAN

from formula import draw

OUT = Path(__file__).resolve().parent.parent / "testdata" / "upscalers.json.gz"
DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
VALUES = 160  # that are recorded of each output


def scale(key, shape):
    """Weights keep the size of what they read; biases and slopes are small."""
    return 1.6 / math.sqrt(math.prod(shape[1:])) if len(shape) > 1 else 0.2


def new_names(old):
    """ESRGAN's keys as Real-ESRGAN has them."""
    last = max(int(m[1]) for m in (re.match(r"model\.(\d+)\.weight", key) for key in old) if m)
    blocks = max(int(m[1]) for m in (re.match(r"model\.1\.sub\.(\d+)\.weight", key) for key in old) if m)
    names = {"0": "conv_first", f"1.sub.{blocks}": "conv_body", str(last): "conv_last", str(last - 2): "conv_hr"}
    names |= {str(3 * i): f"conv_up{i}" for i in range(1, 4) if 3 * i < last - 2}
    def rename(key):
        if m := re.match(r"model\.1\.sub\.(\d+)\.RDB(\d)\.(conv\d)\.0\.(.*)", key):
            return f"body.{m[1]}.rdb{m[2]}.{m[3]}.{m[4]}"
        m = re.match(r"model\.(1\.sub\.\d+|\d+)\.(.*)", key)
        return f"{names[m[1]]}.{m[2]}"
    return {key: rename(key) for key in old}


def middle_names(old):
    """ESRGAN's keys as BSRGAN and RealSR have them."""
    def rename(key):
        key = re.sub(r"^body\.(\d+)\.rdb(\d)\.", r"RRDB_trunk.\1.RDB\2.", key)
        return key.replace("conv_body", "trunk_conv").replace("conv_up", "upconv").replace("conv_hr", "HRconv")
    return {key: rename(name) for key, name in new_names(old).items()}


def same_names(old):
    return {key: key for key in old}


def esrgan(blocks=2, channels=8, scale=4, **more):
    return ESRGAN(num_filters=channels, num_blocks=blocks, scale=scale, **more)


# name: module, names of its weights, prefix, element type
CASES = {
    "esrgan": (esrgan(), new_names, "", "F32"),
    "esrgan-ema": (esrgan(blocks=1), new_names, "params_ema.", "F16"),
    "esrgan-bf16": (esrgan(blocks=1), new_names, "params.", "BF16"),
    "esrgan-middle": (esrgan(blocks=3), middle_names, "", "F32"),
    "esrgan-old": (esrgan(), same_names, "", "F32"),
    "esrgan-old-x1": (esrgan(scale=1), same_names, "", "F32"),
    "esrgan-old-x2": (esrgan(scale=2), same_names, "", "F32"),
    "esrgan-old-x8": (esrgan(blocks=1, scale=8), same_names, "", "F32"),
    "esrgan-plus": (esrgan(plus=True), same_names, "", "F32"),
    "esrgan-x2-unshuffled": (esrgan(in_nc=12, shuffle_factor=2), new_names, "", "F32"),
    "esrgan-x1-unshuffled": (esrgan(in_nc=48, shuffle_factor=4), new_names, "", "F16"),
    "compact": (Compact(num_feat=10, num_conv=3, upscale=4), same_names, "params.", "F32"),
    "compact-x2": (Compact(num_feat=6, num_conv=1, upscale=2), same_names, "", "F16"),
    "compact-x1": (Compact(num_feat=6, num_conv=2, upscale=1), same_names, "", "F32"),
    "span": (SPAN(num_in_ch=3, num_out_ch=3, feature_channels=8, upscale=4), same_names, "", "F32"),
    "span-plain": (SPAN(num_in_ch=3, num_out_ch=3, feature_channels=6, upscale=2, norm=False), same_names, "params.", "F16"),
}


def record(name, module, naming, prefix, dtype):
    state = module.state_dict()
    names = naming(list(state))
    shapes, file = {}, {}
    for key, value in state.items():
        new = names[key]
        shape = list(value.shape)
        shapes[prefix + new] = shape
        file[new] = draw(f"{name}/{prefix}{new}", shape, scale(new, shape)).to(DTYPES[dtype]).to(torch.float32)
    found = ModelLoader().load_from_state_dict(dict(file))
    height, width = 8, 12
    image = (draw(f"{name}/image", [1, 3, height, width]) + 1) / 2
    with torch.no_grad():
        out = found.model.eval()(image)
    assert list(out.shape) == [1, 3, height * found.scale, width * found.scale], out.shape
    values = out.flatten().double()
    step = max(len(values) // VALUES, 1)
    print(f"{name:22} {found.architecture.id:8} x{found.scale} {found.tags} {values.min():.3f} to {values.max():.3f}")
    return {"name": name, "dtype": dtype, "scale": found.scale, "shapes": shapes, "size": [width, height], "step": step,
            "values": [float(f"{v:.7g}") for v in values[::step].tolist()]}


class Unshuffled(nn.Module):
    """A network that works on squares of pixels, as Real-ESRGAN's for 2x and 1x do."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Conv2d(12, 2, 3, padding=1), nn.Conv2d(2, 48, 3, padding=1)

    def forward(self, x):
        b, c, h, w = x.shape  # as BasicSR's pixel_unshuffle has it
        y = x.view(b, c, h // 2, 2, w // 2, 2).permute(0, 1, 3, 5, 2, 4).reshape(b, c * 4, h // 2, w // 2)
        return F.pixel_shuffle(self.last(F.relu(self.first(y))), 4)


class Resized(nn.Module):
    """A network that enlarges to a size which it computes, between pads."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 3, 3, padding=1)

    def forward(self, x):
        y = F.leaky_relu(self.first(F.pad(x, (1, 1, 1, 1), mode="reflect")), 0.1)
        y = F.interpolate(y, size=(y.shape[2] * 3, y.shape[3] * 3), mode="bilinear", align_corners=False)
        return torch.clamp(torch.sigmoid(self.last(y)), 0, 1)


EXPORTS = {  # name: module, fixed size, exporter, half
    "compact": (Compact(num_feat=3, num_conv=1, upscale=2), False, "script", False),
    "compact-dynamo": (Compact(num_feat=3, num_conv=1, upscale=2), False, "dynamo", False),
    "compact-fixed": (Compact(num_feat=2, num_conv=1, upscale=4), True, "script", False),
    "compact-half": (Compact(num_feat=2, num_conv=1, upscale=4), False, "script", True),
    "unshuffled": (Unshuffled(), False, "script", False),
    "unshuffled-dynamo": (Unshuffled(), False, "dynamo", False),
    "resized": (Resized(), False, "script", False),
}


def plain(path):
    """The file without the notes of the exporter, which name files of the machine that it ran on."""
    model = onnx.load(path)
    for at in [model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output,
               *model.graph.initializer]:
        at.doc_string = ""
        del at.metadata_props[:]
    return model.SerializeToString()


def export(name, module, fixed, exporter, half):
    for key, value in module.state_dict().items():
        value.copy_(draw(f"{name}/{key}", list(value.shape), scale(key, list(value.shape))))
    module = module.eval()
    height, width = 16, 24
    image = (draw(f"{name}/image", [1, 3, height, width]) + 1) / 2
    with torch.no_grad():
        values = module(image).flatten().double()
    times = math.isqrt(len(values) // image.numel())
    if half:
        module, image = module.half(), image.half()
    with tempfile.NamedTemporaryFile(suffix=".onnx") as f:
        if exporter == "dynamo":
            auto = torch.export.Dim.AUTO
            torch.onnx.export(module, (image,), f.name, dynamo=True, external_data=False, verbose=False,
                              dynamic_shapes=({0: auto, 2: auto, 3: auto},))
        else:
            free = {} if fixed else {"image": {0: "n", 2: "h", 3: "w"}, "out": {0: "n", 2: "H", 3: "W"}}
            torch.onnx.export(module, (image,), f.name, dynamo=False, opset_version=17, input_names=["image"],
                              output_names=["out"], dynamic_axes=free)
        data = plain(f.name)
    step = max(len(values) // VALUES, 1)
    print(f"{name:22} x{times} {len(data)} bytes")
    return {"name": name, "scale": times, "size": [width, height], "fixed": fixed, "step": step, "dtype": "F16" if half else "F32",
            "values": [float(f"{v:.7g}") for v in values[::step].tolist()], "file": base64.b64encode(data).decode()}


def write(path, cases):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(json.dumps(cases, separators=(",", ":")).encode(), 9, mtime=0))
    print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    torch.set_num_threads(1)
    write(OUT, [record(name, *case) for name, case in CASES.items()])
    write(OUT.parent / "exports.json.gz", [export(name, *case) for name, case in EXPORTS.items()])
