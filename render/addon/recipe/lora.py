"""Records what A1111, LyCORIS and PEFT make of small LoRAs of every kind, for the tests of package addon.

    pip install torch==2.15.0 peft lycoris-lora==4.1.3 einops numpy
    python render/addon/recipe/lora.py WEBUI

WEBUI is a checkout of AUTOMATIC1111's stable-diffusion-webui, v1.10.1; its own files compute the changes. It writes
render/addon/testdata/lora.json.gz: the files of each case by the shapes of their tensors, whose values formula.py draws
by name, and some values of each weight after the change. Where A1111 has no strength or no kind of its own, or is known
to be wrong, LyCORIS or PEFT is the reference; the case says which.
"""

import gzip
import json
import sys
import types
from pathlib import Path

import torch
from torch import nn

from formula import draw

OUT = Path(__file__).resolve().parent.parent / "testdata" / "lora.json.gz"
UNET, TEXT = "unet", "text_encoder"
BLOCK = "down_blocks.0.attentions.0.transformer_blocks.0."
QUERY, FF, KEY = BLOCK + "attn1.to_q", BLOCK + "ff.net.0.proj", BLOCK + "attn2.to_k"
PROJ, CONV, NORM, IN = "down_blocks.0.attentions.0.proj_in", "down_blocks.0.resnets.0.conv1", "down_blocks.0.resnets.0.norm1", "conv_in"
LAYER = "text_model.encoder.layers.0."
TQ, FC1, TNORM = LAYER + "self_attn.q_proj", LAYER + "mlp.fc1", LAYER + "layer_norm1"


class Model(nn.Module):
    """A part of a model: modules by canonical names."""

    def __init__(self, part, inputs=4):
        super().__init__()
        modules = {
            UNET: {QUERY: nn.Linear(12, 12, bias=False), KEY: nn.Linear(10, 12, bias=False), FF: nn.Linear(12, 24),
                   PROJ: nn.Conv2d(12, 12, 1), CONV: nn.Conv2d(12, 16, 3, padding=1), NORM: nn.GroupNorm(4, 12),
                   IN: nn.Conv2d(inputs, 12, 3, padding=1)},
            TEXT: {TQ: nn.Linear(8, 8), FC1: nn.Linear(8, 16), TNORM: nn.LayerNorm(8)},
        }[part]
        for name, module in modules.items():
            at = self
            *path, last = name.split(".")
            for step in path:
                if not hasattr(at, step):
                    at.add_module(step, nn.Module())
                at = getattr(at, step)
            at.add_module(last, module)
        for name, p in self.named_parameters():
            p.data = draw(f"base/{part}.{name}", p.shape)
            p.requires_grad = False


