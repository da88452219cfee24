"""Writes what a collector has: 10 checkpoints and 400 LoRAs of full size, half for Stable Diffusion 1.5 and half for SDXL.
All names and shapes are real; the weights are holes in the files, so 130 GB take a few hundred MB of disk. Run by hand:

    python collection.py DIR
"""

import gzip
import json
import struct
import sys
from pathlib import Path

import torch

import shape

NAMES = json.loads(gzip.open(Path(__file__).parents[1] / "weightname/testdata/names.json.gz").read())


def write(path: Path, tensors: dict, metadata: dict, mark: int) -> None:
    """tensors are shapes by name, in float16. Files differ in their last bytes, and so in their hashes."""
    header, at = {"__metadata__": metadata}, 0
    for name, dims in tensors.items():
        size = 2
        for d in dims:
            size *= d
        header[name] = {"dtype": "F16", "shape": list(dims), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        f.seek(at - 2, 1)
        f.write(struct.pack("<H", mark))


def renamed(module: torch.nn.Module, names: dict, prefix: str) -> dict:
    """The parameters as original checkpoints call them; rows that they keep in one tensor are put together."""
    out = {}
    for key, value in module.state_dict().items():
        if key.endswith("position_ids"):
            continue
        name, _, _ = names.get(key) or names["text_model." + key]  # newer transformers leave the prefix out
        dims = list(value.shape)
        if "in_proj" in name and prefix + name in out:
            continue
        if "in_proj" in name:
            dims[0] *= 3
        if names is NAMES["vae"] and "mid.attn_1" in name and len(dims) == 2:
            dims += [1, 1]
        out[prefix + name] = dims
    return out


def checkpoint(kind: str) -> tuple[dict, torch.nn.Module]:
    shape.EulerDiscreteScheduler = lambda **_: shape.PNDMScheduler()  # the other cannot be made without values
    with torch.device("meta"):
        p = shape.sd15() if kind == "sd15" else shape.sdxl()
    clip = "cond_stage_model.transformer." if kind == "sd15" else "conditioner.embedders.0.transformer."
    out = renamed(p.unet, NAMES["sd1" if kind == "sd15" else "sdxl"], "model.diffusion_model.")
    out |= renamed(p.vae, NAMES["vae"], "first_stage_model.") | renamed(p.text_encoder, NAMES["clip"], clip)
    if kind == "sdxl":
        bigger = {k.replace("layers.0.", f"layers.{i}."): [v[0].replace("resblocks.0.", f"resblocks.{i}."), *v[1:]]
                  for k, v in NAMES["open_clip"].items() for i in range(32)}
        out |= renamed(p.text_encoder_2, bigger, "conditioner.embedders.1.model.")
    return out, p.unet


def lora(unet: torch.nn.Module, rank: int) -> dict:
    out = {}
    for name, module in unet.named_modules():
        if ".attentions." in name and isinstance(module, torch.nn.Linear):
            key = "lora_unet_" + name.replace(".", "_")
            out[key + ".lora_down.weight"] = [rank, module.in_features]
            out[key + ".lora_up.weight"] = [module.out_features, rank]
            out[key + ".alpha"] = []
    return out


def main() -> None:
    root = Path(sys.argv[1])
    tags = json.dumps({"10_style": {f"a tag of training image number {i}": i for i in range(800)}})
    for kind, base in (("sd15", "sd_v1"), ("sdxl", "sdxl_base_v1-0")):
        tensors, unet = checkpoint(kind)
        for i in range(5):
            write(root / f"{kind}-{i}.safetensors", tensors, {}, i)
        for i in range(200):
            about = {"ss_base_model_version": base, "ss_output_name": f"{kind} style {i}", "ss_tag_frequency": tags}
            write(root / f"loras/{kind}/style-{i}.safetensors", lora(unet, (8, 16, 32, 64)[i % 4]), about, i)


if __name__ == "__main__":
    main()
