"""Records what LyCORIS and PEFT make of changes that depend on the weight, and of whole ones, at every strength.

    pip install torch==2.15.0 peft==0.21.2 lycoris-lora==4.1.3 einops numpy
    python render/addon/recipe/turns.py

It writes render/addon/testdata/turns.json.gz, in the form of lora.py: OFT in kohya's, LyCORIS's and PEFT's names, IA³ in
LyCORIS's and PEFT's, and full differences, on linear layers and convolutions of the UNet and of a text encoder. PEFT has
no strength for these, so what it makes at 1 is approached in part, as LyCORIS does with its own.
"""

import gzip
import json
from pathlib import Path

import torch
from lycoris.functional import diag_oft
from lycoris.modules.ia3 import _ia3_weight

from lora import CONV, FC1, FF, KEY, PROJ, QUERY, TEXT, TQ, UNET, File, Model, sample

OUT = Path(__file__).resolve().parent.parent / "testdata" / "turns.json.gz"
STRENGTHS = [(1, 1), (0.5, 0.5), (0, 1), (1, 0), (-1, -1)]


def lycoris(models, file, unet, text):
    """LyCORIS's own functions with its own strength."""
    for (part, name), f in file.modules.items():
        strength, module = (unet if part == UNET else text), models[part].get_submodule(name)
        w = module.weight.data
        if "oft_blocks" in f:
            rescale = f.get("rescale")
            constraint = float(f.get("alpha", 0)) * w.shape[0]
            w = w + strength * diag_oft.diff_weight(w, f["oft_blocks"], rescale, constraint=constraint)
        elif "on_input" in f:
            w = _ia3_weight(w, f["weight"], bool(f["on_input"]), strength, False)
        else:
            w = w + strength * f["diff"]
            if "diff_b" in f:
                module.bias.data += strength * f["diff_b"]
        module.weight.data = w


def peft(models, file, unet, text, make):
    """PEFT's own merge, approached in part."""
    from peft import inject_adapter_in_model
    for (part, name), f in file.modules.items():
        changed, kept = Model(part), Model(part)
        field, value = next(iter(f.items()))
        inject_adapter_in_model(make(name, value), changed)
        layer = changed.get_submodule(name)
        if field == "ia3_l":
            layer.ia3_l["default"].data = value.clone()
        else:
            assert layer.oft_R["default"].weight.shape == value.shape, (name, layer.oft_R["default"].weight.shape)
            layer.oft_R["default"].weight.data = value.clone()
        layer.merge()
        for own, p in changed.named_parameters():
            plain = own.replace("base_layer.", "")
            if plain.startswith(name) and "oft" not in plain and "ia3" not in plain:
                before = kept.get_parameter(plain).data
                models[part].get_parameter(plain).data = before + (unet if part == UNET else text) * (p.data - before)


def lycoris_files():
    """Files with names of blocks that one tool calls 3 of 4 and the other 4 of 3, and constraints that bind or do not."""
    oft = File("oft-3").add(UNET, QUERY, oft_blocks=(3, 4, 4), alpha=0.01).add(UNET, KEY, oft_blocks=(4, 3, 3), alpha=0)
    oft.add(UNET, CONV, oft_blocks=(2, 8, 8), alpha=0.02).add(UNET, PROJ, oft_blocks=(6, 2, 2), alpha=100)
    oft.add(TEXT, TQ, oft_blocks=(4, 2, 2), alpha=0.03).add(TEXT, FC1, oft_blocks=(4, 4, 4), alpha=0)
    yield "OFT with constraints", oft
    bare = File("oft-bare").add(UNET, CONV, oft_blocks=(4, 4, 4)).add(TEXT, TQ, oft_blocks=(2, 4, 4))
    yield "OFT without alpha", bare
    kohya = File("oft-kohya").add(UNET, QUERY, "oft_unet_", oft_blocks=(2, 6, 6), alpha=0.05)
    kohya.add(UNET, CONV, "oft_unet_", oft_blocks=(4, 4, 4), alpha=0.001).add(UNET, PROJ, "oft_unet_", oft_blocks=(4, 3, 3), alpha=0.01)
    yield "OFT in kohya's names", kohya
    rescaled = File("oft-scaled").add(UNET, CONV, oft_blocks=(4, 4, 4), alpha=0.01, rescale=(16, 1, 1, 1))
    rescaled.add(TEXT, FC1, oft_blocks=(4, 4, 4), alpha=0, rescale=(16, 1))
    yield "OFT that rescales", rescaled
    ia3 = File("ia3-all").add(UNET, QUERY, weight=(12,), on_input=1).add(UNET, FF, weight=(24,), on_input=0)
    ia3.add(UNET, CONV, weight=(1, 12, 1, 1), on_input=1).add(UNET, PROJ, weight=(1, 12, 1, 1), on_input=0)
    ia3.add(TEXT, TQ, weight=(8,), on_input=1).add(TEXT, FC1, weight=(16,), on_input=0)
    yield "IA3", ia3
    full = File("diff").add(UNET, QUERY, diff=(12, 12)).add(UNET, CONV, diff=(16, 12, 3, 3), diff_b=(16,))
    full.add(UNET, PROJ, diff=(12, 12, 1, 1)).add(TEXT, TQ, diff=(8, 8), diff_b=(8,)).add(TEXT, FC1, diff=(16, 8))
    yield "full difference", full


