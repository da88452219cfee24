"""Records files of torch.save and A1111's PNGs of embeddings, and what A1111's hypernetworks compute.

    pip install torch==2.15.0 einops tqdm pillow numpy
    python render/addon/recipe/torch_files.py WEBUI

WEBUI is a checkout of AUTOMATIC1111's stable-diffusion-webui, v1.10.1; its own files write the PNGs and compute the
hypernetworks. It writes render/addon/testdata/torch.json.gz: the files, and the outputs. All values are drawn by name
(formula.py).
"""

import base64
import gzip
import inspect
import io
import json
import sys
import types
from collections import OrderedDict
from pathlib import Path

import torch
from PIL import Image, PngImagePlugin

from formula import draw

OUT = Path(__file__).resolve().parent.parent / "testdata" / "torch.json.gz"


def saved(value, legacy=False):
    out = io.BytesIO()
    torch.save(value, out, _use_new_zipfile_serialization=not legacy)
    return out.getvalue()


def a1111(name, vectors, width, param=None, dtype=torch.float32):
    rows = draw(name, (vectors, width)).to(dtype)
    return {"string_to_token": {"*": 265}, "string_to_param": {"*": rows} if param is None else param(rows), "name": name,
            "step": 500, "sd_checkpoint": None, "sd_checkpoint_name": "x"}


def old_parameters(rows):
    """A ParameterDict as torch before 1.12 pickled it: its attributes, with _parameters among them."""
    d = torch.nn.ParameterDict({"*": torch.nn.Parameter(rows)})
    d.__dict__["_parameters"] = OrderedDict([("*", torch.nn.Parameter(rows, requires_grad=False))])
    return d


def stub(name, **members):
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module
    return module


def image_embedding(checkout):
    scope = {"__name__": "image_embedding"}
    exec((Path(checkout) / "modules/textual_inversion/image_embedding.py").read_text(), scope)
    return types.SimpleNamespace(**scope)


def pngs(checkout):
    ti = image_embedding(checkout)
    picture = Image.fromarray(((draw("picture", (48, 40, 3)) + 1) * 127).round().to(torch.uint8).clamp(1, 255).numpy(), "RGB")

    def png(image, info=None):
        out = io.BytesIO()
        image.save(out, "PNG", pnginfo=info)
        return out.getvalue()

    info = PngImagePlugin.PngInfo()
    info.add_text("sd-ti-embedding", ti.embedding_to_b64(a1111("png-text", 2, 6)).decode())
    compressed = PngImagePlugin.PngInfo()
    compressed.add_text("sd-ti-embedding", ti.embedding_to_b64(a1111("png-compressed", 2, 6)).decode(), zip=True)
    international = PngImagePlugin.PngInfo()
    international.add_itxt("sd-ti-embedding", ti.embedding_to_b64(a1111("png-international", 2, 6)).decode(), zip=True)
    hidden = ti.insert_image_data_embed(picture, a1111("png-pixels", 3, 6))
    assert ti.extract_image_data_embed(hidden)["name"] == "png-pixels"
    return {"png-text.png": png(picture, info), "png-compressed.png": png(picture, compressed),
            "png-international.png": png(picture, international), "png-pixels.png": png(hidden),
            "png-alpha.png": png(ti.insert_image_data_embed(picture, a1111("png-alpha", 1, 6)).convert("RGBA")),
            "plain.png": png(picture)}


def embeddings():
    wide = draw("view", (6, 4))
    two = {"clip_l": draw("two/l", (2, 6)), "clip_g": draw("two/g", (2, 10))}
    return {
        "zip.pt": saved(a1111("zip", 2, 6)), "legacy.pt": saved(a1111("legacy", 2, 6), True),
        "half.pt": saved(a1111("half", 2, 6, dtype=torch.float16)), "brain.pt": saved(a1111("brain", 2, 6, dtype=torch.bfloat16), True),
        "parameter.pt": saved(a1111("parameter", 2, 6, lambda rows: {"*": torch.nn.Parameter(rows)})),
        "dict.pt": saved(a1111("dict", 2, 6, old_parameters)), "dict-legacy.pt": saved(a1111("dict-legacy", 2, 6, old_parameters), True),
        "concept.bin": saved({"<concept>": draw("concept", (6,))}), "view.bin": saved({"<view>": wide.t()[1:3]}),
        "view-legacy.bin": saved({"<view>": wide.t()[1:3]}, True), "two.pt": saved(two), "two.bin": saved(OrderedDict(two), True),
        "many.pt": saved({"a": wide, "b": wide}), "code.pt": saved({"*": torch.optim.SGD([torch.nn.Parameter(wide)], lr=1)}),
        "whole.bin": saved({"<whole>": torch.arange(4)}),
    }