class File:
    """A LoRA file: tensors by key, drawn by name, and numbers."""

    def __init__(self, name, dtype="F32", metadata=None):
        self.name, self.dtype, self.metadata = name, dtype, metadata or {}
        self.shapes, self.numbers, self.tensors, self.modules = {}, {}, {}, {}

    def add(self, part, module, prefix=None, **fields):
        """fields: a shape, or a number; "lora_down" stands for "lora_down.weight"."""
        if prefix is None:
            prefix = "lora_unet_" if part == UNET else "lora_te_"
        stem = prefix + module.replace(".", "_")
        for field, value in fields.items():
            ending = field + (".weight" if field in ("lora_down", "lora_up", "lora_mid") else "")
            self.put(part, module, f"{stem}.{ending}", ending, value)
        return self

    def put(self, part, module, key, ending, value):
        if isinstance(value, (int, float)):
            self.numbers[key] = value
            tensor = torch.tensor(float(value))
        else:
            self.shapes[key] = value
            tensor = draw(f"{self.name}/{key}", value, 0.5)
            tensor = tensor.to({"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}[self.dtype]).float()
        self.tensors[key] = tensor
        self.modules.setdefault((part, module), {})[ending] = tensor

    def dump(self):
        return {"name": self.name, "dtype": self.dtype, "metadata": self.metadata, "shapes": self.shapes, "numbers": self.numbers}


def stub(name, **members):
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module
    return module


def webui(checkout):
    """A1111's modules of its extension Lora around stubs of the rest."""
    package = stub("modules", __path__=[])
    for name in ("sd_models", "cache", "errors", "hashes", "shared"):
        setattr(package, name, stub("modules." + name))
    package.devices = stub("modules.devices", cpu=torch.device("cpu"), device=torch.device("cpu"), dtype=torch.float32)
    mmdit = stub("modules.models.sd3.mmdit", QkvLinear=type("QkvLinear", (), {}))
    package.models = stub("modules.models", sd3=stub("modules.models.sd3", mmdit=mmdit))
    sys.path.insert(0, str(Path(checkout) / "extensions-builtin/Lora"))
    import network, network_full, network_hada, network_ia3, network_lokr, network_lora, network_norm, network_oft  # noqa: E401
    kinds = [network_lora.ModuleTypeLora(), network_hada.ModuleTypeHada(), network_ia3.ModuleTypeIa3(), network_lokr.ModuleTypeLokr(),
             network_full.ModuleTypeFull(), network_norm.ModuleTypeNorm(), network_oft.ModuleTypeOFT()]

    def apply(models, uses):
        """Adds the changes to the models' weights, as network_apply_weights does in networks.py."""
        for file, unet, text, ranks in uses:
            net = network.Network(file.name, None)
            net.unet_multiplier, net.te_multiplier, net.dyn_dim = unet, text, ranks or None
            for (part, name), fields in file.modules.items():
                module = models[part].get_submodule(name)
                key = ("transformer_" if part == TEXT else "diffusion_model_") + name
                weights = network.NetworkWeights(network_key=key, sd_key=key, w=dict(fields), sd_module=module)
                made = next(m for m in (k.create_module(net, weights) for k in kinds) if m is not None)
                updown, bias = made.calc_updown(module.weight)
                if module.weight.dim() == 4 and module.weight.shape[1] == 9 and updown.shape[1] == 4:
                    updown = nn.functional.pad(updown, (0, 0, 0, 0, 0, 5))
                module.weight.data += updown
                if bias is not None:
                    module.bias.data += bias
    return apply


def lycoris(models, uses):
    """The same by LyCORIS's functions, at strength 1."""
    from lycoris.functional import diag_oft, locon, loha, lokr
    from lycoris.functional.general import weight_decompose
    from lycoris.modules.ia3 import _ia3_weight
    for file, unet, text, _ in uses:
        for (part, name), f in file.modules.items():
            assert (unet if part == UNET else text) == 1
            module = models[part].get_submodule(name)
            w, alpha = module.weight.data, f.get("alpha")
            get = f.get
            if "on_input" in f:
                module.weight.data = _ia3_weight(w, f["weight"], bool(f["on_input"]), 1, False)
                continue
            if "oft_blocks" in f:
                constraint = float(alpha or 0) * w.shape[0]
                rescale = get("rescale")
                if rescale is not None:
                    rescale = rescale.reshape(-1, *[1] * (w.dim() - 1))
                module.weight.data = w + diag_oft.diff_weight(w, f["oft_blocks"], rescale, constraint=constraint)
                continue
            if "lora_down.weight" in f:
                rank = len(f["lora_down.weight"])
                delta = locon.diff_weight(f["lora_down.weight"], f["lora_up.weight"], get("lora_mid.weight"),
                                          gamma=float(rank if alpha is None else alpha) / rank)
            elif "hada_w1_a" in f:
                rank = len(f["hada_w1_b"])
                delta = loha.diff_weight(f["hada_w1_b"], f["hada_w1_a"], f["hada_w2_b"], f["hada_w2_a"], get("hada_t1"), get("hada_t2"),
                                         gamma=torch.tensor(float(rank if alpha is None else alpha) / rank))
            else:
                rank = next((len(f[k]) for k in ("lokr_w2_b", "lokr_w1_b") if k in f), None)
                scale = 1 if rank is None or alpha is None else float(alpha) / rank
                w2b = get("lokr_w2_b")
                if w2b is not None and w.dim() == 4 and "lokr_t2" not in f:
                    w2b = w2b.reshape(len(w2b), -1, *w.shape[2:])
                delta = lokr.kron_weight(get("lokr_w1"), get("lokr_w1_a"), get("lokr_w1_b"), get("lokr_w2"), get("lokr_w2_a"), w2b,
                                         get("lokr_t2"), scale=scale)
            merged = w + delta.reshape(w.shape)
            if "dora_scale" in f:
                merged = weight_decompose(merged, f["dora_scale"], 1, f["dora_scale"].shape[0] == w.shape[0])
            module.weight.data = merged


def peft(models, file, config, bias=False):
    """PEFT's own merge of its LoRA on the UNet."""
    from peft import LoraConfig, inject_adapter_in_model
    model = models[UNET]
    names = sorted({name for _, name in file.modules})
    inject_adapter_in_model(LoraConfig(target_modules=names, lora_bias=bias, **config), model)
    for (_, name), f in file.modules.items():
        layer = model.get_submodule(name)
        layer.lora_A["default"].weight.data = f["lora_A.weight"]
        layer.lora_B["default"].weight.data = f["lora_B.weight"]
        if bias:
            layer.lora_B["default"].bias.data = f["lora_B.bias"]
        if config.get("use_dora"):
            layer.lora_magnitude_vector["default"].weight.data = f["lora_magnitude_vector"]
        layer.merge()
    out = {}
    for name, p in model.named_parameters():
        if "base_layer" in name:
            out[name.replace("base_layer.", "")] = p.data
    return out


def sample(t):
    """A few values, spread over the tensor, and its length."""
    flat = t.detach().flatten().double()
    step = max(1, len(flat) // 14)
    return [len(flat), float(flat.norm()), [round(float(x), 7) for x in flat[::step][:16]]]


def everywhere(kind, dtype="F32", **options):
    """A file of one kind over every module that it fits."""
    f = File(kind, dtype)
    shapes = {(UNET, QUERY): (12, 12), (UNET, FF): (24, 12), (TEXT, TQ): (8, 8), (TEXT, FC1): (16, 8)}
    convs = {(UNET, PROJ): (12, 12, 1, 1), (UNET, CONV): (16, 12, 3, 3)}
    for (part, name), (out, *rest) in (shapes | convs).items():
        fields = options["fields"](out, rest[0], tuple(rest[1:]))
        if fields is not None:
            f.add(part, name, **fields)
    return f


def lora(rank, alpha=None, mid=False):
    def fields(out, in_, k):
        more = {} if alpha is None else {"alpha": alpha}
        if mid and k not in ((), (1, 1)):
            return dict(lora_down=(rank, in_, 1, 1), lora_mid=(rank, rank, *k), lora_up=(out, rank, 1, 1), **more)
        return dict(lora_down=(rank, in_, *k), lora_up=(out, rank, *[1] * len(k)), **more)
    return fields


def loha(rank, alpha, tucker=False):
    def fields(out, in_, k):
        if tucker and len(k) == 2 and k != (1, 1):
            return dict(hada_w1_a=(rank, out), hada_w1_b=(rank, in_), hada_t1=(rank, rank, *k),
                        hada_w2_a=(rank, out), hada_w2_b=(rank, in_), hada_t2=(rank, rank, *k), alpha=alpha)
        n = 1
        for d in k:
            n *= d
        return dict(hada_w1_a=(out, rank), hada_w1_b=(rank, in_ * n), hada_w2_a=(out, rank), hada_w2_b=(rank, in_ * n), alpha=alpha)
    return fields


def lokr(first, second, rank=3, alpha=1.5):
    def fields(out, in_, k):
        a, c = 4, 2  # w1 is [4, 2], w2 [out/4, in/2]
        more = {"lokr_w1": (a, c)} if first == "whole" else {"lokr_w1_a": (a, rank), "lokr_w1_b": (rank, c)}
        if second == "whole":
            more |= {"lokr_w2": (out // a, in_ // c, *k)}
        elif second == "tucker" and len(k) == 2 and k != (1, 1):
            more |= {"lokr_w2_a": (rank, out // a), "lokr_w2_b": (rank, in_ // c), "lokr_t2": (rank, rank, *k)}
        else:
            n = 1
            for d in k:
                n *= d
            more |= {"lokr_w2_a": (out // a, rank), "lokr_w2_b": (rank, in_ // c * n)}
        return dict(alpha=alpha, **more)
    return fields


def dora(rank, alpha, axis, base=lora):
    def fields(out, in_, k):
        shape = (1, in_, *[1] * len(k)) if axis == "in" else (out, 1, *[1] * len(k))
        return base(rank, alpha)(out, in_, k) | {"dora_scale": shape}
    return fields


def cases():
    """name, files with strengths, reference, channels of the UNet."""
    all_strengths = [(1, 1), (0.5, 0.5), (-1, -1), (0, 0), (1, 0.5), (0, 1)]

    def each(name, file, reference="a1111", strengths=all_strengths, **more):
        for unet, text in strengths:
            yield dict(name=f"{name} at {unet} and {text}", uses=[(file, unet, text, 0)], reference=reference, **more)

    yield from each("LoRA", everywhere("lora", fields=lora(4, 2.0)))
    yield from each("LoRA without alpha", everywhere("noalpha", fields=lora(3)), strengths=[(1, 1), (0.5, 0.5)])
    yield from each("LoRA of float16", everywhere("half", "F16", fields=lora(4, 2.0)), strengths=[(1, 1)])
    yield from each("LoRA of bfloat16", everywhere("brain", "BF16", fields=lora(4, 2.0)), strengths=[(1, 1)])
    yield from each("LoCon with a middle", everywhere("mid", fields=lora(4, 2.0, mid=True)), strengths=[(1, 1), (-1, -1)])
    yield from each("LoHa", everywhere("loha", fields=loha(3, 1.5)))
    yield from each("LoHa by Tucker", everywhere("loha-tucker", fields=loha(3, 1.5, True)), strengths=[(1, 1), (0.5, 1)])
    for first in ("whole", "factored"):
        for second in ("whole", "factored", "tucker"):
            yield from each(f"LoKr {first} and {second}", everywhere(f"lokr-{first}-{second}", fields=lokr(first, second)),
                            strengths=all_strengths if first == second else [(1, 1)])
    yield from each("DoRA of columns", everywhere("dora-in", fields=dora(4, 4.0, "in")))
    yield from each("DoRA of columns with alpha", everywhere("dora-in-alpha", fields=dora(4, 1.0, "in")), "lycoris", [(1, 1)])
    yield from each("DoRA of rows", everywhere("dora-out", fields=dora(4, 1.0, "out")), "lycoris", [(1, 1)])
    yield from each("DoRA of a LoHa", everywhere("doha", fields=dora(4, 2.0, "out", loha)), "lycoris", [(1, 1)])
    full = everywhere("full", fields=lambda out, in_, k: {"diff": (out, in_, *k)})
    full.add(UNET, FF, diff_b=(24,)).add(TEXT, TQ, diff_b=(8,)).add(UNET, CONV, diff_b=(16,))
    yield from each("full difference", full)
    norm = File("norm").add(UNET, NORM, w_norm=(12,), b_norm=(12,)).add(TEXT, TNORM, w_norm=(8,), b_norm=(8,))
    yield from each("norms", norm)
    ia3 = File("ia3").add(UNET, QUERY, weight=(12,), on_input=1).add(UNET, FF, weight=(24,), on_input=0)
    ia3.add(TEXT, FC1, weight=(16,), on_input=0)
    yield from each("IA3", ia3)
    conv = File("ia3-conv").add(UNET, CONV, weight=(1, 16, 1, 1), on_input=0).add(UNET, PROJ, weight=(1, 12, 1, 1), on_input=1)
    yield from each("IA3 of convolutions", conv, "lycoris", [(1, 1)])
    oft = File("oft").add(UNET, QUERY, oft_blocks=(4, 3, 3), alpha=0).add(UNET, CONV, oft_blocks=(4, 4, 4), alpha=0)
    oft.add(TEXT, FC1, oft_blocks=(2, 8, 8), alpha=0.02)
    yield from each("OFT", oft)
    scaled = File("oft-rescaled").add(UNET, FF, oft_blocks=(6, 4, 4), alpha=0.01, rescale=(24, 1))
    yield from each("OFT that rescales", scaled, "lycoris", [(1, 1)])
    number = File("scale").add(UNET, QUERY, lora_down=(4, 12), lora_up=(12, 4), alpha=2.0, scale=0.75)
    yield from each("a scale in place of alpha", number, strengths=[(1, 1)])
    flat = File("flat").add(UNET, PROJ, lora_down=(4, 12), lora_up=(12, 4), alpha=2.0)
    yield from each("a linear LoRA on a convolution", flat, strengths=[(1, 1)])
    kernel = File("kernel").add(UNET, QUERY, lora_down=(4, 12, 1, 1), lora_up=(12, 4, 1, 1), alpha=2.0)
    yield from each("a convolution's LoRA on a linear layer", kernel, strengths=[(1, 1)])
    start = File("start").add(UNET, IN, lora_down=(4, 4, 3, 3), lora_up=(12, 4, 1, 1), alpha=2.0)
    yield from each("four channels on nine", start, strengths=[(1, 1), (0.5, 0.5)], channels=9)
    yield from each("four channels on four", start, strengths=[(1, 1)])
    some = everywhere("lora", fields=lora(4, 2.0))
    yield dict(name="two ranks of four", uses=[(some, 1, 1, 2)], reference="a1111")
    other = everywhere("second", fields=lora(2, 1.0))
    ha, do = everywhere("loha", fields=loha(3, 1.5)), everywhere("dora-in", fields=dora(4, 4.0, "in"))
    yield dict(name="two LoRAs", uses=[(some, 0.5, 0.5, 0), (other, -1, 1, 0)], reference="a1111")
    yield dict(name="a LoRA and a LoHa", uses=[(some, 0.7, 1, 0), (ha, 0.5, 0, 0)], reference="a1111")
    yield dict(name="a LoRA before a DoRA", uses=[(some, 0.7, 1, 0), (do, 0.5, 0.5, 0)], reference="a1111")
    yield dict(name="a LoRA after a DoRA", uses=[(do, 0.5, 0.5, 0), (some, 0.7, 1, 0)], reference="a1111")
    yield dict(name="three at once", uses=[(ha, 0.5, 1, 0), (do, 1, -1, 0), (other, 0.3, 0.3, 0)], reference="a1111")


def peft_cases():
    """name, file, LoraConfig."""
    linear = {QUERY: (12, 12), FF: (24, 12)}
    conv = {CONV: (16, 12, 3, 3), PROJ: (12, 12, 1, 1)}

    def file(name, config, shapes, magnitude=None, bias=False, metadata=True):
        meta = {"lora_adapter_metadata": json.dumps({"unet." + k: v for k, v in config.items()})} if metadata else None
        f = File(name, metadata=meta)
        for module, (out, in_, *k) in shapes.items():
            rank = config.get("rank_pattern", {}).get(module, config["r"])
            put = lambda ending, shape: f.put(UNET, module, f"unet.{module}.{ending}", ending, shape)
            put("lora_A.weight", (rank, in_, *k))
            put("lora_B.weight", (out, rank, *[1] * len(k)))
            if magnitude:
                put("lora_magnitude_vector", (1, out, 1, 1) if k else (out,))
            if bias:
                put("lora_B.bias", (out,))
        return f

    config = dict(r=4, lora_alpha=2)
    yield "PEFT", file("peft", config, linear | conv), config, False
    config = dict(r=4, lora_alpha=4)
    yield "PEFT without metadata", file("peft-bare", config, linear, metadata=False), config, False
    config = dict(r=4, lora_alpha=6, use_rslora=True)
    yield "PEFT, rank-stabilised", file("peft-rs", config, linear), config, False
    config = dict(r=4, lora_alpha=2, rank_pattern={FF: 2}, alpha_pattern={FF: 3})
    yield "PEFT with patterns", file("peft-pattern", config, linear), config, False
    config = dict(r=4, lora_alpha=2, use_dora=True)
    yield "PEFT's DoRA", file("peft-dora", config, linear | conv, magnitude=True), config, False
    config = dict(r=4, lora_alpha=2)
    yield "PEFT with a bias", file("peft-bias", config, {FF: (24, 12)}, bias=True), config, True


def main():
    apply = webui(sys.argv[1])
    out, base = [], {}
    for channels in (4, 9):
        for part in (UNET, TEXT):
            base[f"{part} {channels}"] = {n: list(p.shape) for n, p in Model(part, channels).named_parameters()}
    for c in cases():
        channels = c.get("channels", 4)
        models = {part: Model(part, channels) for part in (UNET, TEXT)}
        before = {part: {n: p.data.clone() for n, p in m.named_parameters()} for part, m in models.items()}
        (apply if c["reference"] == "a1111" else lycoris)(models, c["uses"])
        if c["reference"] == "a1111" and all((u, t) == (1, 1) for _, u, t, r in c["uses"]) and "full" not in c["name"] \
                and "norm" not in c["name"] and "two ranks" not in c["name"] and channels == 4 and "a scale" not in c["name"] \
                and "IA3" not in c["name"]:
            again = {part: Model(part, channels) for part in (UNET, TEXT)}
            lycoris(again, c["uses"])  # both references agree at strength 1
            for part in models:
                for (n, p), (_, q) in zip(models[part].named_parameters(), again[part].named_parameters()):
                    assert torch.allclose(p, q, atol=2e-5), (c["name"], n, (p - q).abs().max())
        want = {}
        for part, m in models.items():
            for n, p in m.named_parameters():
                if not torch.equal(p.data, before[part][n]):
                    want.setdefault(part, {})[n] = sample(p)
        out.append({"name": c["name"], "reference": c["reference"], "channels": channels,
                    "uses": [{"file": f.dump(), "unet": u, "text": t, "ranks": r} for f, u, t, r in c["uses"]], "want": want})
    for name, file, config, bias in peft_cases():
        models = {part: Model(part) for part in (UNET, TEXT)}
        before = {n: p.data.clone() for n, p in models[UNET].named_parameters()}
        after = peft(models, file, config, bias)
        want = {UNET: {n: sample(p) for n, p in after.items() if not torch.equal(p, before[n])}}
        out.append({"name": name, "reference": "peft", "channels": 4, "want": want,
                    "uses": [{"file": file.dump(), "unet": 1, "text": 1, "ranks": 0}]})
    data = json.dumps({"base": base, "cases": out}, separators=(",", ":")).encode()
    OUT.write_bytes(gzip.compress(data, 9, mtime=0))
    print(len(out), "cases,", OUT.stat().st_size, "bytes")


if __name__ == "__main__":
    with torch.no_grad():
        main()