# What a module's R is: [blocks, numbers above the diagonal of one].
LINEAR = {(UNET, QUERY): (3, 6), (UNET, FF): (2, 15), (TEXT, TQ): (2, 6), (TEXT, FC1): (4, 1)}
CONVOLUTIONS = {(UNET, CONV): (27, 6), (UNET, PROJ): (4, 3)}
SHARED = 4  # the size of a block that stands for all


def peft_files():
    """name, file, what makes the configuration for some modules."""
    from peft import IA3Config, OFTConfig

    def file(name, config, shapes, field):
        parts = {"unet": UNET, "text_encoder": TEXT}
        meta = {f"{part}.{k}": v for part in parts for k, v in config.items()}
        f = File(name, metadata={"lora_adapter_metadata": json.dumps(meta)} if config else None)
        for (part, module), shape in shapes.items():
            f.put(part, module, f"{part}.{module}.{field}", field, shape)
        return f

    def oft(name, config, shapes):
        def make(module, value):
            size = {"oft_block_size": SHARED, "r": 0} if config.get("block_share") else {"oft_block_size": 0, "r": len(value)}
            return OFTConfig(target_modules=[module], **size, **config)
        return name, file(name, config, shapes, "oft_R.weight"), make

    yield oft("PEFT's OFT", {}, LINEAR | CONVOLUTIONS)
    yield oft("PEFT's OFT, exact", {"use_cayley_neumann": False}, LINEAR | CONVOLUTIONS)
    yield oft("PEFT's OFT of seven terms", {"num_cayley_neumann_terms": 7}, LINEAR)
    yield oft("PEFT's OFT of three terms", {"num_cayley_neumann_terms": 3}, LINEAR)
    yield oft("PEFT's OFT of two terms", {"num_cayley_neumann_terms": 2}, LINEAR)
    yield oft("PEFT's COFT", {"coft": True, "eps": 0.3}, LINEAR | CONVOLUTIONS)
    shared = {(UNET, QUERY): (1, 6), (UNET, FF): (1, 6), (UNET, CONV): (1, 6), (TEXT, TQ): (1, 6)}
    yield oft("PEFT's OFT with one block for all", {"block_share": True}, shared)

    outputs = {(UNET, QUERY): (12, 1), (UNET, CONV): (1, 16, 1, 1), (UNET, PROJ): (1, 12, 1, 1), (TEXT, TQ): (8, 1)}
    yield "PEFT's IA3 of outputs", file("peft-ia3-out", {}, outputs, "ia3_l"), \
        lambda name, _: IA3Config(target_modules=[name], feedforward_modules=[])
    inputs = {(UNET, FF): (1, 12), (UNET, PROJ): (1, 12, 1, 1), (TEXT, FC1): (1, 8)}
    yield "PEFT's IA3 of inputs", file("peft-ia3-in", {"feedforward_modules": ["proj_in", "ff.net.0.proj", "fc1"]}, inputs, "ia3_l"), \
        lambda name, _: IA3Config(target_modules=[name], feedforward_modules=[name])


def record(name, file, reference, apply):
    for unet, text in STRENGTHS:
        models = {part: Model(part) for part in (UNET, TEXT)}
        before = {part: {n: p.data.clone() for n, p in m.named_parameters()} for part, m in models.items()}
        apply(models, file, unet, text)
        want = {}
        for part, m in models.items():
            for n, p in m.named_parameters():
                if not torch.equal(p.data, before[part][n]):
                    want.setdefault(part, {})[n] = sample(p)
        yield {"name": f"{name} at {unet} and {text}", "reference": reference, "channels": 4, "want": want,
               "uses": [{"file": file.dump(), "unet": unet, "text": text, "ranks": 0}]}


def main():
    cases = []
    for name, file in lycoris_files():
        cases += record(name, file, "lycoris", lycoris)
    for name, file, make in peft_files():
        cases += record(name, file, "peft", lambda models, f, u, t, make=make: peft(models, f, u, t, make))
    base = {f"{part} 4": {n: list(p.shape) for n, p in Model(part).named_parameters()} for part in (UNET, TEXT)}
    data = json.dumps({"base": base, "cases": cases}, separators=(",", ":")).encode()
    OUT.write_bytes(gzip.compress(data, 9, mtime=0))
    print(len(cases), "cases,", OUT.stat().st_size, "bytes")


with torch.no_grad():
    main()
