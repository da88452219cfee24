"""What files of the original programs call the weights of diffusers' models: Stable Diffusion's own (LDM), SDXL's (sgm)
and open_clip's. Each rule is checked by diffusers' own single-file loader in checkpoints.py.
"""

import re

RESNET = {"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
          "conv2": "out_layers.3", "conv_shortcut": "skip_connection"}
TOP = {"conv_in": "input_blocks.0.0", "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
       "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2", "conv_norm_out": "out.0",
       "conv_out": "out.2"}
SELF_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
OPEN_CLIP = {"self_attn.out_proj": "attn.out_proj", "layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc",
             "mlp.fc2": "mlp.c_proj"}


def resnet(rest: str) -> str:
    head, tail = rest.split(".", 1)
    return RESNET[head] + "." + tail


def unet(name: str, config) -> str:
    """A UNet's weight below model.diffusion_model."""
    step = config.layers_per_block + 1
    for ours, theirs in TOP.items():
        if name.startswith(ours + "."):
            return theirs + name[len(ours):]
    kind, block, part, layer, rest = re.fullmatch(r"(down|mid|up)_blocks?\.(?:(\d+)\.)?(\w+)\.(\d+)\.(.*)", name).groups()
    block, layer = int(block or 0), int(layer)
    if kind == "mid":
        return f"middle_block.{2 * layer}." + resnet(rest) if part == "resnets" else "middle_block.1." + rest
    if kind == "down":
        at = "input_blocks.%d." % (1 + block * step + layer)
        if part == "downsamplers":
            return f"input_blocks.{(block + 1) * step}.0.op" + rest.removeprefix("conv")
    else:
        at = "output_blocks.%d." % (block * step + layer)
        if part == "upsamplers":
            place = 2 if config.up_block_types[block].startswith("CrossAttn") else 1
            return f"output_blocks.{block * step + step - 1}.{place}." + rest
    return at + ("0." + resnet(rest) if part == "resnets" else "1." + rest)


def vae(name: str, config) -> str:
    """A VAE's weight below first_stage_model."""
    levels = len(config.block_out_channels)
    name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    name = re.sub(r"^encoder\.down_blocks\.(\d+)\.resnets\.(\d+)", r"encoder.down.\1.block.\2", name)
    name = re.sub(r"^encoder\.down_blocks\.(\d+)\.downsamplers\.0", r"encoder.down.\1.downsample", name)
    up = lambda m: f"decoder.up.{levels - 1 - int(m[1])}."
    name = re.sub(r"^decoder\.up_blocks\.(\d+)\.resnets\.(\d+)", lambda m: up(m) + "block." + m[2], name)
    name = re.sub(r"^decoder\.up_blocks\.(\d+)\.upsamplers\.0", lambda m: up(m) + "upsample", name)
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    if match := re.fullmatch(r"(\w+)\.mid_block\.attentions\.0\.(.*)\.(weight|bias)", name):
        return f"{match[1]}.mid.attn_1.{SELF_ATTENTION[match[2]]}.{match[3]}"
    return name


def vae_shape(name: str, shape):
    """LDM's VAE has its attention as 1x1 convolutions."""
    linear = ".attentions.0.to_" in name and name.endswith(".weight")
    return [*shape, 1, 1] if linear else list(shape)


def open_clip(names):
    """What open_clip calls a text encoder's weights: key -> the weights whose rows it holds, and whether it is transposed."""
    out = {}
    for name in names:
        layer = re.fullmatch(r"text_model\.encoder\.layers\.(\d+)\.(.*)\.(weight|bias)", name)
        if layer and (qkv := re.fullmatch(r"self_attn\.([qkv])_proj", layer[2])):
            if qkv[1] == "q":
                key = f"transformer.resblocks.{layer[1]}.attn.in_proj_{layer[3]}"
                out[key] = [name.replace("q_proj", f"{c}_proj") for c in "qkv"], False
        elif layer:
            out[f"transformer.resblocks.{layer[1]}.{OPEN_CLIP[layer[2]]}.{layer[3]}"] = [name], False
        elif name == "text_projection.weight":
            out["text_projection"] = [name], True
        else:
            for ours, theirs in (("text_model.embeddings.token_embedding", "token_embedding"),
                                 ("text_model.embeddings.position_embedding.weight", "positional_embedding"),
                                 ("text_model.final_layer_norm", "ln_final")):
                if name.startswith(ours):
                    out[theirs + name[len(ours):]] = [name], False
    return out
