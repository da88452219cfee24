"""Writes a pipeline of a published shape with random weights, twice: as diffusers keeps it (DIR/torch, safetensors) and
as Optimum exports it (DIR/onnx). Nothing is fetched; what it paints is noise. Run by hand on a development machine:

    python shape.py sd15 DIR          3.4 GiB of float32 UNet; 9 GiB on disk, 10 GiB of memory, some minutes
    python shape.py sdxl DIR --half   2.6 billion weights; for a GPU (the ONNX folder is float16)
"""

import argparse
import json
import shutil
from pathlib import Path

import onnx
import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler, PNDMScheduler, StableDiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

TOKENIZER = Path(__file__).parents[1] / "demo/postcards/tokenizer"
OPSET = 17
SCHEDULE = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", num_train_timesteps=1000, steps_offset=1)


def vae(sample_size: int, scaling: float) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(128, 256, 512, 512), latent_channels=4, layers_per_block=2, sample_size=sample_size,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, scaling_factor=scaling,
    )


def clip_l(kind=CLIPTextModel):
    return kind(CLIPTextConfig(
        vocab_size=49408, hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12,
        max_position_embeddings=77, hidden_act="quick_gelu", projection_dim=768, bos_token_id=0, eos_token_id=1, pad_token_id=1,
    ))


def sd15() -> StableDiffusionPipeline:
    unet = UNet2DConditionModel(
        sample_size=64, block_out_channels=(320, 640, 1280, 1280), layers_per_block=2, cross_attention_dim=768, attention_head_dim=8,
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",), up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
    )
    return StableDiffusionPipeline(
        vae=vae(512, 0.18215), text_encoder=clip_l(), tokenizer=CLIPTokenizer.from_pretrained(TOKENIZER), unet=unet,
        scheduler=PNDMScheduler(skip_prk_steps=True, set_alpha_to_one=False, **SCHEDULE),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )


def sdxl() -> StableDiffusionXLPipeline:
    unet = UNet2DConditionModel(
        sample_size=128, block_out_channels=(320, 640, 1280), layers_per_block=2, cross_attention_dim=2048, attention_head_dim=(5, 10, 20),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), transformer_layers_per_block=(1, 2, 10),
        use_linear_projection=True, addition_embed_type="text_time", addition_time_embed_dim=256, projection_class_embeddings_input_dim=2816,
    )
    second = CLIPTextModelWithProjection(CLIPTextConfig(
        vocab_size=49408, hidden_size=1280, intermediate_size=5120, num_hidden_layers=32, num_attention_heads=20,
        max_position_embeddings=77, hidden_act="gelu", projection_dim=1280, bos_token_id=0, eos_token_id=1, pad_token_id=1,
    ))
    tokenizer = CLIPTokenizer.from_pretrained(TOKENIZER)
    return StableDiffusionXLPipeline(
        vae=vae(1024, 0.13025), text_encoder=clip_l(), text_encoder_2=second, tokenizer=tokenizer, tokenizer_2=tokenizer, unet=unet,
        scheduler=EulerDiscreteScheduler(**SCHEDULE), force_zeros_for_empty_prompt=True, add_watermarker=False,
    )


class Text(nn.Module):
    """All hidden states, for clip skip and SDXL, after the outputs that every export has."""

    def __init__(self, text, projected: bool):
        super().__init__()
        self.text, self.projected = text, projected

    def forward(self, input_ids):
        out = self.text(input_ids=input_ids, output_hidden_states=True)
        first = (out.text_embeds, out.last_hidden_state) if self.projected else (out.last_hidden_state, out.pooler_output)
        return first + tuple(out.hidden_states)


class Denoiser(nn.Module):
    def __init__(self, unet):
        super().__init__()
        self.unet = unet

    def forward(self, sample, timestep, encoder_hidden_states, text_embeds=None, time_ids=None):
        more = None if text_embeds is None else {"text_embeds": text_embeds, "time_ids": time_ids}
        return self.unet(sample, timestep, encoder_hidden_states, added_cond_kwargs=more, return_dict=False)[0]


class Decoder(nn.Module):
    def __init__(self, vae):
        super().__init__()
        self.post_quant_conv, self.decoder = vae.post_quant_conv, vae.decoder

    def forward(self, latent_sample):
        return self.decoder(self.post_quant_conv(latent_sample))


class Encoder(nn.Module):
    def __init__(self, vae):
        super().__init__()
        self.encoder, self.quant_conv = vae.encoder, vae.quant_conv

    def forward(self, sample):
        return self.quant_conv(self.encoder(sample))


