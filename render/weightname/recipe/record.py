"""Records what diffusers' single-file converter makes of the weights' names in original checkpoints.

    pip install torch==2.15.0 diffusers==0.42.1 transformers==5.23.0
    python render/weightname/recipe/record.py

It writes render/weightname/testdata/names.json.gz: for each kind of model and part the original key and the canonical
names, with the third of its rows and whether it is transposed. The keys are written here by rules of their own; the
converter must take every one, and must find every weight of diffusers' own model.
"""

import gzip
import json
import re
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders import single_file_utils as single
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

OUT = Path(__file__).resolve().parent.parent / "testdata" / "names.json.gz"
CROSS, PLAIN = "CrossAttnDownBlock2D", "DownBlock2D"


def unet(down, layers=2, **more):
    up = [kind.replace("Down", "Up") for kind in reversed(down)]
    channels = [64 * 2 ** min(i, 2) for i in range(len(down))]
    return dict(down_block_types=down, up_block_types=up, block_out_channels=channels, layers_per_block=layers,
                attention_head_dim=8, cross_attention_dim=64, **more)


SIZED = dict(addition_embed_type="text_time", addition_time_embed_dim=64, projection_class_embeddings_input_dim=448,
             use_linear_projection=True)
UNETS = {
    "sd1": unet([CROSS, CROSS, CROSS, PLAIN]),
    "sd1-inpaint": unet([CROSS, CROSS, CROSS, PLAIN], in_channels=9),
    "sd2": unet([CROSS, CROSS, CROSS, PLAIN], use_linear_projection=True),
    "sdxl": unet([PLAIN, CROSS, CROSS], transformer_layers_per_block=[1, 2, 10], **SIZED),
    "refiner": unet([PLAIN, CROSS, CROSS, PLAIN], transformer_layers_per_block=4, **SIZED),
    "ssd-1b": unet([PLAIN, CROSS, CROSS], transformer_layers_per_block=[1, 2, 4], mid_block_type="UNetMidBlock2D",
                   reverse_transformer_layers_per_block=[[4, 4, 10], [2, 1, 1], 1], **SIZED),
    "one-layer": unet([CROSS, CROSS, CROSS, PLAIN], layers=1),
}
INNER = {"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
         "conv2": "out_layers.3", "conv_shortcut": "skip_connection"}
TOP = {"conv_in": "input_blocks.0.0", "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
       "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2", "conv_norm_out": "out.0",
       "conv_out": "out.2"}


def unet_key(name, config):
    for ours, theirs in TOP.items():
        if name.startswith(ours + "."):
            return theirs + name[len(ours):]
    row = config["layers_per_block"] + 1
    kind, rest = name.split(".", 1)
    block = "" if kind == "mid_block" else int(rest.split(".", 1)[0])
    what, layer, inner = (rest if kind == "mid_block" else rest.split(".", 1)[1]).split(".", 2)
    if what == "resnets":
        head, tail = inner.split(".", 1)
        inner = INNER[head] + "." + tail
    if kind == "mid_block":
        return f"middle_block.{1 if what == 'attentions' else 2 * int(layer)}.{inner}"
    if what == "downsamplers":
        return f"input_blocks.{(block + 1) * row}.0.op.{inner.removeprefix('conv.')}"
    attended = "CrossAttn" in config["up_block_types"][block]
    if what == "upsamplers":
        return f"output_blocks.{block * row + row - 1}.{2 if attended else 1}.{inner}"
    way, first = ("input", 1) if kind == "down_blocks" else ("output", 0)
    return f"{way}_blocks.{first + block * row + int(layer)}.{int(what == 'attentions')}.{inner}"


def vae_key(name):
    name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    name = re.sub(r"down_blocks\.(\d)\.resnets", r"down.\1.block", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d)\.resnets", lambda m: f"up.{3 - int(m[1])}.block", name)
    name = re.sub(r"up_blocks\.(\d)\.upsamplers\.0", lambda m: f"up.{3 - int(m[1])}.upsample", name)
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    for ours, theirs in {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}.items():
        name = name.replace(f"mid_block.attentions.0.{ours}", f"mid.attn_1.{theirs}")
    return name


