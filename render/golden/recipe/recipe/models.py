"""Builds tiny pipelines of Stable Diffusion's families with random weights, each in diffusers' own layout.

The weights are drawn from a seed and then shaped a little: an untrained UNet all but ignores the text and the time, so
what it makes of a prompt would prove nothing. Here both have their say (see `lively`), and the noise that a UNet
predicts is about as strong as noise is.
"""

import copy
import json
import shutil
from pathlib import Path

import diffusers
import torch
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

SCHEDULE = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", num_train_timesteps=1000, steps_offset=1)
WIDTH = 24  # of a token


def text_encoder(seed: int, act: str, layers: int, words: int, kind=CLIPTextModel):
    torch.manual_seed(seed)
    config = CLIPTextConfig(
        vocab_size=words, hidden_size=WIDTH, intermediate_size=2 * WIDTH, num_hidden_layers=layers, num_attention_heads=4,
        hidden_act=act, projection_dim=WIDTH, max_position_embeddings=77, bos_token_id=0, eos_token_id=2, pad_token_id=1,
        initializer_factor=4.0,
    )
    out = kind(config).eval()
    with torch.no_grad():  # as trained ones have it: emphasis restores a mean, which must not be nothing
        out.text_model.final_layer_norm.bias += 0.5 * torch.rand(WIDTH)
    return out


def vae(seed: int, scaling: float) -> diffusers.AutoencoderKL:
    torch.manual_seed(seed)
    out = diffusers.AutoencoderKL(
        in_channels=3, out_channels=3, latent_channels=4, block_out_channels=(4, 8, 8, 8), layers_per_block=1, norm_num_groups=4,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, sample_size=64,
        scaling_factor=scaling,
    ).eval()
    with torch.no_grad():
        out.decoder.conv_out.weight *= 1.5  # so that pictures use most of the range from black to white
    return out


def unet(seed: int, **own) -> diffusers.UNet2DConditionModel:
    torch.manual_seed(seed)
    config = dict(
        sample_size=8, in_channels=4, out_channels=4, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=WIDTH, attention_head_dim=4,
    )
    out = diffusers.UNet2DConditionModel(**config | own).eval()
    lively(out)
    return out


@torch.no_grad()
def lively(net: diffusers.UNet2DConditionModel) -> None:
    """Makes an untrained UNet listen to the text and the time, and answer with about unit variance."""
    for name, weight in net.named_parameters():
        if ".attn2.to_out.0.weight" in name or ".attn2.to_v.weight" in name:
            weight *= 4
        if "time_emb_proj.weight" in name or "add_embedding.linear_2.weight" in name:
            weight *= 3
        if "time_embedding.cond_proj" in name:
            weight *= 3
    generator = torch.Generator().manual_seed(1)
    feed = feeds(net, generator)
    out = net(**feed).sample
    net.conv_out.weight *= 1 / out.std()
    net.conv_out.bias *= 1 / out.std()


def feeds(net, generator) -> dict:
    """Standard inputs for a UNet of any family."""
    c = net.config
    draw = lambda *shape: torch.randn(shape, generator=generator)
    feed = dict(sample=draw(4, c.in_channels, 8, 8), timestep=torch.tensor(500.0), encoder_hidden_states=draw(4, 77, c.cross_attention_dim))
    if c.addition_embed_type == "text_time":
        sizes = torch.tensor([64.0, 64, 0, 0, 64, 64]).repeat(4, 1)
        feed["added_cond_kwargs"] = dict(text_embeds=draw(4, WIDTH), time_ids=sizes)
    if c.time_cond_proj_dim:
        feed["timestep_cond"] = draw(4, c.time_cond_proj_dim)
    return feed


def tokenizer(source: Path, work: Path, pad: str) -> CLIPTokenizer:
    """The demo model's words, filled up with `pad` as the family does."""
    folder = work / f"tokenizer-{'zero' if pad == '!' else 'end'}"
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(source, folder)
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        path = folder / name
        path.write_text(path.read_text().replace('"pad_token": "<|endoftext|>"', f'"pad_token": "{pad}"'))
    return CLIPTokenizer.from_pretrained(folder)


