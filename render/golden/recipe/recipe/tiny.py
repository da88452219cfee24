"""Tiny models of the families that people's checkpoints have: the real structure and the widths that tell a family
(of the text, of SDXL's pooled vector and sizes), with few channels and layers. Weights come from a formula.
"""

from functools import cache

import diffusers
import torch
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from . import formula

CROSS, PLAIN = ("CrossAttnDownBlock2D", "CrossAttnUpBlock2D"), ("DownBlock2D", "UpBlock2D")
COMMON_TOKENS = 1024  # the first ones of the vocabulary, letters and frequent parts of words, have vectors of their own


def unet_config(blocks: str, **own) -> dict:
    """blocks has an x for each level with cross attention and an o for each without."""
    levels = [CROSS if b == "x" else PLAIN for b in blocks]
    config = dict(sample_size=8, in_channels=4, out_channels=4, layers_per_block=2, norm_num_groups=32,
                  down_block_types=tuple(l[0] for l in levels), up_block_types=tuple(l[1] for l in reversed(levels)))
    return config | own


def sdxl_config(blocks="oxx", adm=2816, **own) -> dict:
    return unet_config(blocks, **dict(
        block_out_channels=(64, 64, 128), attention_head_dim=(1, 1, 2), cross_attention_dim=2048, use_linear_projection=True,
        transformer_layers_per_block=(1, 1, 2), addition_embed_type="text_time", addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=adm) | own)


SD1 = unet_config("xxxo", block_out_channels=(32, 64, 64, 64), attention_head_dim=8, cross_attention_dim=768)
UNETS = {
    "sd1": SD1,
    "inpaint": SD1 | dict(in_channels=9),
    "sd2": unet_config("xxxo", block_out_channels=(64, 64, 128, 128), attention_head_dim=(1, 1, 2, 2), cross_attention_dim=128,
                       use_linear_projection=True),
    "sdxl": sdxl_config(),
    "refiner": sdxl_config("oxxo", 2560, block_out_channels=(64, 64, 128, 128), attention_head_dim=(1, 1, 2, 2),
                           cross_attention_dim=1280, transformer_layers_per_block=2),
    # As Segmind's SSD-1B: each layer's depth differs, and the middle is one ResNet block alone.
    "ssd": sdxl_config(transformer_layers_per_block=(1, 2, 1), reverse_transformer_layers_per_block=((1, 2, 3), (2, 1, 1), 1),
                       mid_block_type="UNetMidBlock2D"),
}
VAE = dict(in_channels=3, out_channels=3, latent_channels=4, block_out_channels=(32, 32, 64, 64), layers_per_block=2,
           down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, sample_size=64)


def text_config(width: int, layers: int, act: str) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=49408, hidden_size=width, intermediate_size=64, num_hidden_layers=layers, num_attention_heads=width // 64,
        hidden_act=act, projection_dim=width, max_position_embeddings=77, bos_token_id=49406, eos_token_id=49407,
        pad_token_id=1 if act == "quick_gelu" else 0)


TEXTS = {
    "clip-l": text_config(768, 3, "quick_gelu"),
    # As many layers as Stable Diffusion 2's, of which the last is in the file and not used; 128 wide in place of 1024.
    "open-clip-h": text_config(128, 24, "gelu"),
    "open-clip-g": text_config(1280, 3, "gelu"),
}


def rule(name: str, shape) -> tuple:
    """How a weight is drawn: the scale and the offset."""
    if name.endswith("bias"):
        return 0.1, (0.3 if "final_layer_norm" in name else 0.0)
    if len(shape) == 1:
        return 0.2, 1.0
    if "embeddings.token" in name:
        return 0.7, 0.0
    if "embeddings.position" in name:
        return 0.2, 0.0
    gain = 1.0
    if ".attn2.to_out" in name or ".attn2.to_v" in name or "time_emb_proj" in name or "add_embedding.linear_2" in name:
        gain = 2.0  # an untrained UNet all but ignores the text and the time
    fan = torch.Size(shape[1:]).numel()
    return gain * (3 / fan) ** 0.5, 0.0


def round4(x: float) -> float:
    return float(f"{x:.4g}")