def open_clip_keys(shapes):
    keys = {}
    for name, shape in shapes.items():
        key = name.removeprefix("text_model.")
        for ours, theirs in {"embeddings.token_embedding": "token_embedding", "final_layer_norm": "ln_final",
                             "encoder.layers": "transformer.resblocks", "layer_norm": "ln_", "mlp.fc1": "mlp.c_fc",
                             "mlp.fc2": "mlp.c_proj", "self_attn.out_proj": "attn.out_proj"}.items():
            key = key.replace(ours, theirs)
        if key == "embeddings.position_embedding.weight":
            key = "positional_embedding"
        if key == "text_projection.weight":
            key = "text_projection"
        key = re.sub(r"self_attn\.[qkv]_proj\.", "attn.in_proj_", key)
        rows = shape[0] * (3 if "in_proj" in key else 1)
        keys[key] = (rows, *shape[1:])
    return keys


def tagged(shapes, first=1):
    """Tensors whose every row has a number of its own, and what to call each: key, row."""
    out, owner = {}, {}
    for key, shape in shapes.items():
        rows = shape[0]
        numbers = torch.arange(first, first + rows, dtype=torch.int32)
        owner.update({first + i: (key, i, rows) for i in range(rows)})
        out[key] = numbers.view(-1, *[1] * (len(shape) - 1)).expand(*shape)
        first += rows
    return out, owner


def places(converted, owner, prefix):
    """canonical -> [key without prefix, third, transposed]"""
    found = {}
    for name, tensor in converted.items():
        if name.endswith("position_ids"):
            continue
        turned = tensor.ndim > 1 and tensor.flatten()[0] != tensor.reshape(tensor.shape[0], -1)[0, -1]
        begin = owner[int(tensor.flatten()[0])]
        key, row, rows = begin
        third = 0 if len(tensor) == rows or turned else 1 + row * 3 // rows
        found[name] = [key.removeprefix(prefix), third, bool(turned)]
    return found


def check(kind, found, state):
    assert set(found) == set(state), (kind, sorted(set(state) ^ set(found))[:8])


def main():
    out = {}
    with torch.device("meta"):
        nets = {kind: (config, UNet2DConditionModel(**config)) for kind, config in UNETS.items()}
        vae = AutoencoderKL(down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4,
                            block_out_channels=[32, 64, 96, 96], layers_per_block=2)
        small = CLIPTextConfig(vocab_size=96, hidden_size=24, intermediate_size=48, num_hidden_layers=12,
                               num_attention_heads=2, max_position_embeddings=20, projection_dim=24)
        text = CLIPTextModelWithProjection(small)
    for kind, (config, net) in nets.items():
        prefix, state = "model.diffusion_model.", net.state_dict()
        tensors, owner = tagged({prefix + unet_key(n, config): v.shape for n, v in state.items()})
        found = places(single.convert_ldm_unet_checkpoint(tensors, dict(net.config)), owner, prefix)
        check(kind, found, state)
        if kind.startswith("sd") and kind != "sdxl":
            assert found == out.setdefault("sd1", found)  # inpainting and 2.x have other shapes, not other names
        else:
            out[kind] = found
    tensors, owner = tagged({"first_stage_model." + vae_key(n): v.shape for n, v in vae.state_dict().items()})
    found = places(single.convert_ldm_vae_checkpoint(tensors, dict(vae.config)), owner, "first_stage_model.")
    check("vae", found, vae.state_dict())
    out["vae"] = found
    prefix, state = "conditioner.embedders.1.model.", text.state_dict()
    keys = open_clip_keys({n: v.shape for n, v in state.items()})
    tensors, owner = tagged({prefix + k: s for k, s in keys.items()})
    found = places(single.convert_open_clip_checkpoint(text, tensors, prefix), owner, prefix)
    check("open_clip", found, state)
    out["open_clip"] = found
    tensors, owner = tagged({"cond_stage_model.transformer." + n: v.shape for n, v in state.items()})
    found = places(single.convert_ldm_clip_checkpoint(tensors), owner, "cond_stage_model.transformer.")
    out["clip"] = {"text_model." + n.removeprefix("text_model.") if "text_projection" not in n else n: p for n, p in found.items()}
    data = json.dumps(out, separators=(",", ":"), sort_keys=True).encode()
    OUT.write_bytes(gzip.compress(data, 9, mtime=0))
    print({k: len(v) for k, v in out.items()}, OUT.stat().st_size)


main()