def families(words: Path, work: Path) -> dict:
    """Every pipeline by its name."""
    end, zero = tokenizer(words, work, "<|endoftext|>"), tokenizer(words, work, "!")
    count = len(end)
    small, plain = vae(1, 0.18215), text_encoder(2, "quick_gelu", 3, count)
    first = unet(3)

    def sd(net, text=plain, tokens=end, scheduler=None, kind=diffusers.StableDiffusionPipeline, **more):
        scheduler = scheduler or diffusers.PNDMScheduler(**SCHEDULE, skip_prk_steps=True, set_alpha_to_one=False)
        return kind(vae=small, text_encoder=text, tokenizer=tokens, unet=net, scheduler=scheduler, safety_checker=None,
                    feature_extractor=None, requires_safety_checker=False, **more)

    velocity = diffusers.DDIMScheduler(**SCHEDULE, prediction_type="v_prediction", rescale_betas_zero_snr=True,
                                       timestep_spacing="trailing", set_alpha_to_one=False, clip_sample=False)
    out = {
        "sd1": sd(first),
        "sd2v": sd(unet(4, attention_head_dim=(2, 4), use_linear_projection=True), text_encoder(5, "gelu", 2, count), zero, velocity),
        "lcm": sd(with_guidance(first), kind=diffusers.LatentConsistencyModelPipeline,
                  scheduler=diffusers.LCMScheduler(**{k: v for k, v in SCHEDULE.items() if k != "steps_offset"})),
        "inpaint": sd(widened(first), kind=diffusers.StableDiffusionInpaintPipeline),
    }
    out["sdxl"] = diffusers.StableDiffusionXLPipeline(
        vae=vae(1, 0.13025), text_encoder=text_encoder(6, "quick_gelu", 2, count), tokenizer=end,
        text_encoder_2=text_encoder(7, "gelu", 2, count, CLIPTextModelWithProjection), tokenizer_2=zero,
        unet=unet(8, cross_attention_dim=2 * WIDTH, attention_head_dim=(2, 4), use_linear_projection=True,
                  down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
                  transformer_layers_per_block=(1, 2), addition_embed_type="text_time", addition_time_embed_dim=8,
                  projection_class_embeddings_input_dim=6 * 8 + WIDTH),
        scheduler=diffusers.EulerDiscreteScheduler(**SCHEDULE, timestep_spacing="leading"), add_watermarker=False,
    )
    return out


def with_guidance(source):
    """The same UNet with an embedding of the guidance scale, as distilled ones have."""
    net = unet(9, time_cond_proj_dim=32)
    net.load_state_dict(source.state_dict(), strict=False)
    return net


def widened(source):
    """The same UNet with five channels more: a mask and what it leaves of a picture."""
    net = unet(10, in_channels=9)
    fresh, old = net.conv_in.weight.detach().clone(), copy.deepcopy(source.state_dict())
    fresh[:, :4] = old["conv_in.weight"]
    old["conv_in.weight"] = fresh
    net.load_state_dict(old)
    return net


def as_published(path: Path) -> None:
    """Published folders say these whatever their scheduler's class is, for the sake of others."""
    config = json.loads(path.read_text())
    usual = dict(clip_sample=False, skip_prk_steps=True) | ({} if "set_alpha_to_one" in config else dict(set_alpha_to_one=False))
    path.write_text(json.dumps(config | usual, indent=2) + "\n")


def build(words: Path, work: Path) -> None:
    for name, pipeline in families(words, work).items():
        folder = work / "torch" / name
        if folder.exists():
            shutil.rmtree(folder)
        pipeline.save_pretrained(folder)
        as_published(folder / "scheduler/scheduler_config.json")
        size = sum(p.numel() for p in pipeline.unet.parameters())
        print(f"{name}: a UNet of {size} weights")