class Weights:
    """The weights of one network by diffusers' names: their shapes, and how each is drawn."""

    def __init__(self, group: str, shapes: dict, tokens):
        self.group = group
        self.rules = {}
        for name, shape in shapes.items():
            scale, offset = rule(name, shape)
            self.rules[name] = [list(shape), round4(scale), offset]
        self.tokens = tokens

    def scaled(self, names, factor: float) -> None:
        for name in names:
            self.rules[name][1] = round4(self.rules[name][1] * factor)

    def value(self, name: str, override=None) -> torch.Tensor:
        shape, scale, offset = self.rules[name]
        if override and name in override:
            scale, offset = override[name]
        rows = self.tokens if "embeddings.token" in name else None
        return formula.values(f"{self.group}/{name}", shape, scale, offset, rows)

    def state(self, override=None, dtype="F32") -> dict:
        """The weights as float32, after they were rounded to a type."""
        return {n: self.value(n, override).to(formula.DTYPES[dtype]).float() for n in self.rules}

    def packed(self) -> list:
        return [[n, *r] for n, r in self.rules.items()]


def bare(config: dict):
    with torch.device("meta"):
        return diffusers.UNet2DConditionModel(**config)


def fill(net, state: dict):
    net = net.to_empty(device="cpu").float().eval().requires_grad_(False)
    missing, extra = net.load_state_dict(state, strict=False)
    assert not extra and all(m.endswith("position_ids") for m in missing), (missing, extra)
    return net


def unet_weights(name: str, tokens) -> Weights:
    """A UNet's weights, of which the last are scaled so that it answers with about unit variance."""
    net = bare(UNETS[name])
    out = Weights(name + ".unet", {n: p.shape for n, p in net.named_parameters()}, tokens)
    net = fill(net, out.state())
    answer = unet_answer(net, "calibrate", 2, 8, 8, 500.0)
    out.scaled(("conv_out.weight", "conv_out.bias"), 1 / answer.std().item())
    return out


def unet_answer(net, name: str, batch: int, high: int, wide: int, time: float):
    """What a UNet answers to inputs that the formula draws."""
    c, more = net.config, {}
    if c.addition_embed_type == "text_time":
        sizes = (c.projection_class_embeddings_input_dim - 1280) // 256
        numbers = torch.tensor([[96.0, 64, 8, 0, 64, 72][:sizes], [64.0, 64, 0, 0, 6.0, 64][:sizes]])[:batch]
        more["added_cond_kwargs"] = dict(text_embeds=formula.feed(name + "/pooled", batch, 1280), time_ids=numbers)
    with torch.no_grad():
        return net(formula.feed(name + "/sample", batch, c.in_channels, high, wide), torch.tensor(time),
                   formula.feed(name + "/hidden", batch, 77, c.cross_attention_dim), **more).sample


def vae_weights(group: str, tokens) -> Weights:
    with torch.device("meta"):
        net = diffusers.AutoencoderKL(**VAE)
    out = Weights(group, {n: p.shape for n, p in net.named_parameters()}, tokens)
    net = fill(net, out.state())
    with torch.no_grad():
        pixels = net.decode(formula.feed("calibrate/latents", 1, 4, 8, 8)).sample
        moments = net.encode(formula.values("feed/calibrate/pixels", (1, 3, 64, 64))).latent_dist.parameters
    out.scaled(("decoder.conv_out.weight", "decoder.conv_out.bias"), 0.45 / pixels.std().item())
    out.scaled(("quant_conv.weight", "quant_conv.bias"), 1 / moments.std().item())
    return out


def text_weights(name: str, tokens) -> Weights:
    kind = CLIPTextModelWithProjection if name != "clip-l" else CLIPTextModel
    with torch.device("meta"):
        net = kind(TEXTS[name])
    shapes = {n if n.startswith("text_") else "text_model." + n: p.shape for n, p in net.named_parameters()}
    return Weights(name, shapes, tokens)


@cache
def all_weights(tokens: tuple) -> dict:
    out = {n + ".unet": unet_weights(n, tokens) for n in UNETS}
    out |= {n: text_weights(n, tokens) for n in TEXTS}
    out |= {n: vae_weights(n, tokens) for n in ("vae", "own-vae")}
    return out