def hypernetworks(checkout):
    """A1111's class of modules, without the rest of it."""
    text = (Path(checkout) / "modules/hypernetworks/hypernetwork.py").read_text()
    start, end = text.index("class HypernetworkModule"), text.index("class Hypernetwork:")
    scope = {"torch": torch, "inspect": inspect, "devices": types.SimpleNamespace(torch_npu_set_device=lambda: None, device="cpu")}
    from torch.nn.init import kaiming_normal_, kaiming_uniform_, normal_, xavier_normal_, xavier_uniform_, zeros_
    scope |= dict(normal_=normal_, xavier_normal_=xavier_normal_, xavier_uniform_=xavier_uniform_, zeros_=zeros_,
                  kaiming_normal_=kaiming_normal_, kaiming_uniform_=kaiming_uniform_)
    exec(text[start:end], scope)
    return scope["HypernetworkModule"], scope["parse_dropout_structure"]


STRUCTURES = {
    "plain": dict(layer_structure=[1, 2, 1], activation_func="relu", activate_output=False),
    "activated": dict(layer_structure=[1, 2, 1], activation_func="tanh", activate_output=True),
    "default": dict(layer_structure=[1, 2, 1], activation_func="swish"),  # activate_output is not said: True
    "linear": dict(layer_structure=[1, 1.5, 1], activation_func="linear", activate_output=True),
    "norm": dict(layer_structure=[1, 2, 1], activation_func="elu", is_layer_norm=True, activate_output=False),
    "deep": dict(layer_structure=[1, 2, 2, 1], activation_func="mish", is_layer_norm=True, activate_output=True, use_dropout=True,
                 last_layer_dropout=True),
    "dropout": dict(layer_structure=[1, 2, 2, 1], activation_func="leakyrelu", activate_output=True, use_dropout=True,
                    dropout_structure=[0, 0.05, 0.15, 0]),
    "old": dict(),  # of the first version: linear1, linear2 and nothing else
}
ACTIVATIONS = ["linear", "relu", "leakyrelu", "elu", "swish", "tanh", "sigmoid", "relu6", "rrelu", "celu", "selu", "gelu", "silu",
               "hardswish", "hardsigmoid", "hardtanh", "hardshrink", "softshrink", "tanhshrink", "softplus", "softsign", "logsigmoid",
               "mish"]


def hypernets(checkout):
    Module, parse = hypernetworks(checkout)
    files, outputs = {}, {}
    for name, given in STRUCTURES.items():
        structure, widths = given.get("layer_structure", [1, 2, 1]), (4, 6)
        dropout = given.get("dropout_structure") or parse(structure, given.get("use_dropout", False), given.get("last_layer_dropout", False))
        whole = dict(given, name=name, step=3, sd_checkpoint=None)
        outputs[name] = {}
        for width in widths:
            states = []
            for side in "kv":
                module = Module(width, None, structure, given.get("activation_func"), "Normal", given.get("is_layer_norm", False),
                                given.get("activate_output", True), dropout).eval()
                for key, p in module.named_parameters():
                    p.data = draw(f"{name}/{width}/{side}/{key}", p.shape)
                state = module.state_dict()
                for strength in (0, 0.5, 1, -1):
                    module.multiplier = strength
                    y = module(draw(f"x/{width}", (2, width), 2))
                    outputs[name][f"{width} {side} {strength}"] = [round(float(v), 7) for v in y.flatten()]
                if name == "old":
                    state = {k.replace("linear.0", "linear1").replace("linear.1", "linear2"): v for k, v in state.items()}
                states.append(state)
            whole[width] = tuple(states)
        files[f"{name}.pt"] = saved(whole, legacy=name in ("norm", "old"))
    x = draw("activation", (24,), 6)
    values = {name: [round(float(v), 7) for v in Module.activation_dict[name]().eval()(x)] for name in ACTIVATIONS}
    return files, outputs, values


def main():
    checkout = sys.argv[1]
    files, outputs, activations = hypernets(checkout)
    everything = {"embeddings": embeddings() | pngs(checkout), "hypernets": files}
    encoded = {kind: {name: base64.b64encode(data).decode() for name, data in group.items()} for kind, group in everything.items()}
    data = json.dumps(encoded | {"outputs": outputs, "activations": activations}, separators=(",", ":")).encode()
    OUT.write_bytes(gzip.compress(data, 9, mtime=0))
    print({k: len(v) for k, v in everything.items()}, OUT.stat().st_size, "bytes")


with torch.no_grad():
    main()