def export(module: nn.Module, inputs: dict, outputs: list[str], axes: dict, folder: Path, config, half: bool) -> None:
    """One network, with its weights in one file beside the graph where they are large, as Optimum lays them out."""
    scratch = folder.with_name(folder.name + ".scratch")
    for path in (scratch, folder):
        path.mkdir(parents=True)
    (folder / "config.json").write_text(config.to_json_string())
    if half:  # the caller has halved and moved the networks already
        inputs = {k: v if v.dtype == torch.int64 else v.half() for k, v in inputs.items()}
    if next(module.parameters()).is_cuda:
        inputs = {k: v.cuda() for k, v in inputs.items()}
    with torch.no_grad():
        torch.onnx.export(
            module.eval(), tuple(inputs.values()), str(scratch / "model.onnx"), dynamo=False, opset_version=OPSET,
            input_names=list(inputs), output_names=outputs, dynamic_axes=axes,
        )
    model = onnx.load(scratch / "model.onnx")
    shutil.rmtree(scratch)
    large = sum(p.numel() * p.element_size() for p in module.parameters()) > 1 << 30
    onnx.save(model, folder / "model.onnx", save_as_external_data=large, location="model.onnx_data", size_threshold=1024)


def text_encoder(part, name: str, projected: bool, folder: Path, half: bool) -> None:
    words = {0: "batch", 1: "sequence"}
    outputs = ["text_embeds", "last_hidden_state"] if projected else ["last_hidden_state", "pooler_output"]
    outputs += [f"hidden_states.{i}" for i in range(part.config.num_hidden_layers + 1)]
    axes = {"input_ids": words} | {o: {0: "batch"} if o in ("text_embeds", "pooler_output") else words for o in outputs}
    export(Text(part, projected), {"input_ids": torch.ones(2, 77, dtype=torch.int64)}, outputs, axes, folder / name, part.config, half)


def networks(pipe, folder: Path, half: bool) -> None:
    xl = hasattr(pipe, "text_encoder_2")
    text_encoder(pipe.text_encoder, "text_encoder", False, folder, half)
    if xl:
        text_encoder(pipe.text_encoder_2, "text_encoder_2", True, folder, half)
    picture = {0: "batch", 2: "height", 3: "width"}
    width = pipe.unet.config.cross_attention_dim
    inputs = {"sample": torch.randn(2, 4, 16, 16), "timestep": torch.tensor(999), "encoder_hidden_states": torch.randn(2, 77, width)}
    axes = {"sample": picture, "encoder_hidden_states": {0: "batch", 1: "sequence"}, "out_sample": picture}
    if xl:
        inputs |= {"text_embeds": torch.randn(2, 1280), "time_ids": torch.randn(2, 6)}
        axes |= {"text_embeds": {0: "batch"}, "time_ids": {0: "batch"}}
    export(Denoiser(pipe.unet), inputs, ["out_sample"], axes, folder / "unet", pipe.unet, half)
    latent, pixels = {"latent_sample": torch.randn(1, 4, 16, 16)}, {"sample": torch.randn(1, 3, 128, 128)}
    export(Decoder(pipe.vae), latent, ["sample"], {"latent_sample": picture, "sample": picture}, folder / "vae_decoder", pipe.vae, half)
    export(Encoder(pipe.vae), pixels, ["latent_parameters"], {"sample": picture, "latent_parameters": picture}, folder / "vae_encoder", pipe.vae, half)


def index(pipe, folder: Path) -> None:
    """What the networks do not say: the schedule, the tokenizers, and the index that lists all parts."""
    xl = hasattr(pipe, "text_encoder_2")
    for name in ["tokenizer"] + ["tokenizer_2"] * xl:
        shutil.copytree(TOKENIZER, folder / name)
    pipe.scheduler.save_pretrained(folder / "scheduler")
    runtime = ["optimum.onnxruntime.modeling_diffusion" if xl else "diffusers", "OnnxRuntimeModel"]
    parts = {name: runtime for name in ("text_encoder", "unet", "vae_decoder", "vae_encoder") + ("text_encoder_2",) * xl}
    parts |= {"tokenizer": ["transformers", "CLIPTokenizer"], "scheduler": ["diffusers", type(pipe.scheduler).__name__]}
    if xl:
        kind = {"_class_name": "ORTStableDiffusionXLPipeline", "tokenizer_2": ["transformers", "CLIPTokenizer"], "force_zeros_for_empty_prompt": True}
    else:
        kind = {"_class_name": "OnnxStableDiffusionPipeline", "safety_checker": [None, None], "feature_extractor": [None, None], "requires_safety_checker": False}
    (folder / "model_index.json").write_text(json.dumps(kind | {"_diffusers_version": "0.30.0"} | parts, indent=2) + "\n")


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("shape", choices=["sd15", "sdxl"])
    args.add_argument("folder", type=Path)
    args.add_argument("--half", action="store_true", help="float16 networks, traced on the GPU")
    a = args.parse_args()
    torch.manual_seed(0)
    pipe = {"sd15": sd15, "sdxl": sdxl}[a.shape]()
    if a.half:
        pipe.to("cuda", torch.float16)
    a.folder.mkdir(parents=True)
    pipe.save_pretrained(a.folder / "torch")
    networks(pipe, a.folder / "onnx", a.half)
    index(pipe, a.folder / "onnx")


if __name__ == "__main__":
    main()
